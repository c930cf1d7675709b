//! Connecting, talking and recording.

use super::{Case, attach, case, correct, effort, itself, link, merge};
use crate::fixtures::{
    agent, and, ci, file, in_progress, intake, line, other, person, reference, register, requester,
    text,
};
use crate::incident::Event;
use crate::text::TextRefused;
use crate::work_item::{
    DetailField, ForwardTo, Intake, LinkTarget, Relation, WorkCommand, WorkEvent, WorkRefusal,
};

/// Each way of breaking a rule of it.
#[expect(clippy::too_many_lines, reason = "a table, one entry a rule")]
pub(super) fn cases() -> Vec<Case> {
    let watch = |id| WorkCommand::AddWatcher { person: person(id) };
    let unwatch = |id| WorkCommand::RemoveWatcher { person: person(id) };
    let watched = Event::Work(WorkEvent::WatcherAdded {
        person: person("director"),
    });
    let notice_to_nobody = WorkCommand::NotifyStage {
        recipients: vec![],
        text: text("Half way"),
    };
    let gateway = || ci("vpn-gateway-1");
    let with_ci = and(
        in_progress(),
        [Event::Work(WorkEvent::CiLinked { ci: gateway() })],
    );
    let twice_the_ci = Intake {
        cis: vec![gateway(), gateway()],
        ..intake()
    };
    let twice_the_reference = Intake {
        external_references: vec![reference(), reference()],
        ..intake()
    };
    let linked = and(
        in_progress(),
        [Event::Work(WorkEvent::WorkLinked {
            relation: Relation::DuplicateOf,
            target: other().id,
            target_number: other().number,
        })],
    );
    let unlink = WorkCommand::Unlink {
        relation: Relation::RelatesTo,
        target: other().id,
    };
    let above = LinkTarget {
        leads_back: true,
        ..other()
    };
    let over = LinkTarget {
        is_open: false,
        ..other()
    };
    let attached = and(
        in_progress(),
        [Event::Work(WorkEvent::AttachmentAdded {
            attachment: file(),
        })],
    );
    let referred = || {
        and(
            in_progress(),
            [Event::Work(WorkEvent::ExternalReferenceAdded {
                external: reference(),
            })],
        )
    };
    let refer = WorkCommand::AddExternalReference {
        external: reference(),
    };
    let forward_outside = WorkCommand::Forward {
        to: ForwardTo::Platform {
            platform: reference().system,
            reference: reference().reference,
        },
        reason: None,
    };
    let set_nothing = WorkCommand::SetCustomField {
        name: line("floor"),
        value: None,
    };
    let with_field = and(
        in_progress(),
        [Event::Work(WorkEvent::CustomFieldSet {
            name: line("floor"),
            from: None,
            to: Some(text("3")),
        })],
    );
    let set_alike = WorkCommand::SetCustomField {
        name: line("Floor"),
        value: Some(text("3")),
    };
    let two_lines = WorkRefusal::FieldText(TextRefused::ControlCharacter { code: 10 });
    let too_long = WorkRefusal::FieldText(TextRefused::TooLong {
        max: 100,
        chars: 101,
    });
    let long = "x".repeat(101);
    let already_linked = || WorkRefusal::AlreadyLinked;
    let already_there = || WorkRefusal::ExternalReferenceAlreadyThere;
    vec![
        case(
            and(in_progress(), [watched]),
            agent(),
            watch("director"),
            WorkRefusal::AlreadyWatching,
        ),
        case(
            in_progress(),
            agent(),
            unwatch("director"),
            WorkRefusal::NotWatching,
        ),
        case(
            in_progress(),
            agent(),
            notice_to_nobody,
            WorkRefusal::NoRecipients,
        ),
        case(
            with_ci,
            agent(),
            WorkCommand::LinkCi { ci: gateway() },
            WorkRefusal::CiAlreadyLinked,
        ),
        case(
            vec![],
            agent(),
            register(twice_the_ci),
            WorkRefusal::CiAlreadyLinked,
        ),
        case(
            in_progress(),
            agent(),
            WorkCommand::UnlinkCi { ci: gateway() },
            WorkRefusal::CiNotLinked,
        ),
        case(
            linked.clone(),
            agent(),
            link(Relation::DuplicateOf, other()),
            already_linked(),
        ),
        case(linked, agent(), unlink, WorkRefusal::NotLinked),
        case(
            in_progress(),
            agent(),
            link(Relation::RelatesTo, itself()),
            WorkRefusal::LinkToItself,
        ),
        case(
            in_progress(),
            agent(),
            merge(itself()),
            WorkRefusal::LinkToItself,
        ),
        case(
            in_progress(),
            agent(),
            link(Relation::ParentOf, above),
            WorkRefusal::LinkCycle,
        ),
        case(
            in_progress(),
            agent(),
            merge(over),
            WorkRefusal::MergeTargetNotOpen,
        ),
        case(
            attached,
            agent(),
            attach(&file().sha256),
            WorkRefusal::AlreadyAttached,
        ),
        case(
            in_progress(),
            agent(),
            attach(&"AB".repeat(32)),
            WorkRefusal::HashMalformed,
        ),
        case(
            in_progress(),
            requester(),
            attach("ab"),
            WorkRefusal::HashMalformed,
        ),
        case(referred(), agent(), refer, already_there()),
        case(referred(), agent(), forward_outside, already_there()),
        case(
            vec![],
            agent(),
            register(twice_the_reference),
            already_there(),
        ),
        case(
            in_progress(),
            agent(),
            effort(0),
            WorkRefusal::EffortOutOfRange,
        ),
        case(
            in_progress(),
            agent(),
            effort(1441),
            WorkRefusal::EffortOutOfRange,
        ),
        case(
            in_progress(),
            agent(),
            set_nothing,
            WorkRefusal::FieldUnchanged,
        ),
        case(
            with_field,
            agent(),
            set_alike,
            WorkRefusal::FieldNameTaken {
                name: "floor".to_owned(),
            },
        ),
        case(
            in_progress(),
            agent(),
            correct(DetailField::Service, None),
            WorkRefusal::FieldUnchanged,
        ),
        case(
            in_progress(),
            agent(),
            correct(DetailField::Summary, None),
            WorkRefusal::FieldRequired,
        ),
        case(
            in_progress(),
            agent(),
            correct(DetailField::Requester, None),
            WorkRefusal::FieldRequired,
        ),
        case(
            in_progress(),
            agent(),
            correct(DetailField::Summary, Some("two\nlines")),
            two_lines,
        ),
        case(
            in_progress(),
            agent(),
            correct(DetailField::Requester, Some(&long)),
            too_long.clone(),
        ),
        case(
            in_progress(),
            agent(),
            correct(DetailField::AffectedPerson, Some(&long)),
            too_long.clone(),
        ),
        case(
            in_progress(),
            agent(),
            correct(DetailField::Service, Some(&long)),
            too_long,
        ),
    ]
}

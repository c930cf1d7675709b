//! Every rule that forbids a command, each with a case that breaks it. The
//! last test holds that no rule is without one.

use std::collections::BTreeSet;

use strum::VariantNames;

use super::when;
use crate::Refusal;
use crate::configuration::{CategoryTree, PriorityMatrix};
use crate::context::{Channel, Context};
use crate::fixtures::{
    NUMBER, administrator, agent, and, archived, assigned, at, auditor, cancelled, category, ci,
    closed, confirm_by, coordinator, desk, file, given_to, hotline, hours, import, in_progress,
    intake, line, major, merged, network, on_hold, other, person, reference, register, registered,
    reopen_until, requester, resolution, resolved, review_required, specialist, stranger, text, to,
    to_member, told,
};
use crate::incident::{
    Command, Error, Event, ExpectationBasis, HoldReason, IncidentAction, ReviewCause, Status,
};
use crate::priority::{Impact, Priority, Urgency};
use crate::text::TextRefused;
use crate::work_item::{
    Assignee, Attachment, ContactChannel, DetailField, ForwardTo, Handling, Intake, LinkTarget,
    Relation, Visibility, WorkCommand, WorkEvent, WorkRefusal,
};

/// One way of breaking a rule.
struct Case {
    given: Vec<Event>,
    by: Context,
    command: Command,
    refusal: Error,
}

fn case(
    given: Vec<Event>,
    by: Context,
    command: impl Into<Command>,
    refusal: impl Into<Error>,
) -> Case {
    Case {
        given,
        by,
        command: command.into(),
        refusal: refusal.into(),
    }
}

fn reason() -> crate::text::Text {
    text("Because")
}

fn not_possible(status: Status, action: IncidentAction) -> Error {
    Error::ActionNotPossible { status, action }
}

fn work_not_possible(stage: &'static str, handling: Handling) -> WorkRefusal {
    WorkRefusal::NotPossible { stage, handling }
}

fn resolve() -> Command {
    Command::Resolve {
        code: line("Fixed"),
        cause: None,
        solution: text("Renewed it"),
        knowledge: None,
    }
}

fn resolve_at_contact() -> Command {
    Command::ResolveAtContact {
        code: line("Advice"),
        solution: text("Switched it on"),
        knowledge: None,
    }
}

fn close() -> Command {
    Command::Close {
        no_feedback_reason: None,
    }
}

fn declare_major() -> Command {
    Command::DeclareMajor {
        reason: reason(),
        leader: None,
    }
}

fn correct_status(to: Status) -> Command {
    Command::CorrectStatus {
        to,
        reason: reason(),
    }
}

fn expect(minutes: i64, basis: ExpectationBasis) -> Command {
    Command::SetExpectedResolution {
        at: at(minutes),
        basis,
        reason: None,
    }
}

fn assign(to: Assignee) -> WorkCommand {
    WorkCommand::Assign { to }
}

fn comment(visibility: Visibility) -> WorkCommand {
    WorkCommand::Comment {
        visibility,
        text: text("Hello"),
    }
}

fn correct(field: DetailField, to: Option<&str>) -> WorkCommand {
    WorkCommand::CorrectDetails {
        field,
        to: to.map(text),
        reason: reason(),
    }
}

fn effort(minutes: u32) -> WorkCommand {
    WorkCommand::LogEffort {
        minutes,
        text: None,
    }
}

fn attach(sha256: &str) -> WorkCommand {
    WorkCommand::Attach {
        attachment: Attachment {
            sha256: sha256.to_owned(),
            ..file()
        },
    }
}

fn link(relation: Relation, target: LinkTarget) -> WorkCommand {
    WorkCommand::Link { relation, target }
}

fn merge(target: LinkTarget) -> WorkCommand {
    WorkCommand::MergeInto {
        target,
        reason: reason(),
    }
}

fn inactive() -> Assignee {
    Assignee {
        team_is_active: false,
        ..to(hotline())
    }
}

fn no_member() -> Assignee {
    Assignee {
        person_is_member: false,
        ..to_member(hotline(), "zhao.lei")
    }
}

fn itself() -> LinkTarget {
    LinkTarget {
        number: NUMBER.to_owned(),
        ..other()
    }
}

/// The rules of the incident practice.
#[expect(clippy::too_many_lines, reason = "a table, one entry a rule")]
fn own_cases() -> Vec<Case> {
    let resolved_by_import = and(in_progress(), [resolution(None)]);
    let review_due = and(resolved(), [told(), review_required(ReviewCause::Request)]);
    let restored = and(in_progress(), [Event::ServiceRestored {}]);
    let with_second_line = and(registered(), [given_to(network())]);
    let hold_until_now = Command::PutOnHold {
        reason: HoldReason::Requester,
        text: None,
        until: Some(at(60)),
    };
    let reopen = Command::Reopen { reason: reason() };
    let late = reopen_until() + hours(1);
    let unanswered = || Command::CloseUnanswered { reason: reason() };
    let review = || Command::CompleteReview { text: reason() };
    let stand_down = Command::StandDownMajor { reason: reason() };
    let in_progress_twice = and(
        in_progress(),
        [Event::DiagnosisStarted { hypothesis: None }],
    );
    let awaiting = Error::StillAwaitingAnswer {
        confirm_by: confirm_by(),
    };
    let passed = Error::ReopenWindowPassed {
        until: reopen_until(),
    };
    let diagnose = Command::StartDiagnosis { hypothesis: None };
    vec![
        case(vec![], agent(), Command::Resume, Error::NotFound),
        case(
            registered(),
            agent(),
            register(intake()),
            Error::AlreadyRegistered,
        ),
        case(
            closed(),
            coordinator(),
            resolve(),
            not_possible(Status::Closed, IncidentAction::Resolve),
        ),
        case(
            cancelled(),
            coordinator(),
            declare_major(),
            not_possible(Status::Cancelled, IncidentAction::DeclareMajor),
        ),
        case(
            merged(),
            agent(),
            Command::RequireReview,
            not_possible(Status::Merged, IncidentAction::RequireReview),
        ),
        case(
            closed(),
            agent(),
            review(),
            not_possible(Status::Closed, IncidentAction::CompleteReview),
        ),
        case(
            in_progress_twice,
            agent(),
            diagnose,
            not_possible(Status::InProgress, IncidentAction::StartDiagnosis),
        ),
        case(
            resolved_by_import,
            coordinator(),
            unanswered(),
            not_possible(Status::Resolved, IncidentAction::CloseUnanswered),
        ),
        case(
            assigned(),
            agent(),
            expect(90, ExpectationBasis::Adjusted),
            Error::ReasonMissing,
        ),
        case(
            assigned(),
            agent(),
            expect(59, ExpectationBasis::Computed),
            Error::ExpectationInThePast,
        ),
        case(
            in_progress(),
            agent(),
            hold_until_now,
            Error::HoldEndsBeforeItBegins,
        ),
        case(
            restored,
            agent(),
            Command::RestoreService,
            Error::AlreadyRestored,
        ),
        case(
            with_second_line,
            specialist(),
            resolve_at_contact(),
            Error::NotFirstLine,
        ),
        case(
            review_due.clone(),
            requester(),
            Command::ConfirmResolution,
            Error::ReviewMissing,
        ),
        case(review_due.clone(), agent(), close(), Error::ReviewMissing),
        case(
            review_due.clone(),
            agent().when(confirm_by()),
            unanswered(),
            Error::ReviewMissing,
        ),
        case(in_progress(), agent(), review(), Error::NoReviewDue),
        case(
            review_due,
            agent(),
            Command::RequireReview,
            Error::ReviewAlreadyDue,
        ),
        case(resolved(), agent(), close(), Error::FeedbackMissing),
        case(
            resolved(),
            agent(),
            Command::ConfirmResolution,
            Error::FeedbackMissing,
        ),
        case(resolved(), coordinator(), unanswered(), awaiting),
        case(closed(), requester().when(late), reopen, passed),
        case(
            and(in_progress(), [major()]),
            coordinator(),
            declare_major(),
            Error::AlreadyMajor,
        ),
        case(in_progress(), coordinator(), stand_down, Error::NotMajor),
        case(
            in_progress(),
            agent(),
            declare_major(),
            Error::NotCoordinator,
        ),
        case(
            closed(),
            coordinator(),
            correct_status(Status::InProgress),
            Error::NotAnImport,
        ),
        case(
            closed(),
            import(),
            correct_status(Status::Closed),
            Error::StatusUnchanged,
        ),
    ]
}

/// Who may do what, and when.
#[expect(clippy::too_many_lines, reason = "a table, one entry a rule")]
fn cases_of_rights() -> Vec<Case> {
    let not_of_team = || WorkRefusal::NotOfAssignedTeam;
    let before_opening = WorkRefusal::EffectiveBeforeOpening { opened_at: at(0) };
    let for_another = Intake {
        requester: Some(person("zhao.lei")),
        ..intake()
    };
    let for_nobody = Intake {
        requester: None,
        ..intake()
    };
    let cancel = || Command::Cancel { reason: reason() };
    vec![
        case(
            archived(),
            coordinator(),
            comment(Visibility::Internal),
            WorkRefusal::Archived,
        ),
        case(
            archived(),
            requester(),
            Command::Reopen { reason: reason() },
            WorkRefusal::Archived,
        ),
        case(
            archived(),
            import(),
            correct_status(Status::New),
            WorkRefusal::Archived,
        ),
        case(assigned(), specialist(), WorkCommand::Accept, not_of_team()),
        case(in_progress(), specialist(), resolve(), not_of_team()),
        case(in_progress(), requester(), cancel(), not_of_team()),
        case(
            resolved(),
            specialist(),
            Command::RestoreService,
            not_of_team(),
        ),
        case(
            registered(),
            requester(),
            assign(to(desk())),
            WorkRefusal::NotStaff,
        ),
        case(
            in_progress(),
            auditor(),
            comment(Visibility::Internal),
            WorkRefusal::NotStaff,
        ),
        case(
            in_progress(),
            requester(),
            comment(Visibility::Internal),
            WorkRefusal::NotStaff,
        ),
        case(resolved(), requester(), close(), WorkRefusal::NotStaff),
        case(
            closed(),
            requester(),
            WorkCommand::Archive,
            WorkRefusal::NotStaff,
        ),
        case(vec![], auditor(), register(intake()), WorkRefusal::NotStaff),
        case(
            vec![],
            administrator(),
            register(intake()),
            WorkRefusal::NotStaff,
        ),
        case(
            vec![],
            requester(),
            register(for_another),
            WorkRefusal::NotRequester,
        ),
        case(
            registered(),
            stranger(),
            cancel(),
            WorkRefusal::NotRequester,
        ),
        case(
            resolved(),
            stranger(),
            Command::ConfirmResolution,
            WorkRefusal::NotRequester,
        ),
        case(
            assigned(),
            agent().when(at(-1)),
            WorkCommand::Accept,
            before_opening,
        ),
        case(
            vec![],
            agent(),
            register(for_nobody),
            WorkRefusal::RequesterMissing,
        ),
    ]
}

/// Judging and handing over.
#[expect(clippy::too_many_lines, reason = "a table, one entry a rule")]
fn cases_of_assignment() -> Vec<Case> {
    let unknown = WorkRefusal::CategoryUnknown {
        code: "magic".to_owned(),
    };
    let no_tree = || WorkRefusal::NoCategoryTree { at: at(60) };
    let no_matrix = || WorkRefusal::NoPriorityMatrix { at: at(60) };
    let classify = |code| WorkCommand::Classify {
        category: category(code),
    };
    let judge_as_before = || WorkCommand::Prioritise {
        impact: Impact::Medium,
        urgency: Urgency::Medium,
    };
    let overrule = |priority| WorkCommand::OverridePriority {
        priority,
        reason: reason(),
    };
    let forward = |to| WorkCommand::Forward {
        to: ForwardTo::Team(to),
        reason: None,
    };
    let escalate = |to| WorkCommand::EscalateFunctionally {
        to,
        reason: reason(),
    };
    let to_level = |level| WorkCommand::EscalateHierarchically {
        level,
        person: None,
        reason: reason(),
    };
    let give_back = || WorkCommand::Return { reason: reason() };
    let inactive_team = || WorkRefusal::TeamInactive {
        team: "hotline".to_owned(),
    };
    let stranger_there = || WorkRefusal::PersonNotInTeam {
        person: "zhao.lei".to_owned(),
        team: "hotline".to_owned(),
    };
    let told_management = Event::Work(WorkEvent::EscalatedHierarchically {
        from_level: 0,
        level: 2,
        person: None,
        reason: reason(),
    });
    let no_trees = agent().with_trees(&[] as &[CategoryTree]);
    let no_matrices = agent().with_matrices(&[] as &[PriorityMatrix]);
    let unassigned = || work_not_possible("open", Handling::Unassigned);
    let told_level_two = WorkRefusal::EscalationNotHigher { level: 2 };
    let waiting = on_hold(HoldReason::Change);
    let accepted = |stage| work_not_possible(stage, Handling::Accepted);
    vec![
        case(registered(), agent(), WorkCommand::Accept, unassigned()),
        case(registered(), agent(), give_back(), unassigned()),
        case(registered(), agent(), forward(to(hotline())), unassigned()),
        case(registered(), agent(), escalate(to(network())), unassigned()),
        case(
            in_progress(),
            agent(),
            WorkCommand::Accept,
            accepted("open"),
        ),
        case(
            waiting.clone(),
            agent(),
            assign(to(hotline())),
            accepted("on hold"),
        ),
        case(
            waiting,
            agent(),
            forward(to(hotline())),
            accepted("on hold"),
        ),
        case(resolved(), agent(), judge_as_before(), accepted("resolved")),
        case(
            closed(),
            agent(),
            comment(Visibility::Public),
            accepted("closed"),
        ),
        case(
            cancelled(),
            agent(),
            merge(other()),
            work_not_possible("ended", Handling::Unassigned),
        ),
        case(assigned(), agent(), classify("magic"), unknown),
        case(
            assigned(),
            agent(),
            classify("network-vpn"),
            WorkRefusal::CategoryUnchanged,
        ),
        case(assigned(), no_trees.clone(), classify("network"), no_tree()),
        case(
            assigned(),
            no_trees.through(Channel::Import),
            classify("network"),
            no_tree(),
        ),
        case(
            assigned(),
            no_matrices.clone(),
            judge_as_before(),
            no_matrix(),
        ),
        case(in_progress(), no_matrices.clone(), resolve(), no_matrix()),
        case(and(resolved(), [told()]), no_matrices, close(), no_matrix()),
        case(
            assigned(),
            agent(),
            judge_as_before(),
            WorkRefusal::PriorityUnchanged,
        ),
        case(
            assigned(),
            agent(),
            overrule(Priority::P3),
            WorkRefusal::PriorityUnchanged,
        ),
        case(
            registered(),
            coordinator(),
            assign(inactive()),
            inactive_team(),
        ),
        case(in_progress(), agent(), forward(inactive()), inactive_team()),
        case(
            in_progress(),
            agent(),
            escalate(inactive()),
            inactive_team(),
        ),
        case(
            registered(),
            coordinator(),
            assign(no_member()),
            stranger_there(),
        ),
        case(
            in_progress(),
            agent(),
            forward(no_member()),
            stranger_there(),
        ),
        case(
            in_progress(),
            agent(),
            escalate(no_member()),
            stranger_there(),
        ),
        case(
            assigned(),
            agent(),
            assign(to(desk())),
            WorkRefusal::AssignmentUnchanged,
        ),
        case(
            assigned(),
            agent(),
            forward(to(desk())),
            WorkRefusal::AssignmentUnchanged,
        ),
        case(
            assigned(),
            agent(),
            forward(to(network())),
            WorkRefusal::ForwardLeavesLine,
        ),
        case(
            assigned(),
            agent(),
            escalate(to(hotline())),
            WorkRefusal::EscalationNotDeeper,
        ),
        case(
            assigned(),
            agent(),
            to_level(0),
            WorkRefusal::EscalationNotHigher { level: 0 },
        ),
        case(
            and(assigned(), [told_management]),
            agent(),
            to_level(2),
            told_level_two,
        ),
    ]
}

/// Connecting, talking and recording.
#[expect(clippy::too_many_lines, reason = "a table, one entry a rule")]
fn cases_of_records() -> Vec<Case> {
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
        is_ancestor: true,
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

fn refuse_all(cases: Vec<Case>) {
    for Case {
        given,
        by,
        command,
        refusal,
    } in cases
    {
        when(given, by, command).then_expect_error(refusal);
    }
}

#[test]
fn the_practice_refuses_what_its_rules_forbid() {
    refuse_all(own_cases());
}

#[test]
fn nobody_does_what_is_not_theirs_or_before_its_time() {
    refuse_all(cases_of_rights());
}

#[test]
fn no_judgement_and_no_hand_over_breaks_a_rule() {
    refuse_all(cases_of_assignment());
}

#[test]
fn no_connection_and_no_record_breaks_a_rule() {
    refuse_all(cases_of_records());
}

#[test]
fn no_rule_is_without_a_case_that_breaks_it() {
    let cases = [
        own_cases(),
        cases_of_rights(),
        cases_of_assignment(),
        cases_of_records(),
    ];
    let tried: BTreeSet<String> = cases.iter().flatten().map(|c| c.refusal.code()).collect();
    let rules = Error::VARIANTS.iter().chain(WorkRefusal::VARIANTS);
    let untried: Vec<_> = rules
        .filter(|rule| **rule != "INCIDENT_WORK" && !tried.contains(**rule))
        .collect();
    assert!(untried.is_empty(), "no case breaks {untried:?}");
}

#[test]
fn every_refusal_says_something_to_the_one_who_gave_the_command() {
    let cases = own_cases().into_iter().chain(cases_of_rights());
    let cases = cases.chain(cases_of_assignment()).chain(cases_of_records());
    for case in cases {
        let words = case.refusal.to_string();
        let first = words.chars().next().unwrap();
        assert!(!first.is_uppercase() && !words.ends_with('.'), "{words}");
        assert!(!words.contains("::") && !words.contains('{'), "{words}");
    }
}

#[test]
fn a_machine_needs_no_requester_but_a_person_does() {
    let alert = Intake {
        requester: None,
        contact_channel: ContactChannel::Monitoring,
        ..intake()
    };
    assert!(
        when(vec![], agent(), register(alert))
            .inspect_result()
            .is_ok()
    );
}

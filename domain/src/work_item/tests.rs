//! The kernel's stored events: their JSON is a contract with every log ever
//! written.

use std::collections::BTreeSet;

use strum::VariantNames;

use super::{
    CategoryRef, ContactChannel, DetailField, Relation, SupportLine, Visibility, WorkEvent,
};
use crate::fixtures::{
    at, category, ci, desk, file, hotline, line, other, person, reference, text, vendor,
};
use crate::ids::{ArticleId, ServiceCode};
use crate::priority::{Impact, Priority, Urgency};

/// Every variant at its fullest, and at its barest where it can leave things
/// out.
pub(crate) fn every_event() -> Vec<WorkEvent> {
    [
        beginnings(),
        hand_overs(),
        words(),
        connections(),
        records(),
    ]
    .concat()
}

fn beginnings() -> Vec<WorkEvent> {
    let filed = |code| CategoryRef {
        code: category(code),
        tree_version: 3,
    };
    let judged = |from| WorkEvent::PrioritySet {
        from,
        impact: Impact::High,
        urgency: Urgency::Low,
        priority: Priority::P3,
        matrix_version: 2,
    };
    vec![
        WorkEvent::Registered {
            number: "INC0000042".to_owned(),
            summary: line("VPN 无法连接 😀"),
            description: Some(text("Since this morning.\nIn the whole branch.")),
            requester: Some(person("wang.fang")),
            affected_person: Some(person("chen.jie")),
            contact_channel: ContactChannel::Phone,
            service: Some(ServiceCode::new("remote-access").unwrap()),
            opened_at: at(0),
        },
        WorkEvent::Registered {
            number: "INC0000043".to_owned(),
            summary: line("Disk full"),
            description: None,
            requester: None,
            affected_person: None,
            contact_channel: ContactChannel::Monitoring,
            service: None,
            opened_at: at(0),
        },
        WorkEvent::Classified {
            from: Some(filed("network")),
            to: filed("network-vpn"),
        },
        WorkEvent::Classified {
            from: None,
            to: filed("network"),
        },
        judged(Some(Priority::P4)),
        judged(None),
        WorkEvent::PriorityOverridden {
            from: Priority::P3,
            to: Priority::P1,
            reason: text("The board meets"),
        },
    ]
}

fn hand_overs() -> Vec<WorkEvent> {
    vec![
        WorkEvent::Assigned {
            from: Some(desk()),
            to: vendor(),
            from_person: Some(person("li.na")),
            person: Some(person("external.1")),
        },
        WorkEvent::Assigned {
            from: None,
            to: desk(),
            from_person: None,
            person: None,
        },
        WorkEvent::AssignmentAccepted {
            person: person("li.na"),
        },
        WorkEvent::Returned {
            from: desk(),
            to: Some(hotline()),
            reason: text("Not ours"),
        },
        WorkEvent::Returned {
            from: desk(),
            to: None,
            reason: text("Not ours"),
        },
        WorkEvent::Forwarded {
            from: desk(),
            to: hotline(),
            person: Some(person("zhou.min")),
            reason: Some(text("Your branch")),
        },
        WorkEvent::Forwarded {
            from: desk(),
            to: hotline(),
            person: None,
            reason: None,
        },
        WorkEvent::ForwardedOutside {
            to: reference(),
            reason: Some(text("Their line")),
        },
        WorkEvent::ForwardedOutside {
            to: reference(),
            reason: None,
        },
        WorkEvent::EscalatedFunctionally {
            from: SupportLine::First,
            to: SupportLine::Second,
            reason: text("Beyond us"),
        },
        WorkEvent::EscalatedHierarchically {
            from_level: 0,
            level: 2,
            person: Some(person("director")),
            reason: text("A large customer"),
        },
        WorkEvent::EscalatedHierarchically {
            from_level: 2,
            level: 3,
            person: None,
            reason: text("A large customer"),
        },
        WorkEvent::MergedInto {
            merged_by: Some(person("sun.li")),
            told: vec![person("wang.fang")],
            no_feedback_reason: Some(text("Chen Jie is not to be reached")),
            target: other().id,
            target_number: other().number,
            reason: text("The same"),
        },
        WorkEvent::MergedFrom {
            source: other().id,
            source_number: other().number,
            people: vec![person("wang.fang"), person("chen.jie")],
        },
        WorkEvent::MergedFrom {
            source: other().id,
            source_number: other().number,
            people: Vec::new(),
        },
    ]
}

fn words() -> Vec<WorkEvent> {
    vec![
        WorkEvent::WatcherAdded {
            person: person("director"),
        },
        WorkEvent::WatcherRemoved {
            person: person("director"),
        },
        WorkEvent::CommentAdded {
            visibility: Visibility::Public,
            text: text("还是不行"),
            from_requester: true,
        },
        WorkEvent::CommentAdded {
            visibility: Visibility::Internal,
            text: text("Odd"),
            from_requester: false,
        },
        WorkEvent::StageResultNotified {
            recipients: vec![person("wang.fang"), person("director")],
            text: text("Half way"),
        },
        WorkEvent::RequesterContacted {
            contact_channel: ContactChannel::InstantMessage,
            text: text("She waits"),
        },
        WorkEvent::Urged {
            count: 2,
            text: Some(text("Any news?")),
            notified: vec![person("li.na"), person("zhou.min")],
        },
        WorkEvent::Urged {
            count: 1,
            text: None,
            notified: Vec::new(),
        },
    ]
}

fn connections() -> Vec<WorkEvent> {
    vec![
        WorkEvent::CiLinked {
            ci: ci("vpn-gateway-1"),
        },
        WorkEvent::CiUnlinked {
            ci: ci("vpn-gateway-1"),
        },
        WorkEvent::WorkLinked {
            relation: Relation::CausedBy,
            target: other().id,
            target_number: other().number,
        },
        WorkEvent::WorkUnlinked {
            relation: Relation::CausedBy,
            target: other().id,
        },
        WorkEvent::AttachmentAdded { attachment: file() },
        WorkEvent::ExternalReferenceAdded {
            external: reference(),
        },
        WorkEvent::KnowledgeApplied {
            article: ArticleId::new("KB-9").unwrap(),
        },
    ]
}

fn records() -> Vec<WorkEvent> {
    vec![
        WorkEvent::EffortLogged {
            minutes: 45,
            text: Some(text("On site")),
        },
        WorkEvent::EffortLogged {
            minutes: 15,
            text: None,
        },
        WorkEvent::CustomFieldSet {
            name: line("floor"),
            from: Some(text("11")),
            to: Some(text("12")),
        },
        WorkEvent::CustomFieldSet {
            name: line("floor"),
            from: None,
            to: None,
        },
        WorkEvent::DetailsCorrected {
            field: DetailField::AffectedPerson,
            from: Some("chen.jie".to_owned()),
            to: Some("chen.jing".to_owned()),
            reason: text("A slip of the pen"),
        },
        WorkEvent::DetailsCorrected {
            field: DetailField::Description,
            from: None,
            to: None,
            reason: text("A slip of the pen"),
        },
        WorkEvent::Archived {},
    ]
}

#[test]
fn every_event_of_the_kernel_is_stored_like_this() {
    let names: BTreeSet<&str> = WorkEvent::VARIANTS.iter().copied().collect();
    let events = every_event();
    let shown: BTreeSet<&str> = events.iter().map(AsRef::as_ref).collect();
    assert_eq!(shown, names);
    insta::assert_json_snapshot!("events", events);
}

#[test]
fn what_was_stored_reads_as_what_was_written() {
    for event in every_event() {
        let value = serde_json::to_value(&event).unwrap();
        assert_eq!(value["type"], event.as_ref());
        assert_eq!(serde_json::from_value::<WorkEvent>(value).unwrap(), event);
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<WorkEvent>(&text).unwrap(), event);
    }
}

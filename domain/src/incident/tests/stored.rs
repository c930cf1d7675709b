//! The incident's stored events: their JSON is a contract with every log ever
//! written, and those of earlier versions are brought to today's shape.

use std::collections::BTreeSet;

use cqrs_es::DomainEvent;
use cqrs_es::persist::SerializedEvent;
use serde_json::{Value, json};
use strum::VariantNames;

use crate::fixtures::{at, category, confirm_by, line, person, reopen_until, text};
use crate::ids::ArticleId;
use crate::incident::{
    ClosedBy, Estimate, EstimateMethod, Event, ExpectationBasis, HoldReason, ReviewCause, Status,
    upcasters,
};
use crate::priority::Priority;
use crate::work_item::WorkEvent;

/// Every variant of the practice's own at its fullest, and at its barest where
/// it can leave things out.
fn own_events() -> Vec<Event> {
    [work_in_progress(), endings(), major_ones()].concat()
}

fn work_in_progress() -> Vec<Event> {
    vec![
        Event::DiagnosisStarted {
            hypothesis: Some(text("A certificate")),
        },
        Event::DiagnosisStarted { hypothesis: None },
        Event::FindingRecorded {
            text: text("It expired at midnight"),
        },
        Event::ExpectedResolutionSet {
            from: Some(at(240)),
            to: at(480),
            basis: ExpectationBasis::Adjusted,
            reason: Some(text("A part comes tomorrow")),
            estimate: None,
        },
        Event::ExpectedResolutionSet {
            from: None,
            to: at(240),
            basis: ExpectationBasis::Computed,
            reason: None,
            estimate: Some(Estimate {
                method: EstimateMethod::MedianOfCategoryAndPriority,
                category: category("network-vpn"),
                priority: Priority::P3,
                sample: 17,
                minutes: 240,
                as_of: 4711,
            }),
        },
        Event::PutOnHold {
            reason: HoldReason::Supplier,
            text: Some(text("A spare part")),
            until: Some(at(1440)),
        },
        Event::PutOnHold {
            reason: HoldReason::Requester,
            text: None,
            until: None,
        },
        Event::Resumed {
            requester_replied: true,
        },
        Event::WorkaroundApplied {
            text: text("Use the other gateway"),
        },
        Event::InitialSupportGiven {
            answer: Some(text("Dial in again")),
            article: Some(ArticleId::new("KB-9").unwrap()),
            workaround: Some(text("Use the other gateway")),
        },
        Event::InitialSupportGiven {
            answer: None,
            article: None,
            workaround: None,
        },
        Event::ServiceRestored {},
    ]
}

fn endings() -> Vec<Event> {
    vec![
        Event::Resolved {
            code: line("Fixed"),
            cause: Some(text("An expired certificate")),
            solution: text("Renewed it"),
            knowledge: Some(ArticleId::new("KB-9").unwrap()),
            at_first_contact: false,
            resolved_by: Some(person("li.na")),
            confirm_by: Some(confirm_by()),
        },
        Event::ResolutionAnswered {},
        Event::ConfirmationAwaited {
            confirm_by: confirm_by(),
        },
        Event::Resolved {
            code: line("Advice"),
            cause: None,
            solution: text("Switched it on"),
            knowledge: None,
            at_first_contact: true,
            resolved_by: None,
            confirm_by: None,
        },
        Event::ResolutionConfirmed {},
        Event::ResolutionRejected {
            reason: text("Still down"),
        },
        Event::Closed {
            by: ClosedBy::Desk,
            no_feedback_reason: Some(text("She has left the company")),
            reopen_until: Some(reopen_until()),
        },
        Event::Closed {
            by: ClosedBy::Requester,
            no_feedback_reason: None,
            reopen_until: None,
        },
        Event::Reopened {
            reason: text("Down again"),
            cycle: 2,
        },
        Event::Cancelled {
            reason: text("A mistake"),
            cancelled_by: Some(person("sun.li")),
            told: vec![person("wang.fang")],
            no_feedback_reason: None,
        },
        Event::Cancelled {
            reason: text("A mistake"),
            cancelled_by: None,
            told: Vec::new(),
            no_feedback_reason: Some(text("Reported by a machine")),
        },
        Event::StatusCorrected {
            from: Status::Closed,
            to: Status::InProgress,
            reason: text("Closed, then Active"),
        },
    ]
}

fn major_ones() -> Vec<Event> {
    vec![
        Event::MajorDeclared {
            reason: text("The whole branch"),
            leader: Some(person("sun.li")),
        },
        Event::MajorDeclared {
            reason: text("The whole branch"),
            leader: None,
        },
        Event::MajorStoodDown {
            reason: text("One desk only"),
        },
        Event::ReviewRequired {
            cause: ReviewCause::Priority,
        },
        Event::ReviewCompleted {
            text: text("Watch the expiry dates"),
        },
    ]
}

fn every_event() -> Vec<Event> {
    let kernel = crate::work_item::tests::every_event();
    let kernel = kernel.into_iter().map(Event::Work);
    own_events().into_iter().chain(kernel).collect()
}

/// As a log holds it: in the version that was current at the time.
fn stored(event_type: &str, event_version: &str, payload: Value) -> SerializedEvent {
    SerializedEvent::new(
        "0195a1c2-0000-7000-8000-000000000001".to_owned(),
        5,
        "incident".to_owned(),
        event_type.to_owned(),
        event_version.to_owned(),
        payload,
        json!({}),
    )
}

/// What a reader of the log makes of it.
fn read(event: SerializedEvent) -> Result<Event, serde_json::Error> {
    let upcasters = upcasters();
    let event = upcasters.iter().fold(event, |event, upcaster| {
        if upcaster.can_upcast(&event.event_type, &event.event_version) {
            upcaster.upcast(event)
        } else {
            event
        }
    });
    serde_json::from_value(event.payload)
}

#[test]
fn every_event_of_an_incident_is_stored_like_this() {
    let names: BTreeSet<&str> = Event::VARIANTS.iter().copied().collect();
    let events = own_events();
    let shown = events.iter().map(Event::name).chain(["Work"]);
    assert_eq!(shown.collect::<BTreeSet<_>>(), names);
    insta::assert_json_snapshot!("events", events);
}

#[test]
fn what_was_stored_reads_as_what_was_written() {
    for event in every_event() {
        let value = serde_json::to_value(&event).unwrap();
        assert_eq!(value["type"], event.name());
        let version = event.event_version();
        let stored = stored(event.name(), &version, value);
        assert_eq!(read(stored).unwrap(), event);
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
}

#[test]
fn the_kernel_stores_its_events_alike_in_every_practice() {
    for event in crate::work_item::tests::every_event() {
        let own = serde_json::to_string(&event).unwrap();
        let embedded = Event::Work(event.clone());
        assert_eq!(serde_json::to_string(&embedded).unwrap(), own);
        assert_eq!(embedded.event_type(), event.as_ref());
    }
}

#[test]
fn no_event_of_the_practice_has_the_name_of_one_of_the_kernel() {
    let own: BTreeSet<&str> = Event::VARIANTS.iter().copied().collect();
    let kernel: BTreeSet<&str> = WorkEvent::VARIANTS.iter().copied().collect();
    assert_eq!(own.intersection(&kernel).count(), 0);
}

#[test]
fn a_policy_names_the_events_that_mean_something_to_it() {
    use crate::policies::{auto_close, hold_end};
    for event in every_event() {
        let name = event.name();
        let closes = auto_close::on_event(&event).is_some();
        assert_eq!(auto_close::EVENTS.contains(&name), closes, "{name}");
        let resumes = hold_end::on_event(&event).is_some();
        assert_eq!(hold_end::EVENTS.contains(&name), resumes, "{name}");
    }
}

#[test]
fn what_no_version_of_the_desk_ever_wrote_is_no_event() {
    let unreadable = [
        json!({"type": "Exploded"}),
        json!({"type": "Work"}),
        json!({"type": "Reopened", "reason": "Down again"}),
        json!({"type": "Urged", "count": -1}),
        json!({"type": "Registered"}),
        json!({}),
        json!(null),
    ];
    for payload in unreadable {
        assert!(
            serde_json::from_value::<Event>(payload.clone()).is_err(),
            "{payload}"
        );
    }
}

#[test]
fn a_hold_of_version_1_waits_for_something_in_free_words() {
    let waits_for = |words: &str| {
        let payload = json!({
            "type": "PutOnHold",
            "waiting_for": words,
            "until": "2025-03-04T09:00:00Z",
        });
        read(stored("PutOnHold", "1.0", payload)).unwrap()
    };
    let held = |reason, words| Event::PutOnHold {
        reason,
        text: Some(text(words)),
        until: Some(at(24 * 60)),
    };
    for (words, reason) in [
        ("Spare part from the supplier", HoldReason::Supplier),
        ("等待供应商备件", HoldReason::Supplier),
        ("Change CHG0000007", HoldReason::Change),
        ("等待变更窗口", HoldReason::Change),
        ("Problem PRB0000003", HoldReason::Problem),
        ("等待问题分析", HoldReason::Problem),
        ("Approval of the director", HoldReason::Approval),
        ("等待审批", HoldReason::Approval),
        ("Wang Fang is on leave", HoldReason::Requester),
    ] {
        assert_eq!(waits_for(words), held(reason, words));
    }
}

#[test]
fn a_hold_of_today_is_left_as_it_is() {
    let event = Event::PutOnHold {
        reason: HoldReason::Change,
        text: Some(text("supplier")),
        until: None,
    };
    assert_eq!(event.event_version(), "2.0");
    let upcasters = upcasters();
    assert!(!upcasters.iter().any(|u| u.can_upcast("PutOnHold", "2.0")));
    assert!(!upcasters.iter().any(|u| u.can_upcast("Resumed", "1.0")));
}

//! What happens to work items, and how late it becomes known.

use chrono::TimeDelta;
use event_store::Metadata;
use serde_json::json;
use uuid::Uuid;

use super::{Stream, incident, of, resolved};
use crate::exceptions::exception::Kind;
use crate::exceptions::length_of_time;

#[test]
fn the_ordinary_way_is_no_exception() {
    assert_eq!(incident().accepted().told(), []);
}

#[test]
fn sec_07_what_becomes_known_long_after_it_was_so_is_late() {
    let comment = json!({
        "type": "CommentAdded", "visibility": "Internal", "text": "so?", "from_requester": false,
    });
    let late = |delay| incident().known("li.wei", &comment, delay, |_| {});
    assert_eq!(late(TimeDelta::hours(24)).told(), []);
    assert_eq!(
        late(TimeDelta::minutes(50 * 60 + 5)).told(),
        [(
            Kind::LateEntry,
            104,
            "It became known 2 d 2 h after it was so.".to_owned()
        )]
    );
    let strict = late(TimeDelta::minutes(5));
    let found = strict.asked(|question| question.late_after = TimeDelta::minutes(1));
    assert_eq!(found.exceptions.len(), 1);
}

#[test]
fn a_history_taken_over_is_late_by_its_nature() {
    let comment = json!({
        "type": "CommentAdded", "visibility": "Internal", "text": "so?", "from_requester": false,
    });
    let imported = incident().known("li.wei", &comment, TimeDelta::days(700), |metadata| {
        metadata.channel = Some("import".to_owned());
    });
    let found = imported.asked(|_| {});
    assert_eq!((found.exceptions.len(), found.late_imports), (0, 1));
    let found = imported.asked(|question| question.with_imports = true);
    assert_eq!((found.exceptions.len(), found.late_imports), (1, 0));
}

#[test]
fn sec_07_overrides_and_corrections_have_their_reason_and_what_changed() {
    let overridden = json!({
        "type": "PriorityOverridden", "from": "P3", "to": "P1", "reason": "The board waits",
    });
    let corrected = json!({
        "type": "DetailsCorrected", "field": "requester", "from": "chen.jie", "to": "zhao.min",
        "reason": "Wrong name",
    });
    let found = incident()
        .then("li.wei", &overridden)
        .then("li.wei", &corrected)
        .exceptions();
    let kinds: Vec<Kind> = found.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [Kind::Override, Kind::Correction]);
    assert_eq!(found[0].reason.as_deref(), Some("The board waits"));
    assert_eq!(found[0].differences[0].to_string(), "priority: P3 -> P1");
    assert_eq!(
        found[1].differences[0].to_string(),
        "requester: chen.jie -> zhao.min"
    );
    assert_eq!(found[1].object.name, "INC0000042");
}

#[test]
fn a_step_of_a_history_that_the_process_forbids_is_a_correction() {
    let corrected = json!({
        "type": "StatusCorrected", "from": "New", "to": "Closed", "reason": "state 7",
    });
    let told = incident().then("import", &corrected).told();
    assert_eq!(told[0].0, Kind::Correction);
    assert!(told[0].2.contains("from New to Closed"), "{told:?}");
}

#[test]
fn an_exclusion_is_found_by_its_name_in_a_practice_that_is_not_there_yet() {
    let excluded = json!({
        "type": "TimeExcluded", "from": "2026-03-02T08:00:00Z", "to": "2026-03-02T09:00:00Z",
        "reason": "Announced maintenance",
    });
    let found = of("service_level_clock")
        .then("li.wei", &excluded)
        .exceptions();
    assert_eq!(found[0].kind, Kind::Exclusion);
    assert_eq!(found[0].reason.as_deref(), Some("Announced maintenance"));
    assert_eq!(found[0].object.kind, "service_level_clock");
}

#[test]
fn sec_07_who_confirms_what_they_resolved_approves_of_themselves() {
    let confirmed = json!({"type": "ResolutionConfirmed"});
    let by = |who| {
        let resolved = incident().accepted().then("wang.fang", &resolved());
        resolved.then(who, &confirmed)
    };
    let approvals = |stream: Stream| {
        let kinds = vec![Kind::SelfApproval];
        stream
            .asked(|question| question.kinds.clone_from(&kinds))
            .exceptions
    };
    assert_eq!(approvals(by("chen.jie")), []);
    let found = approvals(by("wang.fang"));
    assert_eq!(found[0].position, 107);
    assert!(found[0].description.contains("confirmed the resolution"));

    let closed = json!({"type": "Closed", "by": "Desk", "no_feedback_reason": "None known"});
    let closed = |tell: fn(&mut Metadata)| {
        let resolved = incident().accepted().then("wang.fang", &resolved());
        approvals(resolved.known("wang.fang", &closed, TimeDelta::zero(), tell))
    };
    assert_eq!(closed(|_| {})[0].reason.as_deref(), Some("None known"));
    // A machine that runs under the same name follows a rule.
    assert_eq!(closed(|by| by.rule = Some("auto-close@1".to_owned())), []);
}

#[test]
fn sec_07_who_leads_a_major_incident_is_not_the_one_to_review_it() {
    let declared = json!({"type": "MajorDeclared", "reason": "All of it", "leader": "zhao.min"});
    let reviewed = json!({"type": "ReviewCompleted", "text": "We learnt"});
    let told = incident()
        .then("li.wei", &declared)
        .then("zhao.min", &reviewed)
        .told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, Kind::SelfApproval);
    assert!(told[0].2.contains("led the major incident"), "{told:?}");
}

#[test]
fn what_came_before_the_range_counts_and_is_not_told() {
    let resolved = incident().accepted().then("wang.fang", &resolved());
    let stream = resolved.then("wang.fang", &json!({"type": "ResolutionConfirmed"}));
    let found = stream.asked(|question| {
        question.from = 107;
        question.kinds = vec![Kind::SelfApproval];
    });
    assert_eq!(found.exceptions.len(), 1);
    let found = stream.asked(|question| {
        question.from = 108;
        question.kinds = vec![Kind::SelfApproval];
    });
    assert_eq!(found.exceptions.len(), 0);
}

#[test]
fn a_length_of_time_has_a_unit() {
    assert_eq!(length_of_time("90m"), Ok(TimeDelta::minutes(90)));
    assert_eq!(length_of_time("24h"), Ok(TimeDelta::hours(24)));
    assert_eq!(length_of_time("7d"), Ok(TimeDelta::days(7)));
    for wrong in ["", "24", "h", "-1h", "1w", "9223372036854775807d"] {
        assert!(length_of_time(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_leavers_have_open_is_listed_while_it_is_open() {
    use domain::organisation::TeamEvent;
    let left = TeamEvent::MemberRemoved {
        person: domain::ids::PersonId::new("Wang.Fang").unwrap(),
    };
    let accepted = incident().accepted();
    let with = |stream: &Stream, events: &[TeamEvent]| -> Vec<String> {
        let found = stream.asked(|question| {
            for event in events {
                question.leavers.take(Uuid::nil(), event);
            }
            question.kinds = vec![Kind::Leaver];
        });
        let descriptions = found.exceptions.into_iter().map(|one| one.description);
        descriptions.collect()
    };
    assert_eq!(with(&accepted, &[]), Vec::<String>::new());
    assert_eq!(
        with(&accepted, std::slice::from_ref(&left)),
        ["It is with wang.fang, who is no longer in the team Network."]
    );
    assert_eq!(
        with(&accepted, &[TeamEvent::TeamDeactivated {}]),
        ["It is with the team Network, which works no longer."]
    );
    let resolved = accepted.then("wang.fang", &resolved());
    let closed = json!({"type": "Closed", "by": "Requester"});
    let closed = resolved.then("chen.jie", &closed);
    assert_eq!(with(&closed, &[left]), Vec::<String>::new());
}

//! The plan against the pure domain: every rule holds for every step, whatever
//! day the desk is loaded on, and nothing that the desk can do is missing.

mod replayed;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use domain::Role;
use domain::incident::{Event, HoldReason, IncidentAction, Status};
use domain::work_item::{LinkTarget, WorkAction, WorkEvent};
use strum::{IntoEnumIterator, VariantNames};

use super::organisation::{PLACES, REQUESTERS, TEAMS};
use super::plan::{Action, INCIDENTS, Plan, Step, incident_id, plan};
use super::stories;
use crate::auth::policy::{self, permits};
use replayed::Replayed;

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// Mornings and nights, working days and weekends, a leap day and a new year.
fn moments() -> Vec<DateTime<Utc>> {
    let mut moments = vec![
        at("2026-03-04T10:30:00+08:00"),
        at("2026-03-02T00:00:00+08:00"),
        at("2026-03-08T23:59:59.999+08:00"),
        at("2028-02-29T12:30:00+08:00"),
        at("2027-01-01T08:00:00+08:00"),
    ];
    let week = (0..8).map(|step| at("2026-11-21T05:11:00+08:00") + Duration::hours(22 * step));
    moments.extend(week);
    moments
}

fn steps(plan: &Plan) -> impl Iterator<Item = &Step> {
    plan.cases.iter().flat_map(|case| &case.steps)
}

#[test]
fn the_whole_plan_is_accepted_on_any_day() {
    let mut ends: Option<BTreeMap<u32, Status>> = None;
    for now in moments() {
        let plan = plan(now).unwrap();
        let desk = Replayed::of(&plan);
        let statuses = desk
            .incidents
            .iter()
            .map(|(n, incident)| (*n, incident.status()));
        let statuses: BTreeMap<u32, Status> = statuses.collect();
        match &ends {
            Some(ends) => assert_eq!(*ends, statuses, "another day makes another desk: {now}"),
            None => ends = Some(statuses),
        }
    }
}

#[test]
fn nothing_but_the_times_depends_on_the_day() {
    let without_times = |now| {
        let plan = plan(now).unwrap();
        let mut steps: Vec<_> = steps(&plan)
            .map(|step| {
                let action = match &step.action {
                    Action::Do(command) => format!("{:?}", IncidentAction::from(&**command)),
                    other => format!("{other:?}"),
                };
                (
                    step.incident,
                    step.name.clone(),
                    step.actor.id.clone(),
                    action,
                )
            })
            .collect();
        steps.sort();
        steps
    };
    let moments = moments();
    assert_eq!(plan(moments[0]).unwrap(), plan(moments[0]).unwrap());
    let first = without_times(moments[0]);
    for now in &moments[1..4] {
        assert_eq!(first, without_times(*now));
    }
}

#[test]
fn all_times_lie_within_the_three_months() {
    for now in moments() {
        let plan = plan(now).unwrap();
        let set_up: Vec<_> = plan.setting_up.iter().map(|step| step.at).collect();
        assert!(set_up.is_sorted());
        let opened: BTreeMap<u32, DateTime<Utc>> = steps(&plan)
            .filter(|step| matches!(step.action, Action::Register(_)))
            .map(|step| (step.incident, step.at))
            .collect();
        assert!(opened.values().is_sorted(), "numbers follow time");
        let first = opened[&1];
        assert!(
            now - first > Duration::days(85) && now - first < Duration::days(94),
            "{first} {now}"
        );
        assert!(set_up[set_up.len() - 1] < first);
        for case in &plan.cases {
            assert!(case.steps.is_sorted_by_key(|step| step.at));
        }
        for step in steps(&plan) {
            assert!(step.at < now, "{} lies in the future", step.name);
        }
    }
}

#[test]
fn there_are_as_many_as_promised() {
    let plan = plan(moments()[0]).unwrap();
    let desk = Replayed::of(&plan);
    assert_eq!(desk.incidents.len(), 400);
    assert_eq!(INCIDENTS, 400);
    assert_eq!(desk.teams.len(), 12);
    let people: BTreeSet<_> = TEAMS
        .iter()
        .flat_map(|team| team.members)
        .map(|m| m.login)
        .collect();
    assert_eq!(people.len(), 60);
    let asking: BTreeSet<_> = REQUESTERS.iter().map(|r| r.login).collect();
    assert_eq!(asking.len(), REQUESTERS.len());
    assert!(asking.is_disjoint(&people));
    let places: BTreeSet<_> = PLACES.iter().map(|place| place.code).collect();
    assert_eq!(places.len(), PLACES.len());
    let keys: BTreeSet<_> = stories::all().map(|story| story.key).collect();
    assert_eq!(keys.len(), stories::all().count());
    assert!(keys.len() >= 60, "{} stories", keys.len());
    let told: BTreeSet<_> = steps(&plan).map(|step| step.story).collect();
    let untold: Vec<_> = keys.difference(&told).collect();
    assert!(untold.is_empty(), "{untold:?}");
    let named: BTreeSet<_> = steps(&plan).map(|step| &step.name).collect();
    assert_eq!(named.len(), steps(&plan).count());
}

/// How many incidents stand where, on every sample desk.
const COUNTS: [(Status, u32); 9] = [
    (Status::New, 5),
    (Status::Assigned, 6),
    (Status::Returned, 3),
    (Status::InProgress, 20),
    (Status::OnHold, 20),
    (Status::Resolved, 16),
    (Status::Closed, 292),
    (Status::Cancelled, 17),
    (Status::Merged, 21),
];

#[test]
fn every_status_and_every_kind_of_hold_is_there() {
    let desk = Replayed::of(&plan(moments()[0]).unwrap());
    let mut counts: BTreeMap<Status, u32> = BTreeMap::new();
    for incident in desk.incidents.values() {
        *counts.entry(incident.status()).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().collect();
    assert_eq!(counts, COUNTS);
    let held: BTreeSet<&str> = desk
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::PutOnHold { reason, .. } => Some(reason.as_ref()),
            _ => None,
        })
        .collect();
    for reason in HoldReason::iter() {
        assert!(held.contains(reason.as_ref()), "{reason:?}");
    }
    let closed_by: BTreeSet<String> = desk
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Closed { by, .. } => Some(by.as_ref().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(
        closed_by.len(),
        2,
        "requester and desk; timeouts are left to the desk"
    );
}

#[test]
fn every_kind_of_event_happens() {
    let desk = Replayed::of(&plan(moments()[0]).unwrap());
    let missing = |names: &[&'static str]| -> Vec<&'static str> {
        names
            .iter()
            .filter(|name| !desk.kinds.contains(**name))
            .copied()
            .collect()
    };
    // The desk asks again only where it answered by hand after the requester did; the status of an
    // item is corrected by an import only.
    assert_eq!(
        missing(Event::VARIANTS),
        ["ConfirmationAwaited", "StatusCorrected", "Work"]
    );
    // That an item took in another one is written by the process that watches merges.
    assert_eq!(missing(WorkEvent::VARIANTS), ["MergedFrom"]);
    let teams = [
        "TeamFounded",
        "MemberAdded",
        "MemberRemoved",
        "TeamLeadNamed",
        "TeamDeactivated",
        "TeamReactivated",
    ];
    assert_eq!(missing(&teams), [""; 0]);
    let configuration = ["DraftSaved", "ReviewPassed", "Published", "DraftDiscarded"];
    assert_eq!(missing(&configuration), [""; 0]);
}

#[test]
fn two_major_incidents_take_their_full_course() {
    let desk = Replayed::of(&plan(moments()[0]).unwrap());
    let majors: BTreeSet<u32> = desk
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::MajorDeclared { .. }))
        .map(|(incident, _)| *incident)
        .collect();
    assert_eq!(majors.len(), 2);
    for major in majors {
        let course: Vec<&str> = desk
            .events
            .iter()
            .filter(|(incident, _)| *incident == major)
            .map(|(_, event)| event.name())
            .collect();
        for step in [
            "MajorDeclared",
            "ReviewRequired",
            "StageResultNotified",
            "EscalatedHierarchically",
            "ForwardedOutside",
            "Forwarded",
            "WorkaroundApplied",
            "ServiceRestored",
            "WorkLinked",
            "MajorStoodDown",
            "Resolved",
            "ReviewCompleted",
            "Closed",
        ] {
            assert!(course.contains(&step), "{step} is missing: {course:?}");
        }
        assert_eq!(desk.incidents[&major].status(), Status::Closed);
    }
}

#[test]
fn everybody_does_what_their_role_permits() {
    let plan = plan(moments()[0]).unwrap();
    for step in steps(&plan) {
        let target = LinkTarget {
            id: incident_id(0),
            number: String::new(),
            leads_back: false,
            is_open: true,
        };
        let command = step.action.command(Some(""), Some(target)).unwrap();
        let action = match &command {
            domain::incident::Command::Work(work) => {
                policy::Action::Work(WorkAction::from(&**work))
            }
            own => policy::Action::Incident(IncidentAction::from(own)),
        };
        assert!(
            permits(step.actor.role, action),
            "{:?} {action:?}",
            step.actor
        );
        assert!(step.actor.role != Role::Administrator);
    }
}

#[test]
fn no_placeholder_is_left_in_any_text() {
    let plan = plan(moments()[0]).unwrap();
    for step in steps(&plan) {
        let text = format!("{:?}", step.action);
        for key in [
            "{place}",
            "{code}",
            "{name}",
            "{dear}",
            "{agent}",
            "{n}",
            "{m}",
            "{high}",
            "{system}",
            "{policy}",
            "{claim}",
            "{device}",
            "{line}",
            "{extension}",
            "，，",
            "  ",
        ] {
            assert!(!text.contains(key), "{} {text}", step.story);
        }
    }
}

#[test]
fn three_quarters_are_told_in_chinese_and_no_two_alike() {
    let plan = plan(moments()[0]).unwrap();
    let mut chinese = 0;
    let mut descriptions = BTreeSet::new();
    for step in steps(&plan) {
        if let Action::Register(intake) = &step.action {
            let summary = intake.summary.as_str();
            chinese += u32::from(
                summary
                    .chars()
                    .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
            );
            let description = intake.description.as_ref().map(ToString::to_string);
            descriptions.insert((summary.to_owned(), description));
        }
    }
    assert!((280..=320).contains(&chinese), "{chinese}");
    assert_eq!(descriptions.len(), 400);
}

//! When steps were taken in the world: none before the one that it rests on,
//! and no window shorter than those whom it concerns could know of.

use super::{Journey, close, comment, resolve};
use crate::context::{Channel, Context};
use crate::fixtures::{
    agent, at, coordinator, desk, hours, import, intake, person, requester, text, to,
};
use crate::incident::{Command, Error, Event, HoldReason, ReviewCause, Status};
use crate::policies::auto_close;
use crate::work_item::{Visibility, WorkCommand, WorkRefusal};

/// The desk has it since a quarter of an hour after the first contact, and Li
/// Na took it on half an hour after it.
fn accepted_at_half_past() -> Journey {
    Journey::begun(intake(), &agent().when(at(0)))
        .then(
            &coordinator().when(at(15)),
            WorkCommand::Assign { to: to(desk()) },
        )
        .then(&agent().when(at(30)), WorkCommand::Accept)
}

fn before(minutes: i64) -> WorkRefusal {
    WorkRefusal::EffectiveBeforeStep {
        step_at: at(minutes),
    }
}

/// Dated back by the one who writes it down two hours after the first contact.
fn dated(by: Context, minutes: i64) -> Context {
    by.when(at(minutes)).recorded(at(120))
}

fn hold(until: Option<i64>) -> Command {
    Command::PutOnHold {
        reason: HoldReason::Requester,
        text: None,
        until: until.map(at),
    }
}

fn reopen() -> Command {
    Command::Reopen {
        reason: text("Down again"),
    }
}

#[test]
fn nothing_is_dated_before_the_step_that_it_rests_on() {
    let assigned = Journey::begun(intake(), &agent().when(at(0))).then(
        &coordinator().when(at(15)),
        WorkCommand::Assign { to: to(desk()) },
    );
    assigned.refuses(&dated(agent(), 14), WorkCommand::Accept, before(15));

    let working = accepted_at_half_past();
    let diagnose = Command::StartDiagnosis { hypothesis: None };
    for early in [diagnose, hold(None), resolve()] {
        working.refuses(&dated(agent(), 29), early, before(30));
    }
    let merge = WorkCommand::MergeInto {
        target: crate::fixtures::other(),
        reason: text("The same"),
        farewell: crate::fixtures::farewell(),
    };
    working.refuses(&dated(agent(), 29), merge, before(30));

    let waiting = accepted_at_half_past().then(&agent().when(at(40)), hold(None));
    waiting.refuses(&dated(agent(), 39), Command::Resume, before(40));
    waiting.refuses(&dated(agent(), 39), resolve(), before(40));

    let resolved = accepted_at_half_past().then(&agent().when(at(60)), resolve());
    let rejects = Command::RejectResolution {
        reason: text("Still down"),
    };
    for early in [Command::ConfirmResolution, rejects] {
        resolved.refuses(&dated(requester(), 59), early, before(60));
    }
    let left = close(Some("Has left the company"));
    resolved.refuses(&dated(agent(), 59), left.clone(), before(60));

    let closed = resolved.then(&agent().when(at(70)), left);
    closed.refuses(&dated(requester(), 69), reopen(), before(70));
    closed.refuses(&dated(agent(), 69), WorkCommand::Archive, before(70));
}

#[test]
fn what_is_only_written_down_is_dated_back_as_far_as_the_first_contact() {
    let noted = accepted_at_half_past()
        .then(
            &dated(agent(), 5),
            comment(Visibility::Internal, "Looked odd"),
        )
        .then(
            &dated(agent(), 5),
            WorkCommand::AddWatcher {
                person: person("zhao.lei"),
            },
        );
    assert_eq!(noted.incident.status(), Status::InProgress);
}

#[test]
fn a_step_that_rests_on_a_cycle_is_not_dated_into_the_one_before() {
    let again = accepted_at_half_past()
        .then(&agent().when(at(40)), resolve())
        .then(&agent().when(at(50)), close(Some("Nobody answers")))
        .then(&requester().when(at(60)), reopen());
    let expect = Command::SetExpectedResolution {
        at: at(200),
        reason: text("A spare part"),
    };
    for early in [Command::RestoreService, expect] {
        again.refuses(&dated(agent(), 55), early, before(60));
    }
}

#[test]
fn a_major_incident_is_not_stood_down_before_it_was_declared() {
    let declared = accepted_at_half_past().then(
        &coordinator().when(at(45)),
        Command::DeclareMajor {
            reason: text("The whole branch"),
            leader: None,
        },
    );
    let stand_down = Command::StandDownMajor {
        reason: text("One room only"),
    };
    declared.refuses(&dated(coordinator(), 44), stand_down, before(45));
}

#[test]
fn closing_is_not_dated_before_the_review_that_it_waited_for() {
    let resolved = accepted_at_half_past()
        .then(&agent().when(at(40)), resolve())
        .then(&agent().when(at(50)), Command::RequireReview);
    let review = Command::CompleteReview {
        text: text("Watch the expiry dates"),
    };
    resolved.refuses(&dated(coordinator(), 45), review.clone(), before(50));
    let reviewed = resolved.then(&coordinator().when(at(90)), review);
    let left = close(Some("Has left the company"));
    reviewed.refuses(&dated(agent(), 80), left.clone(), before(90));
    let closed = reviewed.then(&agent().when(at(90)), left);
    assert_eq!(closed.incident.status(), Status::Closed);
    assert!(closed.events.contains(&Event::ReviewRequired {
        cause: ReviewCause::Request
    }));
}

#[test]
fn an_answer_from_before_the_hold_is_noted_and_ends_nothing() {
    let mut on_both_sides = agent();
    on_both_sides.actor.id = person("wang.fang");
    let waiting = accepted_at_half_past().then(&agent().when(at(40)), hold(None));
    let noted = waiting.then(
        &dated(on_both_sides.clone(), 35),
        comment(Visibility::Public, "It began at eight."),
    );
    assert_eq!(noted.incident.status(), Status::OnHold);
    let answered = noted.then(
        &dated(on_both_sides, 41),
        comment(Visibility::Public, "It is the third floor."),
    );
    assert_eq!(answered.incident.status(), Status::InProgress);
}

#[test]
fn a_history_taken_over_keeps_its_order_whatever_it_is() {
    let backwards = accepted_at_half_past().then(&import().when(at(20)), resolve());
    assert_eq!(backwards.incident.status(), Status::Resolved);
    let (resolved, at_20) = (&backwards.events[backwards.events.len() - 1..], at(20));
    let before_it = accepted_at_half_past().incident;
    assert_eq!(before_it.step_after(resolved, at_20), Some(at(30)));
    assert_eq!(before_it.step_after(resolved, at(30)), None);
}

#[test]
fn inc_29_the_requester_has_the_window_from_when_they_could_know() {
    let written_down_late = agent().when(at(60)).recorded(at(60) + hours(48));
    let resolved = accepted_at_half_past().then(&written_down_late, resolve());
    let week_later = at(60) + hours(48) + hours(7 * 24);
    assert_eq!(resolved.incident.confirm_by(), Some(week_later));
    let machine = |when| coordinator().through(Channel::Process).when(when);
    resolved.refuses(
        &machine(week_later - hours(1)),
        auto_close::on_due(),
        Error::StillAwaitingAnswer {
            confirm_by: week_later,
        },
    );
    let closing = agent().when(at(70)).recorded(at(70) + hours(48));
    let closed = resolved.then(&closing, close(Some("Has left the company")));
    let until = at(70) + hours(48) + hours(30 * 24);
    let reopened = Journey {
        incident: closed.incident.clone(),
        events: Vec::new(),
    };
    assert_eq!(
        reopened.then(&requester().when(until), reopen()).names(),
        ["Reopened"]
    );
    // Whoever writes it down too late does not pass by dating it back.
    let too_late = requester().when(until).recorded(until + hours(1));
    closed.refuses(&too_late, reopen(), Error::ReopenWindowPassed { until });
}

#[test]
fn inc_08_inc_30_a_reopening_begins_a_cycle_of_its_own() {
    let expect = |minutes| Command::SetExpectedResolution {
        at: at(minutes),
        reason: text("A spare part"),
    };
    let again = accepted_at_half_past()
        .then(&agent().when(at(35)), expect(55))
        .then(&agent().when(at(38)), Command::RestoreService)
        .then(&agent().when(at(40)), resolve())
        .then(&agent().when(at(50)), close(Some("Nobody answers")))
        .then(&requester().when(at(60)), reopen())
        .then(&agent().when(at(65)), expect(80))
        .then(&agent().when(at(70)), Command::RestoreService);
    let from = again.events.iter().rev().find_map(|event| match event {
        Event::ExpectedResolutionSet { from, .. } => Some(*from),
        _ => None,
    });
    assert_eq!(
        from,
        Some(None),
        "what was expected before was of another cycle"
    );
}

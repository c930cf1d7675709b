//! What becomes of an incident (INC-19 to INC-34).

use super::super::{after, when};
use super::{Journey, cancel, close, events, merge, resolve};
use crate::Refusal;
use crate::configuration::PriorityMatrix;
use crate::context::{Channel, Role};
use crate::fixtures::{
    accepted, actor, agent, and, assigned, at, closed, confirm_by, coordinator, desk, given_to,
    hotline, hours, import, in_progress, intake, major, network, on_hold, person, reference,
    registered_critical, reopen_until, requester, resolution, resolved, review_required,
    specialist, text, to, told,
};
use crate::incident::{ClosedBy, Command, Error, Event, HoldReason, ReviewCause, Status};
use crate::policies::auto_close;
use crate::priority::Priority;
use crate::work_item::{ForwardTo, SupportLine, WorkCommand, WorkEvent};

#[test]
fn inc_19_the_receiving_team_confirms_the_incident_before_it_works_on_it() {
    for too_early in [Command::RestoreService, Command::Resume, resolve()] {
        let refused = when(assigned(), agent(), too_early).inspect_result();
        assert_eq!(refused.unwrap_err().code(), "INCIDENT_ACTION_NOT_POSSIBLE");
    }
    when(assigned(), agent(), WorkCommand::Accept).then_expect_events(vec![accepted()]);
    let incident = after(in_progress());
    assert_eq!(incident.work().person, Some(person("li.na")));
}

#[test]
fn inc_20_a_returned_incident_goes_back_to_the_team_that_it_came_from() {
    let journey = Journey::begun(intake(), &requester())
        .then(&agent(), WorkCommand::Assign { to: to(desk()) })
        .then(&agent(), WorkCommand::Accept)
        .then(&agent(), WorkCommand::Assign { to: to(network()) })
        .then(
            &specialist(),
            WorkCommand::Return {
                reason: text("No fault of the network"),
            },
        );
    assert_eq!(
        journey.events.last().unwrap(),
        &Event::Work(WorkEvent::Returned {
            from: network(),
            to: Some(desk()),
            reason: text("No fault of the network"),
        })
    );
    assert_eq!(journey.incident.status(), Status::Returned);
    assert_eq!(journey.incident.work().team, Some(desk()));
    assert_eq!(journey.incident.work().person, None);
    let corrected = journey.then(&agent(), WorkCommand::Assign { to: to(desk()) });
    assert_eq!(corrected.incident.status(), Status::Assigned);
}

#[test]
fn decided_07_a_return_to_a_closed_team_goes_to_the_dispatcher() {
    let mut by = specialist();
    by.closed_teams = std::sync::Arc::new([desk().id].into());
    let reason = text("No fault of the network");
    let journey = Journey::begun(intake(), &requester())
        .then(&agent(), WorkCommand::Assign { to: to(desk()) })
        .then(&agent(), WorkCommand::Accept)
        .then(&agent(), WorkCommand::Assign { to: to(network()) })
        .then(&by, WorkCommand::Return { reason });
    assert_eq!(journey.incident.status(), Status::Returned);
    assert_eq!(journey.incident.work().team, None);
}

#[test]
fn inc_21_an_incident_is_forwarded_to_a_peer() {
    let forward = WorkCommand::Forward {
        to: ForwardTo::Team(to(hotline())),
        reason: Some(text("Your branch")),
    };
    when(in_progress(), agent(), forward).then_expect_events(vec![Event::Work(
        WorkEvent::Forwarded {
            from: desk(),
            to: hotline(),
            person: None,
            reason: Some(text("Your branch")),
        },
    )]);
}

#[test]
fn inc_21_an_incident_is_forwarded_to_another_platform_and_stays_with_its_team() {
    let forward = WorkCommand::Forward {
        to: ForwardTo::Platform {
            platform: reference().system,
            reference: reference().reference,
        },
        reason: None,
    };
    let outside = Event::Work(WorkEvent::ForwardedOutside {
        to: reference(),
        reason: None,
    });
    when(in_progress(), agent(), forward.clone()).then_expect_events(vec![outside.clone()]);
    when(on_hold(HoldReason::Supplier), agent(), forward).then_expect_events(vec![outside.clone()]);
    let incident = after(and(in_progress(), [outside]));
    assert_eq!(incident.status(), Status::InProgress);
    assert_eq!(incident.work().team, Some(desk()));
}

#[test]
fn inc_22_staged_notices_go_to_chosen_people_any_number_of_times() {
    let notice = |words| WorkCommand::NotifyStage {
        recipients: vec![person("director"), person("wang.fang")],
        text: text(words),
    };
    let journey = Journey::begun(intake(), &requester())
        .then(&agent(), notice("We know"))
        .then(&agent(), notice("We know why"));
    let notices = journey.names().into_iter();
    assert_eq!(notices.filter(|n| *n == "StageResultNotified").count(), 2);
}

#[test]
fn inc_28_functional_and_hierarchical_escalation_are_different_facts() {
    let deeper = WorkCommand::EscalateFunctionally {
        to: to(network()),
        reason: text("Beyond us"),
    };
    when(in_progress(), agent(), deeper).then_expect_events(vec![
        Event::Work(WorkEvent::EscalatedFunctionally {
            from: SupportLine::First,
            to: SupportLine::Second,
            reason: text("Beyond us"),
        }),
        Event::Work(WorkEvent::Assigned {
            from: Some(desk()),
            to: network(),
            from_person: Some(person("li.na")),
            person: None,
        }),
    ]);
    let higher = WorkCommand::EscalateHierarchically {
        level: 2,
        person: Some(person("director")),
        reason: text("A large customer"),
    };
    when(in_progress(), agent(), higher).then_expect_events(vec![Event::Work(
        WorkEvent::EscalatedHierarchically {
            from_level: 0,
            level: 2,
            person: Some(person("director")),
            reason: text("A large customer"),
        },
    )]);
}

#[test]
fn inc_29_the_desk_closes_a_resolved_incident_when_nobody_answers_in_time() {
    let desk_itself = |when| {
        let machine = actor("docket:auto-close", Role::Coordinator, &[]);
        let mut context = coordinator().through(Channel::Process).when(when);
        context.actor = machine;
        context
    };
    when(
        resolved(),
        desk_itself(confirm_by() - hours(1)),
        auto_close::on_due(),
    )
    .then_expect_error(Error::StillAwaitingAnswer {
        confirm_by: confirm_by(),
    });
    let closing = events(resolved(), desk_itself(confirm_by()), auto_close::on_due());
    let Command::CloseUnanswered { reason } = auto_close::on_due() else {
        panic!("the desk closes what is unanswered");
    };
    assert_eq!(
        closing,
        [Event::Closed {
            by: ClosedBy::Timeout,
            no_feedback_reason: Some(reason),
            reopen_until: Some(confirm_by() + hours(30 * 24)),
        }]
    );
}

#[test]
fn inc_29_a_closed_incident_is_reopened_until_its_window_ends() {
    let reopen = || Command::Reopen {
        reason: text("Down again"),
    };
    let reopened = Event::Reopened {
        reason: text("Down again"),
        cycle: 2,
    };
    when(closed(), requester().when(reopen_until()), reopen()).then_expect_events(vec![reopened]);
    let too_late = requester().when(reopen_until() + hours(1));
    when(closed(), too_late, reopen()).then_expect_error(Error::ReopenWindowPassed {
        until: reopen_until(),
    });
}

#[test]
fn inc_29_the_windows_are_those_of_the_matrix_version_that_judged_the_incident() {
    let mut later = PriorityMatrix::initial();
    for level in &mut later.levels {
        level.confirm_within_hours = 1;
    }
    let by = agent()
        .with_matrices(&[PriorityMatrix::initial(), later])
        .when(at(0) + hours(48));
    let week = at(0) + hours(48) + hours(7 * 24);
    when(in_progress(), by, resolve()).then_expect_events(vec![resolution(Some(week))]);
}

#[test]
fn inc_30_restoration_is_recorded_apart_from_resolution_and_closing() {
    let restored = || vec![Event::ServiceRestored {}];
    for given in [in_progress(), on_hold(HoldReason::Supplier), resolved()] {
        let incident = after(given.clone());
        let by = agent().when(at(30));
        when(given.clone(), by, Command::RestoreService).then_expect_events(restored());
        assert_eq!(after(and(given, restored())).status(), incident.status());
    }
}

#[test]
fn inc_30_a_service_that_failed_again_is_restored_again() {
    let rejected = Event::ResolutionRejected {
        reason: text("Still down"),
    };
    let given = and(in_progress(), [Event::ServiceRestored {}]);
    let given = and(given, [resolution(Some(confirm_by())), rejected]);
    when(given, agent(), Command::RestoreService)
        .then_expect_events(vec![Event::ServiceRestored {}]);
}

#[test]
fn inc_34_an_incident_of_the_first_two_priorities_needs_a_review_before_it_is_closed() {
    let given = and(registered_critical(), [given_to(desk()), accepted()]);
    let three_days = at(60) + hours(3 * 24);
    let resolved = vec![
        resolution(Some(three_days)),
        review_required(ReviewCause::Priority),
    ];
    when(given.clone(), agent(), resolve()).then_expect_events(resolved.clone());
    let given = and(given, resolved);
    for closing in [Command::ConfirmResolution, close(None)] {
        let given = and(given.clone(), [told()]);
        when(given, agent(), closing).then_expect_error(Error::ReviewMissing);
    }
    let review = Command::CompleteReview {
        text: text("Watch the expiry dates"),
    };
    let reviewed = Event::ReviewCompleted {
        text: text("Watch the expiry dates"),
    };
    // Li Na has solved it.
    when(given.clone(), agent(), review.clone()).then_expect_error(Error::ReviewerEndedIt);
    when(given.clone(), coordinator(), review).then_expect_events(vec![reviewed.clone()]);
    let closing = events(
        and(given, [reviewed]),
        requester(),
        Command::ConfirmResolution,
    );
    assert_eq!(closing.last().unwrap().name(), "Closed");
}

#[test]
fn inc_34_a_review_that_is_due_is_completed_after_the_incident_was_cancelled_too() {
    let review = || Command::CompleteReview {
        text: text("It was announced maintenance"),
    };
    let cancelled = Event::Cancelled {
        reason: text("announced maintenance"),
        cancelled_by: Some(person("sun.li")),
        told: vec![person("wang.fang")],
        no_feedback_reason: None,
    };
    let asked = and(in_progress(), [review_required(ReviewCause::Request)]);
    let given = and(asked, [cancelled.clone()]);
    let reviewed = Event::ReviewCompleted {
        text: text("It was announced maintenance"),
    };
    when(given.clone(), agent(), review()).then_expect_events(vec![reviewed.clone()]);
    when(given.clone(), coordinator(), review()).then_expect_error(Error::ReviewerEndedIt);
    for given in [and(given, [reviewed]), and(in_progress(), [cancelled])] {
        when(given, agent(), review()).then_expect_error(Error::NoReviewDue);
    }
}

#[test]
fn inc_34_a_review_is_due_after_whichever_end_as_the_matrix_says() {
    let due = review_required(ReviewCause::Priority);
    let critical = || and(registered_critical(), [given_to(desk()), accepted()]);
    let lowered = Event::Work(WorkEvent::PriorityOverridden {
        from: Priority::P1,
        to: Priority::P3,
        reason: text("Quiet, please"),
    });
    let raised = Event::Work(WorkEvent::PriorityOverridden {
        from: Priority::P3,
        to: Priority::P2,
        reason: text("The board waits"),
    });
    for given in [
        critical(),
        and(critical(), [lowered]),
        and(in_progress(), [raised]),
    ] {
        for ending in [resolve(), cancel(), merge().into()] {
            let ended = events(given.clone(), agent(), ending);
            assert_eq!(ended.last(), Some(&due));
            assert_eq!(ended.len(), 2);
        }
    }
    for ending in [resolve(), cancel(), merge().into()] {
        assert_eq!(events(in_progress(), agent(), ending.clone()).len(), 1);
        // An incident of years ago is not reviewed now.
        assert_eq!(events(critical(), import(), ending).len(), 1);
    }
}

#[test]
fn inc_34_each_end_needs_a_review_of_its_own() {
    let reopened = |cycle| Event::Reopened {
        reason: text("Down again"),
        cycle,
    };
    let completed = || Event::ReviewCompleted {
        text: text("Watch the expiry dates"),
    };
    let critical = and(registered_critical(), [given_to(desk()), accepted()]);
    let was_major = Event::MajorStoodDown {
        reason: text("Over"),
    };
    for (given, cause) in [
        (critical, ReviewCause::Priority),
        (and(in_progress(), [major(), was_major]), ReviewCause::Major),
    ] {
        let end = || [resolution(Some(confirm_by())), review_required(cause)];
        let ended = Event::Closed {
            by: ClosedBy::Requester,
            no_feedback_reason: None,
            reopen_until: Some(reopen_until()),
        };
        let closed = and(and(given, end()), [completed(), ended]);
        let again = and(closed, [reopened(2)]);
        let resolved_again = events(again.clone(), agent(), resolve());
        assert_eq!(
            resolved_again.last(),
            Some(&review_required(cause)),
            "the second end is reviewed, too"
        );
        let given = and(and(again, resolved_again), [told()]);
        when(given, agent(), close(None)).then_expect_error(Error::ReviewMissing);
    }
}

#[test]
fn inc_34_whoever_wants_a_review_may_ask_for_one() {
    when(in_progress(), agent(), Command::RequireReview)
        .then_expect_events(vec![review_required(ReviewCause::Request)]);
}

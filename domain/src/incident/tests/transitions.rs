//! Every line of the table in `incident`: from where, by which step, to where,
//! and with which events.

use strum::IntoEnumIterator;

use super::steps::one_of_each;
use super::{after, when};
use crate::fixtures::{
    accepted, affected, agent, and, assigned, at, cancelled, closed, confirm_by, coordinator, desk,
    farewell, given_to, hours, import, in_progress, intake, line, major, merged, network, on_hold,
    other, person, register, registered, reopen_until, requester, resolution, resolved, returned,
    review_required, text, to, told,
};
use crate::incident::{ClosedBy, Command, Event, HoldReason, Incident, ReviewCause, Status};
use crate::work_item::{Visibility, WorkAction, WorkCommand, WorkEvent};

fn assigned_by_hand(from: Option<&str>) -> Event {
    Event::Work(WorkEvent::Assigned {
        from: Some(desk()),
        to: network(),
        from_person: from.map(person),
        person: None,
    })
}

fn assign_to_network() -> WorkCommand {
    WorkCommand::Assign { to: to(network()) }
}

pub(super) fn resolve() -> Command {
    Command::Resolve {
        code: line("Fixed"),
        cause: Some(text("An expired certificate")),
        solution: text("Renewed it"),
        knowledge: None,
    }
}

pub(super) fn cancel() -> Command {
    Command::Cancel {
        reason: text("A mistake"),
        farewell: farewell(),
    }
}

pub(super) fn merge() -> WorkCommand {
    WorkCommand::MergeInto {
        target: other(),
        reason: text("The same"),
        farewell: farewell(),
    }
}

#[test]
fn a_first_contact_is_registered_classified_and_given_a_priority_in_one_step() {
    when(vec![], requester().when(at(0)), register(intake())).then_expect_events(registered());
    assert_eq!(after(registered()).status(), Status::New);
}

#[test]
fn a_new_incident_is_assigned() {
    let assign = WorkCommand::Assign { to: to(desk()) };
    when(registered(), coordinator(), assign).then_expect_events(vec![given_to(desk())]);
    assert_eq!(after(assigned()).status(), Status::Assigned);
}

#[test]
fn an_assigned_incident_is_accepted() {
    when(assigned(), agent(), WorkCommand::Accept).then_expect_events(vec![accepted()]);
    assert_eq!(after(in_progress()).status(), Status::InProgress);
}

#[test]
fn an_assigned_incident_is_returned() {
    let give_back = WorkCommand::Return {
        reason: text("Not ours"),
    };
    let returned_to_nobody = Event::Work(WorkEvent::Returned {
        from: desk(),
        to: None,
        reason: text("Not ours"),
    });
    when(assigned(), agent(), give_back.clone())
        .then_expect_events(vec![returned_to_nobody.clone()]);
    when(in_progress(), agent(), give_back).then_expect_events(vec![returned_to_nobody]);
    assert_eq!(after(returned()).status(), Status::Returned);
}

#[test]
fn a_returned_incident_is_assigned_again() {
    let assigned_anew = Event::Work(WorkEvent::Assigned {
        from: None,
        to: network(),
        from_person: None,
        person: None,
    });
    when(returned(), coordinator(), assign_to_network())
        .then_expect_events(vec![assigned_anew.clone()]);
    let incident = after(and(returned(), [assigned_anew]));
    assert_eq!(incident.status(), Status::Assigned);
}

#[test]
fn an_incident_goes_from_team_to_team_and_waits_for_acceptance_each_time() {
    when(assigned(), coordinator(), assign_to_network())
        .then_expect_events(vec![assigned_by_hand(None)]);
    let handed_over = assigned_by_hand(Some("li.na"));
    when(in_progress(), agent(), assign_to_network()).then_expect_events(vec![handed_over.clone()]);
    let incident = after(and(in_progress(), [handed_over]));
    assert_eq!(incident.status(), Status::Assigned);
}

#[test]
fn work_is_put_on_hold_with_a_reason_and_an_end() {
    let until = Some(at(60) + hours(24));
    let wait = Command::PutOnHold {
        reason: HoldReason::Supplier,
        text: Some(text("A spare part")),
        until,
    };
    let held = Event::PutOnHold {
        reason: HoldReason::Supplier,
        text: Some(text("A spare part")),
        until,
    };
    when(in_progress(), agent(), wait).then_expect_events(vec![held]);
    assert_eq!(
        after(on_hold(HoldReason::Supplier)).status(),
        Status::OnHold
    );
}

#[test]
fn work_that_waits_is_resumed() {
    let resumed = Event::Resumed {
        requester_replied: false,
    };
    let held = on_hold(HoldReason::Change);
    when(held.clone(), agent(), Command::Resume).then_expect_events(vec![resumed.clone()]);
    assert_eq!(after(and(held, [resumed])).status(), Status::InProgress);
}

#[test]
fn the_answer_that_work_waits_for_resumes_it() {
    let answer = WorkCommand::Comment {
        visibility: Visibility::Public,
        text: text("It is the laptop."),
    };
    let said = Event::Work(WorkEvent::CommentAdded {
        visibility: Visibility::Public,
        text: text("It is the laptop."),
        from_requester: true,
    });
    let resumed = Event::Resumed {
        requester_replied: true,
    };
    for whom_it_is_about in [requester(), affected()] {
        when(
            on_hold(HoldReason::Requester),
            whom_it_is_about,
            answer.clone(),
        )
        .then_expect_events(vec![said.clone(), resumed.clone()]);
    }
    when(on_hold(HoldReason::Supplier), requester(), answer).then_expect_events(vec![said]);
}

#[test]
fn a_word_of_the_desk_does_not_resume_work_that_waits_for_the_requester() {
    let ask = WorkCommand::Comment {
        visibility: Visibility::Public,
        text: text("Which device is it?"),
    };
    let asked = Event::Work(WorkEvent::CommentAdded {
        visibility: Visibility::Public,
        text: text("Which device is it?"),
        from_requester: false,
    });
    when(on_hold(HoldReason::Requester), agent(), ask).then_expect_events(vec![asked]);
}

#[test]
fn work_in_progress_or_on_hold_is_resolved_and_the_requester_has_a_week_to_answer() {
    let solved = resolution(Some(confirm_by()));
    when(in_progress(), agent(), resolve()).then_expect_events(vec![solved.clone()]);
    when(on_hold(HoldReason::Problem), agent(), resolve()).then_expect_events(vec![solved]);
    let incident = after(resolved());
    assert_eq!(incident.status(), Status::Resolved);
    assert_eq!(incident.confirm_by(), Some(confirm_by()));
}

#[test]
fn a_confirmed_resolution_closes_the_incident() {
    let closing = Event::Closed {
        by: ClosedBy::Requester,
        no_feedback_reason: None,
        reopen_until: Some(reopen_until()),
    };
    when(resolved(), requester(), Command::ConfirmResolution)
        .then_expect_events(vec![Event::ResolutionConfirmed {}, closing]);
    assert_eq!(after(closed()).status(), Status::Closed);
    assert_eq!(after(closed()).confirm_by(), None);
}

#[test]
fn staff_confirm_in_the_name_of_a_requester_whom_they_have_heard_from() {
    let given = and(resolved(), [told()]);
    let closing = Event::Closed {
        by: ClosedBy::Requester,
        no_feedback_reason: None,
        reopen_until: Some(reopen_until()),
    };
    when(given, agent(), Command::ConfirmResolution)
        .then_expect_events(vec![Event::ResolutionConfirmed {}, closing]);
}

#[test]
fn a_rejected_resolution_puts_the_incident_back_in_progress() {
    let reject = Command::RejectResolution {
        reason: text("Still down"),
    };
    let rejected = Event::ResolutionRejected {
        reason: text("Still down"),
    };
    when(resolved(), requester(), reject).then_expect_events(vec![rejected.clone()]);
    let incident = after(and(resolved(), [rejected]));
    assert_eq!(incident.status(), Status::InProgress);
    assert_eq!(incident.confirm_by(), None);
}

#[test]
fn a_closed_incident_is_reopened_in_a_new_cycle() {
    let reopen = Command::Reopen {
        reason: text("Down again"),
    };
    let reopened = Event::Reopened {
        reason: text("Down again"),
        cycle: 2,
    };
    when(closed(), requester(), reopen).then_expect_events(vec![reopened.clone()]);
    let incident = after(and(closed(), [reopened]));
    assert_eq!(incident.status(), Status::InProgress);
}

#[test]
fn an_incident_that_was_none_is_cancelled_until_it_is_resolved() {
    let cancelled_by = |who: &str| Event::Cancelled {
        reason: text("A mistake"),
        cancelled_by: Some(person(who)),
        told: vec![person("wang.fang")],
        no_feedback_reason: None,
    };
    let held = on_hold(HoldReason::Requester);
    for given in [registered(), assigned(), returned(), in_progress(), held] {
        when(given, coordinator(), cancel()).then_expect_events(vec![cancelled_by("sun.li")]);
    }
    when(registered(), requester(), cancel()).then_expect_events(vec![cancelled_by("wang.fang")]);
    assert_eq!(after(cancelled()).status(), Status::Cancelled);
}

#[test]
fn an_incident_that_was_reported_twice_is_merged_until_it_is_resolved() {
    let merged_event = Event::Work(WorkEvent::MergedInto {
        target: other().id,
        target_number: other().number,
        reason: text("The same"),
        merged_by: Some(person("sun.li")),
        told: vec![person("wang.fang")],
        no_feedback_reason: None,
    });
    let held = on_hold(HoldReason::Requester);
    for given in [registered(), assigned(), returned(), in_progress(), held] {
        when(given, coordinator(), merge()).then_expect_events(vec![merged_event.clone()]);
    }
    assert_eq!(after(merged()).status(), Status::Merged);
}

#[test]
fn an_import_sets_what_another_desk_says_from_any_status_to_any() {
    for (from, given) in one_of_each() {
        for to in Status::iter().filter(|to| *to != from) {
            let reason = text("Closed, then Active");
            let correct = Command::CorrectStatus {
                to,
                reason: reason.clone(),
            };
            let corrected = Event::StatusCorrected { from, to, reason };
            when(given.clone(), import(), correct).then_expect_events(vec![corrected.clone()]);
            let incident = after(and(given.clone(), [corrected]));
            assert_eq!(incident.status(), to);
            assert_eq!(incident.confirm_by(), None);
        }
    }
}

#[test]
fn after_a_correction_the_hand_over_stands_where_the_status_says() {
    let corrected = |to| {
        let reason = text("Closed, then Active");
        let from = Status::Closed;
        after(and(closed(), [Event::StatusCorrected { from, to, reason }]))
    };
    let accepts = |incident: Incident| {
        let offered = incident.available_work_actions(&coordinator());
        offered.contains(&WorkAction::Accept)
    };
    assert!(accepts(corrected(Status::Assigned)));
    for to in Status::iter().filter(|to| *to != Status::Assigned) {
        assert!(!accepts(corrected(to)), "{to:?}");
    }
    assert!(corrected(Status::InProgress).work().is_with_team());
    let never_assigned = Event::StatusCorrected {
        from: Status::New,
        to: Status::InProgress,
        reason: text("New, then Active"),
    };
    let incident = after(and(registered(), [never_assigned]));
    assert!(!incident.work().is_with_team());
}

#[test]
fn a_resolution_of_a_history_taken_over_waits_for_nobody() {
    when(in_progress(), import(), resolve()).then_expect_events(vec![resolution(None)]);
}

#[test]
fn a_major_incident_asks_for_a_review_and_may_be_stood_down() {
    let declare = Command::DeclareMajor {
        reason: text("The whole branch"),
        leader: Some(person("sun.li")),
    };
    let declared = vec![major(), review_required(ReviewCause::Major)];
    when(in_progress(), coordinator(), declare).then_expect_events(declared.clone());
    let stand_down = Command::StandDownMajor {
        reason: text("One desk only"),
    };
    let stood_down = Event::MajorStoodDown {
        reason: text("One desk only"),
    };
    when(and(in_progress(), declared), coordinator(), stand_down)
        .then_expect_events(vec![stood_down]);
}

#[test]
fn an_incident_that_was_never_registered_does_not_exist() {
    assert!(!Incident::default().exists());
    assert!(after(registered()).exists());
}

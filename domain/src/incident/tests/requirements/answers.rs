//! What the requester says while work waits for them, or while a resolution
//! waits for their word; and holds that come to their end.

use super::{Journey, close, comment, events, resolve};
use crate::context::{Channel, Context};
use crate::fixtures::{
    actor, agent, and, at, confirm_by, coordinator, file, hours, on_hold, person, requester,
    resolved, text, told,
};
use crate::incident::tests::{after, when};
use crate::incident::{Command, Error, Event, HoldReason, Status};
use crate::policies::{auto_close, hold_end};
use crate::work_item::{ContactChannel, Visibility, WorkCommand};

fn attach() -> WorkCommand {
    WorkCommand::Attach { attachment: file() }
}

fn contact() -> WorkCommand {
    WorkCommand::RecordContact {
        contact_channel: ContactChannel::Phone,
        text: text("Will try again tomorrow"),
    }
}

fn machine(at: chrono::DateTime<chrono::Utc>) -> Context {
    let mut context = coordinator().through(Channel::Process).when(at);
    context.actor = actor("docket:auto-close", crate::Role::Coordinator, &[]);
    context
}

fn last(events: &[Event]) -> &Event {
    events.last().unwrap()
}

#[test]
fn inc_29_an_answer_to_a_resolution_keeps_the_desk_from_closing_it_by_itself() {
    let public = comment(Visibility::Public, "Not quite.");
    let answers: [(Context, WorkCommand); 3] = [
        (requester(), public),
        (requester(), attach()),
        (agent(), contact()),
    ];
    for (by, answer) in answers {
        let said = events(resolved(), by, answer.clone());
        assert_eq!(last(&said), &Event::ResolutionAnswered {}, "{answer:?}");
        let given = and(resolved(), said);
        assert_eq!(after(given.clone()).confirm_by(), None);
        when(given, machine(confirm_by()), auto_close::on_due())
            .then_expect_error(Error::RequesterAnswered);
    }
}

#[test]
fn what_others_say_of_a_resolution_is_no_answer_of_the_requesters() {
    let internal = comment(Visibility::Internal, "Odd");
    for (by, said) in [(agent(), internal), (agent(), attach())] {
        let said = events(resolved(), by, said);
        assert_eq!(said.len(), 1, "{said:?}");
    }
    // What was said before the resolution answers an earlier question.
    let resolved = Journey {
        incident: after(crate::fixtures::in_progress()),
        events: Vec::new(),
    }
    .then(&agent().when(at(60)), resolve());
    let noted = resolved.then(&agent().when(at(50)).recorded(at(70)), contact());
    assert!(!noted.names().contains(&"ResolutionAnswered"));
}

#[test]
fn inc_29_the_desks_answer_gives_the_requester_the_whole_window_again() {
    let answered = and(resolved(), [Event::ResolutionAnswered {}]);
    let late = agent().when(confirm_by() + hours(5));
    let week_later = confirm_by() + hours(5) + hours(7 * 24);
    let awaited = Event::ConfirmationAwaited {
        confirm_by: week_later,
    };
    let notice = WorkCommand::NotifyStage {
        recipients: vec![person("wang.fang")],
        text: text("Please try again"),
    };
    for answer in [comment(Visibility::Public, "Please try again"), notice] {
        let said = events(answered.clone(), late.clone(), answer);
        assert_eq!(last(&said), &awaited);
    }
    let said = events(
        answered.clone(),
        late.clone(),
        comment(Visibility::Internal, "Odd"),
    );
    assert_eq!(said.len(), 1, "nobody has told the requester");

    let given = and(answered, [told(), awaited]);
    let early = machine(week_later - hours(1));
    when(given.clone(), early, auto_close::on_due()).then_expect_error(
        Error::StillAwaitingAnswer {
            confirm_by: week_later,
        },
    );
    let closing = events(given, machine(week_later), auto_close::on_due());
    assert_eq!(last(&closing).name(), "Closed");
}

#[test]
fn the_desk_closes_an_answered_resolution_by_hand_and_the_requester_decides_as_ever() {
    let answered = and(resolved(), [told(), Event::ResolutionAnswered {}]);
    let closed = events(answered.clone(), agent(), close(None));
    assert_eq!(last(&closed).name(), "Closed");
    let confirmed = events(answered.clone(), requester(), Command::ConfirmResolution);
    assert_eq!(last(&confirmed).name(), "Closed");
    let rejected = Command::RejectResolution {
        reason: text("Still down"),
    };
    let rejected = and(answered.clone(), events(answered, requester(), rejected));
    assert_eq!(after(rejected).status(), Status::InProgress);
}

#[test]
fn a_file_of_the_requesters_ends_a_hold_for_them_and_urging_does_not() {
    let waiting = on_hold(HoldReason::Requester);
    let sent = events(waiting.clone(), requester(), attach());
    assert_eq!(
        last(&sent),
        &Event::Resumed {
            requester_replied: true
        }
    );
    let others = [
        (
            requester(),
            WorkCommand::Urge {
                text: None,
                lead: None,
            },
        ),
        (agent(), attach()),
    ];
    for (by, said) in others {
        assert_eq!(events(waiting.clone(), by, said).len(), 1);
    }
    let supplier = on_hold(HoldReason::Supplier);
    assert_eq!(events(supplier, requester(), attach()).len(), 1);
}

#[test]
fn a_hold_ends_when_its_time_has_come() {
    let held = |until: Option<i64>| {
        let held = Event::PutOnHold {
            reason: HoldReason::Supplier,
            text: None,
            until: until.map(at),
        };
        and(crate::fixtures::in_progress(), [held])
    };
    when(held(Some(90)), machine(at(89)), hold_end::on_due())
        .then_expect_error(Error::HoldLasts { until: at(90) });
    when(held(Some(90)), machine(at(90)), hold_end::on_due()).then_expect_events(vec![
        Event::Resumed {
            requester_replied: false,
        },
    ]);
    let without_end = when(held(None), machine(at(90)), hold_end::on_due()).inspect_result();
    assert!(without_end.is_err());
}

//! What a merge means for the item that goes on, and for those who asked.

use super::{Journey, comment, events};
use crate::context::Channel;
use crate::fixtures::{
    agent, and, archived, at, closed, coordinator, file, in_progress, item, merged, on_hold, other,
    person, requester, resolved, stranger, take_in, taken_in, text,
};
use crate::incident::tests::{after, when};
use crate::incident::{Command, Event, HoldReason};
use crate::work_item::{MergedItem, Visibility, WorkCommand, WorkEvent, WorkRefusal};

fn desk_itself() -> crate::Context {
    coordinator().through(Channel::Process)
}

#[test]
fn inc_12_the_item_that_goes_on_says_what_came_whatever_has_become_of_it() {
    for given in [in_progress(), resolved(), closed(), merged()] {
        let written = events(given.clone(), desk_itself(), take_in());
        // The other one is the item that the last of them was merged into.
        assert_eq!(written, [taken_in()]);
        let before = after(given.clone()).status();
        assert_eq!(after(and(given, written)).status(), before);
    }
    when(archived(), desk_itself(), take_in()).then_expect_error(WorkRefusal::Archived.into());
}

#[test]
fn those_who_asked_for_a_merged_item_take_part_where_it_goes_on() {
    let public = || comment(Visibility::Public, "With us, too.");
    let given = and(in_progress(), [taken_in()]);
    let not_theirs = WorkRefusal::NotRequester;
    when(in_progress(), stranger(), public()).then_expect_error(not_theirs.clone().into());
    let said = events(given.clone(), stranger(), public());
    assert!(matches!(
        said[..],
        [Event::Work(WorkEvent::CommentAdded {
            from_requester: true,
            ..
        })]
    ));
    for theirs in [
        WorkCommand::Urge {
            text: None,
            lead: None,
        },
        WorkCommand::Attach { attachment: file() },
    ] {
        assert_eq!(events(given.clone(), stranger(), theirs).len(), 1);
    }
    // What becomes of it is for the one to decide who asked for it.
    let resolved = and(resolved(), [taken_in()]);
    let reject = Command::RejectResolution {
        reason: text("Still down"),
    };
    for own in [Command::ConfirmResolution, reject] {
        when(resolved.clone(), stranger(), own).then_expect_error(not_theirs.clone().into());
    }
    let waiting = and(on_hold(HoldReason::Requester), [taken_in()]);
    let answered = events(waiting, stranger(), public());
    assert_eq!(answered.last().unwrap().name(), "Resumed");
}

#[test]
fn what_is_said_of_a_merged_item_is_told_where_it_goes_on() {
    let goes_on = WorkRefusal::GoesOnAs {
        into: other().number,
    };
    let said = [
        (requester(), comment(Visibility::Public, "Any news?")),
        (
            requester(),
            WorkCommand::Urge {
                text: None,
                lead: None,
            },
        ),
        (agent(), WorkCommand::Attach { attachment: file() }),
    ];
    for (by, said) in said {
        when(merged(), by, said).then_expect_error(goes_on.clone().into());
    }
    let refusal = crate::incident::Error::from(goes_on);
    assert!(refusal.to_string().contains(&other().number));
    let facts = crate::Refusal::facts(&refusal);
    assert_eq!(facts, [("mergedIntoNumber", other().number)]);
}

#[test]
fn an_item_goes_on_with_those_whom_it_is_about() {
    let incident = after(in_progress());
    let goes_on = incident.work().as_merged(item(7));
    assert_eq!(
        goes_on,
        MergedItem {
            id: item(7),
            number: crate::fixtures::NUMBER.to_owned(),
            people: vec![person("wang.fang"), person("chen.jie")],
        }
    );
    let journey = Journey {
        incident,
        events: Vec::new(),
    };
    let taken = journey.then(&desk_itself().when(at(70)), take_in());
    assert!(taken.incident.work().may_follow(&person("zhao.lei")));
    assert!(!taken.incident.work().concerns(&person("zhao.lei")));
}

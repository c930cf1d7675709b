//! What the service desk promises (SD-03 to SD-25).

use super::super::{after, when};
use super::{Journey, close, comment, events, resolve};
use crate::fixtures::{
    agent, and, archived, assigned, at, cancelled, closed, confirm_by, coordinator, desk, hours,
    import, in_progress, intake, line, merged, other, person, register, registered, reopen_until,
    requester, resolved, specialist, text, to, told,
};
use crate::ids::ArticleId;
use crate::incident::{ClosedBy, Command, Error, Event};
use crate::work_item::{
    ContactChannel, Farewell, Intake, Visibility, WorkCommand, WorkEvent, WorkRefusal,
};

#[test]
fn sd_03_an_incident_is_accepted_assigned_processed_tracked_fed_back_and_closed() {
    let contact = WorkCommand::RecordContact {
        contact_channel: ContactChannel::Phone,
        text: text("It works again"),
    };
    let journey = Journey::begun(intake(), &requester())
        .then(&agent(), WorkCommand::Assign { to: to(desk()) })
        .then(&agent(), WorkCommand::Accept)
        .then(&agent(), Command::StartDiagnosis { hypothesis: None })
        .then(
            &requester(),
            WorkCommand::Urge {
                text: None,
                lead: None,
            },
        )
        .then(
            &agent(),
            Command::ApplyWorkaround {
                text: text("Use the other gateway"),
            },
        )
        .then(&agent(), Command::RestoreService)
        .then(&agent(), resolve())
        .then(&agent(), contact)
        .then(&agent(), close(None));
    assert_eq!(
        journey.names(),
        [
            "Registered",
            "Classified",
            "PrioritySet",
            "Assigned",
            "AssignmentAccepted",
            "DiagnosisStarted",
            "Urged",
            "WorkaroundApplied",
            "ServiceRestored",
            "Resolved",
            "RequesterContacted",
            "ResolutionAnswered",
            "Closed"
        ]
    );
}

#[test]
fn sd_04_nothing_is_closed_without_feedback_or_a_reason_why_there_is_none() {
    when(resolved(), agent(), close(None)).then_expect_error(Error::FeedbackMissing);
    let closed = |no_feedback_reason: Option<&str>| {
        vec![Event::Closed {
            by: ClosedBy::Desk,
            no_feedback_reason: no_feedback_reason.map(text),
            reopen_until: Some(reopen_until()),
        }]
    };
    let left = Some("She has left the company");
    when(resolved(), agent(), close(left)).then_expect_events(closed(left));
    let contacted = Event::Work(WorkEvent::RequesterContacted {
        contact_channel: ContactChannel::Phone,
        text: text("It works again"),
    });
    let notified = Event::Work(WorkEvent::StageResultNotified {
        recipients: vec![person("wang.fang")],
        text: text("It works again"),
    });
    for feedback in [told(), contacted, notified] {
        when(and(resolved(), [feedback]), agent(), close(None)).then_expect_events(closed(None));
    }
}

#[test]
fn sd_04_what_the_requester_never_saw_is_no_feedback() {
    let internal = comment(Visibility::Internal, "Solved, I think");
    let to_others = WorkCommand::NotifyStage {
        recipients: vec![person("director")],
        text: text("Solved"),
    };
    let own_words = comment(Visibility::Public, "Any news?");
    for (by, command) in [
        (agent(), internal),
        (agent(), to_others),
        (requester(), own_words),
    ] {
        let given = and(resolved(), events(resolved(), by, command));
        when(given, agent(), close(None)).then_expect_error(Error::FeedbackMissing);
    }
}

#[test]
fn sd_04_feedback_counts_from_the_resolution_on_and_anew_in_each_cycle() {
    let said_before = and(in_progress(), [told()]);
    let resolved = and(said_before, events(in_progress(), agent(), resolve()));
    when(resolved.clone(), agent(), close(None)).then_expect_error(Error::FeedbackMissing);
    let closed = and(
        and(resolved, [told()]),
        [Event::Closed {
            by: ClosedBy::Desk,
            no_feedback_reason: None,
            reopen_until: Some(reopen_until()),
        }],
    );
    let reopened = Event::Reopened {
        reason: text("Down again"),
        cycle: 2,
    };
    let again = and(closed, [reopened]);
    let again = and(again.clone(), events(again, agent(), resolve()));
    when(again, agent(), close(None)).then_expect_error(Error::FeedbackMissing);
    let rejected = Event::ResolutionRejected {
        reason: text("Still down"),
    };
    let again = and(crate::fixtures::resolved(), [told(), rejected]);
    let again = and(again.clone(), events(again, agent(), resolve()));
    when(again, agent(), close(None)).then_expect_error(Error::FeedbackMissing);
}

#[test]
fn sd_04_what_is_cancelled_or_merged_says_who_was_told_or_why_nobody_was() {
    let ending = |told: &[&str], reason: Option<&str>| {
        let farewell = Farewell {
            told: told.iter().map(|who| person(who)).collect(),
            no_feedback_reason: reason.map(text),
        };
        let merge = WorkCommand::MergeInto {
            target: other(),
            reason: text("The same"),
            farewell: farewell.clone(),
        };
        let cancel = Command::Cancel {
            reason: text("A mistake"),
            farewell,
        };
        [cancel, merge.into()]
    };
    for silent in [ending(&[], None), ending(&["director"], None)].concat() {
        when(in_progress(), agent(), silent).then_expect_error(WorkRefusal::FeedbackMissing.into());
    }
    for told in [ending(&["wang.fang"], None), ending(&["chen.jie"], None)].concat() {
        let events = events(in_progress(), agent(), told);
        assert!(after(and(in_progress(), events)).work().feedback_given);
    }
    for excused in ending(&["director"], Some("She has left the company")) {
        let ended = events(in_progress(), agent(), excused);
        let ended = and(in_progress(), ended);
        assert!(!after(ended.clone()).work().feedback_given);
        // She can still be told.
        let contact = WorkCommand::RecordContact {
            contact_channel: ContactChannel::Phone,
            text: text("It was a mistake"),
        };
        let told = and(ended.clone(), events(ended, agent(), contact));
        assert!(after(told).work().feedback_given);
    }
    // Whoever takes it back has heard of it.
    let [cancel, _] = ending(&[], None);
    let own = events(registered(), requester(), cancel);
    assert!(after(and(registered(), own)).work().feedback_given);
}

#[test]
fn sd_04_an_agent_who_asked_the_desk_for_help_gives_no_feedback_to_themselves() {
    let mut by = agent();
    by.actor.id = person("wang.fang");
    let own_words = comment(Visibility::Public, "Any news?");
    let given = and(resolved(), events(resolved(), by, own_words));
    assert!(!after(given).work().feedback_given);
}

#[test]
fn sd_08_a_contact_in_the_corridor_is_logged_with_the_time_when_it_was() {
    let walk_in = Intake {
        contact_channel: ContactChannel::WalkIn,
        ..intake()
    };
    let yesterday = at(0) - hours(24);
    let written = events(vec![], agent().when(yesterday), register(walk_in));
    assert!(matches!(
        &written[0],
        Event::Work(WorkEvent::Registered { opened_at, contact_channel: ContactChannel::WalkIn, .. })
            if *opened_at == yesterday
    ));
}

#[test]
fn sd_13_urges_are_counted_and_whoever_has_the_item_and_leads_the_team_is_told() {
    let urge = |words, lead: Option<&str>| WorkCommand::Urge {
        text: Some(text(words)),
        lead: lead.map(person),
    };
    let journey = Journey::begun(intake(), &requester())
        .then(&requester(), urge("We cannot work", None))
        .then(&agent(), WorkCommand::Assign { to: to(desk()) })
        .then(&agent(), WorkCommand::Accept)
        .then(
            &coordinator(),
            urge("The branch calls every hour", Some("zhou.min")),
        );
    let urged = |count, words, notified: &[&str]| {
        Event::Work(WorkEvent::Urged {
            count,
            text: Some(text(words)),
            notified: notified.iter().map(|who| person(who)).collect(),
        })
    };
    assert_eq!(journey.events[3], urged(1, "We cannot work", &[]));
    assert_eq!(
        journey.events.last().unwrap(),
        &urged(2, "The branch calls every hour", &["li.na", "zhou.min"])
    );
    let lead_of_own = urge("Go on", Some("li.na"));
    assert_eq!(
        events(in_progress(), coordinator(), lead_of_own),
        [urged(1, "Go on", &["li.na"])]
    );
}

#[test]
fn sd_14_the_first_line_resolves_at_the_first_contact() {
    let advice = Command::ResolveAtContact {
        code: line("Advice"),
        solution: text("Switched it on"),
        knowledge: Some(ArticleId::new("KB-1").unwrap()),
    };
    let advised = Event::Resolved {
        code: line("Advice"),
        cause: None,
        solution: text("Switched it on"),
        knowledge: Some(ArticleId::new("KB-1").unwrap()),
        at_first_contact: true,
        resolved_by: Some(person("li.na")),
        confirm_by: Some(confirm_by()),
    };
    when(registered(), agent(), advice.clone()).then_expect_events(vec![advised.clone()]);
    when(assigned(), agent(), advice).then_expect_events(vec![advised]);
}

#[test]
fn sd_14_what_helped_at_the_first_contact_is_recorded_by_the_first_line() {
    let support = Command::GiveInitialSupport {
        answer: Some(text("Dial in again")),
        article: Some(ArticleId::new("KB-1").unwrap()),
        workaround: Some(text("Use the other gateway")),
    };
    let given = Event::InitialSupportGiven {
        answer: Some(text("Dial in again")),
        article: Some(ArticleId::new("KB-1").unwrap()),
        workaround: Some(text("Use the other gateway")),
    };
    for before in [registered(), assigned()] {
        when(before, agent(), support.clone()).then_expect_events(vec![given.clone()]);
    }
    when(registered(), specialist(), support).then_expect_error(Error::NotFirstLine);
}

#[test]
fn sd_18_the_desk_declares_the_closing_and_the_result_is_kept() {
    let given = and(resolved(), [told()]);
    when(given, agent(), close(None)).then_expect_events(vec![Event::Closed {
        by: ClosedBy::Desk,
        no_feedback_reason: None,
        reopen_until: Some(reopen_until()),
    }]);
    when(resolved(), requester(), close(None)).then_expect_error(WorkRefusal::NotStaff.into());
    let given = and(resolved(), [told()]);
    when(given.clone(), specialist(), close(None)).then_expect_error(Error::NotServiceDesk);
    when(given, specialist(), Command::ConfirmResolution).then_expect_error(Error::NotServiceDesk);
}

#[test]
fn sd_21_both_sides_speak_and_what_is_internal_stays_with_the_desk() {
    let said = |visibility, words, from_requester| {
        vec![Event::Work(WorkEvent::CommentAdded {
            visibility,
            text: text(words),
            from_requester,
        })]
    };
    let (public, internal) = (Visibility::Public, Visibility::Internal);
    when(in_progress(), requester(), comment(public, "Any news?")).then_expect_events(said(
        public,
        "Any news?",
        true,
    ));
    when(in_progress(), agent(), comment(public, "Soon"))
        .then_expect_events(said(public, "Soon", false));
    when(in_progress(), agent(), comment(internal, "Odd"))
        .then_expect_events(said(internal, "Odd", false));
    when(in_progress(), requester(), comment(internal, "Odd"))
        .then_expect_error(WorkRefusal::NotStaff.into());
}

#[test]
fn sd_22_every_conversation_with_the_requester_is_written_down() {
    let contact = WorkCommand::RecordContact {
        contact_channel: ContactChannel::Phone,
        text: text("She waits"),
    };
    when(in_progress(), agent(), contact).then_expect_events(vec![Event::Work(
        WorkEvent::RequesterContacted {
            contact_channel: ContactChannel::Phone,
            text: text("She waits"),
        },
    )]);
}

#[test]
fn sd_25_a_closed_incident_is_archived_and_never_changes_again() {
    for ended in [closed(), cancelled(), merged()] {
        when(ended, agent(), WorkCommand::Archive)
            .then_expect_events(vec![Event::Work(WorkEvent::Archived {})]);
    }
    let incident = after(archived());
    for by in [requester(), agent(), coordinator(), import()] {
        assert_eq!(incident.available_actions(&by), []);
        assert_eq!(incident.available_work_actions(&by), []);
    }
}

//! The requirements that an incident meets by itself, each by its number.

use super::{after, when};
use crate::configuration::{CategoryTree, PriorityMatrix};
use crate::context::{Channel, Context, Role};
use crate::fixtures::{
    NUMBER, accepted, actor, agent, and, archived, assigned, at, cancelled, category, ci, closed,
    confirm_by, coordinator, desk, given_to, hotline, hours, import, in_progress, intake, judged,
    line, merged, network, on_hold, other, person, reference, register, registered,
    registered_critical, reopen_until, requester, resolution, resolved, review_required,
    specialist, text, to, to_member, told,
};
use crate::ids::{ArticleId, ServiceCode};
use crate::incident::{
    ClosedBy, Command, Event, ExpectationBasis, HoldReason, Incident, ReviewCause, Status,
};
use crate::policies::auto_close;
use crate::priority::{Impact, Priority, Urgency};
use crate::work_item::{
    CategoryRef, ContactChannel, ForwardTo, Intake, Relation, SupportLine, Visibility, WorkCommand,
    WorkEvent, WorkItem,
};
use crate::{Decider, Refusal};
use cqrs_es::Aggregate;

/// An incident that people work on one after the other.
struct Journey {
    incident: Incident,
    events: Vec<Event>,
}

impl Journey {
    fn begun(intake: Intake, by: &Context) -> Self {
        let journey = Self {
            incident: Incident::default(),
            events: Vec::new(),
        };
        journey.then(by, register(intake))
    }

    fn then(mut self, by: &Context, command: impl Into<Command>) -> Self {
        for event in self.incident.decide(&command.into(), by).unwrap() {
            self.incident.apply(event.clone());
            self.events.push(event);
        }
        self
    }

    fn names(&self) -> Vec<&str> {
        self.events.iter().map(Event::name).collect()
    }
}

fn events(given: Vec<Event>, by: Context, command: impl Into<Command>) -> Vec<Event> {
    when(given, by, command).inspect_result().unwrap()
}

fn comment(visibility: Visibility, words: &str) -> WorkCommand {
    WorkCommand::Comment {
        visibility,
        text: text(words),
    }
}

fn resolve() -> Command {
    Command::Resolve {
        code: line("Fixed"),
        cause: Some(text("An expired certificate")),
        solution: text("Renewed it"),
        knowledge: None,
    }
}

fn close(no_feedback_reason: Option<&str>) -> Command {
    Command::Close {
        no_feedback_reason: no_feedback_reason.map(text),
    }
}

#[test]
fn inc_01_an_incident_keeps_who_and_what_it_is_about() {
    let intake = Intake {
        service: Some(ServiceCode::new("remote-access").unwrap()),
        cis: vec![ci("vpn-gateway-1")],
        external_references: vec![reference()],
        ..intake()
    };
    let written = events(vec![], agent().when(at(0)), register(intake.clone()));
    assert_eq!(
        written[0],
        Event::Work(WorkEvent::Registered {
            number: NUMBER.to_owned(),
            summary: intake.summary,
            description: intake.description,
            requester: Some(person("wang.fang")),
            affected_person: Some(person("chen.jie")),
            contact_channel: ContactChannel::Phone,
            service: intake.service,
            opened_at: at(0),
        })
    );
    assert_eq!(
        written[3..],
        [
            Event::Work(WorkEvent::CiLinked {
                ci: ci("vpn-gateway-1")
            }),
            Event::Work(WorkEvent::ExternalReferenceAdded {
                external: reference()
            }),
        ]
    );
}

#[test]
fn inc_02_a_machine_reports_an_incident_that_nobody_asked_for() {
    let alert = Intake {
        requester: None,
        affected_person: None,
        contact_channel: ContactChannel::Monitoring,
        ..intake()
    };
    let incident = after(events(vec![], agent(), register(alert)));
    assert_eq!(incident.work().requester, None);
}

#[test]
fn inc_03_an_incident_keeps_the_version_of_the_tree_that_it_was_filed_under() {
    let trees = [CategoryTree::initial(), CategoryTree::initial()];
    let filed = |day: i64| {
        let by = agent().with_trees(&trees).when(at(0) + hours(24 * day));
        after(events(vec![], by, register(intake())))
            .work()
            .category
            .clone()
    };
    let by_version = |tree_version| {
        Some(CategoryRef {
            code: category("network-vpn"),
            tree_version,
        })
    };
    assert_eq!(filed(0), by_version(1));
    assert_eq!(filed(1), by_version(2));
}

#[test]
fn inc_03_an_import_files_by_the_tree_that_it_has_just_published() {
    let trees = [CategoryTree::initial(), CategoryTree::initial()];
    let by = import().with_trees(&trees).when(at(0));
    let incident = after(events(vec![], by, register(intake())));
    assert_eq!(incident.work().category.as_ref().unwrap().tree_version, 2);
}

#[test]
fn inc_05_the_priority_follows_from_impact_and_urgency_by_the_matrix_in_force() {
    let mut strict = PriorityMatrix::initial();
    strict.rows = [[Priority::P1; 3]; 3];
    let by = agent().with_matrices(&[PriorityMatrix::initial(), strict]);
    let judge = WorkCommand::Prioritise {
        impact: Impact::High,
        urgency: Urgency::Low,
    };
    let judged = |priority, matrix_version| {
        Event::Work(WorkEvent::PrioritySet {
            from: Some(Priority::P3),
            impact: Impact::High,
            urgency: Urgency::Low,
            priority,
            matrix_version,
        })
    };
    when(assigned(), by.clone(), judge.clone()).then_expect_events(vec![judged(Priority::P3, 1)]);
    when(assigned(), by.when(at(0) + hours(24)), judge)
        .then_expect_events(vec![judged(Priority::P1, 2)]);
}

#[test]
fn inc_05_the_matrix_is_overruled_with_a_reason_until_the_next_judgement() {
    let overrule = WorkCommand::OverridePriority {
        priority: Priority::P1,
        reason: text("The board meets"),
    };
    let overruled = Event::Work(WorkEvent::PriorityOverridden {
        from: Priority::P3,
        to: Priority::P1,
        reason: text("The board meets"),
    });
    when(assigned(), agent(), overrule).then_expect_events(vec![overruled.clone()]);
    let given = and(assigned(), [overruled]);
    let judge_as_before = WorkCommand::Prioritise {
        impact: Impact::Medium,
        urgency: Urgency::Medium,
    };
    let (medium, urgency) = (Impact::Medium, Urgency::Medium);
    when(given, agent(), judge_as_before).then_expect_events(vec![judged(
        medium,
        urgency,
        Priority::P3,
        Some(Priority::P1),
    )]);
}

#[test]
fn inc_08_the_expected_time_is_computed_and_then_adjusted_with_a_reason() {
    let expect = |minutes, basis, reason: Option<&str>| Command::SetExpectedResolution {
        at: at(minutes),
        basis,
        reason: reason.map(text),
    };
    let set = |from: Option<i64>, to, basis, reason: Option<&str>| Event::ExpectedResolutionSet {
        from: from.map(at),
        to: at(to),
        basis,
        reason: reason.map(text),
    };
    let computed = set(None, 240, ExpectationBasis::Computed, None);
    when(
        assigned(),
        agent(),
        expect(240, ExpectationBasis::Computed, None),
    )
    .then_expect_events(vec![computed.clone()]);
    let why = Some("A part comes tomorrow");
    when(
        and(assigned(), [computed]),
        agent(),
        expect(480, ExpectationBasis::Adjusted, why),
    )
    .then_expect_events(vec![set(Some(240), 480, ExpectationBasis::Adjusted, why)]);
}

#[test]
fn inc_09_hypothesis_and_findings_are_kept() {
    let journey = Journey::begun(intake(), &requester())
        .then(&agent(), WorkCommand::Assign { to: to(desk()) })
        .then(&agent(), WorkCommand::Accept)
        .then(
            &agent(),
            Command::StartDiagnosis {
                hypothesis: Some(text("A certificate")),
            },
        )
        .then(
            &agent(),
            Command::RecordFinding {
                text: text("It expired at midnight"),
            },
        );
    assert_eq!(
        journey.events[journey.events.len() - 2..],
        [
            Event::DiagnosisStarted {
                hypothesis: Some(text("A certificate"))
            },
            Event::FindingRecorded {
                text: text("It expired at midnight")
            },
        ]
    );
}

#[test]
fn inc_09_each_team_begins_its_own_diagnosis_and_a_hold_interrupts_none() {
    let start = || Command::StartDiagnosis { hypothesis: None };
    let started = || Event::DiagnosisStarted { hypothesis: None };
    let resumed = Event::Resumed {
        requester_replied: false,
    };
    let held = Event::PutOnHold {
        reason: HoldReason::Supplier,
        text: None,
        until: None,
    };
    let diagnosing = and(in_progress(), [started()]);
    let after_a_hold = and(diagnosing.clone(), [held, resumed]);
    when(after_a_hold, agent(), start()).then_expect_error(
        crate::incident::Error::ActionNotPossible {
            status: Status::InProgress,
            action: crate::incident::IncidentAction::StartDiagnosis,
        },
    );
    let with_another_team = and(
        diagnosing,
        [
            Event::Work(WorkEvent::Assigned {
                from: Some(desk()),
                to: network(),
                from_person: None,
                person: None,
            }),
            Event::Work(WorkEvent::AssignmentAccepted {
                person: person("zhang.wei"),
            }),
        ],
    );
    when(with_another_team, specialist(), start()).then_expect_events(vec![started()]);
}

#[test]
fn inc_10_an_incident_is_linked_with_items_of_every_practice_and_with_configuration_items() {
    use strum::IntoEnumIterator;
    for relation in Relation::iter() {
        let link = WorkCommand::Link {
            relation,
            target: other(),
        };
        let linked = Event::Work(WorkEvent::WorkLinked {
            relation,
            target: other().id,
            target_number: other().number,
        });
        when(in_progress(), agent(), link).then_expect_events(vec![linked.clone()]);
        let unlink = WorkCommand::Unlink {
            relation,
            target: other().id,
        };
        when(and(in_progress(), [linked]), agent(), unlink).then_expect_events(vec![Event::Work(
            WorkEvent::WorkUnlinked {
                relation,
                target: other().id,
            },
        )]);
    }
    let gateway = || ci("vpn-gateway-1");
    let linked = Event::Work(WorkEvent::CiLinked { ci: gateway() });
    when(
        in_progress(),
        agent(),
        WorkCommand::LinkCi { ci: gateway() },
    )
    .then_expect_events(vec![linked.clone()]);
    when(
        and(in_progress(), [linked]),
        agent(),
        WorkCommand::UnlinkCi { ci: gateway() },
    )
    .then_expect_events(vec![Event::Work(WorkEvent::CiUnlinked { ci: gateway() })]);
}

#[test]
fn inc_11_the_article_that_was_used_is_kept() {
    let article = || ArticleId::new("KB-9").unwrap();
    let apply = WorkCommand::ApplyKnowledge { article: article() };
    when(in_progress(), agent(), apply).then_expect_events(vec![Event::Work(
        WorkEvent::KnowledgeApplied { article: article() },
    )]);
}

#[test]
fn inc_14_an_incident_is_assigned_by_hand_to_a_team_and_a_person_and_again_to_others() {
    let assign = WorkCommand::Assign {
        to: to_member(desk(), "li.na"),
    };
    let assigned_to_li_na = Event::Work(WorkEvent::Assigned {
        from: None,
        to: desk(),
        from_person: None,
        person: Some(person("li.na")),
    });
    when(registered(), agent(), assign).then_expect_events(vec![assigned_to_li_na.clone()]);
    let reassign = WorkCommand::Assign {
        to: to_member(desk(), "zhou.min"),
    };
    when(and(registered(), [assigned_to_li_na]), agent(), reassign).then_expect_events(vec![
        Event::Work(WorkEvent::Assigned {
            from: Some(desk()),
            to: desk(),
            from_person: Some(person("li.na")),
            person: Some(person("zhou.min")),
        }),
    ]);
}

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
    assert!(journey.incident.work().feedback_given);
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
    .then_expect_error(crate::incident::Error::StillAwaitingAnswer {
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
    when(closed(), too_late, reopen()).then_expect_error(
        crate::incident::Error::ReopenWindowPassed {
            until: reopen_until(),
        },
    );
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
        when(given, agent(), closing).then_expect_error(crate::incident::Error::ReviewMissing);
    }
    let review = Command::CompleteReview {
        text: text("Watch the expiry dates"),
    };
    let reviewed = Event::ReviewCompleted {
        text: text("Watch the expiry dates"),
    };
    when(given.clone(), agent(), review).then_expect_events(vec![reviewed.clone()]);
    let closing = events(
        and(given, [reviewed]),
        requester(),
        Command::ConfirmResolution,
    );
    assert_eq!(closing.last().unwrap().name(), "Closed");
}

#[test]
fn inc_34_whoever_wants_a_review_may_ask_for_one() {
    when(in_progress(), agent(), Command::RequireReview)
        .then_expect_events(vec![review_required(ReviewCause::Request)]);
}

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
        .then(&requester(), WorkCommand::Urge { text: None })
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
            "Closed"
        ]
    );
}

#[test]
fn sd_04_nothing_is_closed_without_feedback_or_a_reason_why_there_is_none() {
    when(resolved(), agent(), close(None))
        .then_expect_error(crate::incident::Error::FeedbackMissing);
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
        when(given, agent(), close(None))
            .then_expect_error(crate::incident::Error::FeedbackMissing);
    }
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
fn sd_13_urges_are_counted() {
    let urge = |words| WorkCommand::Urge {
        text: Some(text(words)),
    };
    let journey = Journey::begun(intake(), &requester())
        .then(&requester(), urge("We cannot work"))
        .then(&coordinator(), urge("The branch calls every hour"));
    assert_eq!(
        journey.events.last().unwrap(),
        &Event::Work(WorkEvent::Urged {
            count: 2,
            text: Some(text("The branch calls every hour")),
        })
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
        confirm_by: Some(confirm_by()),
    };
    when(registered(), agent(), advice.clone()).then_expect_events(vec![advised.clone()]);
    when(assigned(), agent(), advice).then_expect_events(vec![advised]);
}

#[test]
fn sd_18_the_desk_declares_the_closing_and_the_result_is_kept() {
    let given = and(resolved(), [told()]);
    when(given, agent(), close(None)).then_expect_events(vec![Event::Closed {
        by: ClosedBy::Desk,
        no_feedback_reason: None,
        reopen_until: Some(reopen_until()),
    }]);
    when(resolved(), requester(), close(None))
        .then_expect_error(crate::work_item::WorkRefusal::NotStaff.into());
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
        .then_expect_error(crate::work_item::WorkRefusal::NotStaff.into());
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

#[test]
fn the_kernel_needs_no_incident_to_register_an_item() {
    let events = WorkItem::register(&intake(), &agent().when(at(0))).unwrap();
    let events: Vec<Event> = events.into_iter().map(Event::Work).collect();
    assert_eq!(events, registered());
}

#[test]
fn an_import_writes_down_what_another_desk_said_of_an_incident_that_had_ended() {
    let filed = WorkCommand::Classify {
        category: category("network-lan"),
    };
    let judged = WorkCommand::Prioritise {
        impact: Impact::Low,
        urgency: Urgency::Low,
    };
    for given in [resolved(), closed(), cancelled()] {
        for said in [filed.clone(), judged.clone()] {
            let refused = when(given.clone(), coordinator(), said.clone()).inspect_result();
            assert_eq!(refused.unwrap_err().code(), "WORK_ITEM_NOT_POSSIBLE");
            let status = after(given.clone()).status();
            let given = and(given.clone(), events(given.clone(), import(), said));
            assert_eq!(after(given).status(), status);
        }
        let moved = WorkCommand::Assign { to: to(network()) };
        assert!(when(given, import(), moved).inspect_result().is_err());
    }
}

#[test]
fn an_import_takes_over_an_incident_whose_requester_is_not_known() {
    let unknown = Intake {
        requester: None,
        affected_person: None,
        ..intake()
    };
    let incident = after(events(vec![], import(), register(unknown)));
    assert_eq!(incident.work().requester, None);
}

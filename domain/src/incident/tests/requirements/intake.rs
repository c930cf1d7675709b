//! What an incident is: its intake, its judgement, what belongs to it (INC-01
//! to INC-14).

use strum::IntoEnumIterator;

use super::super::{after, when};
use super::{Journey, events};
use crate::Refusal;
use crate::configuration::{CategoryTree, PriorityMatrix};
use crate::fixtures::{
    NUMBER, agent, and, assigned, at, cancelled, category, ci, closed, coordinator, desk, hours,
    import, in_progress, intake, judged, network, other, person, reference, register, registered,
    requester, resolved, specialist, text, to, to_member,
};
use crate::ids::{ArticleId, ServiceCode};
use crate::incident::{
    Command, Error, Estimate, EstimateMethod, Event, ExpectationBasis, HoldReason, IncidentAction,
    Status,
};
use crate::priority::{Impact, Priority, Urgency};
use crate::work_item::{
    CategoryRef, ContactChannel, Intake, Relation, WorkCommand, WorkEvent, WorkItem, WorkRefusal,
};

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

fn estimate(minutes: u32) -> Estimate {
    Estimate {
        method: EstimateMethod::MedianOfCategoryAndPriority,
        category: intake().category,
        priority: Priority::P3,
        sample: 17,
        minutes,
        as_of: 4711,
    }
}

#[test]
fn inc_08_the_expected_time_is_computed_and_then_adjusted_with_a_reason() {
    let computed = Event::ExpectedResolutionSet {
        from: None,
        to: at(240),
        basis: ExpectationBasis::Computed,
        reason: None,
        estimate: Some(estimate(240)),
    };
    let compute = |estimate| Command::ComputeExpectedResolution { estimate };
    when(assigned(), agent(), compute(Some(estimate(240))))
        .then_expect_events(vec![computed.clone()]);
    let adjust = Command::SetExpectedResolution {
        at: at(480),
        reason: text("A part comes tomorrow"),
    };
    let adjusted = Event::ExpectedResolutionSet {
        from: Some(at(240)),
        to: at(480),
        basis: ExpectationBasis::Adjusted,
        reason: Some(text("A part comes tomorrow")),
        estimate: None,
    };
    let given = and(assigned(), [computed]);
    when(given.clone(), agent(), adjust.clone()).then_expect_events(vec![adjusted]);
    when(given, specialist(), adjust).then_expect_error(WorkRefusal::NotOfAssignedTeam.into());
}

#[test]
fn inc_08_a_time_is_computed_from_what_is_like_the_incident_alone() {
    let compute = |estimate| Command::ComputeExpectedResolution { estimate };
    when(assigned(), agent(), compute(None)).then_expect_error(Error::NothingToCompare);
    let of_another_priority = Estimate {
        priority: Priority::P1,
        ..estimate(240)
    };
    when(assigned(), agent(), compute(Some(of_another_priority)))
        .then_expect_error(Error::ComparedWithOthers);
    let over_already = estimate(59);
    when(assigned(), agent(), compute(Some(over_already)))
        .then_expect_error(Error::ExpectationInThePast);
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
    when(after_a_hold, agent(), start()).then_expect_error(Error::ActionNotPossible {
        status: Status::InProgress,
        action: IncidentAction::StartDiagnosis,
    });
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

//! Judging and handing over.

use super::{
    Case, assign, case, close, comment, inactive, merge, no_member, reason, resolve,
    work_not_possible,
};
use crate::configuration::{CategoryTree, PriorityMatrix};
use crate::context::Channel;
use crate::fixtures::{
    agent, and, assigned, at, cancelled, category, closed, coordinator, desk, hotline, in_progress,
    merged, network, on_hold, other, registered, requester, resolved, take_in, taken_in, to, told,
};
use crate::incident::{Event, HoldReason};
use crate::priority::{Impact, Priority, Urgency};
use crate::work_item::{ForwardTo, Handling, Visibility, WorkCommand, WorkEvent, WorkRefusal};

/// Each way of breaking a rule of it.
#[expect(clippy::too_many_lines, reason = "a table, one entry a rule")]
pub(super) fn cases() -> Vec<Case> {
    let unknown = WorkRefusal::CategoryUnknown {
        code: "magic".to_owned(),
    };
    let no_tree = || WorkRefusal::NoCategoryTree { at: at(60) };
    let no_matrix = || WorkRefusal::NoPriorityMatrix { at: at(60) };
    let classify = |code| WorkCommand::Classify {
        category: category(code),
    };
    let judge_as_before = || WorkCommand::Prioritise {
        impact: Impact::Medium,
        urgency: Urgency::Medium,
    };
    let overrule = |priority| WorkCommand::OverridePriority {
        priority,
        reason: reason(),
    };
    let forward = |to| WorkCommand::Forward {
        to: ForwardTo::Team(to),
        reason: None,
    };
    let escalate = |to| WorkCommand::EscalateFunctionally {
        to,
        reason: reason(),
    };
    let to_level = |level| WorkCommand::EscalateHierarchically {
        level,
        person: None,
        reason: reason(),
    };
    let give_back = || WorkCommand::Return { reason: reason() };
    let inactive_team = || WorkRefusal::TeamInactive {
        team: "hotline".to_owned(),
    };
    let stranger_there = || WorkRefusal::PersonNotInTeam {
        person: "zhao.lei".to_owned(),
        team: "hotline".to_owned(),
    };
    let told_management = Event::Work(WorkEvent::EscalatedHierarchically {
        from_level: 0,
        level: 2,
        person: None,
        reason: reason(),
    });
    let no_trees = agent().with_trees(&[] as &[CategoryTree]);
    let no_matrices = agent().with_matrices(&[] as &[PriorityMatrix]);
    let unassigned = || work_not_possible("open", Handling::Unassigned);
    let told_level_two = WorkRefusal::EscalationNotHigher { level: 2 };
    let waiting = on_hold(HoldReason::Change);
    let accepted = |stage| work_not_possible(stage, Handling::Accepted);
    vec![
        case(registered(), agent(), WorkCommand::Accept, unassigned()),
        case(registered(), agent(), give_back(), unassigned()),
        case(registered(), agent(), forward(to(hotline())), unassigned()),
        case(registered(), agent(), escalate(to(network())), unassigned()),
        case(
            in_progress(),
            agent(),
            WorkCommand::Accept,
            accepted("open"),
        ),
        case(
            waiting.clone(),
            agent(),
            assign(to(hotline())),
            accepted("on hold"),
        ),
        case(
            waiting,
            agent(),
            forward(to(hotline())),
            accepted("on hold"),
        ),
        case(resolved(), agent(), judge_as_before(), accepted("resolved")),
        case(
            closed(),
            agent(),
            comment(Visibility::Public),
            accepted("closed"),
        ),
        case(
            cancelled(),
            agent(),
            merge(other()),
            work_not_possible("ended", Handling::Unassigned),
        ),
        case(
            merged(),
            requester(),
            comment(Visibility::Public),
            WorkRefusal::GoesOnAs {
                into: other().number,
            },
        ),
        case(
            in_progress(),
            coordinator(),
            take_in(),
            WorkRefusal::NotAProcess,
        ),
        case(
            and(in_progress(), [taken_in()]),
            coordinator().through(Channel::Process),
            take_in(),
            WorkRefusal::AlreadyTakenIn {
                number: other().number,
            },
        ),
        case(assigned(), agent(), classify("magic"), unknown),
        case(
            assigned(),
            agent(),
            classify("network-vpn"),
            WorkRefusal::CategoryUnchanged,
        ),
        case(assigned(), no_trees.clone(), classify("network"), no_tree()),
        case(
            assigned(),
            no_trees.through(Channel::Import),
            classify("network"),
            no_tree(),
        ),
        case(
            assigned(),
            no_matrices.clone(),
            judge_as_before(),
            no_matrix(),
        ),
        case(in_progress(), no_matrices.clone(), resolve(), no_matrix()),
        case(and(resolved(), [told()]), no_matrices, close(), no_matrix()),
        case(
            assigned(),
            agent(),
            judge_as_before(),
            WorkRefusal::PriorityUnchanged,
        ),
        case(
            assigned(),
            agent(),
            overrule(Priority::P3),
            WorkRefusal::PriorityUnchanged,
        ),
        case(
            registered(),
            coordinator(),
            assign(inactive()),
            inactive_team(),
        ),
        case(in_progress(), agent(), forward(inactive()), inactive_team()),
        case(
            in_progress(),
            agent(),
            escalate(inactive()),
            inactive_team(),
        ),
        case(
            registered(),
            coordinator(),
            assign(no_member()),
            stranger_there(),
        ),
        case(
            in_progress(),
            agent(),
            forward(no_member()),
            stranger_there(),
        ),
        case(
            in_progress(),
            agent(),
            escalate(no_member()),
            stranger_there(),
        ),
        case(
            assigned(),
            agent(),
            assign(to(desk())),
            WorkRefusal::AssignmentUnchanged,
        ),
        case(
            assigned(),
            agent(),
            forward(to(desk())),
            WorkRefusal::AssignmentUnchanged,
        ),
        case(
            assigned(),
            agent(),
            forward(to(network())),
            WorkRefusal::ForwardLeavesLine,
        ),
        case(
            assigned(),
            agent(),
            escalate(to(hotline())),
            WorkRefusal::EscalationNotDeeper,
        ),
        case(
            assigned(),
            agent(),
            to_level(0),
            WorkRefusal::EscalationNotHigher { level: 0 },
        ),
        case(
            and(assigned(), [told_management]),
            agent(),
            to_level(2),
            told_level_two,
        ),
    ]
}

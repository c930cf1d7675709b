//! Who has the item: assignment and its acceptance, return, forwarding,
//! escalation, and the merging into another item.

use super::super::{
    Assignee, ExternalReference, Farewell, LinkTarget, MergedItem, Stage, TeamRef, WorkEvent,
    WorkItem, WorkRefusal,
};
use super::{Decision, staff};
use crate::Context;
use crate::context::Channel;
use crate::ids::PersonId;
use crate::text::{Line, Text};

impl WorkItem {
    pub(super) fn assign(&self, to: &Assignee, context: &Context) -> Decision {
        self.working(context)?;
        check_assignee(to)?;
        let is_there = self.team.as_ref().is_some_and(|team| team.id == to.team.id)
            && self.person == to.person;
        if is_there && self.is_with_team() {
            return Err(WorkRefusal::AssignmentUnchanged);
        }
        Ok(vec![self.assigned(to)])
    }

    fn assigned(&self, to: &Assignee) -> WorkEvent {
        WorkEvent::Assigned {
            from: self.team.clone(),
            to: to.team.clone(),
            from_person: self.person.clone(),
            person: to.person.clone(),
        }
    }

    pub(super) fn accept(&self, context: &Context) -> Decision {
        self.working(context)?;
        let person = context.actor.id.clone();
        Ok(vec![WorkEvent::AssignmentAccepted { person }])
    }

    pub(super) fn give_back(&self, stage: Stage, reason: &Text, context: &Context) -> Decision {
        let from = self.team_that_has_it(stage)?;
        self.working(context)?;
        Ok(vec![WorkEvent::Returned {
            from: from.clone(),
            to: self
                .previous_team
                .clone()
                .filter(|team| !context.closed_teams.contains(&team.id)),
            reason: reason.clone(),
        }])
    }

    /// What comes back to life goes to the dispatcher where the team that had
    /// it works no longer.
    pub(crate) fn back_to_dispatcher(&self, reason: &Text, context: &Context) -> Option<WorkEvent> {
        let team = self.team.as_ref()?;
        let is_closed = context.closed_teams.contains(&team.id);
        is_closed.then(|| WorkEvent::Returned {
            from: team.clone(),
            to: None,
            reason: reason.clone(),
        })
    }

    pub(super) fn forward(
        &self,
        stage: Stage,
        to: &Assignee,
        reason: Option<&Text>,
        context: &Context,
    ) -> Decision {
        let from = self.team_that_has_it(stage)?;
        self.working(context)?;
        check_assignee(to)?;
        if from.id == to.team.id {
            return Err(WorkRefusal::AssignmentUnchanged);
        }
        if from.line != to.team.line {
            return Err(WorkRefusal::ForwardLeavesLine);
        }
        Ok(vec![WorkEvent::Forwarded {
            from: from.clone(),
            to: to.team.clone(),
            person: to.person.clone(),
            reason: reason.cloned(),
        }])
    }

    pub(super) fn forward_outside(
        &self,
        stage: Stage,
        platform: &Line,
        reference: &Line,
        reason: Option<&Text>,
        context: &Context,
    ) -> Decision {
        self.team_that_has_it(stage)?;
        self.working(context)?;
        let to = ExternalReference {
            system: platform.clone(),
            reference: reference.clone(),
        };
        self.check_new_reference(&to)?;
        Ok(vec![WorkEvent::ForwardedOutside {
            to,
            reason: reason.cloned(),
        }])
    }

    pub(super) fn escalate_functionally(
        &self,
        stage: Stage,
        to: &Assignee,
        reason: &Text,
        context: &Context,
    ) -> Decision {
        let from = self.team_that_has_it(stage)?.line;
        self.working(context)?;
        check_assignee(to)?;
        if to.team.line <= from {
            return Err(WorkRefusal::EscalationNotDeeper);
        }
        Ok(vec![
            WorkEvent::EscalatedFunctionally {
                from,
                to: to.team.line,
                reason: reason.clone(),
            },
            self.assigned(to),
        ])
    }

    pub(super) fn escalate_hierarchically(
        &self,
        level: u8,
        person: Option<&PersonId>,
        reason: &Text,
        context: &Context,
    ) -> Decision {
        staff(context)?;
        if level <= self.escalation_level {
            return Err(WorkRefusal::EscalationNotHigher {
                level: self.escalation_level,
            });
        }
        Ok(vec![WorkEvent::EscalatedHierarchically {
            from_level: self.escalation_level,
            level,
            person: person.cloned(),
            reason: reason.clone(),
        }])
    }

    pub(super) fn merge(
        &self,
        target: &LinkTarget,
        reason: &Text,
        farewell: &Farewell,
        context: &Context,
    ) -> Decision {
        self.working(context)?;
        if target.number == self.number {
            return Err(WorkRefusal::LinkToItself);
        }
        if !target.is_open {
            return Err(WorkRefusal::MergeTargetNotOpen);
        }
        let Farewell {
            told,
            no_feedback_reason,
        } = self.farewell(farewell, context)?;
        Ok(vec![WorkEvent::MergedInto {
            target: target.id,
            target_number: target.number.clone(),
            reason: reason.clone(),
            merged_by: context.person_unless_import(),
            told,
            no_feedback_reason,
        }])
    }

    /// That another item goes on as this one is a fact about the other, which
    /// no state of this one undoes: it is taken in after the end, too.
    pub(super) fn take_in(&self, item: &MergedItem, context: &Context) -> Decision {
        if context.channel != Channel::Process {
            return Err(WorkRefusal::NotAProcess);
        }
        staff(context)?;
        if item.number == self.number {
            return Err(WorkRefusal::LinkToItself);
        }
        if self.merged.contains_key(&item.id) {
            return Err(WorkRefusal::AlreadyTakenIn {
                number: item.number.clone(),
            });
        }
        Ok(vec![WorkEvent::MergedFrom {
            source: item.id,
            source_number: item.number.clone(),
            people: item.people.clone(),
        }])
    }

    fn team_that_has_it(&self, stage: Stage) -> Result<&TeamRef, WorkRefusal> {
        let team = self.team.as_ref().filter(|_| self.is_with_team());
        team.ok_or_else(|| self.not_possible(stage))
    }
}

/// No item goes to a team or a person that does not work.
fn check_assignee(to: &Assignee) -> Result<(), WorkRefusal> {
    if !to.team_is_active {
        return Err(WorkRefusal::TeamInactive {
            team: to.team.name.clone(),
        });
    }
    match &to.person {
        Some(person) if !to.person_is_member => Err(WorkRefusal::PersonNotInTeam {
            person: person.to_string(),
            team: to.team.name.clone(),
        }),
        _ => Ok(()),
    }
}

//! The kernel's decisions: one table of stages and commands. What a step
//! needs beyond its line in the table stands in the file of its kind: judging,
//! handing over, talking, connecting, recording.

mod connecting;
mod handing_over;
mod judging;
mod recording;
mod talking;

use std::collections::BTreeSet;

use super::{
    ContactChannel, DetailField, ForwardTo, Handling, Intake, MergedItem, Stage, Visibility,
    WorkCommand, WorkEvent, WorkItem, WorkRefusal,
};
use crate::Context;
use crate::context::{Channel, Role};
use crate::ids::{PersonId, WorkItemId};

type Decision = Result<Vec<WorkEvent>, WorkRefusal>;

impl WorkItem {
    /// Registers an item: what every practice's own registration begins with.
    pub fn register(intake: &Intake, context: &Context) -> Decision {
        let by_machine = intake.contact_channel == ContactChannel::Monitoring;
        // Another desk's history may not say who asked.
        let is_history = context.channel == Channel::Import;
        if intake.requester.is_none() && !by_machine && !is_history {
            return Err(WorkRefusal::RequesterMissing);
        }
        match context.actor.role {
            Role::Agent | Role::Coordinator => {}
            Role::Requester if context.actor.is(intake.requester.as_ref()) => {}
            Role::Requester => return Err(WorkRefusal::NotRequester),
            Role::Auditor | Role::Administrator => return Err(WorkRefusal::NotStaff),
        }
        let empty = Self::default();
        let mut events = vec![WorkEvent::Registered {
            number: intake.number.clone(),
            summary: intake.summary.clone(),
            description: intake.description.clone(),
            requester: intake.requester.clone(),
            affected_person: intake.affected_person.clone(),
            contact_channel: intake.contact_channel,
            service: intake.service.clone(),
            opened_at: context.effective_at,
        }];
        events.extend(empty.classify(&intake.category, context)?);
        events.extend(empty.prioritise(intake.impact, intake.urgency, context)?);
        let mut cis = BTreeSet::new();
        for ci in &intake.cis {
            if !cis.insert(ci) {
                return Err(WorkRefusal::CiAlreadyLinked);
            }
            events.push(WorkEvent::CiLinked { ci: ci.clone() });
        }
        let mut references = BTreeSet::new();
        for external in &intake.external_references {
            if !references.insert(external) {
                return Err(WorkRefusal::ExternalReferenceAlreadyThere);
            }
            events.push(WorkEvent::ExternalReferenceAdded {
                external: external.clone(),
            });
        }
        Ok(events)
    }

    /// Decides what follows from a command, given what the practice's status
    /// means for the kernel.
    #[expect(clippy::too_many_lines, reason = "one arm a step of the process")]
    pub fn decide(&self, stage: Stage, command: &WorkCommand, context: &Context) -> Decision {
        use Stage::{Closed, Ended, Open, Resolved, Suspended};
        use WorkCommand as C;
        self.check_alive(context)?;
        // What another desk wrote down about an item that it held for ended is
        // history, too. Only what moves the item keeps to the stages.
        let stage = match (context.channel, command) {
            (
                Channel::Import,
                C::Classify { .. }
                | C::Prioritise { .. }
                | C::OverridePriority { .. }
                | C::LinkCi { .. }
                | C::UnlinkCi { .. }
                | C::AddExternalReference { .. }
                | C::SetCustomField { .. }
                | C::CorrectDetails { .. },
            ) => Open,
            _ => stage,
        };
        match (stage, command) {
            (Open | Suspended, C::Classify { category }) => {
                self.working(context)?;
                self.classify(category, context)
            }
            (Open | Suspended, C::Prioritise { impact, urgency }) => {
                self.working(context)?;
                self.prioritise(*impact, *urgency, context)
            }
            (Open | Suspended, C::OverridePriority { priority, reason }) => {
                self.override_priority(*priority, reason, context)
            }

            (Open, C::Assign { to }) => self.assign(to, context),
            (Open, C::Accept) if self.handling == Handling::Assigned => self.accept(context),
            (Open, C::Return { reason }) => self.give_back(stage, reason, context),
            (
                Open,
                C::Forward {
                    to: ForwardTo::Team(to),
                    reason,
                },
            ) => self.forward(stage, to, reason.as_ref(), context),
            (
                Open | Suspended,
                C::Forward {
                    to:
                        ForwardTo::Platform {
                            platform,
                            reference,
                        },
                    reason,
                },
            ) => self.forward_outside(stage, platform, reference, reason.as_ref(), context),
            (Open, C::EscalateFunctionally { to, reason }) => {
                self.escalate_functionally(stage, to, reason, context)
            }
            (
                Open | Suspended,
                C::EscalateHierarchically {
                    level,
                    person,
                    reason,
                },
            ) => self.escalate_hierarchically(*level, person.as_ref(), reason, context),
            (
                Open | Suspended,
                C::MergeInto {
                    target,
                    reason,
                    farewell,
                },
            ) => self.merge(target, reason, farewell, context),

            (Open | Suspended, C::Urge { text, lead }) => {
                self.urge(text.as_ref(), lead.as_ref(), context)
            }
            (Open | Suspended | Resolved, C::Comment { visibility, text }) => {
                self.comment(*visibility, text, context)
            }
            (Closed | Ended, C::Comment { visibility, text })
                if *visibility == Visibility::Internal =>
            {
                self.comment(*visibility, text, context)
            }
            // The requester may hear of the end after it, too.
            (_, C::NotifyStage { recipients, text }) => {
                talking::notify_stage(recipients, text, context)
            }
            (
                _,
                C::RecordContact {
                    contact_channel,
                    text,
                },
            ) => talking::record_contact(*contact_channel, text, context),
            (Open | Suspended | Resolved, C::AddWatcher { person }) => {
                self.add_watcher(person, context)
            }
            (Open | Suspended | Resolved, C::RemoveWatcher { person }) => {
                self.remove_watcher(person, context)
            }

            (Open | Suspended | Resolved, C::LinkCi { ci }) => self.link_ci(ci, context),
            (Open | Suspended | Resolved, C::UnlinkCi { ci }) => self.unlink_ci(ci, context),
            // What an item has to do with others is often found out later.
            (_, C::Link { relation, target }) => self.link(*relation, target, context),
            (_, C::Unlink { relation, target }) => self.unlink(*relation, *target, context),
            (Open | Suspended | Resolved, C::Attach { attachment }) => {
                self.attach(attachment, context)
            }
            (Open | Suspended | Resolved, C::AddExternalReference { external }) => {
                self.add_external_reference(external, context)
            }
            (Open | Suspended | Resolved, C::ApplyKnowledge { article }) => {
                connecting::apply_knowledge(article, context)
            }

            (Open | Suspended | Resolved, C::LogEffort { minutes, text }) => {
                recording::log_effort(*minutes, text.as_ref(), context)
            }
            (Open | Suspended | Resolved, C::SetCustomField { name, value }) => {
                self.set_custom_field(name, value.as_ref(), context)
            }
            (Open | Suspended | Resolved, C::CorrectDetails { field, to, reason }) => {
                self.correct_details(*field, to.as_ref(), reason, context)
            }
            (_, C::TakeIn { item }) => self.take_in(item, context),
            (Closed | Ended, C::Archive) => recording::archive(context),

            _ => Err(self.not_possible(stage)),
        }
    }

    /// What holds for every step of every practice: the item is not archived,
    /// and nothing happens before its first contact.
    pub fn check_alive(&self, context: &Context) -> Result<(), WorkRefusal> {
        if self.archived {
            return Err(WorkRefusal::Archived);
        }
        if context.effective_at < self.opened_at {
            return Err(WorkRefusal::EffectiveBeforeOpening {
                opened_at: self.opened_at,
            });
        }
        Ok(())
    }

    /// Only the assigned team or a coordinator works on an item; while no team
    /// has it, anybody at the desk may.
    pub fn working(&self, context: &Context) -> Result<(), WorkRefusal> {
        match &self.team {
            Some(team) if !context.actor.works_for(team.id) => Err(WorkRefusal::NotOfAssignedTeam),
            Some(_) => Ok(()),
            None => staff(context),
        }
    }

    /// Those who work at the desk, and those whom the item is about.
    pub fn concerned(&self, context: &Context) -> Result<(), WorkRefusal> {
        match context.actor.role {
            Role::Agent | Role::Coordinator => Ok(()),
            Role::Requester if self.concerns(&context.actor.id) => Ok(()),
            Role::Requester => Err(WorkRefusal::NotRequester),
            Role::Auditor | Role::Administrator => Err(WorkRefusal::NotStaff),
        }
    }

    /// The same, and those whose own items go on as this one: they take part in
    /// what is said about it. What becomes of it is not theirs to decide.
    pub fn taking_part(&self, context: &Context) -> Result<(), WorkRefusal> {
        if context.actor.role == Role::Requester && self.may_follow(&context.actor.id) {
            return Ok(());
        }
        self.concerned(context)
    }

    /// Whether the item, or one that goes on as it, is about this person: its
    /// public side is open to them.
    pub fn may_follow(&self, person: &PersonId) -> bool {
        let mut merged = self.merged.values();
        self.concerns(person) || merged.any(|item| item.people.contains(person))
    }

    /// The item as one that goes on as another.
    pub fn as_merged(&self, id: WorkItemId) -> MergedItem {
        let affected = self.details.get(DetailField::AffectedPerson.as_ref());
        let affected = affected.and_then(|person| PersonId::new(person).ok());
        let affected = affected.filter(|person| Some(person) != self.requester.as_ref());
        MergedItem {
            id,
            number: self.number.clone(),
            people: self.requester.iter().cloned().chain(affected).collect(),
        }
    }

    /// Whether the item is about this person.
    pub fn concerns(&self, person: &PersonId) -> bool {
        self.requester.as_ref() == Some(person)
            || self
                .details
                .get(DetailField::AffectedPerson.as_ref())
                .map(String::as_str)
                == Some(person.as_str())
    }

    /// Whether a team has the item, accepted or not.
    pub fn is_with_team(&self) -> bool {
        self.team.is_some() && matches!(self.handling, Handling::Assigned | Handling::Accepted)
    }

    /// The refusal that says why the step does not fit.
    pub fn not_possible(&self, stage: Stage) -> WorkRefusal {
        if let Some((_, into)) = self.merged_into.as_ref().filter(|_| stage == Stage::Ended) {
            return WorkRefusal::GoesOnAs { into: into.clone() };
        }
        WorkRefusal::NotPossible {
            stage: stage.in_words(),
            handling: self.handling,
        }
    }
}

/// Only those who work at the desk.
fn staff(context: &Context) -> Result<(), WorkRefusal> {
    if context.actor.is_staff() {
        Ok(())
    } else {
        Err(WorkRefusal::NotStaff)
    }
}

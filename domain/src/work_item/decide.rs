//! The kernel's decisions: one table of stages and commands, and below it one
//! function for each step that needs more than a line.

use super::{
    Assignee, CategoryRef, DetailField, ExternalReference, ForwardTo, Handling, Intake, LinkTarget,
    Relation, Stage, TeamRef, Visibility, WorkCommand, WorkEvent, WorkItem, WorkRefusal,
};
use crate::Context;
use crate::context::Role;
use crate::ids::{CategoryCode, PersonId, ServiceCode};
use crate::priority::{Impact, Urgency};
use crate::text::{Line, Text};

type Decision = Result<Vec<WorkEvent>, WorkRefusal>;

impl WorkItem {
    /// Registers an item: what every practice's own registration begins with.
    pub fn register(intake: &Intake, context: &Context) -> Decision {
        use super::ContactChannel::Monitoring;
        if intake.requester.is_none() && intake.contact_channel != Monitoring {
            return Err(WorkRefusal::RequesterMissing);
        }
        if context.actor.role == Role::Requester && !context.actor.is(intake.requester.as_ref()) {
            return Err(WorkRefusal::NotRequester);
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
        let mut seen = std::collections::BTreeSet::new();
        for ci in &intake.cis {
            if !seen.insert(ci) {
                return Err(WorkRefusal::CiAlreadyLinked);
            }
            events.push(WorkEvent::CiLinked { ci: ci.clone() });
        }
        let mut seen = std::collections::BTreeSet::new();
        for external in &intake.external_references {
            if !seen.insert(external) {
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
    pub fn decide(&self, stage: Stage, command: &WorkCommand, context: &Context) -> Decision {
        use Stage::{Closed, Ended, Open, Resolved, Suspended};
        use WorkCommand as C;
        self.check_alive(context)?;
        match (stage, command) {
            (
                Open | Suspended,
                C::Classify { .. } | C::Prioritise { .. } | C::OverridePriority { .. },
            ) => {
                self.working(context)?;
                self.decide_judgement(command, context)
            }
            (Open, C::Assign { to }) => self.assign(to, context),
            (Open, C::Accept) if self.handling == Handling::Assigned => {
                self.working(context)?;
                let person = context.actor.id.clone();
                Ok(vec![WorkEvent::AssignmentAccepted { person }])
            }
            (Open, C::Return { reason }) if self.is_with_team() => self.give_back(reason, context),
            (
                Open,
                C::Forward {
                    to: ForwardTo::Team(to),
                    reason,
                },
            ) if self.is_with_team() => self.forward(to, reason.as_ref(), context),
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
            ) if self.is_with_team() => {
                self.working(context)?;
                let to = ExternalReference {
                    system: platform.clone(),
                    reference: reference.clone(),
                };
                self.check_new_reference(&to)?;
                Ok(vec![WorkEvent::ForwardedOutside {
                    to,
                    reason: reason.clone(),
                }])
            }
            (Open, C::EscalateFunctionally { to, reason }) if self.is_with_team() => {
                self.escalate_functionally(to, reason, context)
            }
            (
                Open | Suspended,
                C::EscalateHierarchically {
                    level,
                    person,
                    reason,
                },
            ) => {
                staff(context)?;
                if *level <= self.escalation_level {
                    return Err(WorkRefusal::EscalationNotHigher {
                        level: self.escalation_level,
                    });
                }
                Ok(vec![WorkEvent::EscalatedHierarchically {
                    from_level: self.escalation_level,
                    level: *level,
                    person: person.clone(),
                    reason: reason.clone(),
                }])
            }
            (Open | Suspended, C::Urge { text }) => {
                self.concerned(context)?;
                Ok(vec![WorkEvent::Urged {
                    count: self.urge_count + 1,
                    text: text.clone(),
                }])
            }
            (Open | Suspended, C::MergeInto { target, reason }) => {
                self.merge(target, reason, context)
            }
            (Open | Suspended | Resolved, C::Comment { visibility, text }) => {
                self.comment(*visibility, text, context)
            }
            (
                Closed | Ended,
                C::Comment {
                    visibility: Visibility::Internal,
                    text,
                },
            ) => self.comment(Visibility::Internal, text, context),
            (Open | Suspended | Resolved, C::Attach { attachment }) => {
                self.concerned(context)?;
                self.decide_connection(&C::Attach {
                    attachment: attachment.clone(),
                })
            }
            (
                Open | Suspended | Resolved,
                C::LinkCi { .. }
                | C::UnlinkCi { .. }
                | C::Link { .. }
                | C::Unlink { .. }
                | C::AddExternalReference { .. }
                | C::ApplyKnowledge { .. },
            ) => {
                staff(context)?;
                self.decide_connection(command)
            }
            (
                Open | Suspended | Resolved,
                C::AddWatcher { .. }
                | C::RemoveWatcher { .. }
                | C::NotifyStage { .. }
                | C::RecordContact { .. }
                | C::LogEffort { .. }
                | C::SetCustomField { .. }
                | C::CorrectDetails { .. },
            ) => {
                staff(context)?;
                self.decide_record(command)
            }
            (Closed | Ended, C::Archive) => {
                staff(context)?;
                Ok(vec![WorkEvent::Archived {}])
            }
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
        WorkRefusal::NotPossible {
            stage: stage.in_words(),
            handling: self.handling,
        }
    }

    fn decide_judgement(&self, command: &WorkCommand, context: &Context) -> Decision {
        match command {
            WorkCommand::Classify { category } => self.classify(category, context),
            WorkCommand::Prioritise { impact, urgency } => {
                self.prioritise(*impact, *urgency, context)
            }
            WorkCommand::OverridePriority { priority, reason } => match self.priority {
                Some(now) if now.priority == *priority => Err(WorkRefusal::PriorityUnchanged),
                Some(now) => Ok(vec![WorkEvent::PriorityOverridden {
                    from: now.priority,
                    to: *priority,
                    reason: reason.clone(),
                }]),
                None => Err(WorkRefusal::NoPriorityMatrix {
                    at: context.effective_at,
                }),
            },
            _ => Err(self.not_possible(Stage::Open)),
        }
    }

    fn classify(&self, category: &CategoryCode, context: &Context) -> Decision {
        let tree = match context.channel {
            // A history taken over names categories of its own, which the
            // import has just published.
            crate::Channel::Import => context.categories.latest(),
            _ => context.categories.in_force_at(context.effective_at),
        };
        let tree = tree.ok_or(WorkRefusal::NoCategoryTree {
            at: context.effective_at,
        })?;
        if tree.content.category(category).is_none() {
            return Err(WorkRefusal::CategoryUnknown {
                code: category.to_string(),
            });
        }
        let to = CategoryRef {
            code: category.clone(),
            tree_version: tree.version,
        };
        if self.category.as_ref() == Some(&to) {
            return Err(WorkRefusal::CategoryUnchanged);
        }
        Ok(vec![WorkEvent::Classified {
            from: self.category.clone(),
            to,
        }])
    }

    fn prioritise(&self, impact: Impact, urgency: Urgency, context: &Context) -> Decision {
        let matrix = context.matrices.in_force_at(context.effective_at).ok_or(
            WorkRefusal::NoPriorityMatrix {
                at: context.effective_at,
            },
        )?;
        let priority = matrix.content.priority(impact, urgency);
        if self.priority.is_some_and(|now| {
            (now.impact, now.urgency, now.priority, now.matrix_version)
                == (impact, urgency, priority, matrix.version)
        }) {
            return Err(WorkRefusal::PriorityUnchanged);
        }
        Ok(vec![WorkEvent::PrioritySet {
            from: self.priority.map(|p| p.priority),
            impact,
            urgency,
            priority,
            matrix_version: matrix.version,
        }])
    }

    fn assign(&self, to: &Assignee, context: &Context) -> Decision {
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

    fn give_back(&self, reason: &Text, context: &Context) -> Decision {
        self.working(context)?;
        let from = self.assigned_team()?.clone();
        Ok(vec![WorkEvent::Returned {
            from,
            to: self.previous_team.clone(),
            reason: reason.clone(),
        }])
    }

    fn forward(&self, to: &Assignee, reason: Option<&Text>, context: &Context) -> Decision {
        self.working(context)?;
        check_assignee(to)?;
        let from = self.assigned_team()?;
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

    fn escalate_functionally(&self, to: &Assignee, reason: &Text, context: &Context) -> Decision {
        self.working(context)?;
        check_assignee(to)?;
        let from = self.assigned_team()?.line;
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

    fn merge(&self, target: &LinkTarget, reason: &Text, context: &Context) -> Decision {
        self.working(context)?;
        if target.number == self.number {
            return Err(WorkRefusal::LinkToItself);
        }
        if !target.is_open {
            return Err(WorkRefusal::MergeTargetNotOpen);
        }
        Ok(vec![WorkEvent::MergedInto {
            target: target.id,
            target_number: target.number.clone(),
            reason: reason.clone(),
        }])
    }

    fn comment(&self, visibility: Visibility, text: &Text, context: &Context) -> Decision {
        self.concerned(context)?;
        let from_requester = context.actor.role == Role::Requester;
        if from_requester && visibility == Visibility::Internal {
            return Err(WorkRefusal::NotStaff);
        }
        Ok(vec![WorkEvent::CommentAdded {
            visibility,
            text: text.clone(),
            from_requester,
        }])
    }

    fn decide_connection(&self, command: &WorkCommand) -> Decision {
        let event = match command {
            WorkCommand::LinkCi { ci } if self.cis.contains(ci) => {
                return Err(WorkRefusal::CiAlreadyLinked);
            }
            WorkCommand::LinkCi { ci } => WorkEvent::CiLinked { ci: ci.clone() },
            WorkCommand::UnlinkCi { ci } if !self.cis.contains(ci) => {
                return Err(WorkRefusal::CiNotLinked);
            }
            WorkCommand::UnlinkCi { ci } => WorkEvent::CiUnlinked { ci: ci.clone() },
            WorkCommand::Link { relation, target } => return self.link(*relation, target),
            WorkCommand::Unlink { relation, target }
                if !self.links.contains(&(*relation, *target)) =>
            {
                return Err(WorkRefusal::NotLinked);
            }
            WorkCommand::Unlink { relation, target } => WorkEvent::WorkUnlinked {
                relation: *relation,
                target: *target,
            },
            WorkCommand::Attach { attachment } => {
                let is_hash = attachment.sha256.len() == 64
                    && attachment
                        .sha256
                        .bytes()
                        .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if !is_hash {
                    return Err(WorkRefusal::HashMalformed);
                }
                if self.attachments.contains(&attachment.sha256) {
                    return Err(WorkRefusal::AlreadyAttached);
                }
                WorkEvent::AttachmentAdded {
                    attachment: attachment.clone(),
                }
            }
            WorkCommand::AddExternalReference { external } => {
                self.check_new_reference(external)?;
                WorkEvent::ExternalReferenceAdded {
                    external: external.clone(),
                }
            }
            WorkCommand::ApplyKnowledge { article } => WorkEvent::KnowledgeApplied {
                article: article.clone(),
            },
            _ => return Err(self.not_possible(Stage::Open)),
        };
        Ok(vec![event])
    }

    fn link(&self, relation: Relation, target: &LinkTarget) -> Decision {
        if target.number == self.number {
            return Err(WorkRefusal::LinkToItself);
        }
        if self.links.contains(&(relation, target.id)) {
            return Err(WorkRefusal::AlreadyLinked);
        }
        if relation == Relation::ParentOf && target.is_ancestor {
            return Err(WorkRefusal::LinkCycle);
        }
        Ok(vec![WorkEvent::WorkLinked {
            relation,
            target: target.id,
            target_number: target.number.clone(),
        }])
    }

    fn decide_record(&self, command: &WorkCommand) -> Decision {
        let event = match command {
            WorkCommand::AddWatcher { person } if self.watchers.contains(person) => {
                return Err(WorkRefusal::AlreadyWatching);
            }
            WorkCommand::AddWatcher { person } => WorkEvent::WatcherAdded {
                person: person.clone(),
            },
            WorkCommand::RemoveWatcher { person } if !self.watchers.contains(person) => {
                return Err(WorkRefusal::NotWatching);
            }
            WorkCommand::RemoveWatcher { person } => WorkEvent::WatcherRemoved {
                person: person.clone(),
            },
            WorkCommand::NotifyStage { recipients, .. } if recipients.is_empty() => {
                return Err(WorkRefusal::NoRecipients);
            }
            WorkCommand::NotifyStage { recipients, text } => WorkEvent::StageResultNotified {
                recipients: recipients.clone(),
                text: text.clone(),
            },
            WorkCommand::RecordContact {
                contact_channel,
                text,
            } => WorkEvent::RequesterContacted {
                contact_channel: *contact_channel,
                text: text.clone(),
            },
            WorkCommand::LogEffort { minutes, .. } if !(1..=1440).contains(minutes) => {
                return Err(WorkRefusal::EffortOutOfRange);
            }
            WorkCommand::LogEffort { minutes, text } => WorkEvent::EffortLogged {
                minutes: *minutes,
                text: text.clone(),
            },
            WorkCommand::SetCustomField { name, value } => {
                return self.set_custom_field(name, value.as_ref());
            }
            WorkCommand::CorrectDetails { field, to, reason } => {
                return self.correct(*field, to.as_ref(), reason);
            }
            _ => return Err(self.not_possible(Stage::Open)),
        };
        Ok(vec![event])
    }

    fn set_custom_field(&self, name: &Line, value: Option<&Text>) -> Decision {
        let from = self.custom_fields.get(name.as_str());
        if from.map(String::as_str) == value.map(Text::as_str) {
            return Err(WorkRefusal::FieldUnchanged);
        }
        Ok(vec![WorkEvent::CustomFieldSet {
            name: name.clone(),
            from: from.and_then(|text| Text::new(text).ok()),
            to: value.cloned(),
        }])
    }

    fn correct(&self, field: DetailField, to: Option<&Text>, reason: &Text) -> Decision {
        let from = match field {
            DetailField::Requester => self.requester.as_ref().map(PersonId::as_str),
            _ => self.details.get(field.as_ref()).map(String::as_str),
        };
        let to = to.map(Text::as_str);
        if from == to {
            return Err(WorkRefusal::FieldUnchanged);
        }
        let fits = match (field, to) {
            (DetailField::Summary | DetailField::Requester, None) => {
                return Err(WorkRefusal::FieldRequired);
            }
            (_, None) | (DetailField::Description, Some(_)) => Ok(()),
            (DetailField::Summary, Some(to)) => Line::new(to).map(drop),
            (DetailField::Requester | DetailField::AffectedPerson, Some(to)) => {
                PersonId::new(to).map(drop)
            }
            (DetailField::Service, Some(to)) => ServiceCode::new(to).map(drop),
        };
        fits.map_err(WorkRefusal::FieldText)?;
        Ok(vec![WorkEvent::DetailsCorrected {
            field,
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            reason: reason.clone(),
        }])
    }

    fn check_new_reference(&self, external: &ExternalReference) -> Result<(), WorkRefusal> {
        if self.external_references.contains(external) {
            return Err(WorkRefusal::ExternalReferenceAlreadyThere);
        }
        Ok(())
    }

    fn assigned_team(&self) -> Result<&TeamRef, WorkRefusal> {
        self.team
            .as_ref()
            .ok_or_else(|| self.not_possible(Stage::Open))
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

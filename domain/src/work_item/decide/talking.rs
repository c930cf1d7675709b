//! What is said about an item, to whom, and who wants to hear of it.

use super::super::{
    ContactChannel, DetailField, Farewell, Visibility, WorkEvent, WorkItem, WorkRefusal,
};
use super::{Decision, staff};
use crate::Context;
use crate::context::Role;
use crate::ids::PersonId;
use crate::text::Text;

impl WorkItem {
    pub(super) fn comment(
        &self,
        visibility: Visibility,
        text: &Text,
        context: &Context,
    ) -> Decision {
        self.taking_part(context)?;
        if context.actor.role == Role::Requester && visibility == Visibility::Internal {
            return Err(WorkRefusal::NotStaff);
        }
        // Those who work at the desk ask it for help, too.
        let from_requester = visibility == Visibility::Public && self.may_follow(&context.actor.id);
        Ok(vec![WorkEvent::CommentAdded {
            visibility,
            text: text.clone(),
            from_requester,
        }])
    }

    /// Whoever has the item and whoever leads the team are told (SD-13).
    pub(super) fn urge(
        &self,
        text: Option<&Text>,
        lead: Option<&PersonId>,
        context: &Context,
    ) -> Decision {
        self.taking_part(context)?;
        let mut notified: Vec<PersonId> = self.person.iter().chain(lead).cloned().collect();
        notified.dedup();
        Ok(vec![WorkEvent::Urged {
            count: self.urge_count.saturating_add(1),
            text: text.cloned(),
            notified,
        }])
    }

    /// What those whom the item concerns hear of its end: one of them was
    /// told, or takes the step themselves, or a reason says why none was.
    pub fn farewell(
        &self,
        farewell: &Farewell,
        context: &Context,
    ) -> Result<Farewell, WorkRefusal> {
        let Farewell {
            mut told,
            no_feedback_reason,
        } = farewell.clone();
        if self.concerns(&context.actor.id) && !told.contains(&context.actor.id) {
            told.push(context.actor.id.clone());
        }
        // Of what a machine reported anybody may be told.
        let concerns_somebody = self.requester.is_some()
            || self
                .details
                .contains_key(DetailField::AffectedPerson.as_ref());
        let is_heard = told
            .iter()
            .any(|person| !concerns_somebody || self.concerns(person));
        if !is_heard && no_feedback_reason.is_none() {
            return Err(WorkRefusal::FeedbackMissing);
        }
        // Others who were told are no feedback to those whom it concerns.
        if !is_heard {
            told.clear();
        }
        Ok(Farewell {
            told,
            no_feedback_reason,
        })
    }

    pub(super) fn add_watcher(&self, person: &PersonId, context: &Context) -> Decision {
        staff(context)?;
        if self.watchers.contains(person) {
            return Err(WorkRefusal::AlreadyWatching);
        }
        Ok(vec![WorkEvent::WatcherAdded {
            person: person.clone(),
        }])
    }

    pub(super) fn remove_watcher(&self, person: &PersonId, context: &Context) -> Decision {
        staff(context)?;
        if !self.watchers.contains(person) {
            return Err(WorkRefusal::NotWatching);
        }
        Ok(vec![WorkEvent::WatcherRemoved {
            person: person.clone(),
        }])
    }
}

pub(super) fn notify_stage(recipients: &[PersonId], text: &Text, context: &Context) -> Decision {
    staff(context)?;
    if recipients.is_empty() {
        return Err(WorkRefusal::NoRecipients);
    }
    Ok(vec![WorkEvent::StageResultNotified {
        recipients: recipients.to_vec(),
        text: text.clone(),
    }])
}

pub(super) fn record_contact(
    contact_channel: ContactChannel,
    text: &Text,
    context: &Context,
) -> Decision {
    staff(context)?;
    Ok(vec![WorkEvent::RequesterContacted {
        contact_channel,
        text: text.clone(),
    }])
}

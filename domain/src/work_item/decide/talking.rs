//! What is said about an item, to whom, and who wants to hear of it.

use super::super::{ContactChannel, Visibility, WorkEvent, WorkItem, WorkRefusal};
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
        self.concerned(context)?;
        if context.actor.role == Role::Requester && visibility == Visibility::Internal {
            return Err(WorkRefusal::NotStaff);
        }
        // Those who work at the desk ask it for help, too.
        let from_requester = visibility == Visibility::Public && self.concerns(&context.actor.id);
        Ok(vec![WorkEvent::CommentAdded {
            visibility,
            text: text.clone(),
            from_requester,
        }])
    }

    pub(super) fn urge(&self, text: Option<&Text>, context: &Context) -> Decision {
        self.concerned(context)?;
        Ok(vec![WorkEvent::Urged {
            count: self.urge_count.saturating_add(1),
            text: text.cloned(),
        }])
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

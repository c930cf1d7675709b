//! Where somebody found right what they had done themselves. The process
//! allows some of this, on a small desk of necessity; an auditor wants to see
//! how often it happens.

use domain::configuration;
use domain::incident::{ClosedBy, Event};
use domain::likeness::folded;
use projections::{Decoded, DeskEvent};

/// Who did what that others are to find right. Of one object at a time.
#[derive(Debug, Default)]
pub(super) struct Approvals {
    resolver: Option<String>,
    leader: Option<String>,
    author: Option<String>,
    reviewer: Option<String>,
}

impl Approvals {
    /// Takes the object's next event in, and says in a sentence where it is
    /// somebody's approval of their own work.
    pub(super) fn take(&mut self, event: &Decoded) -> Option<String> {
        let actor = &*folded(&event.metadata.actor);
        // A machine follows its rule, and approves of nothing.
        let is_machine = event.metadata.rule.is_some();
        let found = match &event.event {
            DeskEvent::Incident(content) => self.incident(content, actor),
            DeskEvent::PriorityMatrix(content) => self.configuration(content, actor),
            DeskEvent::CategoryTree(content) => self.configuration(content, actor),
            _ => None,
        };
        found.filter(|_| !is_machine)
    }

    fn incident(&mut self, event: &Event, actor: &str) -> Option<String> {
        let is = |who: &Option<String>| who.as_deref() == Some(actor);
        match event {
            Event::Resolved { .. } => {
                self.resolver = Some(actor.to_owned());
                None
            }
            Event::MajorDeclared { leader, .. } => {
                self.leader = leader.as_ref().map(ToString::to_string);
                None
            }
            Event::ResolutionConfirmed {} if is(&self.resolver) => Some(format!(
                "{actor} resolved it, and confirmed the resolution for the requester's side."
            )),
            Event::Closed {
                by: ClosedBy::Desk, ..
            } if is(&self.resolver) => Some(format!(
                "{actor} resolved it, and closed it without the requester's confirmation."
            )),
            Event::ReviewCompleted { .. } if is(&self.leader) => Some(format!(
                "{actor} led the major incident, and completed its review."
            )),
            Event::ReviewCompleted { .. } if is(&self.resolver) => {
                Some(format!("{actor} resolved it, and completed its review."))
            }
            _ => None,
        }
    }

    fn configuration<C>(&mut self, event: &configuration::Event<C>, actor: &str) -> Option<String> {
        match event {
            configuration::Event::DraftSaved { drafted_by, .. } => {
                self.author = Some(drafted_by.to_string());
                self.reviewer = None;
                None
            }
            configuration::Event::ReviewPassed { reviewed_by } => {
                self.reviewer = Some(reviewed_by.to_string());
                (self.reviewer == self.author)
                    .then(|| format!("{reviewed_by} reviewed the draft that they had written."))
            }
            configuration::Event::Published { version, .. } => {
                let (author, reviewer) = (self.author.take(), self.reviewer.take());
                let is_alone =
                    author.as_deref() == Some(actor) && (reviewer.is_none() || reviewer == author);
                is_alone.then(|| {
                    format!("{actor} wrote version {version} and published it; nobody else saw it.")
                })
            }
            configuration::Event::VersionWithdrawn { .. } => None,
            configuration::Event::DraftDiscarded {} => {
                self.author = None;
                self.reviewer = None;
                None
            }
        }
    }
}

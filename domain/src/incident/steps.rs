//! When an incident's steps were taken in the world, as far as later steps
//! rest on them: nothing is resolved before the team took it on, and nothing is
//! confirmed before it was resolved.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Event, Incident};
use crate::Context;
use crate::context::Channel;
use crate::work_item::{WorkEvent, WorkRefusal};

/// What a step rests on, and what later ones rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// Where the incident stands: its status, and who has it.
    Standing,
    /// The cycle: the first contact, or the last reopening.
    Cycle,
    /// Whether it is a major incident.
    Major,
    /// The review.
    Review,
}

/// When each ground was last laid. The first contact is kept with the item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Steps {
    standing: Option<DateTime<Utc>>,
    cycle: Option<DateTime<Utc>>,
    major: Option<DateTime<Utc>>,
    review: Option<DateTime<Utc>>,
}

impl Steps {
    fn at(&self, ground: Ground) -> Option<DateTime<Utc>> {
        match ground {
            Ground::Standing => self.standing,
            Ground::Cycle => self.cycle,
            Ground::Major => self.major,
            Ground::Review => self.review,
        }
    }

    /// Takes in when an event was so in the world.
    pub(super) fn take(&mut self, event: &Event, at: DateTime<Utc>) {
        let at = Some(at);
        match event {
            Event::Reopened { .. } => {
                self.cycle = self.cycle.max(at);
                self.standing = self.standing.max(at);
            }
            Event::MajorDeclared { .. } | Event::MajorStoodDown { .. } => {
                self.major = self.major.max(at);
            }
            Event::ReviewRequired { .. } | Event::ReviewCompleted { .. } => {
                self.review = self.review.max(at);
            }
            event if moves(event) => self.standing = self.standing.max(at),
            _ => {}
        }
    }

    /// When the last of all steps was taken.
    pub(super) fn last(&self) -> Option<DateTime<Utc>> {
        let [standing, cycle, major, review] = [self.standing, self.cycle, self.major, self.review];
        standing.max(cycle).max(major).max(review)
    }
}

/// Whether an event changes where the incident stands.
fn moves(event: &Event) -> bool {
    match event {
        Event::PutOnHold { .. }
        | Event::Resumed { .. }
        | Event::Resolved { .. }
        | Event::ResolutionConfirmed {}
        | Event::ResolutionRejected { .. }
        | Event::Closed { .. }
        | Event::Reopened { .. }
        | Event::Cancelled { .. }
        | Event::StatusCorrected { .. } => true,
        Event::Work(event) => matches!(
            event,
            WorkEvent::Assigned { .. }
                | WorkEvent::AssignmentAccepted { .. }
                | WorkEvent::Returned { .. }
                | WorkEvent::Forwarded { .. }
                | WorkEvent::MergedInto { .. }
                | WorkEvent::Archived {}
        ),
        Event::DiagnosisStarted { .. }
        | Event::InitialSupportGiven { .. }
        | Event::FindingRecorded { .. }
        | Event::ExpectedResolutionSet { .. }
        | Event::WorkaroundApplied { .. }
        | Event::ServiceRestored {}
        | Event::ResolutionAnswered {}
        | Event::ConfirmationAwaited { .. }
        | Event::MajorDeclared { .. }
        | Event::MajorStoodDown { .. }
        | Event::ReviewRequired { .. }
        | Event::ReviewCompleted { .. } => false,
    }
}

/// What an event rests on. What is only written down rests on nothing: a call
/// may be noted late, and in any order.
fn grounds(event: &Event) -> &'static [Ground] {
    match event {
        // What waited for the review comes after it.
        Event::Closed { .. } => &[Ground::Standing, Ground::Review],
        Event::DiagnosisStarted { .. } | Event::Work(WorkEvent::ForwardedOutside { .. }) => {
            &[Ground::Standing]
        }
        Event::ServiceRestored {} | Event::ExpectedResolutionSet { .. } => &[Ground::Cycle],
        Event::MajorDeclared { .. } | Event::MajorStoodDown { .. } => &[Ground::Major],
        Event::ReviewCompleted { .. } => &[Ground::Review],
        event if moves(event) => &[Ground::Standing],
        _ => &[],
    }
}

impl Incident {
    /// When the latest of the steps was taken that one of these events rests
    /// on, where that is later than a time.
    pub fn step_after(&self, events: &[Event], at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let grounds = events.iter().flat_map(grounds);
        let latest = grounds.filter_map(|ground| self.steps.at(*ground)).max();
        latest.filter(|step_at| *step_at > at)
    }

    /// Whether where the incident stands was so at a time already.
    pub(super) fn stood_at(&self, at: DateTime<Utc>) -> bool {
        self.steps.standing.is_none_or(|since| since <= at)
    }

    /// No step is taken before the one that it rests on. What another desk's
    /// history says is kept as it is; its import says that it is odd.
    pub(super) fn check_order(
        &self,
        events: &[Event],
        context: &Context,
    ) -> Result<(), WorkRefusal> {
        match self.step_after(events, context.effective_at) {
            Some(step_at) if context.channel != Channel::Import => {
                Err(WorkRefusal::EffectiveBeforeStep { step_at })
            }
            _ => Ok(()),
        }
    }
}

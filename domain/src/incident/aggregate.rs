//! What an incident remembers, and how its events change that. What may
//! happen to it is decided in `decide`.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use strum::AsRefStr;

use super::steps::Steps;
use super::{Command, Error, Event, HoldReason, Status};
use crate::ids::PersonId;
use crate::work_item::{Handling, Stage, WorkEvent, WorkItem};
use crate::{Context, Decider};

/// What an incident's decisions read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that are independent of each other and of the status"
)]
pub struct Incident {
    pub(super) status: Status,
    pub(super) work: WorkItem,
    pub(super) diagnosing: bool,
    pub(super) held_for: Option<HoldReason>,
    pub(super) held_until: Option<DateTime<Utc>>,
    pub(super) restored: bool,
    pub(super) expected_at: Option<DateTime<Utc>>,
    pub(super) confirm_by: Option<DateTime<Utc>>,
    /// Whether the requester has answered a resolution and the desk has not.
    pub(super) answered: bool,
    pub(super) reopen_until: Option<DateTime<Utc>>,
    /// Counted from 1 at the registration; 0 before it.
    pub(super) cycle: u32,
    pub(super) major: bool,
    /// Whether it ever was a major incident, in any cycle.
    pub(super) was_major: bool,
    pub(super) review: Review,
    /// Who resolved, cancelled or merged it in this cycle.
    pub(super) ended_by: Option<PersonId>,
    pub(super) steps: Steps,
}

/// Whether a post-incident review is due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, AsRefStr)]
pub enum Review {
    /// Nobody has asked for one.
    #[default]
    None,
    /// It must be completed before the closing.
    Due,
    /// It is completed.
    Completed,
}

impl Incident {
    /// Whether the stream has an incident.
    pub fn exists(&self) -> bool {
        self.cycle > 0
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The kernel's part.
    pub fn work(&self) -> &WorkItem {
        &self.work
    }

    /// Whether it still accepts work.
    pub fn is_open(&self) -> bool {
        matches!(
            self.stage(),
            Stage::Open | Stage::Suspended | Stage::Resolved
        )
    }

    /// Until when the requester may answer, while the incident is resolved.
    pub fn confirm_by(&self) -> Option<DateTime<Utc>> {
        self.confirm_by
    }

    /// What the work waits for, while the incident is on hold.
    pub fn held_for(&self) -> Option<HoldReason> {
        self.held_for
    }

    pub(super) fn stage(&self) -> Stage {
        match self.status {
            Status::New | Status::Assigned | Status::Returned | Status::InProgress => Stage::Open,
            Status::OnHold => Stage::Suspended,
            Status::Resolved => Stage::Resolved,
            Status::Closed => Stage::Closed,
            Status::Cancelled | Status::Merged => Stage::Ended,
        }
    }
}

impl Aggregate for Incident {
    const TYPE: &'static str = "incident";
    type Command = Command;
    type Event = Event;
    type Error = Error;
    type Services = Context;

    async fn handle(
        &mut self,
        command: Command,
        context: &Context,
        sink: &EventSink<Self>,
    ) -> Result<(), Error> {
        for event in self.decide(&command, context)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        let told = match &event {
            Event::Cancelled { told, .. } | Event::Work(WorkEvent::MergedInto { told, .. }) => {
                told.clone()
            }
            _ => Vec::new(),
        };
        self.take(event);
        let is_over = matches!(self.stage(), Stage::Resolved | Stage::Closed | Stage::Ended);
        self.work.set_over(is_over, &told);
    }
}

impl Incident {
    fn take(&mut self, event: Event) {
        match event {
            Event::Work(event) => self.apply_work(&event),
            Event::DiagnosisStarted { .. } => self.diagnosing = true,
            Event::ExpectedResolutionSet { to, .. } => self.expected_at = Some(to),
            Event::PutOnHold { reason, until, .. } => {
                self.status = Status::OnHold;
                self.held_for = Some(reason);
                self.held_until = until;
            }
            Event::Resumed { .. } => {
                self.status = Status::InProgress;
                self.end_hold();
            }
            Event::ResolutionRejected { .. } => self.begin_anew(),
            Event::ServiceRestored {} => self.restored = true,
            Event::Resolved {
                confirm_by,
                resolved_by,
                ..
            } => {
                self.status = Status::Resolved;
                self.end_hold();
                self.confirm_by = confirm_by;
                self.ended_by = resolved_by;
                self.answered = false;
            }
            Event::ResolutionAnswered {} => {
                self.confirm_by = None;
                self.answered = true;
            }
            Event::ConfirmationAwaited { confirm_by } => {
                self.confirm_by = Some(confirm_by);
                self.answered = false;
            }
            Event::Closed { reopen_until, .. } => {
                self.status = Status::Closed;
                self.confirm_by = None;
                self.answered = false;
                self.reopen_until = reopen_until;
            }
            Event::Reopened { cycle, .. } => {
                self.begin_anew();
                self.expected_at = None;
                self.cycle = cycle;
            }
            Event::Cancelled { cancelled_by, .. } => {
                self.status = Status::Cancelled;
                self.end_hold();
                self.ended_by = cancelled_by;
            }
            Event::MajorDeclared { .. } => {
                self.major = true;
                self.was_major = true;
            }
            Event::MajorStoodDown { .. } => self.major = false,
            Event::ReviewRequired { .. } => self.review = Review::Due,
            Event::ReviewCompleted { .. } => self.review = Review::Completed,
            Event::StatusCorrected { to, .. } => {
                self.correct_to(to);
                self.work.settle(handling_at(to));
            }
            Event::FindingRecorded { .. }
            | Event::WorkaroundApplied { .. }
            | Event::InitialSupportGiven { .. }
            | Event::ResolutionConfirmed {} => {}
        }
    }
}

/// How far a hand-over has come at a status, where the status says that.
fn handling_at(status: Status) -> Option<Handling> {
    match status {
        Status::New => Some(Handling::Unassigned),
        Status::Assigned => Some(Handling::Assigned),
        Status::Returned => Some(Handling::Returned),
        Status::InProgress | Status::OnHold => Some(Handling::Accepted),
        Status::Resolved | Status::Closed | Status::Cancelled | Status::Merged => None,
    }
}

impl Incident {
    fn apply_work(&mut self, event: &WorkEvent) {
        self.work.apply(event);
        match event {
            WorkEvent::Registered { .. } => self.cycle = 1,
            WorkEvent::Assigned { .. } | WorkEvent::Forwarded { .. } => {
                self.status = Status::Assigned;
                self.diagnosing = false;
            }
            WorkEvent::AssignmentAccepted { .. } => self.status = Status::InProgress,
            WorkEvent::Returned { .. } => self.status = Status::Returned,
            WorkEvent::MergedInto { merged_by, .. } => {
                self.status = Status::Merged;
                self.end_hold();
                self.ended_by.clone_from(merged_by);
            }
            _ => {}
        }
    }

    fn end_hold(&mut self) {
        self.held_for = None;
        self.held_until = None;
    }

    /// A history taken over says where the incident stands.
    fn correct_to(&mut self, status: Status) {
        let restored = self.restored;
        self.begin_anew();
        self.status = status;
        if matches!(self.stage(), Stage::Resolved | Stage::Closed | Stage::Ended) {
            self.restored = restored;
        }
    }

    /// Work begins anew with whoever has the incident; what its end had
    /// settled is open again.
    fn begin_anew(&mut self) {
        self.status = Status::InProgress;
        self.diagnosing = false;
        self.restored = false;
        self.end_hold();
        self.confirm_by = None;
        self.answered = false;
        self.reopen_until = None;
        self.ended_by = None;
        // What was learnt of an end that was none is not what is to be learnt
        // of the next one; a review that is still due stays so.
        if self.review == Review::Completed {
            self.review = Review::None;
        }
    }
}

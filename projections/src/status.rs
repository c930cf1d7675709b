//! What events do to an incident's status, as the incident's own `apply` has
//! it; a test holds the two equal.

use domain::incident::{Event, Status};
use domain::work_item::{Stage, WorkEvent};

/// The status after an event, where the event changes it.
pub(crate) fn incident_status_after(event: &Event) -> Option<Status> {
    match event {
        Event::Work(event) => match event {
            WorkEvent::Registered { .. } => Some(Status::New),
            WorkEvent::Assigned { .. } | WorkEvent::Forwarded { .. } => Some(Status::Assigned),
            WorkEvent::AssignmentAccepted { .. } => Some(Status::InProgress),
            WorkEvent::Returned { .. } => Some(Status::Returned),
            WorkEvent::MergedInto { .. } => Some(Status::Merged),
            _ => None,
        },
        Event::PutOnHold { .. } => Some(Status::OnHold),
        Event::Resumed { .. } | Event::ResolutionRejected { .. } | Event::Reopened { .. } => {
            Some(Status::InProgress)
        }
        Event::Resolved { .. } => Some(Status::Resolved),
        Event::Closed { .. } => Some(Status::Closed),
        Event::Cancelled { .. } => Some(Status::Cancelled),
        Event::StatusCorrected { to, .. } => Some(*to),
        Event::DiagnosisStarted { .. }
        | Event::FindingRecorded { .. }
        | Event::ExpectedResolutionSet { .. }
        | Event::WorkaroundApplied { .. }
        | Event::InitialSupportGiven { .. }
        | Event::ServiceRestored {}
        | Event::ResolutionAnswered {}
        | Event::ConfirmationAwaited { .. }
        | Event::ResolutionConfirmed {}
        | Event::MajorDeclared { .. }
        | Event::MajorStoodDown { .. }
        | Event::ReviewRequired { .. }
        | Event::ReviewCompleted { .. } => None,
    }
}

/// What an incident's status means in any practice.
pub(crate) fn incident_stage(status: Status) -> Stage {
    match status {
        Status::New | Status::Assigned | Status::Returned | Status::InProgress => Stage::Open,
        Status::OnHold => Stage::Suspended,
        Status::Resolved => Stage::Resolved,
        Status::Closed => Stage::Closed,
        Status::Cancelled | Status::Merged => Stage::Ended,
    }
}

/// Whether an item still accepts work.
pub(crate) fn is_open(stage: Stage) -> bool {
    matches!(stage, Stage::Open | Stage::Suspended | Stage::Resolved)
}

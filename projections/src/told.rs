//! What somebody said with an event, wherever in the event it stands.

use domain::incident::Event;
use domain::text::Text;
use domain::work_item::WorkEvent;

/// What somebody said with an event.
#[derive(Debug, Default)]
pub(crate) struct Told<'a> {
    /// Why they did it.
    pub(crate) reason: Option<&'a str>,
    /// What they wrote.
    pub(crate) text: Option<&'a str>,
}

/// What somebody said with an event.
pub(crate) fn told(event: &Event) -> Told<'_> {
    match event {
        Event::Work(event) => told_of_work(event),
        Event::DiagnosisStarted { hypothesis } => Told {
            text: hypothesis.as_ref().map(Text::as_str),
            reason: None,
        },
        Event::FindingRecorded { text }
        | Event::WorkaroundApplied { text }
        | Event::ReviewCompleted { text }
        | Event::Resolved { solution: text, .. } => Told {
            text: Some(text.as_str()),
            reason: None,
        },
        Event::PutOnHold { text, .. } => Told {
            text: text.as_ref().map(Text::as_str),
            reason: None,
        },
        Event::ExpectedResolutionSet { reason, .. }
        | Event::Closed {
            no_feedback_reason: reason,
            ..
        } => Told {
            reason: reason.as_ref().map(Text::as_str),
            text: None,
        },
        Event::ResolutionRejected { reason }
        | Event::Reopened { reason, .. }
        | Event::Cancelled { reason, .. }
        | Event::MajorDeclared { reason, .. }
        | Event::MajorStoodDown { reason }
        | Event::StatusCorrected { reason, .. } => Told {
            reason: Some(reason.as_str()),
            text: None,
        },
        Event::InitialSupportGiven {
            answer, workaround, ..
        } => Told {
            text: answer.as_ref().or(workaround.as_ref()).map(Text::as_str),
            reason: None,
        },
        Event::Resumed { .. }
        | Event::ServiceRestored {}
        | Event::ResolutionAnswered {}
        | Event::ConfirmationAwaited { .. }
        | Event::ResolutionConfirmed {}
        | Event::ReviewRequired { .. } => Told::default(),
    }
}

fn told_of_work(event: &WorkEvent) -> Told<'_> {
    match event {
        WorkEvent::CommentAdded { text, .. }
        | WorkEvent::StageResultNotified { text, .. }
        | WorkEvent::RequesterContacted { text, .. } => Told {
            text: Some(text.as_str()),
            reason: None,
        },
        WorkEvent::Urged { text, .. } | WorkEvent::EffortLogged { text, .. } => Told {
            text: text.as_ref().map(Text::as_str),
            reason: None,
        },
        WorkEvent::PriorityOverridden { reason, .. }
        | WorkEvent::Returned { reason, .. }
        | WorkEvent::EscalatedFunctionally { reason, .. }
        | WorkEvent::EscalatedHierarchically { reason, .. }
        | WorkEvent::DetailsCorrected { reason, .. }
        | WorkEvent::MergedInto { reason, .. } => Told {
            reason: Some(reason.as_str()),
            text: None,
        },
        WorkEvent::Forwarded { reason, .. } | WorkEvent::ForwardedOutside { reason, .. } => Told {
            reason: reason.as_ref().map(Text::as_str),
            text: None,
        },
        _ => Told::default(),
    }
}

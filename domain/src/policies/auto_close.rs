//! A resolved incident that nobody confirms or rejects within its window is
//! closed by the desk (INC-29). What the requester says meanwhile stops the
//! window until the desk has answered.

use super::TimerChange;
use crate::incident::{Command, Event};
use crate::text::Text;
use crate::work_item::WorkEvent;

/// The rule and its version, as they stand in the log beside what it does.
pub const RULE: &str = "auto-close@1";

/// The names of the events that mean something for a timer.
pub const EVENTS: &[&str] = &[
    "Resolved",
    "ResolutionAnswered",
    "ConfirmationAwaited",
    "ResolutionConfirmed",
    "ResolutionRejected",
    "Closed",
    "Reopened",
    "Cancelled",
    "StatusCorrected",
    "MergedInto",
    "ReviewCompleted",
];

/// What an event means for the timer of its incident, if anything.
pub fn on_event(event: &Event) -> Option<TimerChange> {
    match event {
        Event::Resolved { confirm_by, .. } => Some(match confirm_by {
            Some(due_at) => TimerChange::Start { due_at: *due_at },
            None => TimerChange::Stop,
        }),
        Event::ConfirmationAwaited { confirm_by } => Some(TimerChange::Start {
            due_at: *confirm_by,
        }),
        Event::ResolutionAnswered {}
        | Event::ResolutionConfirmed {}
        | Event::ResolutionRejected { .. }
        | Event::Closed { .. }
        | Event::Reopened { .. }
        | Event::Cancelled { .. }
        | Event::StatusCorrected { .. }
        | Event::Work(WorkEvent::MergedInto { .. }) => Some(TimerChange::Stop),
        Event::ReviewCompleted { .. } => Some(TimerChange::TryAgain),
        _ => None,
    }
}

/// What the desk does when a timer has gone off.
pub fn on_due() -> Command {
    let reason = Text::new(
        "用户在确认期限内未答复。The requester did not answer within the time to confirm.",
    );
    Command::CloseUnanswered {
        reason: reason.unwrap_or_else(|_| unreachable!("the text is neither empty nor long")),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::text::Line;

    fn resolved(confirm_by: Option<DateTime<Utc>>) -> Event {
        Event::Resolved {
            code: Line::new("Fixed").unwrap(),
            cause: None,
            solution: Text::new("Restarted").unwrap(),
            knowledge: None,
            at_first_contact: false,
            resolved_by: None,
            confirm_by,
        }
    }

    #[test]
    fn a_resolution_starts_the_timer_at_the_end_of_its_window() {
        let due_at = DateTime::UNIX_EPOCH;
        assert_eq!(
            on_event(&resolved(Some(due_at))),
            Some(TimerChange::Start { due_at })
        );
    }

    #[test]
    fn a_resolution_of_a_history_taken_over_starts_none() {
        assert_eq!(on_event(&resolved(None)), Some(TimerChange::Stop));
    }

    #[test]
    fn an_answer_stops_it_and_a_review_lets_it_try_again() {
        assert_eq!(
            on_event(&Event::ResolutionConfirmed {}),
            Some(TimerChange::Stop)
        );
        let reviewed = Event::ReviewCompleted {
            text: Text::new("Learnt").unwrap(),
        };
        assert_eq!(on_event(&reviewed), Some(TimerChange::TryAgain));
    }

    #[test]
    fn what_the_requester_says_stops_it_until_the_desk_has_answered() {
        let due_at = DateTime::UNIX_EPOCH;
        assert_eq!(
            on_event(&Event::ResolutionAnswered {}),
            Some(TimerChange::Stop)
        );
        assert_eq!(
            on_event(&Event::ConfirmationAwaited { confirm_by: due_at }),
            Some(TimerChange::Start { due_at })
        );
    }

    #[test]
    fn nothing_else_touches_it() {
        assert_eq!(on_event(&Event::ServiceRestored {}), None);
    }
}

//! Work that was to wait until a time goes on when that time has come.

use super::TimerChange;
use crate::incident::{Command, Event};
use crate::work_item::WorkEvent;

/// The rule and its version, as they stand in the log beside what it does.
pub const RULE: &str = "hold-end@1";

/// The names of the events that mean something for a timer.
pub const EVENTS: &[&str] = &[
    "PutOnHold",
    "Resumed",
    "Resolved",
    "Cancelled",
    "StatusCorrected",
    "MergedInto",
];

/// What an event means for the timer of its incident, if anything.
pub fn on_event(event: &Event) -> Option<TimerChange> {
    match event {
        Event::PutOnHold { until, .. } => Some(match until {
            Some(due_at) => TimerChange::Start { due_at: *due_at },
            None => TimerChange::Stop,
        }),
        Event::Resumed { .. }
        | Event::Resolved { .. }
        | Event::Cancelled { .. }
        | Event::StatusCorrected { .. }
        | Event::Work(WorkEvent::MergedInto { .. }) => Some(TimerChange::Stop),
        _ => None,
    }
}

/// What the desk does when a timer has gone off.
pub fn on_due() -> Command {
    Command::EndHold
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::incident::HoldReason;

    fn held(until: Option<DateTime<Utc>>) -> Event {
        Event::PutOnHold {
            reason: HoldReason::Supplier,
            text: None,
            until,
        }
    }

    #[test]
    fn a_hold_with_an_end_starts_the_timer_and_one_without_starts_none() {
        let due_at = DateTime::UNIX_EPOCH;
        assert_eq!(
            on_event(&held(Some(due_at))),
            Some(TimerChange::Start { due_at })
        );
        assert_eq!(on_event(&held(None)), Some(TimerChange::Stop));
    }

    #[test]
    fn whatever_ends_the_hold_stops_it() {
        let resumed = Event::Resumed {
            requester_replied: true,
        };
        assert_eq!(on_event(&resumed), Some(TimerChange::Stop));
        assert_eq!(on_event(&Event::ServiceRestored {}), None);
    }
}

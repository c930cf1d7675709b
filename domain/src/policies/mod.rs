//! Reactions: what the desk itself does when something has happened. Pure
//! functions from events to what follows; process managers in the service run
//! them, each with its own checkpoint and with command ids that derive from
//! the event, so that a repeated event does nothing twice.

pub mod auto_close;
pub mod hold_end;
pub mod merging;

use chrono::{DateTime, Utc};

/// What an event means for a timer of a process manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerChange {
    /// The desk acts then, unless something happens before.
    Start {
        /// When the desk acts.
        due_at: DateTime<Utc>,
    },
    /// There is nothing to do any more.
    Stop,
    /// What kept the desk from acting is gone: it tries again, and what it
    /// does counts as of this event at the earliest.
    TryAgain,
}

//! What goes into the log, and what the log answers.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The events of one command, to be appended to one stream together or not
/// at all.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The kind of aggregate that the stream belongs to.
    pub aggregate_type: &'static str,
    /// The aggregate that the stream belongs to.
    pub aggregate_id: Uuid,
    /// The version that the decision was made on: the sequence of the stream's
    /// last event, 0 for a stream that does not exist yet.
    pub expected_version: i64,
    /// The command that caused the events. The log stores a command once.
    pub command_id: Uuid,
    /// Hash of the command's content: tells a repetition from a reused id.
    pub request_hash: [u8; 16],
    /// What happened, in order; at least one event.
    pub events: Vec<NewEvent>,
    /// Canonical JSON that every event of the commit carries.
    pub metadata: Box<str>,
    /// Keys that the aggregate claims for itself with this commit.
    pub reservations: Vec<Reservation>,
    /// The other streams that the decision has read. If one of them has moved,
    /// the commit is a conflict.
    pub rests_on: Vec<StreamVersion>,
}

impl Commit {
    /// About how much memory the commit takes on its way to the server.
    pub(crate) fn weight(&self) -> usize {
        const FIXED: usize = 256;
        let events: usize = self
            .events
            .iter()
            .map(|event| FIXED + event.payload.len() + self.metadata.len())
            .sum();
        FIXED * (1 + self.rests_on.len()) + events
    }
}

/// An event that has not been recorded yet.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The event's name in the past tense, as stored.
    pub event_type: String,
    /// The version of the payload's shape, `1.0` unless it ever changed.
    pub event_version: String,
    /// Canonical JSON of what happened.
    pub payload: Box<str>,
}

/// A key that only one aggregate may hold: a ticket number, a login, the
/// reference of an outside system. Once taken it stays taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reservation {
    /// What kind of key it is; keys of different scopes do not meet.
    pub scope: &'static str,
    /// The key itself.
    pub key: String,
}

/// A stream as somebody has read it: a decision about one aggregate that rests
/// on another one names it so, and holds only while it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamVersion {
    /// The kind of aggregate that the stream belongs to.
    pub aggregate_type: &'static str,
    /// The aggregate that the stream belongs to.
    pub aggregate_id: Uuid,
    /// The sequence of its last event, 0 for a stream that does not exist.
    pub version: i64,
}

/// Where the events of a command stand in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Position of the first event.
    pub from: i64,
    /// Position of the last event.
    pub to: i64,
    /// Version of the stream after the last event.
    pub version: i64,
    /// When the log knew.
    pub recorded_at: DateTime<Utc>,
    /// The command was already in the log: this is the answer that it had
    /// then, and nothing was stored now.
    pub duplicate: bool,
}

/// A command that the log has stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCommand {
    /// The kind of aggregate that it changed.
    pub aggregate_type: String,
    /// The aggregate that it changed.
    pub aggregate_id: Uuid,
    /// Hash of the content that it had.
    pub request_hash: [u8; 16],
    /// The answer that it got, marked as a duplicate.
    pub appended: Appended,
}

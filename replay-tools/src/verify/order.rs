//! What holds from one event to the next in the order of positions.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use event_store::RecordedEvent;
use uuid::Uuid;

use super::Finding;
use crate::output::rfc3339;

/// A reader who goes by position.
#[derive(Debug, Default)]
pub(super) struct Order {
    last: Option<Last>,
}

/// What is remembered of the last event.
#[derive(Debug)]
struct Last {
    position: i64,
    aggregate_type: Arc<str>,
    aggregate_id: Uuid,
    sequence: i64,
    metadata: String,
    command_id: Uuid,
    command_index: i16,
    recorded_at: DateTime<Utc>,
}

impl Order {
    /// Goes on to the next event.
    pub(super) fn take(&mut self, event: &RecordedEvent) -> Result<(), Finding> {
        let problem = match &self.last {
            None => after_nothing(event),
            Some(last) => last.before(event),
        };
        // The text is only copied: there is room for it from the last one.
        let mut metadata = self
            .last
            .take()
            .map(|last| last.metadata)
            .unwrap_or_default();
        metadata.clear();
        metadata.push_str(&event.metadata);
        self.last = Some(Last {
            position: event.position,
            aggregate_type: Arc::clone(&event.aggregate_type),
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            metadata,
            command_id: event.command_id,
            command_index: event.command_index,
            recorded_at: event.recorded_at,
        });
        problem.map_or(Ok(()), Err)
    }

    /// Whether the last event was the head.
    pub(super) fn finish(&self, head: i64) -> Option<Finding> {
        let last = self.last.as_ref().map_or(0, |last| last.position);
        (last < head).then(|| {
            Finding::new(
                last + 1,
                format!(
                    "position {} is missing: the log ends at {last}, and its head is at {head}",
                    last + 1
                ),
            )
        })
    }
}

fn after_nothing(event: &RecordedEvent) -> Option<Finding> {
    let position = event.position;
    if position != 1 {
        return Some(missing(0, position));
    }
    (event.command_index != 0).then(|| torn(event))
}

impl Last {
    /// What is wrong about an event that comes next.
    fn before(&self, event: &RecordedEvent) -> Option<Finding> {
        let position = event.position;
        if position != self.position + 1 {
            return Some(missing(self.position, position));
        }
        if event.recorded_at < self.recorded_at {
            return Some(Finding::new(
                position,
                format!(
                    "position {position} was recorded at {}, before the position that it follows \
                     ({})",
                    rfc3339(event.recorded_at),
                    rfc3339(self.recorded_at)
                ),
            ));
        }
        if event.command_index == 0 {
            return None;
        }
        // The events of a command are appended together, behind each other.
        if event.command_id != self.command_id || event.command_index != self.command_index + 1 {
            return Some(torn(event));
        }
        let is_same_step = event.aggregate_id == self.aggregate_id
            && event.aggregate_type == self.aggregate_type
            && event.sequence == self.sequence + 1
            && event.recorded_at == self.recorded_at
            && *event.metadata == *self.metadata;
        (!is_same_step).then(|| {
            Finding::new(
                position,
                format!(
                    "the event at position {position} does not go on with its command: stream, \
                     sequence, time or envelope differ from those of the event before it"
                ),
            )
        })
    }
}

fn missing(last: i64, position: i64) -> Finding {
    let expected = last + 1;
    let problem = if position < expected {
        format!("position {position} stands in the log twice")
    } else {
        format!("position {expected} is missing: the next event is at {position}")
    };
    Finding::new(expected.min(position), problem)
}

fn torn(event: &RecordedEvent) -> Finding {
    let (position, index) = (event.position, event.command_index);
    Finding::new(
        position,
        format!(
            "the event at position {position} is number {index} of its command, counted from 0, \
             and does not follow number {}",
            index - 1
        ),
    )
}

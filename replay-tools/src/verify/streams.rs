//! What holds within each stream: a sequence without a gap, in the order of
//! positions, and events that fold.

use std::collections::HashMap;
use std::sync::Arc;

use event_store::RecordedEvent;
use projections::DeskEvent;
use uuid::Uuid;

use super::Finding;
use super::fold::State;

/// A reader who goes stream by stream. Holds one aggregate at a time.
#[derive(Debug, Default)]
pub(super) struct Streams {
    current: Option<Stream>,
    count: i64,
    found: Option<Finding>,
}

#[derive(Debug)]
struct Stream {
    aggregate_type: Arc<str>,
    aggregate_id: Uuid,
    sequence: i64,
    position: i64,
    state: State,
}

impl Streams {
    /// Goes on to the next event.
    pub(super) fn take(&mut self, event: &RecordedEvent) {
        let is_next_stream = self.current.as_ref().is_none_or(|stream| {
            stream.aggregate_id != event.aggregate_id
                || stream.aggregate_type != event.aggregate_type
        });
        if is_next_stream {
            self.count += 1;
            self.current = Some(Stream::new(event));
        }
        if let Some(stream) = &mut self.current {
            let found = stream.take(event);
            self.found = Finding::first(self.found.take(), found);
        }
    }

    /// How many streams there are.
    pub(super) fn count(&self) -> i64 {
        self.count
    }

    /// What is wrong at the first position.
    pub(super) fn found(self) -> Option<Finding> {
        self.found
    }
}

/// A reader who goes by position and keeps every stream in mind.
#[derive(Debug)]
pub(super) struct ManyStreams {
    /// By the last bits of the aggregate's identity: a table that grows is
    /// moved as a whole, and while a small one is, nobody has to wait for long.
    shares: Vec<HashMap<(Arc<str>, Uuid), Stream>>,
}

impl ManyStreams {
    const SHARES: usize = 256;

    /// Goes on to the next event of any stream.
    pub(super) fn take(&mut self, event: &RecordedEvent, decoded: DeskEvent) -> Option<Finding> {
        let [.., last] = *event.aggregate_id.as_bytes();
        let key = (Arc::clone(&event.aggregate_type), event.aggregate_id);
        self.shares[usize::from(last)]
            .entry(key)
            .or_insert_with(|| Stream::new(event))
            .take_decoded(event, decoded)
    }

    /// How many streams there are.
    pub(super) fn count(&self) -> usize {
        self.shares.iter().map(HashMap::len).sum()
    }
}

impl Default for ManyStreams {
    fn default() -> Self {
        Self {
            shares: std::iter::repeat_with(HashMap::new)
                .take(Self::SHARES)
                .collect(),
        }
    }
}

impl Stream {
    fn new(event: &RecordedEvent) -> Self {
        Self {
            aggregate_type: Arc::clone(&event.aggregate_type),
            aggregate_id: event.aggregate_id,
            sequence: 0,
            position: 0,
            state: State::None,
        }
    }

    /// Goes on to the next event, which has been read already.
    fn take_decoded(&mut self, event: &RecordedEvent, decoded: DeskEvent) -> Option<Finding> {
        let found = self.out_of_order(event);
        self.sequence = event.sequence;
        self.position = event.position;
        let contradiction = self.state.take_decoded(event, decoded);
        found.or(contradiction.map(|problem| Finding::new(event.position, problem)))
    }

    fn take(&mut self, event: &RecordedEvent) -> Option<Finding> {
        let found = self.out_of_order(event);
        self.sequence = event.sequence;
        self.position = event.position;
        let contradiction = self.state.take(event);
        found.or(contradiction.map(|problem| Finding::new(event.position, problem)))
    }

    fn out_of_order(&self, event: &RecordedEvent) -> Option<Finding> {
        let (last, last_position) = (self.sequence, self.position);
        let (sequence, position) = (event.sequence, event.position);
        let stream = format_args!("{} {}", self.aggregate_type, self.aggregate_id);
        if sequence <= last {
            // Of the two, the one that came later is one too many.
            return Some(Finding::new(
                position.max(last_position),
                format!("event {sequence} of {stream} stands in the log twice"),
            ));
        }
        if sequence > last + 1 {
            let problem = if last == 0 {
                format!("{stream} begins with event {sequence}, at position {position}")
            } else {
                format!(
                    "event {} of {stream} is missing: event {sequence}, at position {position}, \
                     follows event {last}",
                    last + 1
                )
            };
            return Some(Finding::new(position, problem));
        }
        (position <= last_position).then(|| {
            Finding::new(
                position,
                format!(
                    "event {sequence} of {stream} stands at position {position}, before event \
                     {last} at position {last_position}"
                ),
            )
        })
    }
}

//! The log, one stream after the other: all events of an object, then those
//! of the next. Whoever reads so holds one object at a time, however long the
//! log is.

use std::pin::Pin;
use std::sync::Arc;
use std::vec::IntoIter;

use anyhow::Context;
use event_store::{Audit, RecordedEvent, StoreError};
use futures_util::{Stream, StreamExt, TryStreamExt};
use projections::Decoded;

type Chunks = Pin<Box<dyn Stream<Item = Result<Vec<RecordedEvent>, StoreError>> + Send>>;

/// A reader who goes stream by stream, in the order of kinds and identities.
pub(crate) struct LogStreams {
    chunks: Chunks,
    chunk: IntoIter<RecordedEvent>,
    /// The first event of the next stream, which has been read already.
    ahead: Option<RecordedEvent>,
}

impl LogStreams {
    /// Reads everything up to a position.
    pub(crate) fn read(audit: &Audit, upto: i64) -> Self {
        Self {
            chunks: Box::pin(audit.scan_streams(upto).fuse()),
            chunk: Vec::new().into_iter(),
            ahead: None,
        }
    }

    /// The events of the next stream, in order; nothing behind the last.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Vec<Decoded>>> {
        let Some(first) = self.event().await? else {
            return Ok(None);
        };
        let (kind, id) = (Arc::clone(&first.aggregate_type), first.aggregate_id);
        let mut events = vec![decoded(first)?];
        while let Some(event) = self.event().await? {
            if event.aggregate_id != id || event.aggregate_type != kind {
                self.ahead = Some(event);
                break;
            }
            events.push(decoded(event)?);
        }
        Ok(Some(events))
    }

    async fn event(&mut self) -> anyhow::Result<Option<RecordedEvent>> {
        if let Some(event) = self.ahead.take() {
            return Ok(Some(event));
        }
        loop {
            if let Some(event) = self.chunk.next() {
                return Ok(Some(event));
            }
            match self.chunks.try_next().await? {
                Some(chunk) => self.chunk = chunk.into_iter(),
                None => return Ok(None),
            }
        }
    }
}

/// An event with its content and envelope. One that cannot be read ends the
/// work: what is said of a log must not leave out events silently.
pub(crate) fn decoded(event: RecordedEvent) -> anyhow::Result<Decoded> {
    Decoded::new(Arc::new(event)).context("the record is damaged; run `docket-replay verify`")
}

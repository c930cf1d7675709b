//! Events on their way to a projection: what it has no interest in is left
//! out, the rest is decoded, and a bad one ends the batch before it.

use std::sync::Arc;

use event_store::{Log, RecordedEvent, StoreError};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::projection::Interest;
use crate::{Decoded, ProjectionError, ProjectionName};

/// Decoded events, contiguous up to a position.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Those that the projection is interested in.
    pub(crate) events: Vec<Decoded>,
    /// The position up to which the batch reaches.
    pub(crate) last: i64,
    /// Why it does not reach further: something is wrong behind `last`.
    pub(crate) problem: Option<ProjectionError>,
}

impl Batch {
    /// Decodes what a projection needs of events that follow a position.
    pub(crate) fn decode(
        name: ProjectionName,
        after: i64,
        events: impl IntoIterator<Item = Arc<RecordedEvent>>,
    ) -> Self {
        let mut batch = Self {
            events: Vec::new(),
            last: after,
            problem: None,
        };
        let mut events = events.into_iter();
        while let Some(event) = events.next() {
            let position = event.position;
            if position != batch.last + 1 {
                batch.problem = Some(missing(batch.last + 1));
                return batch;
            }
            let decoded = match name.interest(&event.aggregate_type, &event.event_type) {
                Interest::None => None,
                Interest::Envelope => Some(Decoded::envelope(event)),
                Interest::Content => Some(Decoded::new(event)),
            };
            match decoded {
                Some(Ok(decoded)) => {
                    if batch.events.is_empty() {
                        batch.events.reserve(1 + events.size_hint().0);
                    }
                    batch.events.push(decoded);
                }
                Some(Err(problem)) => {
                    batch.problem = Some(problem.into());
                    return batch;
                }
                None => {}
            }
            batch.last = position;
        }
        batch
    }
}

/// The log has no gaps: a position that is not there is a fault.
pub(crate) fn missing(position: i64) -> ProjectionError {
    ProjectionError::Store(StoreError::Corrupt {
        position,
        problem: "it is missing".to_owned(),
    })
}

/// Reads a stretch of the log ahead and decodes it on other threads, while its
/// consumer writes.
pub(crate) struct Feed {
    batches: mpsc::Receiver<Result<Batch, ProjectionError>>,
}

impl Feed {
    /// The events behind `after` up to `upto`.
    pub(crate) fn start(log: &Log, name: ProjectionName, after: i64, upto: i64) -> Self {
        const BATCHES_AHEAD: usize = 2;
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        let mut scan = log.scan(after, upto);
        tokio::spawn(async move {
            let mut position = after;
            while let Some(chunk) = scan.next().await {
                let batch = chunk
                    .map(|events| Batch::decode(name, position, events.into_iter().map(Arc::new)))
                    .map_err(ProjectionError::from);
                let goes_on = batch.as_ref().is_ok_and(|batch| batch.problem.is_none());
                position = batch.as_ref().map_or(position, |batch| batch.last);
                if sender.send(batch).await.is_err() || !goes_on {
                    return;
                }
            }
        });
        Self { batches }
    }

    /// The next batch; nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Batch, ProjectionError>> {
        self.batches.recv().await
    }
}

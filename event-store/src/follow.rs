//! Following the log: what is there already, then what comes.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::watch;

use crate::tail::{Tail, Window};
use crate::{Filter, RecordedEvent, StoreError, reading};

/// A reader that stands at a position and moves forward, event by event, with
/// neither gap nor repetition.
#[derive(Debug)]
pub struct Follower {
    pool: PgPool,
    tail: Arc<Tail>,
    seen: watch::Receiver<i64>,
    position: i64,
    max: usize,
}

impl Follower {
    const DEFAULT_MAX: usize = 1_024;

    pub(crate) fn new(pool: PgPool, tail: Arc<Tail>, after: i64) -> Self {
        Self {
            pool,
            seen: tail.subscribe(),
            tail,
            position: after.max(0),
            max: Self::DEFAULT_MAX,
        }
    }

    /// Hands out at most `n` events at a time.
    #[must_use]
    pub fn with_max(mut self, n: usize) -> Self {
        self.max = n.max(1);
        self
    }

    /// The last position that was handed out.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Waits until there is at least one further event, and hands out what is
    /// there, contiguous from the position on.
    ///
    /// After an error the follower stands where it stood and may be asked
    /// again. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Vec<Arc<RecordedEvent>>, StoreError> {
        loop {
            // Marked as seen before looking, so that what arrives while
            // looking wakes the wait below.
            self.seen.borrow_and_update();
            match self.tail.after(self.position, self.max) {
                Window::Events(events) => {
                    self.position += i64::try_from(events.len()).unwrap_or(0);
                    return Ok(events);
                }
                Window::Forgotten => {
                    let events = self.read_page().await?;
                    if let Some(last) = events.last() {
                        self.position = last.position;
                        return Ok(events);
                    }
                }
                Window::NothingYet => {}
            }
            self.seen.changed().await.map_err(|_| StoreError::Closed)?;
        }
    }

    async fn read_page(&self) -> Result<Vec<Arc<RecordedEvent>>, StoreError> {
        let limit = i64::try_from(self.max).unwrap_or(i64::MAX);
        let events = reading::page(&self.pool, self.position, limit, &Filter::default()).await?;
        for (event, expected) in events.iter().zip(self.position + 1..) {
            if event.position != expected {
                return Err(StoreError::Corrupt {
                    position: expected,
                    problem: format!("it is missing, the next one is {}", event.position),
                });
            }
        }
        Ok(events.into_iter().map(Arc::new).collect())
    }
}

//! The last few thousand events in memory, so that live readers cost the
//! database nothing.
//!
//! Two hands feed the ring: the process's own appender with what it has just
//! committed, and a reader that is woken by notifications and fetches what
//! other processes have committed. Either may be late; the ring only ever
//! grows by the next position.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Filter, RecordedEvent, StoreError, reading};

/// The channel on which a batch announces the new head.
const CHANNEL: &str = "docket_events";

/// The ring and its end.
#[derive(Debug)]
pub(crate) struct Tail {
    ring: Mutex<Ring>,
    seen: watch::Sender<i64>,
    behind: Notify,
    max_events: usize,
    max_bytes: usize,
}

/// Contiguous events that end at `last`.
#[derive(Debug)]
struct Ring {
    events: VecDeque<Arc<RecordedEvent>>,
    bytes: usize,
    last: i64,
}

/// What the ring has after a position.
pub(crate) enum Window {
    /// The next events.
    Events(Vec<Arc<RecordedEvent>>),
    /// The next events have left the ring: they are in the database.
    Forgotten,
    /// There is nothing after the position yet.
    NothingYet,
}

impl Tail {
    pub(crate) fn new(last: i64, max_events: usize, max_bytes: usize) -> Self {
        Self {
            ring: Mutex::new(Ring {
                events: VecDeque::new(),
                bytes: 0,
                last,
            }),
            seen: watch::Sender::new(last),
            behind: Notify::new(),
            max_events,
            max_bytes,
        }
    }

    pub(crate) fn seen(&self) -> i64 {
        *self.seen.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<i64> {
        self.seen.subscribe()
    }

    /// Adds contiguous events; those already known are skipped. If there is a
    /// gap before them nothing is added, and the reader is sent to fetch.
    pub(crate) fn push(&self, events: impl IntoIterator<Item = RecordedEvent>) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let before = ring.last;
        for event in events {
            if event.position <= ring.last {
                continue;
            }
            if event.position != ring.last + 1 {
                self.behind.notify_one();
                break;
            }
            ring.last = event.position;
            ring.bytes += event.weight();
            ring.events.push_back(Arc::new(event));
        }
        self.trim(&mut ring);
        let last = ring.last;
        if last > before {
            // Sent under the lock, so that the end never moves backwards.
            self.seen.send_replace(last);
        }
    }

    /// Forgets everything and goes on from a later position, where reading all
    /// that lies between would only push it through the ring.
    fn skip_to(&self, position: i64) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if position > ring.last {
            ring.events.clear();
            ring.bytes = 0;
            ring.last = position;
            self.seen.send_replace(position);
        }
    }

    /// Up to `max` events after a position.
    pub(crate) fn after(&self, position: i64, max: usize) -> Window {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if position >= ring.last {
            return Window::NothingYet;
        }
        let Some(first) = ring.events.front().map(|event| event.position) else {
            return Window::Forgotten;
        };
        let Ok(start) = usize::try_from(position + 1 - first) else {
            return Window::Forgotten;
        };
        Window::Events(ring.events.iter().skip(start).take(max).cloned().collect())
    }

    fn trim(&self, ring: &mut Ring) {
        while ring.events.len() > self.max_events || ring.bytes > self.max_bytes {
            let Some(event) = ring.events.pop_front() else {
                break;
            };
            ring.bytes -= event.weight();
        }
    }
}

/// Fetches what others have committed.
pub(crate) struct TailReader {
    pool: PgPool,
    tail: Arc<Tail>,
    poll_interval: Duration,
    closing: CancellationToken,
}

impl TailReader {
    const PAGE: i64 = 2_048;
    const FIRST_PAUSE: Duration = Duration::from_millis(50);
    const LONGEST_PAUSE: Duration = Duration::from_secs(2);

    pub(crate) fn new(
        pool: PgPool,
        tail: Arc<Tail>,
        poll_interval: Duration,
        closing: CancellationToken,
    ) -> Self {
        Self {
            pool,
            tail,
            poll_interval,
            closing,
        }
    }

    /// Runs until the log is closed, whatever happens to the connections.
    pub(crate) async fn run(self) {
        let closing = self.closing.clone();
        let mut pause = Self::FIRST_PAUSE;
        let work = async {
            loop {
                let started = Instant::now();
                if let Err(error) = self.listen().await {
                    tracing::warn!(%error, "the tail of the log lost its connection and connects again");
                }
                if started.elapsed() > Self::LONGEST_PAUSE {
                    pause = Self::FIRST_PAUSE;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Self::LONGEST_PAUSE);
            }
        };
        closing.run_until_cancelled(work).await;
        self.pool.close().await;
    }

    /// Listens and fetches until something fails.
    async fn listen(&self) -> Result<(), StoreError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            self.catch_up().await?;
            // A notification only says that it is worth looking; so do a gap
            // before the appender's own events, a connection that was lost
            // for a moment, and the clock.
            let wait = async {
                loop {
                    match listener.try_recv().await {
                        Ok(Some(notification)) if self.is_old_news(notification.payload()) => {}
                        other => return other.map(|_| ()),
                    }
                }
            };
            tokio::select! {
                received = wait => received?,
                () = self.tail.behind.notified() => {}
                () = tokio::time::sleep(self.poll_interval) => {}
            }
        }
    }

    fn is_old_news(&self, payload: &str) -> bool {
        payload
            .parse::<i64>()
            .is_ok_and(|position| position <= self.tail.seen())
    }

    async fn catch_up(&self) -> Result<(), StoreError> {
        let head = reading::head(&self.pool).await?.position;
        if head - self.tail.seen() > i64::try_from(self.tail.max_events).unwrap_or(i64::MAX) {
            self.tail.skip_to(head);
        }
        loop {
            let seen = self.tail.seen();
            if seen >= head {
                return Ok(());
            }
            let events = reading::page(&self.pool, seen, Self::PAGE, &Filter::default()).await?;
            self.tail.push(events);
            if self.tail.seen() == seen {
                return Err(StoreError::Corrupt {
                    position: seen + 1,
                    problem: format!("it is missing, and the head is at {head}"),
                });
            }
        }
    }
}

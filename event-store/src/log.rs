//! The log as the rest of the program holds it: one handle to append, read
//! and follow.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::Stream;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::appender::{Appender, Waiting};
use crate::tail::{Tail, TailReader};
use crate::{
    AppendError, Appended, Commit, Filter, Follower, KnownCommand, RecordedEvent, StoreError,
    StreamVersion, reading, scan,
};

/// How one process works with the log.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// How many commits go into one batch at most.
    pub max_batch_commits: usize,
    /// How many bytes of events go into one batch; a larger commit goes alone.
    pub max_batch_bytes: usize,
    /// How many commits may wait; further callers wait to be queued.
    pub queue_commits: usize,
    /// After how long a commit without an answer is `Unknown`.
    pub time_limit: Duration,
    /// How many of the last events are kept in memory.
    pub tail_events: usize,
    /// How many bytes of the last events are kept in memory.
    pub tail_bytes: usize,
    /// How often the head is looked at even if nothing was notified.
    pub poll_interval: Duration,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            max_batch_commits: 512,
            max_batch_bytes: 8 << 20,
            queue_commits: 4_096,
            time_limit: Duration::from_secs(15),
            tail_events: 8_192,
            tail_bytes: 16 << 20,
            poll_interval: Duration::from_secs(15),
        }
    }
}

/// The last position of the log and when it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 for an empty log.
    pub position: i64,
    /// When the last event was recorded; nothing for an empty log.
    pub recorded_at: Option<DateTime<Utc>>,
}

/// The log. Clones share one appender and one tail; the tasks end when the
/// last clone is gone, or after [`Log::shutdown`].
#[derive(Debug, Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    queue: mpsc::Sender<Waiting>,
    tail: Arc<Tail>,
    time_limit: Duration,
    closing: CancellationToken,
    tasks: TaskTracker,
    _close_when_dropped: DropGuard,
}

impl Log {
    /// Opens the log behind a pool and starts its appender and its tail.
    ///
    /// Both use connections of their own, so that a busy pool delays neither.
    pub async fn open(pool: PgPool, settings: LogSettings) -> Result<Self, StoreError> {
        let head = reading::head(&pool).await?;
        let tail = Arc::new(Tail::new(
            head.position,
            settings.tail_events,
            settings.tail_bytes,
        ));
        let closing = CancellationToken::new();
        let tasks = TaskTracker::new();

        let (queue, waiting) = mpsc::channel(settings.queue_commits);
        let appender = Appender::new(
            &pool.connect_options(),
            waiting,
            Arc::clone(&tail),
            &settings,
            closing.clone(),
        );
        tasks.spawn(appender.run());

        let own_pool = PgPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with((*pool.connect_options()).clone());
        let reader = TailReader::new(
            own_pool,
            Arc::clone(&tail),
            settings.poll_interval,
            closing.clone(),
        );
        tasks.spawn(reader.run());
        tasks.close();

        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                queue,
                tail,
                time_limit: settings.time_limit,
                _close_when_dropped: closing.clone().drop_guard(),
                closing,
                tasks,
            }),
        })
    }

    /// Appends the events of one command, durably, or says why not.
    ///
    /// Once queued a commit is carried out even if the caller goes away. With
    /// a full queue callers wait here, and going away then leaves no trace.
    pub async fn append(&self, commit: Commit) -> Result<Appended, AppendError> {
        if commit.events.is_empty() {
            return Err(StoreError::EmptyCommit.into());
        }
        if i16::try_from(commit.events.len()).is_err() {
            let events = commit.events.len();
            return Err(StoreError::CommitTooLarge { events }.into());
        }
        let payloads = commit.events.iter().map(|event| &*event.payload);
        if let Some(number) = payloads
            .chain([&*commit.metadata])
            .find_map(crate::inexact_number)
        {
            let number = number.to_owned();
            return Err(StoreError::InexactNumber { number }.into());
        }
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + self.inner.time_limit;
        let waiting = Waiting::new(commit, deadline, reply);
        match tokio::time::timeout_at(deadline, self.inner.queue.send(waiting)).await {
            Ok(Ok(())) => answer
                .await
                .unwrap_or(Err(AppendError::Unknown(StoreError::Closed))),
            Ok(Err(_)) => Err(AppendError::Closed),
            Err(_) => Err(StoreError::TimedOut.into()),
        }
    }

    /// The last position, straight from the database.
    pub async fn head(&self) -> Result<Head, StoreError> {
        reading::head(&self.inner.pool).await
    }

    /// Whether any of these commands is known with another content: what is
    /// carried out in parts is the same only as a whole.
    pub async fn any_reused(
        &self,
        commands: &[Uuid],
        request_hash: [u8; 16],
    ) -> Result<bool, StoreError> {
        reading::any_reused(&self.inner.pool, commands, &request_hash).await
    }

    /// Whether streams still stand at the versions at which they were read:
    /// asked before something is refused because of what was read.
    pub async fn are_current(&self, read: &[StreamVersion]) -> Result<bool, StoreError> {
        if read.is_empty() {
            return Ok(true);
        }
        reading::are_current(&self.inner.pool, read).await
    }

    /// The last position that this process has seen; followers are served up
    /// to here without asking the database.
    pub fn seen(&self) -> i64 {
        self.inner.tail.seen()
    }

    /// Up to `limit` events after a position, in order, of those that the
    /// filter lets through.
    pub async fn read(
        &self,
        after: i64,
        limit: i64,
        filter: &Filter,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        reading::page(&self.inner.pool, after, limit, filter).await
    }

    /// All events of one aggregate, in order, up to a position if one is given.
    pub async fn read_stream(
        &self,
        aggregate_type: &str,
        id: Uuid,
        upto_position: Option<i64>,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        reading::stream(&self.inner.pool, aggregate_type, id, upto_position).await
    }

    /// The last position recorded at or before a moment; 0 if there is none.
    /// So "as of a time" is always "as of a position".
    pub async fn position_at(&self, at: DateTime<Utc>) -> Result<i64, StoreError> {
        reading::position_at(&self.inner.pool, at).await
    }

    /// What is known of a command, if the log has stored it.
    pub async fn find_command(&self, id: Uuid) -> Result<Option<KnownCommand>, StoreError> {
        reading::command(&self.inner.pool, id).await
    }

    /// Those of some commands that the log has stored: one statement for all.
    pub async fn find_commands(&self, ids: &[Uuid]) -> Result<HashSet<Uuid>, StoreError> {
        reading::commands(&self.inner.pool, ids).await
    }

    /// Follows the log from behind a position: everything that is there, then
    /// everything that comes.
    pub fn follow(&self, after: i64) -> Follower {
        Follower::new(self.inner.pool.clone(), Arc::clone(&self.inner.tail), after)
    }

    /// Reads the log from `after` (exclusive) to `upto` (inclusive) in order,
    /// in chunks and as fast as the server sends; for rebuilding and verifying.
    pub fn scan(
        &self,
        after: i64,
        upto: i64,
    ) -> impl Stream<Item = Result<Vec<RecordedEvent>, StoreError>> + Send + Unpin + 'static {
        scan::scan(self.inner.pool.connect_options(), after, upto)
    }

    /// Takes nothing more, finishes what is queued, and ends the tasks.
    pub async fn shutdown(&self) {
        self.inner.closing.cancel();
        self.inner.tasks.wait().await;
    }
}

//! How far the projections are, as this process knows it: from its own
//! projectors, and from what other replicas announce.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use strum::IntoEnumIterator;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{ProjectionError, ProjectionName, WaitError};

/// The channel on which replicas tell each other how far they are.
const CHANNEL: &str = "docket_projected";

/// The progress of every projection.
#[derive(Debug)]
pub(crate) struct Progress {
    by_name: HashMap<ProjectionName, One>,
    announce: Notify,
}

/// The progress of one projection.
#[derive(Debug)]
pub(crate) struct One {
    position: watch::Sender<i64>,
    failed: watch::Sender<Option<Failure>>,
    is_running_here: AtomicBool,
    behind_since: Mutex<Option<Instant>>,
    announced: Mutex<i64>,
}

/// Why a projection stands still.
#[derive(Debug, Clone)]
struct Failure {
    reason: String,
    /// Whether it is not worth waiting for it to pass.
    is_lasting: bool,
}

impl Progress {
    pub(crate) fn new() -> Arc<Self> {
        let by_name = ProjectionName::iter().map(|name| {
            let one = One {
                position: watch::Sender::new(0),
                failed: watch::Sender::new(None),
                is_running_here: AtomicBool::new(false),
                behind_since: Mutex::new(None),
                announced: Mutex::new(0),
            };
            (name, one)
        });
        Arc::new(Self {
            by_name: by_name.collect(),
            announce: Notify::new(),
        })
    }

    pub(crate) fn of(&self, name: ProjectionName) -> &One {
        // Every name has its entry.
        &self.by_name[&name]
    }

    /// This process has committed a projection up to a position.
    pub(crate) fn commit(&self, name: ProjectionName, position: i64) {
        self.of(name).reach(position);
        self.announce.notify_one();
    }

    /// Waits until a projection has reached a position.
    pub(crate) async fn wait_for(
        &self,
        name: ProjectionName,
        wanted: i64,
        deadline: Instant,
        limit: Duration,
    ) -> Result<(), WaitError> {
        let one = self.of(name);
        let mut positions = one.position.subscribe();
        let mut failures = one.failed.subscribe();
        if *positions.borrow_and_update() >= wanted {
            return Ok(());
        }
        let reached = async {
            tokio::select! {
                biased;
                reached = positions.wait_for(|position| *position >= wanted) => {
                    reached.map(drop).map_err(|_| WaitError::Closed)
                }
                reason = lasting_failure(&mut failures) => match reason {
                    Some(reason) => Err(WaitError::Failed { name, reason }),
                    None => Err(WaitError::Closed),
                }
            }
        };
        match tokio::time::timeout_at(deadline, reached).await {
            Ok(outcome) => outcome,
            Err(_) => Err(WaitError::TimedOut {
                name,
                reached: one.position(),
                wanted,
                limit,
            }),
        }
    }
}

impl One {
    pub(crate) fn position(&self) -> i64 {
        *self.position.borrow()
    }

    pub(crate) fn failed(&self) -> Option<String> {
        let failed = self.failed.borrow();
        failed.as_ref().map(|failure| failure.reason.clone())
    }

    pub(crate) fn is_running_here(&self) -> bool {
        self.is_running_here.load(Ordering::Relaxed)
    }

    pub(crate) fn set_running_here(&self, running: bool) {
        self.is_running_here.store(running, Ordering::Relaxed);
    }

    /// The projection stands still.
    pub(crate) fn fail(&self, error: &ProjectionError) {
        self.failed.send_replace(Some(Failure {
            reason: error.to_string(),
            is_lasting: error.is_lasting(),
        }));
    }

    /// The projection goes on, or this process no longer answers for it.
    pub(crate) fn recover(&self) {
        self.failed
            .send_if_modified(|failed| failed.take().is_some());
    }

    /// The projection is known to have reached a position.
    pub(crate) fn reach(&self, position: i64) -> bool {
        self.position.send_if_modified(|known| {
            let is_later = position > *known;
            if is_later {
                *known = position;
            }
            is_later
        })
    }

    /// For how long the projection has been behind the head.
    pub(crate) fn behind_for(&self, head: i64) -> Duration {
        let mut since = self
            .behind_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.position() >= head {
            *since = None;
            return Duration::ZERO;
        }
        since.get_or_insert_with(Instant::now).elapsed()
    }

    /// The position to be announced, if it has not been yet.
    fn take_unannounced(&self) -> Option<i64> {
        let position = self.position();
        let mut announced = self
            .announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        (self.is_running_here() && position > *announced).then(|| {
            *announced = position;
            position
        })
    }
}

/// Waits until a projection stands still for good, and says why.
async fn lasting_failure(failures: &mut watch::Receiver<Option<Failure>>) -> Option<String> {
    let is_lasting = |failed: &Option<Failure>| {
        let failure = failed.as_ref();
        failure.is_some_and(|failure| failure.is_lasting)
    };
    let failed = failures.wait_for(is_lasting).await.ok()?;
    failed.as_ref().map(|failure| failure.reason.clone())
}

/// Tells other replicas how far the projectors of this process are, and hears
/// the same from them.
pub(crate) struct Exchange {
    progress: Arc<Progress>,
    pool: PgPool,
    /// For the connection that listens, which a pool of others would miss.
    listening: PgPool,
    closing: CancellationToken,
}

impl Exchange {
    const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

    pub(crate) fn new(
        progress: Arc<Progress>,
        pool: PgPool,
        connect: PgConnectOptions,
        closing: CancellationToken,
    ) -> Self {
        let listening = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(connect.application_name("docket progress"));
        Self {
            progress,
            pool,
            listening,
            closing,
        }
    }

    /// Runs until the projectors are shut down.
    pub(crate) async fn run(self) {
        let work = async { tokio::join!(self.announce(), self.listen()) };
        self.closing.run_until_cancelled(work).await;
        self.listening.close().await;
    }

    /// Announces at most every few milliseconds, and beside the projectors'
    /// own transactions: to notify takes a lock of the whole server.
    async fn announce(&self) {
        const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
        loop {
            self.progress.announce.notified().await;
            let (names, positions): (Vec<_>, Vec<_>) = ProjectionName::iter()
                .filter_map(|name| {
                    let position = self.progress.of(name).take_unannounced()?;
                    Some((name.as_ref().to_owned(), position))
                })
                .unzip();
            if names.is_empty() {
                continue;
            }
            let sent = sqlx::query!(
                "
                select pg_notify($3, p.name || ' ' || p.position)
                from unnest($1::text[], $2::bigint[]) as p (name, position)
                ",
                &names,
                &positions,
                CHANNEL,
            )
            .execute(&self.pool)
            .await;
            if let Err(error) = sent {
                // Others find the checkpoint when they look for themselves.
                tracing::warn!(%error, "other replicas could not be told how far the projections are");
                tokio::time::sleep(Self::PAUSE_AFTER_FAILURE).await;
            }
            tokio::time::sleep(SHORTEST_PAUSE).await;
        }
    }

    async fn listen(&self) {
        loop {
            if let Err(error) = self.listen_until_it_fails().await {
                tracing::warn!(%error, "the progress of other replicas is not heard; connecting again");
            }
            tokio::time::sleep(Self::PAUSE_AFTER_FAILURE).await;
        }
    }

    async fn listen_until_it_fails(&self) -> Result<(), sqlx::Error> {
        /// How often the checkpoints are read even if nothing was heard.
        const POLL_INTERVAL: Duration = Duration::from_secs(5);
        let mut listener = PgListener::connect_with(&self.listening).await?;
        listener.listen(CHANNEL).await?;
        self.read_checkpoints().await?;
        loop {
            match tokio::time::timeout(POLL_INTERVAL, listener.try_recv()).await {
                Ok(Ok(Some(notification))) => self.hear(notification.payload()),
                // A lost connection may have lost notifications.
                Ok(Ok(None)) | Err(_) => self.read_checkpoints().await?,
                Ok(Err(error)) => return Err(error),
            }
        }
    }

    fn hear(&self, announcement: &str) {
        let heard = announcement.split_once(' ').and_then(|(name, position)| {
            let name: ProjectionName = name.parse().ok()?;
            Some((name, position.parse::<i64>().ok()?))
        });
        if let Some((name, position)) = heard {
            self.hear_of(name, position);
        }
    }

    fn hear_of(&self, name: ProjectionName, position: i64) {
        let one = self.progress.of(name);
        if one.reach(position) && !one.is_running_here() {
            // Another replica keeps it now, and gets on.
            one.recover();
        }
    }

    async fn read_checkpoints(&self) -> Result<(), sqlx::Error> {
        let checkpoints = sqlx::query!("select name, version, position from checkpoints")
            .fetch_all(&self.pool)
            .await?;
        for row in checkpoints {
            if let Ok(name) = row.name.parse::<ProjectionName>()
                && name.version() == row.version
            {
                self.hear_of(name, row.position);
            }
        }
        Ok(())
    }
}

//! The projectors of a process: started, waited for, looked at, shut down.

use std::sync::Arc;
use std::time::Duration;

use event_store::Log;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use strum::IntoEnumIterator;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::keeper::{Keeper, Pace};
use crate::latest::Latest;
use crate::progress::{Exchange, Progress};
use crate::work_queue::WorkQueueRow;
use crate::{ProjectionError, ProjectionName, WaitError, checkpoint};

/// How a projection fares.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectionStatus {
    /// Which one.
    pub name: ProjectionName,
    /// The version that this program keeps.
    pub version: i32,
    /// The last position that it is known to have applied.
    pub position: i64,
    /// The last position of the log that this process has seen.
    pub head: i64,
    /// How many positions it is behind.
    pub lag_positions: i64,
    /// For how long it has been behind.
    pub lag_seconds: f64,
    /// Whether this process keeps it; otherwise another replica does, or
    /// nobody yet.
    pub running_here: bool,
    /// Why it stands still, if it does.
    pub failed: Option<String>,
}

/// The projectors of one process. Clones share them; they end when the last
/// clone is gone, or after [`Projectors::shutdown`].
#[derive(Debug, Clone)]
pub struct Projectors {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    log: Log,
    progress: Arc<Progress>,
    latest: Arc<Latest>,
    closing: CancellationToken,
    tasks: TaskTracker,
    _close_when_dropped: DropGuard,
}

impl Projectors {
    /// Starts one task a projection. Each waits for its lease, on a connection
    /// of its own, and keeps its projection for as long as it has it.
    pub fn start(log: Log, pool: PgPool, connect: PgConnectOptions, pace: Pace) -> Self {
        let progress = Progress::new();
        let latest = Arc::<Latest>::default();
        let closing = CancellationToken::new();
        let tasks = TaskTracker::new();
        for name in ProjectionName::iter() {
            let latest = match name {
                ProjectionName::WorkQueue => Arc::clone(&latest),
                _ => Arc::default(),
            };
            let keeper = Keeper::new(name, pace, &log, &connect, &progress, &latest, &closing);
            tasks.spawn(keeper.run());
        }
        tasks.spawn(Exchange::new(Arc::clone(&progress), pool, connect, closing.clone()).run());
        let inner = Inner {
            log,
            progress,
            latest,
            _close_when_dropped: closing.clone().drop_guard(),
            closing,
            tasks,
        };
        let this = Self {
            inner: Arc::new(inner),
        };
        this.report();
        this
    }

    /// Waits until projections have applied the log up to a position, here or
    /// in another replica; returns at once when they have.
    pub async fn wait_for(
        &self,
        names: &[ProjectionName],
        position: i64,
        limit: Duration,
    ) -> Result<(), WaitError> {
        let deadline = Instant::now() + limit;
        for name in names {
            let reached = self
                .inner
                .progress
                .wait_for(*name, position, deadline, limit);
            match self.inner.closing.run_until_cancelled(reached).await {
                Some(outcome) => outcome?,
                None => return Err(WaitError::Closed),
            }
        }
        Ok(())
    }

    /// The row of a work item with everything in it up to a position, where this
    /// process has written it a moment ago; else the table is to be asked.
    pub fn just_written(&self, item: Uuid, position: i64) -> Option<Arc<WorkQueueRow>> {
        self.inner.latest.at_least(item, position)
    }

    /// How every projection fares.
    pub fn status(&self) -> Vec<ProjectionStatus> {
        status(&self.inner.progress, self.inner.log.seen())
    }

    /// Finishes what is being committed, gives the leases back, and ends.
    pub async fn shutdown(&self) {
        self.inner.closing.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Keeps the metrics of the projections.
    fn report(&self) {
        const INTERVAL: Duration = Duration::from_secs(1);
        let (log, progress) = (self.inner.log.clone(), Arc::clone(&self.inner.progress));
        let closing = self.inner.closing.clone();
        self.inner.tasks.spawn(async move {
            let reports = async {
                loop {
                    for one in status(&progress, log.seen()) {
                        let labels = [("projection", one.name.as_ref().to_owned())];
                        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
                        let lag = one.lag_positions as f64;
                        metrics::gauge!("docket_projection_lag_positions", &labels).set(lag);
                        metrics::gauge!("docket_projection_lag_seconds", &labels)
                            .set(one.lag_seconds);
                    }
                    tokio::time::sleep(INTERVAL).await;
                }
            };
            closing.run_until_cancelled(reports).await
        });
    }
}

fn status(progress: &Progress, head: i64) -> Vec<ProjectionStatus> {
    let statuses = ProjectionName::iter().map(|name| {
        let one = progress.of(name);
        let position = one.position();
        // What another replica has announced may be ahead of what the log of
        // this process has seen.
        let head = head.max(position);
        ProjectionStatus {
            name,
            version: name.version(),
            position,
            head,
            lag_positions: head - position,
            lag_seconds: one.behind_for(head).as_secs_f64(),
            running_here: one.is_running_here(),
            failed: one.failed(),
        }
    });
    statuses.collect()
}

/// Sees to it that a projection has reached where the log ends now, and
/// returns the position that it has reached: for programs that do not serve.
/// Where somebody else keeps the projection, they are waited for.
pub async fn catch_up(
    log: &Log,
    pool: &PgPool,
    name: ProjectionName,
) -> Result<i64, ProjectionError> {
    const PAUSE: Duration = Duration::from_millis(50);
    let head = log.head().await?.position;
    let connect = pool.connect_options();
    let keeper = Keeper::new(
        name,
        Pace::Bulk,
        log,
        &connect,
        &Progress::new(),
        &Arc::default(),
        &CancellationToken::new(),
    );
    loop {
        if let Some(reached) = keeper.catch_up(head).await? {
            return Ok(reached);
        }
        let mut connection = pool.acquire().await?;
        if let Some(reached) = checkpoint::served(&mut connection, name).await?
            && reached >= head
        {
            return Ok(reached);
        }
        drop(connection);
        tokio::time::sleep(PAUSE).await;
    }
}

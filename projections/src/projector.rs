//! The loop that keeps a projection: one for live, for what was missed, and
//! after a crash.

use std::sync::Arc;
use std::time::Duration;

use event_store::Log;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgPool};
use strum::IntoEnumIterator;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::checkpoint::{self, Stored};
use crate::feed::{Batch, Feed, missing};
use crate::lease::{Lease, lease};
use crate::progress::{Exchange, Progress};
use crate::projection::Projection;
use crate::{ProjectionError, ProjectionName, WaitError, rebuild};

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
    closing: CancellationToken,
    tasks: TaskTracker,
    _close_when_dropped: DropGuard,
}

impl Projectors {
    /// Starts one task a projection. Each waits for its lease, on a connection
    /// of its own, and keeps its projection for as long as it has it.
    pub fn start(log: Log, pool: PgPool, connect: PgConnectOptions) -> Self {
        let progress = Progress::new();
        let closing = CancellationToken::new();
        let tasks = TaskTracker::new();
        for name in ProjectionName::iter() {
            let keeper = Keeper {
                name,
                log: log.clone(),
                connect: connect.clone(),
                progress: Arc::clone(&progress),
                closing: closing.clone(),
            };
            tasks.spawn(keeper.run());
        }
        tasks.spawn(Exchange::new(Arc::clone(&progress), pool, connect, closing.clone()).run());
        let inner = Inner {
            log,
            progress,
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

/// Brings a projection up to the head of the log and gives it back: for
/// programs that do not serve. Waits while somebody else keeps it.
pub async fn catch_up(
    log: &Log,
    pool: &PgPool,
    name: ProjectionName,
) -> Result<i64, ProjectionError> {
    let connect = pool.connect_options();
    let head = log.head().await?.position;
    let keeper = Keeper {
        name,
        log: log.clone(),
        connect: (*connect).clone(),
        progress: Progress::new(),
        closing: CancellationToken::new(),
    };
    let mut lease = lease(&connect, &lease_name(name)).await?;
    let result = keeper.catch_up_under(&mut lease, head).await;
    lease.release().await;
    result
}

/// The name of the lease under which a projection is kept.
fn lease_name(name: ProjectionName) -> String {
    format!("projection {}", name.as_ref())
}

/// Keeps one projection.
struct Keeper {
    name: ProjectionName,
    log: Log,
    connect: PgConnectOptions,
    progress: Arc<Progress>,
    closing: CancellationToken,
}

/// A projection in the hands of its keeper.
struct Hold<'l> {
    lease: &'l mut Lease,
    projection: Box<dyn Projection>,
    /// How far the log has been read.
    position: i64,
    /// Where the checkpoint stands. It may lag behind as long as nothing lies
    /// between the two that the projection is interested in.
    saved: i64,
}

impl Keeper {
    const FIRST_PAUSE: Duration = Duration::from_millis(100);
    const LONGEST_PAUSE: Duration = Duration::from_secs(30);
    /// How many events a live batch has at most.
    const LIVE_EVENTS: usize = 2_000;
    /// From how far behind on the log is read ahead, in its own way.
    const FAR_BEHIND: i64 = 10_000;
    /// From how far behind on an empty projection is built aside, which is
    /// faster.
    const FROM_SCRATCH: i64 = 50_000;
    /// The shortest time from one live batch to the next. Under load it makes
    /// fewer and larger batches, which leaves the machine to those who work;
    /// alone, an event never waits for it.
    const SHORTEST_CYCLE: Duration = Duration::from_millis(3);
    /// How long a checkpoint may lag behind what has been read.
    const UNSAVED_TIME: Duration = Duration::from_millis(250);
    /// How many positions a checkpoint may lag behind what has been read.
    const UNSAVED_POSITIONS: i64 = 10_000;

    /// Keeps the projection until the end: what fails is tried again, after
    /// pauses that grow.
    async fn run(self) {
        let one = self.progress.of(self.name);
        let mut pause = Self::FIRST_PAUSE;
        while !self.closing.is_cancelled() {
            let before = one.position();
            let kept = self.keep().await;
            one.set_running_here(false);
            let Err(error) = kept else { return };
            tracing::error!(projection = self.name.as_ref(), %error, "a projection stands still");
            one.fail(error.to_string());
            if one.position() > before {
                pause = Self::FIRST_PAUSE;
            }
            let pausing = tokio::time::sleep(pause);
            self.closing.run_until_cancelled(pausing).await;
            pause = (pause * 2).min(Self::LONGEST_PAUSE);
        }
    }

    /// Takes the lease and follows the log until something fails, or until the
    /// projectors are shut down.
    async fn keep(&self) -> Result<(), ProjectionError> {
        let lease_name = lease_name(self.name);
        let waiting = lease(&self.connect, &lease_name);
        let Some(lease) = self.closing.run_until_cancelled(waiting).await else {
            return Ok(());
        };
        let mut lease = lease?;
        let kept = self.keep_under(&mut lease).await;
        // A broken connection is gone anyway; a whole one gives the lease to
        // the next replica at once.
        lease.release().await;
        kept
    }

    async fn keep_under(&self, lease: &mut Lease) -> Result<(), ProjectionError> {
        let taking = self.take_hold(lease);
        let Some(hold) = self.closing.run_until_cancelled(taking).await else {
            return Ok(());
        };
        let mut hold = hold?;
        let one = self.progress.of(self.name);
        one.set_running_here(true);
        one.reach(hold.position);
        if hold.position >= self.log.seen() {
            one.recover();
        }
        self.follow(&mut hold).await
    }

    /// Makes the tables current.
    async fn take_hold<'l>(&self, lease: &'l mut Lease) -> Result<Hold<'l>, ProjectionError> {
        let position = match checkpoint::find(lease, self.name).await? {
            Stored::Current(0) if self.log.head().await?.position > Self::FROM_SCRATCH => {
                match self.build_aside().await {
                    Ok(position) => position,
                    // Somebody does it already; they will find us in the way
                    // for a moment at most.
                    Err(ProjectionError::BeingRebuilt(_)) => 0,
                    Err(error) => return Err(error),
                }
            }
            Stored::Current(position) => position,
            Stored::Older => {
                tracing::info!(
                    projection = self.name.as_ref(),
                    version = self.name.version(),
                    "the projection is built anew in a new version"
                );
                self.build_aside().await?
            }
        };
        let mut projection = self.name.start();
        projection.prepare(lease).await?;
        Ok(Hold {
            lease,
            projection,
            position,
            saved: position,
        })
    }

    async fn build_aside(&self) -> Result<i64, ProjectionError> {
        let rebuilt = rebuild::replace(&self.log, &self.connect, self.name, &|_, _| ()).await?;
        Ok(rebuilt.position)
    }

    async fn follow(&self, hold: &mut Hold<'_>) -> Result<(), ProjectionError> {
        while !self.closing.is_cancelled() {
            let head = self.log.seen();
            if head - hold.position > Self::FAR_BEHIND {
                self.read_ahead(hold, head).await?;
            } else {
                self.follow_closely(hold).await?;
            }
        }
        self.save(hold).await
    }

    /// Applies what comes as it comes, until the projectors are shut down, the
    /// projection falls far behind, or somebody else has moved its checkpoint.
    async fn follow_closely(&self, hold: &mut Hold<'_>) -> Result<(), ProjectionError> {
        let mut follower = self.log.follow(hold.position).with_max(Self::LIVE_EVENTS);
        while follower.position() == hold.position
            && self.log.seen() - hold.position <= Self::FAR_BEHIND
        {
            let next = tokio::time::timeout(Self::UNSAVED_TIME, follower.next());
            let events = match self.closing.run_until_cancelled(next).await {
                None => return Ok(()),
                Some(Err(_)) => {
                    self.save(hold).await?;
                    continue;
                }
                Some(Ok(events)) => events?,
            };
            let began = Instant::now();
            let batch = Batch::decode(self.name, hold.position, events);
            self.apply(hold, vec![batch]).await?;
            let cycle = tokio::time::sleep_until(began + Self::SHORTEST_CYCLE);
            self.closing.run_until_cancelled(cycle).await;
        }
        Ok(())
    }

    /// Applies the log up to a position in large batches.
    async fn read_ahead(&self, hold: &mut Hold<'_>, upto: i64) -> Result<(), ProjectionError> {
        /// How many events a batch has at most.
        const EVENTS: usize = 16_000;
        let mut feed = Feed::start(&self.log, self.name, hold.position, upto);
        let mut batches = Vec::new();
        let mut events = 0;
        let before = hold.position;
        while let Some(batch) = feed.next().await {
            let batch = batch?;
            events += batch.events.len();
            batches.push(batch);
            if events >= EVENTS {
                events = 0;
                let expected = batches.last().map_or(hold.position, |batch| batch.last);
                self.apply(hold, std::mem::take(&mut batches)).await?;
                if hold.position != expected || self.closing.is_cancelled() {
                    return Ok(());
                }
            }
        }
        if !batches.is_empty() {
            self.apply(hold, batches).await?;
        }
        if hold.position == before {
            return Err(missing(before + 1));
        }
        Ok(())
    }

    /// Applies batches that follow each other, all or none.
    async fn apply(
        &self,
        hold: &mut Hold<'_>,
        mut batches: Vec<Batch>,
    ) -> Result<(), ProjectionError> {
        let problem = batches.last_mut().and_then(|batch| batch.problem.take());
        let last = batches.last().map_or(hold.position, |batch| batch.last);
        if batches.iter().any(|batch| !batch.events.is_empty()) {
            self.commit(hold, &batches, last).await?;
        } else {
            hold.position = last;
            if problem.is_some() || last - hold.saved > Self::UNSAVED_POSITIONS {
                self.save(hold).await?;
            }
        }
        self.progress.commit(self.name, hold.position);
        if let Some(problem) = problem {
            return Err(problem);
        }
        self.progress.of(self.name).recover();
        Ok(())
    }

    /// Changes the tables and moves the checkpoint in one transaction. When
    /// somebody else has moved that, nothing is changed and the hold stands
    /// where the checkpoint does.
    async fn commit(
        &self,
        hold: &mut Hold<'_>,
        batches: &[Batch],
        last: i64,
    ) -> Result<(), ProjectionError> {
        let projection = &mut hold.projection;
        // Whatever a failure left in memory is not what the tables hold.
        projection.forget();
        let mut transaction = hold.lease.begin().await?;
        let stored = checkpoint::lock(&mut transaction, self.name).await?;
        if stored != hold.saved {
            transaction.rollback().await?;
            (hold.saved, hold.position) = (stored, stored);
            return Ok(());
        }
        for batch in batches {
            projection.take(&mut transaction, &batch.events).await?;
        }
        projection.write(&mut transaction).await?;
        checkpoint::advance(&mut transaction, self.name, last).await?;
        transaction.commit().await?;
        projection.forget();
        (hold.saved, hold.position) = (last, last);
        Ok(())
    }

    /// Moves the checkpoint to where the log has been read, where nothing but
    /// that is to be written.
    async fn save(&self, hold: &mut Hold<'_>) -> Result<(), ProjectionError> {
        if hold.saved == hold.position {
            return Ok(());
        }
        let last = hold.position;
        self.commit(hold, &[], last).await
    }

    async fn catch_up_under(&self, lease: &mut Lease, head: i64) -> Result<i64, ProjectionError> {
        let mut hold = self.take_hold(lease).await?;
        while hold.position < head {
            self.read_ahead(&mut hold, head).await?;
        }
        self.save(&mut hold).await?;
        Ok(hold.position)
    }
}

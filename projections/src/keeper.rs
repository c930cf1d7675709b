//! The loop that keeps a projection: one for live, for what was missed, and
//! after a crash.

use std::num::NonZero;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use event_store::{Lease, Log, lease, try_lease};
use sqlx::Connection;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::checkpoint::{self, Stored};
use crate::feed::{Batch, Feed, missing};
use crate::latest::Latest;
use crate::progress::Progress;
use crate::projection::Projection;
use crate::{ProjectionError, ProjectionName, rebuild};

/// The name of the lease under which a projection is kept.
fn lease_name(name: ProjectionName) -> String {
    format!("projection {}", name.as_ref())
}

/// Projections of a process that are far behind take turns, as far as it has
/// processors: more at a time would hold more in memory and be no faster.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    Semaphore::new(processors.max(Pace::PROCESSORS_OF_A_SERVICE as usize))
});

/// How a process keeps its projections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Each event is visible as soon as can be.
    Live,
    /// Nobody looks before a long history is appended: few, large batches.
    Bulk,
}

impl Pace {
    const PROCESSORS_OF_A_SERVICE: u32 = 2;

    /// Waits for a turn among those who are far behind. Each keeps a processor
    /// busy, and the server another one. A service leaves that one free, which
    /// keeps its memory small; whoever appends a history has nothing else to
    /// do.
    async fn turn(self) -> Option<SemaphorePermit<'static>> {
        let processors = match self {
            Self::Live => Self::PROCESSORS_OF_A_SERVICE,
            Self::Bulk => 1,
        };
        // Nobody closes them.
        TURNS.acquire_many(processors).await.ok()
    }

    /// The shortest time from one batch to the next, where it has taken all
    /// there was. Under load it makes fewer and larger batches, which leaves
    /// the machine to those who work; alone, an event never waits for it.
    fn shortest_cycle(self) -> Duration {
        match self {
            Self::Live => Duration::from_millis(3),
            Self::Bulk => Duration::from_millis(40),
        }
    }

    /// How many events a batch has at most.
    fn events(self) -> usize {
        match self {
            Self::Live => 2_000,
            Self::Bulk => 4_000,
        }
    }
}

/// Keeps one projection.
pub(crate) struct Keeper {
    name: ProjectionName,
    pace: Pace,
    log: Log,
    connect: PgConnectOptions,
    progress: Arc<Progress>,
    latest: Arc<Latest>,
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
    /// From how far behind on the log is read ahead, in its own way.
    const FAR_BEHIND: i64 = 10_000;
    /// From how far behind on an empty projection is built aside, which is
    /// faster.
    const FROM_SCRATCH: i64 = 50_000;
    /// How long a checkpoint may lag behind what has been read.
    const UNSAVED_TIME: Duration = Duration::from_millis(250);
    /// How many positions a checkpoint may lag behind what has been read.
    const UNSAVED_POSITIONS: i64 = 10_000;

    pub(crate) fn new(
        name: ProjectionName,
        pace: Pace,
        log: &Log,
        connect: &PgConnectOptions,
        progress: &Arc<Progress>,
        latest: &Arc<Latest>,
        closing: &CancellationToken,
    ) -> Self {
        Self {
            name,
            pace,
            log: log.clone(),
            connect: connect.clone(),
            progress: Arc::clone(progress),
            latest: Arc::clone(latest),
            closing: closing.clone(),
        }
    }

    /// Keeps the projection until the end: what fails is tried again, after
    /// pauses that grow.
    pub(crate) async fn run(self) {
        let one = self.progress.of(self.name);
        let mut pause = Self::FIRST_PAUSE;
        while !self.closing.is_cancelled() {
            let before = one.position();
            let kept = self.keep().await;
            one.set_running_here(false);
            let Err(error) = kept else { return };
            tracing::error!(projection = self.name.as_ref(), %error, "a projection stands still");
            one.fail(&error);
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
        self.latest.clear();
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
        let _turn = self.pace.turn().await;
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
        let mut follower = self.log.follow(hold.position).with_max(self.pace.events());
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
            let has_more = events.len() >= self.pace.events();
            let batch = Batch::decode(self.name, hold.position, events);
            self.apply(hold, vec![batch]).await?;
            if !has_more {
                let cycle = tokio::time::sleep_until(began + self.pace.shortest_cycle());
                self.closing.run_until_cancelled(cycle).await;
            }
        }
        Ok(())
    }

    /// Applies the log in large batches, up to a position or to the end of its
    /// turn.
    async fn read_ahead(&self, hold: &mut Hold<'_>, upto: i64) -> Result<(), ProjectionError> {
        /// How many events a batch has at least. They are held in memory,
        /// decoded, and so are those that are read ahead.
        const EVENTS: usize = 4_000;
        /// How many positions make a turn.
        const TURN: i64 = 100_000;
        let _turn = self.pace.turn().await;
        let upto = upto.min(hold.position + TURN);
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
        let mut transaction = hold.lease.begin().await?;
        let stored = checkpoint::lock(&mut transaction, self.name).await?;
        if stored != hold.saved {
            transaction.rollback().await?;
            // What is in memory is not what the tables hold.
            projection.forget();
            self.latest.clear();
            (hold.saved, hold.position) = (stored, stored);
            return Ok(());
        }
        for batch in batches {
            projection.take(&mut *transaction, &batch.events).await?;
        }
        projection.drain().write(&mut transaction).await?;
        checkpoint::advance(&mut transaction, self.name, last).await?;
        transaction.commit().await?;
        projection.settle(last, &self.latest);
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

    /// Brings the projection up to a position, and gives it back. Returns
    /// nothing when somebody else keeps it.
    pub(crate) async fn catch_up(&self, head: i64) -> Result<Option<i64>, ProjectionError> {
        let Some(mut lease) = try_lease(&self.connect, &lease_name(self.name)).await? else {
            return Ok(None);
        };
        let reached = self.catch_up_under(&mut lease, head).await;
        lease.release().await;
        reached.map(Some)
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

//! The desk as it runs: the log, the aggregates over it, the read models, and
//! the directory of who there is. Every door (GraphQL, the command line, the
//! process managers) works through it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::audit::SealKeys;
use domain::configuration::{CategoryTree, Configuration, PriorityMatrix};
use domain::incident::{self, Incident};
use domain::organisation::{ApiToken, Team};
use domain::{Actor, Channel, Context, Decider};
use event_store::{
    AggregateStore, Database, DatabaseSource, Log, LogSettings, Migrate, PoolSettings, StoreError,
    StreamVersion,
};
use projections::{NextNumbers, Pace, Projectors, ReadModels};

use crate::directory::Directory;
use crate::turns::Turns;

/// About how many bytes of the aggregates of a kind are kept folded in memory:
/// some thousands of work items.
const CACHED_ITEMS: u64 = 8 << 20;
const CACHED_SETTINGS: u64 = 4 << 20;

/// The desk, shared by all who work through it.
#[derive(Clone)]
pub struct Desk {
    parts: Arc<Parts>,
}

struct Parts {
    database: Database,
    log: Log,
    read: ReadModels,
    projectors: Option<Projectors>,
    directory: Directory,
    turns: Turns,
    incident_numbers: NextNumbers,
    incidents: AggregateStore<Incident>,
    matrices: AggregateStore<Configuration<PriorityMatrix>>,
    trees: AggregateStore<Configuration<CategoryTree>>,
    teams: AggregateStore<Team>,
    tokens: AggregateStore<ApiToken>,
    seal_keys: AggregateStore<SealKeys>,
}

/// Whether this process keeps the read models up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projecting {
    /// It does, or stands by to take over from the replica that does.
    Yes,
    /// The same, while it appends a history: in large batches.
    InBulk,
    /// It leaves that to others: a command line that only appends.
    No,
}

impl Desk {
    /// Opens the desk of a database. Missing migrations are applied; a desk
    /// that has no configuration at all gets what a new desk starts with.
    pub async fn open(
        source: &DatabaseSource,
        pool: PoolSettings,
        projecting: Projecting,
    ) -> Result<Self, DeskError> {
        let settings = PoolSettings {
            migrate: Migrate::Yes,
            ..pool
        };
        let database = Database::open(source, settings).await?;
        let log = Log::open(database.pool().clone(), LogSettings::default()).await?;
        let directory = Directory::start(log.clone()).await?;
        let pool = database.pool();
        let pace = match projecting {
            Projecting::Yes => Some(Pace::Live),
            Projecting::InBulk => Some(Pace::Bulk),
            Projecting::No => None,
        };
        let projectors = pace.map(|pace| {
            let connect = pool.connect_options().as_ref().clone();
            Projectors::start(log.clone(), pool.clone(), connect, pace)
        });
        let matrices = AggregateStore::new(log.clone(), pool.clone(), CACHED_SETTINGS, Vec::new());
        let trees = AggregateStore::new(log.clone(), pool.clone(), CACHED_SETTINGS, Vec::new());
        directory.forget_on_change({
            let (matrices, trees) = (matrices.clone(), trees.clone());
            move |aggregate_type, id| match aggregate_type {
                "priority_matrix" => matrices.forget(id),
                "category_tree" => trees.forget(id),
                _ => {}
            }
        });
        let desk = Self {
            parts: Arc::new(Parts {
                incident_numbers: NextNumbers::new(
                    ReadModels::new(pool.clone()).numbers(),
                    Incident::TYPE,
                ),
                read: ReadModels::new(pool.clone()),
                incidents: AggregateStore::new(
                    log.clone(),
                    pool.clone(),
                    CACHED_ITEMS,
                    incident::upcasters(),
                )
                .folded_by(Incident::apply_at),
                teams: AggregateStore::new(log.clone(), pool.clone(), CACHED_SETTINGS, Vec::new()),
                tokens: AggregateStore::new(log.clone(), pool.clone(), CACHED_SETTINGS, Vec::new()),
                seal_keys: AggregateStore::new(
                    log.clone(),
                    pool.clone(),
                    CACHED_SETTINGS,
                    Vec::new(),
                ),
                turns: Turns::default(),
                matrices,
                trees,
                projectors,
                directory,
                log,
                database,
            }),
        };
        crate::setup::publish_initial_configuration(&desk).await?;
        Ok(desk)
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.parts.log
    }

    /// The database that the log lies in.
    pub fn database(&self) -> &Database {
        &self.parts.database
    }

    /// The read models.
    pub fn read(&self) -> &ReadModels {
        &self.parts.read
    }

    /// What keeps the read models up to date, where this process does.
    pub fn projectors(&self) -> Option<&Projectors> {
        self.parts.projectors.as_ref()
    }

    /// Who there is.
    pub fn directory(&self) -> &Directory {
        &self.parts.directory
    }

    /// What the next incidents are called.
    pub fn incident_numbers(&self) -> &NextNumbers {
        &self.parts.incident_numbers
    }

    /// Whose turn it is on each object.
    pub(crate) fn turns(&self) -> &Turns {
        &self.parts.turns
    }

    /// Whether the streams that a decision has read still stand as it read
    /// them; those that do not are read afresh the next time.
    pub(crate) async fn are_current(&self, read: &[StreamVersion]) -> Result<bool, StoreError> {
        let current = self.parts.log.are_current(read).await?;
        if !current {
            self.forget(read);
        }
        Ok(current)
    }

    /// Drops what is cached of streams that may have moved.
    pub(crate) fn forget(&self, read: &[StreamVersion]) {
        let parts = &self.parts;
        for StreamVersion {
            aggregate_type,
            aggregate_id: id,
            ..
        } in read
        {
            match *aggregate_type {
                Incident::TYPE => parts.incidents.forget(*id),
                Team::TYPE => parts.teams.forget(*id),
                _ => {}
            }
        }
    }

    /// What a decision may know, for an actor who acts effective at a time, and
    /// of whose step others know from another one on.
    pub async fn context(
        &self,
        actor: Actor,
        channel: Channel,
        effective_at: DateTime<Utc>,
        known_at: DateTime<Utc>,
    ) -> Result<Context, StoreError> {
        let matrix = self
            .parts
            .matrices
            .load(Configuration::<PriorityMatrix>::id())
            .await?;
        let tree = self
            .parts
            .trees
            .load(Configuration::<CategoryTree>::id())
            .await?;
        let lines = self.directory().lines(&actor.teams);
        Ok(Context {
            actor,
            effective_at,
            known_at: known_at.max(effective_at),
            channel,
            lines,
            matrices: Arc::clone(matrix.state.versions()),
            categories: Arc::clone(tree.state.versions()),
            closed_teams: self.directory().closed_teams(),
        })
    }

    /// Finishes what is under way, then lets go of the database.
    pub async fn close(self) {
        self.parts.log.shutdown().await;
        if let Some(projectors) = &self.parts.projectors {
            projectors.shutdown().await;
        }
        self.parts.directory.stop();
        self.parts.database.clone().close().await;
    }
}

/// The aggregates of a kind, as the desk keeps them.
pub trait Keeps<A: cqrs_es::Aggregate> {
    /// Where they are loaded from and appended to.
    fn store(&self) -> &AggregateStore<A>;
}

impl Keeps<Incident> for Desk {
    fn store(&self) -> &AggregateStore<Incident> {
        &self.parts.incidents
    }
}

impl Keeps<Configuration<PriorityMatrix>> for Desk {
    fn store(&self) -> &AggregateStore<Configuration<PriorityMatrix>> {
        &self.parts.matrices
    }
}

impl Keeps<Configuration<CategoryTree>> for Desk {
    fn store(&self) -> &AggregateStore<Configuration<CategoryTree>> {
        &self.parts.trees
    }
}

impl Keeps<Team> for Desk {
    fn store(&self) -> &AggregateStore<Team> {
        &self.parts.teams
    }
}

impl Keeps<ApiToken> for Desk {
    fn store(&self) -> &AggregateStore<ApiToken> {
        &self.parts.tokens
    }
}

impl Keeps<SealKeys> for Desk {
    fn store(&self) -> &AggregateStore<SealKeys> {
        &self.parts.seal_keys
    }
}

/// Why a desk could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The log or its database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration that a new desk starts with.
    #[error("the initial configuration could not be published: {0}")]
    Setup(#[from] crate::commands::CommandError),
}

/// How long a reader waits for a read model to reach what it has written.
pub const READ_YOUR_WRITES_LIMIT: Duration = Duration::from_secs(10);

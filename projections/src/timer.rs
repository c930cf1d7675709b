//! What has a process manager to do, and when: its timers, kept in the same
//! transaction as its place in the log, so that neither is ever ahead of the
//! other.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use crate::ReadError;

/// A moment at which a process manager has something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// What it is about: a work item, or something of one that the process
    /// tells apart, such as a step or a visit.
    pub key: Uuid,
    /// When it is to be acted upon.
    pub due_at: DateTime<Utc>,
    /// The event that set it.
    pub source_position: i64,
}

/// What an event does to the timer of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerChange {
    /// Sets it, in the place of one that was there.
    Start {
        /// When it is to be acted upon.
        due_at: DateTime<Utc>,
        /// The event that sets it.
        source_position: i64,
    },
    /// Ends it.
    Stop,
    /// Lets one that is parked be acted upon again, as of a moment at the
    /// earliest.
    TryAgain {
        /// When what kept the process from acting was gone.
        at: DateTime<Utc>,
    },
}

/// The timers of process managers. A process has a name of its own, such as
/// `auto_close`.
#[derive(Debug, Clone)]
pub struct Timers {
    pool: PgPool,
}

impl Timers {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// How far a version of a process has read the log; nothing before it has
    /// begun.
    pub async fn position(&self, process: &str, version: i32) -> Result<Option<i64>, ReadError> {
        let position = sqlx::query_scalar!(
            "select position from checkpoints where name = $1 and version = $2",
            checkpoint_name(process),
            version,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(position)
    }

    /// When the next timer of a process is due that is not parked.
    pub async fn next_due(&self, process: &str) -> Result<Option<DateTime<Utc>>, ReadError> {
        let due_at = sqlx::query_scalar!(
            "select due_at from timers where process = $1 and not parked order by due_at, key limit 1",
            process,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(due_at)
    }

    /// The timers of a process that are due, longest due first.
    pub async fn due(
        &self,
        process: &str,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Timer>, ReadError> {
        let timers = sqlx::query_as!(
            Timer,
            "
            select key, due_at, source_position
            from timers
            where process = $1 and not parked and due_at <= $2
            order by due_at, key
            limit $3
            ",
            process,
            now,
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(timers)
    }

    /// Sets timers aside that cannot be acted upon now, until an event lets
    /// them try again. One that another event has set meanwhile stays.
    pub async fn park(&self, process: &str, timers: &[Timer]) -> Result<(), ReadError> {
        let (keys, sources) = columns(timers);
        sqlx::query!(
            "
            update timers t set parked = true
            from unnest($2::uuid[], $3::bigint[]) as tried (key, source_position)
            where t.process = $1 and t.key = tried.key
                and t.source_position = tried.source_position
            ",
            process,
            &keys,
            &sources,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Removes timers that have been acted upon. One that another event has set
    /// meanwhile stays.
    pub async fn clear(&self, process: &str, timers: &[Timer]) -> Result<(), ReadError> {
        let (keys, sources) = columns(timers);
        sqlx::query!(
            "
            delete from timers t
            using unnest($2::uuid[], $3::bigint[]) as done (key, source_position)
            where t.process = $1 and t.key = done.key
                and t.source_position = done.source_position
            ",
            process,
            &keys,
            &sources,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// What tells timers apart, column by column, as statements take it.
fn columns(timers: &[Timer]) -> (Vec<Uuid>, Vec<i64>) {
    let columns = timers
        .iter()
        .map(|timer| (timer.key, timer.source_position));
    columns.unzip()
}

/// Forgets what an earlier version of a process meant to do: a new one reads
/// the log from its beginning. What was done is not done again, because
/// commands are called by the events that they follow from.
///
/// The caller holds the process's lease.
pub async fn begin_anew(connection: &mut PgConnection, process: &str) -> Result<(), ReadError> {
    sqlx::query!("delete from timers where process = $1", process)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes the changes in that the events up to a position bring, and moves the
/// process's checkpoint there, both or neither. Of several changes to one key
/// the later ones come last.
///
/// The caller holds the process's lease, on this very connection.
pub async fn apply_changes(
    connection: &mut PgConnection,
    (process, version): (&str, i32),
    changes: &[(Uuid, TimerChange)],
    position: i64,
) -> Result<(), ReadError> {
    let mut transaction = connection.begin().await?;
    Outcome::of(changes)
        .write(&mut transaction, process)
        .await?;
    sqlx::query!(
        "
        insert into checkpoints (name, version, position) values ($1, $2, $3)
        on conflict (name, version) do update set position = excluded.position
        ",
        checkpoint_name(process),
        version,
        position,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// What is left of changes when of each key only the last ones count, column
/// by column, as statements take them.
#[derive(Default)]
struct Outcome {
    started: Vec<Uuid>,
    due_at: Vec<DateTime<Utc>>,
    source_positions: Vec<i64>,
    stopped: Vec<Uuid>,
    tried_again: Vec<Uuid>,
    not_before: Vec<DateTime<Utc>>,
}

impl Outcome {
    fn of(changes: &[(Uuid, TimerChange)]) -> Self {
        let mut last: HashMap<Uuid, TimerChange> = HashMap::new();
        for (key, change) in changes {
            match change {
                TimerChange::TryAgain { at } => match last.get_mut(key) {
                    Some(TimerChange::Start { due_at, .. }) => *due_at = (*at).max(*due_at),
                    Some(TimerChange::TryAgain { at: before }) => *before = (*at).max(*before),
                    // One that is gone has nothing to try again.
                    Some(TimerChange::Stop) => {}
                    None => {
                        last.insert(*key, *change);
                    }
                },
                TimerChange::Start { .. } | TimerChange::Stop => {
                    last.insert(*key, *change);
                }
            }
        }
        let mut outcome = Self::default();
        for (key, change) in last {
            match change {
                TimerChange::Start {
                    due_at,
                    source_position,
                } => {
                    outcome.started.push(key);
                    outcome.due_at.push(due_at);
                    outcome.source_positions.push(source_position);
                }
                TimerChange::Stop => outcome.stopped.push(key),
                TimerChange::TryAgain { at } => {
                    outcome.tried_again.push(key);
                    outcome.not_before.push(at);
                }
            }
        }
        outcome
    }

    async fn write(&self, connection: &mut PgConnection, process: &str) -> Result<(), sqlx::Error> {
        if !self.started.is_empty() {
            sqlx::query!(
                "
                insert into timers (process, key, due_at, parked, source_position)
                select $1, t.key, t.due_at, false, t.source_position
                from unnest($2::uuid[], $3::timestamptz[], $4::bigint[])
                    as t (key, due_at, source_position)
                on conflict (process, key) do update set
                    due_at = excluded.due_at, parked = false,
                    source_position = excluded.source_position
                ",
                process,
                &self.started,
                &self.due_at,
                &self.source_positions,
            )
            .execute(&mut *connection)
            .await?;
        }
        if !self.stopped.is_empty() {
            sqlx::query!(
                "delete from timers where process = $1 and key = any ($2)",
                process,
                &self.stopped,
            )
            .execute(&mut *connection)
            .await?;
        }
        if !self.tried_again.is_empty() {
            sqlx::query!(
                "
                update timers t set parked = false, due_at = greatest(t.due_at, again.not_before)
                from unnest($2::uuid[], $3::timestamptz[]) as again (key, not_before)
                where t.process = $1 and t.key = again.key
                ",
                process,
                &self.tried_again,
                &self.not_before,
            )
            .execute(connection)
            .await?;
        }
        Ok(())
    }
}

fn checkpoint_name(process: &str) -> String {
    format!("process:{process}")
}

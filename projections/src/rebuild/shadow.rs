//! A copy of a projection's tables in a schema of its own, filled from the
//! log.
//!
//! The copy's connection finds its tables first and everything else where it
//! always is, so that the projection's own code fills it and knows nothing of
//! all this.

use std::time::Duration;

use event_store::{Lease, Log, try_lease};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::deferred::Deferred;
use super::schema::{Persistence, copy_table, enter, execute, quoted, schema_beside};
use super::writer::Writer;
use super::{ProgressFn, Rebuilt};
use crate::feed::{Feed, missing};
use crate::projection::{Projection, Tables};
use crate::writes::Writes;
use crate::{ProjectionError, ProjectionName, checkpoint};

/// The copy.
pub(super) struct Shadow {
    pub(super) name: ProjectionName,
    log: Log,
    options: PgConnectOptions,
    pub(super) lease: Lease,
    pub(super) projection: Box<dyn Projection>,
    /// The schema of the live tables.
    pub(super) home: String,
    /// The schema of the copy.
    pub(super) schema: String,
    position: i64,
    /// How many rows its tables have.
    rows: i64,
    indexes: Deferred,
}

impl Shadow {
    /// Makes empty tables like the live ones, in all but the indexes that the
    /// loading does not need.
    pub(super) async fn create(
        log: &Log,
        options: &PgConnectOptions,
        name: ProjectionName,
        persistence: Persistence,
    ) -> Result<Self, ProjectionError> {
        let lease_name = format!("rebuild {}", name.as_ref());
        let mut lease = try_lease(options, &lease_name)
            .await?
            .ok_or(ProjectionError::BeingRebuilt(name))?;
        let home = sqlx::query_scalar!(r#"select current_schema()::text as "home!""#)
            .fetch_one(&mut *lease)
            .await?;
        let schema = schema_beside(&home, name);
        // Of a rebuild that was cut short, nobody works in it: we have the
        // lease.
        for statement in [
            format!("drop schema if exists {} cascade", quoted(&schema)),
            format!("create schema {}", quoted(&schema)),
        ] {
            execute(&mut lease, &statement).await?;
        }
        let mut indexes = Deferred::default();
        for table in name.tables() {
            copy_table(&mut lease, table, &home, &schema, persistence).await?;
            indexes.take(&mut lease, table, &schema).await?;
        }
        enter(&mut lease, &schema, &home).await?;
        let mut projection = name.start();
        projection.prepare(&mut lease).await?;
        Ok(Self {
            name,
            log: log.clone(),
            options: options.clone(),
            lease,
            projection,
            home,
            schema,
            position: 0,
            rows: 0,
            indexes,
        })
    }

    pub(super) fn name(&self) -> ProjectionName {
        self.name
    }

    /// How far the copy has read the log.
    pub(super) fn position(&self) -> i64 {
        self.position
    }

    /// How far the live tables are.
    pub(super) async fn live_position(&mut self) -> Result<i64, ProjectionError> {
        Ok(checkpoint::served(&mut self.lease, self.name)
            .await?
            .unwrap_or(0))
    }

    /// Fills the copy from the log up to a position. What has been read stays
    /// in memory within bounds: nobody else writes these tables. While other
    /// connections write, folding goes on.
    pub(super) async fn load(
        &mut self,
        upto: i64,
        progress: ProgressFn<'_>,
    ) -> Result<(), ProjectionError> {
        let mut feed = Feed::start(&self.log, self.name, self.position, upto);
        let writer = self.start_writer().await?;
        let mut tables = WrittenAside {
            writer,
            lease: &mut self.lease,
            indexes: &mut self.indexes,
            rows: 0,
        };
        let mut position = self.position;
        while let Some(batch) = feed.next().await {
            let batch = batch?;
            self.projection.take(&mut tables, &batch.events).await?;
            if let Some(problem) = batch.problem {
                return Err(problem);
            }
            position = batch.last;
            tables.write(self.projection.overflow()).await?;
            progress(position, upto);
        }
        if position < upto {
            return Err(missing(position + 1));
        }
        tables.write(self.projection.drain()).await?;
        tables.writer.finish().await?;
        self.rows += tables.rows;
        self.position = position;
        Ok(())
    }

    async fn start_writer(&mut self) -> Result<Writer, ProjectionError> {
        let mut connections = Vec::new();
        for _ in 0..Writer::CONNECTIONS {
            let mut connection = self.connect().await?;
            // Nobody is told before the swap, which makes all of it durable.
            execute(&mut connection, "set synchronous_commit to off").await?;
            self.projection.prepare(&mut connection).await?;
            connections.push(connection);
        }
        Ok(Writer::start(connections))
    }

    /// Another connection to the copy.
    async fn connect(&mut self) -> Result<PgConnection, ProjectionError> {
        let mut connection = self.options.connect().await?;
        enter(&mut connection, &self.schema, &self.home).await?;
        Ok(connection)
    }

    /// Makes the keys that were left out.
    pub(super) async fn make_keys(&mut self) -> Result<(), ProjectionError> {
        Ok(self.indexes.make_keys(&mut self.lease).await?)
    }

    /// Makes the indexes that were left out, and has the planner look at the
    /// tables.
    pub(super) async fn complete(&mut self) -> Result<(), ProjectionError> {
        let mut helper = self.connect().await?;
        self.indexes
            .complete((&mut self.lease, &mut helper))
            .await?;
        helper.close().await?;
        Ok(())
    }

    /// Puts the copy in the place of the live tables, in one transaction that
    /// holds the checkpoint. Returns nothing when the live tables were in use
    /// for too long, and leaves everything as it was.
    pub(super) async fn swap(
        &mut self,
        progress: ProgressFn<'_>,
    ) -> Result<Option<Rebuilt>, ProjectionError> {
        const LOCK_NOT_AVAILABLE: &str = "55P03";
        const PAUSE: Duration = Duration::from_millis(100);
        let swapped = self.try_swap(progress).await;
        match swapped {
            Err(ProjectionError::Database(sqlx::Error::Database(error)))
                if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) =>
            {
                self.projection.forget();
                tokio::time::sleep(PAUSE).await;
                Ok(None)
            }
            swapped => swapped.map(Some),
        }
    }

    async fn try_swap(&mut self, progress: ProgressFn<'_>) -> Result<Rebuilt, ProjectionError> {
        let mut transaction = self.lease.begin().await?;
        // Readers that come while we wait for those who are there wait with
        // us: not for long. But longer than the second after which PostgreSQL
        // takes a table away from its own cleaning, which may take minutes.
        sqlx::query("set local lock_timeout = '1500ms'")
            .execute(&mut *transaction)
            .await?;
        let live = lock_all(&mut transaction, self.name).await?;
        let upto = live.max(self.position);
        let rows = self.rows
            + take_rest(
                &self.log,
                self.name,
                &mut *self.projection,
                &mut transaction,
                self.position,
                upto,
            )
            .await?;
        progress(upto, upto);

        let (home, schema) = (quoted(&self.home), quoted(&self.schema));
        for table in self.name.tables() {
            execute(&mut transaction, &format!("drop table {home}.{table}")).await?;
            let moved = format!("alter table {schema}.{table} set schema {home}");
            execute(&mut transaction, &moved).await?;
            let cleaned = format!("alter table {home}.{table} reset (autovacuum_enabled)");
            execute(&mut transaction, &cleaned).await?;
        }
        execute(&mut transaction, &format!("drop schema {schema}")).await?;
        sqlx::query!(
            "delete from checkpoints where name = $1 and version <> $2",
            self.name.as_ref(),
            self.name.version(),
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "
            insert into checkpoints (name, version, position) values ($1, $2, $3)
            on conflict (name, version) do update set position = excluded.position
            ",
            self.name.as_ref(),
            self.name.version(),
            upto,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Rebuilt {
            rows,
            position: upto,
        })
    }

    /// Removes the copy.
    pub(super) async fn remove(mut self) -> Result<(), ProjectionError> {
        let drop = format!("drop schema if exists {} cascade", quoted(&self.schema));
        execute(&mut self.lease, &drop).await?;
        self.close().await;
        Ok(())
    }

    /// Lets go of a copy that is none any more.
    pub(super) async fn close(self) {
        self.lease.release().await;
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }
}

/// The tables of the copy, which other connections write.
struct WrittenAside<'l> {
    writer: Writer,
    lease: &'l mut Lease,
    indexes: &'l mut Deferred,
    /// How many rows were added.
    rows: i64,
}

impl WrittenAside<'_> {
    async fn write(&mut self, writes: Writes) -> Result<(), ProjectionError> {
        let searched: Vec<_> = writes.searched().collect();
        for table in searched {
            self.need_key(table).await?;
        }
        self.rows += writes.added();
        self.writer.write(writes).await
    }

    async fn need_key(&mut self, table: &str) -> Result<(), ProjectionError> {
        if self.indexes.has_key_of(table) {
            self.writer.wait().await?;
            self.indexes.make_key(self.lease, table).await?;
        }
        Ok(())
    }
}

impl Tables for WrittenAside<'_> {
    fn search(
        &mut self,
        table: &'static str,
    ) -> BoxFuture<'_, Result<&mut PgConnection, ProjectionError>> {
        async move {
            self.need_key(table).await?;
            self.writer.wait().await?;
            Ok(&mut **self.lease)
        }
        .boxed()
    }
}

/// Takes in what lies between the copy and a position, within a transaction;
/// it is little, and written at once. Returns how many rows that has added.
pub(super) async fn take_rest(
    log: &Log,
    name: ProjectionName,
    projection: &mut dyn Projection,
    connection: &mut PgConnection,
    after: i64,
    upto: i64,
) -> Result<i64, ProjectionError> {
    if upto <= after {
        return Ok(0);
    }
    let mut feed = Feed::start(log, name, after, upto);
    let mut position = after;
    while let Some(batch) = feed.next().await {
        let batch = batch?;
        projection.take(&mut *connection, &batch.events).await?;
        if let Some(problem) = batch.problem {
            return Err(problem);
        }
        position = batch.last;
    }
    if position < upto {
        return Err(missing(position + 1));
    }
    let writes = projection.drain();
    let added = writes.added();
    writes.write(connection).await?;
    Ok(added)
}

/// Locks the checkpoints of all versions, and says how far the live tables
/// are.
async fn lock_all(connection: &mut PgConnection, name: ProjectionName) -> Result<i64, sqlx::Error> {
    let positions = sqlx::query_scalar!(
        "select position from checkpoints where name = $1 order by version desc for update",
        name.as_ref(),
    )
    .fetch_all(connection)
    .await?;
    Ok(positions.first().copied().unwrap_or(0))
}

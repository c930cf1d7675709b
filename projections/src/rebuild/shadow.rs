//! A copy of a projection's tables in a schema of its own, filled from the
//! log.
//!
//! The copy's connection finds its tables first and everything else where it
//! always is, so that the projection's own code fills it and knows nothing of
//! all this.

use std::time::Duration;

use event_store::{Lease, Log, content_hash, try_lease};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection};

use super::{ProgressFn, Rebuilt};
use crate::feed::{Feed, missing};
use crate::projection::Projection;
use crate::{ProjectionError, ProjectionName, checkpoint};

/// Whether the copy is to outlive a crash of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    /// It will take the place of the live tables.
    Logged,
    /// It is looked at once.
    Unlogged,
}

/// The copy.
pub(super) struct Shadow {
    pub(super) name: ProjectionName,
    log: Log,
    pub(super) lease: Lease,
    pub(super) projection: Box<dyn Projection>,
    /// The schema of the live tables.
    pub(super) home: String,
    /// The schema of the copy.
    pub(super) schema: String,
    position: i64,
    /// What makes the indexes that only slow the loading down.
    deferred: Vec<String>,
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
        let mut deferred = Vec::new();
        for table in name.tables() {
            copy_table(&mut lease, table, &home, &schema, persistence).await?;
            deferred.extend(take_indexes(&mut lease, table, &schema).await?);
        }
        let path = format!("set search_path to {}, {}", quoted(&schema), quoted(&home));
        execute(&mut lease, &path).await?;
        let mut projection = name.start();
        projection.prepare(&mut lease).await?;
        Ok(Self {
            name,
            log: log.clone(),
            lease,
            projection,
            home,
            schema,
            position: 0,
            deferred,
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
    /// in memory within bounds: nobody else writes these tables.
    pub(super) async fn load(
        &mut self,
        upto: i64,
        progress: ProgressFn<'_>,
    ) -> Result<(), ProjectionError> {
        let mut feed = Feed::start(&self.log, self.name, self.position, upto);
        let mut position = self.position;
        while let Some(batch) = feed.next().await {
            let batch = batch?;
            self.projection.take(&mut self.lease, &batch.events).await?;
            if let Some(problem) = batch.problem {
                return Err(problem);
            }
            position = batch.last;
            if self.projection.is_full() {
                self.write().await?;
                self.position = position;
            }
            progress(position, upto);
        }
        if position < upto {
            return Err(missing(position + 1));
        }
        self.write().await?;
        self.position = position;
        Ok(())
    }

    async fn write(&mut self) -> Result<(), ProjectionError> {
        let mut transaction = self.lease.begin().await?;
        self.projection.write(&mut transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Makes the indexes that were left out, and has the planner look at the
    /// tables.
    pub(super) async fn complete(&mut self) -> Result<(), ProjectionError> {
        for setting in [
            "set maintenance_work_mem = '256MB'",
            "set max_parallel_maintenance_workers = 2",
        ] {
            execute(&mut self.lease, setting).await?;
        }
        for index in std::mem::take(&mut self.deferred) {
            execute(&mut self.lease, &index).await?;
        }
        for table in self.name.tables() {
            execute(&mut self.lease, &format!("analyze {table}")).await?;
        }
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
        take_rest(
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
        let mut rows = 0;
        for table in self.name.tables() {
            execute(&mut transaction, &format!("drop table {home}.{table}")).await?;
            let moved = format!("alter table {schema}.{table} set schema {home}");
            execute(&mut transaction, &moved).await?;
            let cleaned = format!("alter table {home}.{table} reset (autovacuum_enabled)");
            execute(&mut transaction, &cleaned).await?;
            rows += count(&mut transaction, &self.home, table).await?;
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

/// The schema in which a projection of a schema is built: PostgreSQL cuts
/// names off behind 63 bytes, and two must not become one by that.
fn schema_beside(home: &str, name: ProjectionName) -> String {
    const LONGEST: usize = 63;
    let schema = format!("{home}_{}_aside", name.as_ref());
    if schema.len() <= LONGEST {
        return schema;
    }
    let hash = content_hash([schema.as_bytes()]);
    format!("docket_{:032x}_aside", u128::from_be_bytes(hash))
}

/// Takes in what lies between the copy and a position, within a transaction;
/// it is little, and written at once.
pub(super) async fn take_rest(
    log: &Log,
    name: ProjectionName,
    projection: &mut dyn Projection,
    connection: &mut PgConnection,
    after: i64,
    upto: i64,
) -> Result<(), ProjectionError> {
    if upto <= after {
        return Ok(());
    }
    let mut feed = Feed::start(log, name, after, upto);
    let mut position = after;
    while let Some(batch) = feed.next().await {
        let batch = batch?;
        projection.take(connection, &batch.events).await?;
        if let Some(problem) = batch.problem {
            return Err(problem);
        }
        position = batch.last;
    }
    if position < upto {
        return Err(missing(position + 1));
    }
    projection.write(connection).await
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

/// Makes a table like another one, with all that `like` leaves out.
async fn copy_table(
    connection: &mut PgConnection,
    table: &str,
    home: &str,
    schema: &str,
    persistence: Persistence,
) -> Result<(), sqlx::Error> {
    let (from, to) = (
        format!("{}.{table}", quoted(home)),
        format!("{}.{table}", quoted(schema)),
    );
    let unlogged = match persistence {
        Persistence::Logged => "",
        Persistence::Unlogged => "unlogged ",
    };
    let create = format!("create {unlogged}table {to} (like {from} including all)");
    execute(connection, &create).await?;
    let rest: Vec<String> = sqlx::query_scalar(
        "
        select format('alter table %s set (%s)', $2, array_to_string(c.reloptions, ', '))
        from pg_class c
        where c.oid = $1::regclass and c.reloptions is not null
        union all
        select format('comment on table %s is %L', $2, obj_description($1::regclass, 'pg_class'))
        where obj_description($1::regclass, 'pg_class') is not null
        union all
        select format(
            'grant %s on %s to %s%s', a.privilege_type, $2,
            case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
            case when a.is_grantable then ' with grant option' else '' end
        )
        from pg_class c
        cross join lateral aclexplode(c.relacl) a
        where c.oid = $1::regclass and a.grantee <> c.relowner
        ",
    )
    .bind(&from)
    .bind(&to)
    .fetch_all(&mut *connection)
    .await?;
    for statement in rest {
        execute(connection, &statement).await?;
    }
    // What is filled once needs no cleaning, which would be in the way of the
    // swap.
    let uncleaned = format!("alter table {to} set (autovacuum_enabled = off)");
    execute(connection, &uncleaned).await
}

/// Removes the indexes that are no constraints, and returns what makes them
/// again under the same names.
async fn take_indexes(
    connection: &mut PgConnection,
    table: &str,
    schema: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "
        select i.relname::text, pg_get_indexdef(i.oid)
        from pg_index x
        join pg_class i on i.oid = x.indexrelid
        where x.indrelid = $1::regclass
            and not exists (select from pg_constraint k where k.conindid = i.oid)
        order by i.oid
        ",
    )
    .bind(format!("{}.{table}", quoted(schema)))
    .fetch_all(&mut *connection)
    .await?;
    let mut definitions = Vec::new();
    for (index, definition) in indexes {
        let drop = format!("drop index {}.{}", quoted(schema), quoted(&index));
        execute(connection, &drop).await?;
        definitions.push(definition);
    }
    Ok(definitions)
}

pub(super) async fn count(
    connection: &mut PgConnection,
    schema: &str,
    table: &str,
) -> Result<i64, sqlx::Error> {
    let statement = format!("select count(*) from {}.{table}", quoted(schema));
    sqlx::query_scalar(&statement).fetch_one(connection).await
}

pub(super) async fn execute(
    connection: &mut PgConnection,
    statement: &str,
) -> Result<(), sqlx::Error> {
    connection.execute(statement).await?;
    Ok(())
}

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

//! The statements of whoever looks at the log as a whole: to count it, to find
//! an aggregate in it, to see whether it is whole. They ask the log alone and
//! no read model, so that their answers hold where those are wrong.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::Stream;
use sqlx::PgPool;
use uuid::Uuid;

use crate::seal::SealedTree;
use crate::{Claim, Filter, Head, RecordedEvent, StoreError, reading, scan};

/// The log, for looking at it as a whole. Needs only the right to read.
#[derive(Debug, Clone)]
pub struct Audit {
    pool: PgPool,
}

/// How many events there are of one kind of aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeCount {
    /// The kind of aggregate.
    pub aggregate_type: String,
    /// How many events.
    pub events: i64,
}

/// How far somebody who follows the log has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Who: a projection or a process manager.
    pub name: String,
    /// In which version.
    pub version: i32,
    /// The last position that has been taken in.
    pub position: i64,
    /// For how many seconds the next event has been waiting; nothing if there
    /// is none.
    pub waiting_seconds: Option<f64>,
}

/// Where the log ends, as its head says and as its rows say, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// What the head says; nothing if its row is missing.
    pub head: Option<Head>,
    /// The last event.
    pub last: Head,
}

/// A key that an event claims for its aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The event.
    pub position: i64,
    /// The kind of its aggregate.
    pub aggregate_type: Arc<str>,
    /// Its aggregate.
    pub aggregate_id: Uuid,
    /// The key.
    pub claim: Claim,
}

impl Audit {
    /// Looks at the log behind a pool.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The last position and when it was recorded.
    pub async fn head(&self) -> Result<Head, StoreError> {
        reading::head(&self.pool).await
    }

    /// How many events there are of each kind of aggregate, the most first.
    pub async fn count_by_type(&self) -> Result<Vec<TypeCount>, StoreError> {
        let counts = sqlx::query_as!(
            TypeCount,
            r#"
            select aggregate_type, count(*) as "events!"
            from events
            group by aggregate_type
            order by count(*) desc, aggregate_type
            "#
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(counts)
    }

    /// How far everybody has come who follows the log.
    pub async fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let checkpoints = sqlx::query_as!(
            Checkpoint,
            r#"
            select
                c.name, c.version, c.position,
                extract(epoch from clock_timestamp() - next.recorded_at)::float8 as waiting_seconds
            from checkpoints c
            left join events next on next.position = c.position + 1
            order by c.name, c.version
            "#
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(checkpoints)
    }

    /// The event at a position.
    pub async fn event(&self, position: i64) -> Result<Option<RecordedEvent>, StoreError> {
        let page = reading::page(&self.pool, position - 1, 1, &Filter::default()).await?;
        Ok(page.into_iter().find(|event| event.position == position))
    }

    /// Some events after a position, in order, of those that a filter wants.
    pub async fn page(
        &self,
        after: i64,
        limit: i64,
        filter: &Filter,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        reading::page(&self.pool, after, limit, filter).await
    }

    /// The aggregate that holds a key.
    pub async fn holder(&self, scope: &str, key: &str) -> Result<Option<Uuid>, StoreError> {
        let holder = sqlx::query_scalar!(
            "select aggregate_id from reservations where scope = $1 and key = $2",
            scope,
            key,
        )
        .fetch_optional(&self.pool)
        .await?;
        holder.map(|id| reading::aggregate_id(0, &id)).transpose()
    }

    /// The first of some claims that is not held by the aggregate whose event
    /// claims the key.
    pub async fn first_claim_not_held(
        &self,
        claims: &[Claimed],
    ) -> Result<Option<i64>, StoreError> {
        let position = sqlx::query_scalar!(
            r#"
            select min(c.position)
            from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[])
                as c (position, scope, key, aggregate_type, aggregate_id)
            where not exists (
                select
                from reservations r
                where r.scope = c.scope and r.key = c.key
                    and r.aggregate_type = c.aggregate_type and r.aggregate_id = c.aggregate_id
            )
            "#,
            &column(claims, |one| one.position),
            &column(claims, |one| one.claim.scope.to_owned()),
            &column(claims, |one| one.claim.key.clone()),
            &column(claims, |one| one.aggregate_type.to_string()),
            &column(claims, |one| one.aggregate_id.to_string()),
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(position)
    }

    /// A key that is held by an aggregate without any event, as its scope and
    /// itself: nobody but the log's own append reserves keys.
    pub async fn first_key_of_nobody(&self) -> Result<Option<(String, String)>, StoreError> {
        let row = sqlx::query!(
            "
            select r.scope, r.key
            from reservations r
            where not exists (
                select
                from events e
                where e.aggregate_type = r.aggregate_type and e.aggregate_id = r.aggregate_id
            )
            order by r.scope, r.key
            limit 1
            "
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| (row.scope, row.key)))
    }

    /// The aggregates of a kind, ten at most, with an event of this name whose
    /// payload contains a piece of canonical JSON. Reads the whole log.
    pub async fn find_aggregates(
        &self,
        aggregate_type: &str,
        event_type: &str,
        piece: &str,
    ) -> Result<Vec<Uuid>, StoreError> {
        // As text: the operators of JSON refuse a payload with a NUL in it.
        let rows = sqlx::query!(
            r#"
            select aggregate_id, min(position) as "position!"
            from events
            where aggregate_type = $1 and event_type = $2 and strpos(payload::text, $3) > 0
            group by aggregate_id
            order by min(position)
            limit 10
            "#,
            aggregate_type,
            event_type,
            piece,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| reading::aggregate_id(row.position, &row.aggregate_id))
            .collect()
    }

    /// All events of one aggregate, in order, up to a position if one is given.
    pub async fn stream(
        &self,
        aggregate_type: &str,
        id: Uuid,
        upto_position: Option<i64>,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        reading::stream(&self.pool, aggregate_type, id, upto_position).await
    }

    /// The last position recorded at or before a moment; 0 if there is none.
    pub async fn position_at(&self, at: DateTime<Utc>) -> Result<i64, StoreError> {
        reading::position_at(&self.pool, at).await
    }

    /// Where the log ends, by its head and by its rows.
    pub async fn ends(&self) -> Result<Ends, StoreError> {
        // One statement and so one moment, however much is appended meanwhile.
        let row = sqlx::query!(
            r#"
            select
                head.position as "head_position?", head.recorded_at as head_time,
                last.position as "last_position?", last.recorded_at as "last_time?"
            from (select 1) one
            left join log_head head on true
            left join lateral (
                select e.position, e.recorded_at from events e order by e.position desc limit 1
            ) last on true
            "#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Ends {
            head: row.head_position.map(|position| Head {
                position,
                recorded_at: row.head_time,
            }),
            last: Head {
                position: row.last_position.unwrap_or(0),
                recorded_at: row.last_time,
            },
        })
    }

    /// Reads positions 1 to `upto` in order, as fast as the server sends.
    pub fn scan(
        &self,
        upto: i64,
    ) -> impl Stream<Item = Result<Vec<RecordedEvent>, StoreError>> + Send + Unpin + 'static {
        scan::scan(self.pool.connect_options(), 0, upto)
    }

    /// Reads positions `after + 1` to `upto` in order, as fast as the server
    /// sends.
    pub fn scan_range(
        &self,
        after: i64,
        upto: i64,
    ) -> impl Stream<Item = Result<Vec<RecordedEvent>, StoreError>> + Send + Unpin + 'static {
        scan::scan(self.pool.connect_options(), after, upto)
    }

    /// The signed heads of the log, its tiles and its keys.
    pub fn seals(&self) -> SealedTree {
        SealedTree::new(self.pool.clone())
    }

    /// Reads positions 1 to `upto` stream by stream: all events of an aggregate
    /// in the order of their sequence, then those of the next.
    pub fn scan_streams(
        &self,
        upto: i64,
    ) -> impl Stream<Item = Result<Vec<RecordedEvent>, StoreError>> + Send + Unpin + 'static {
        scan::scan_streams(self.pool.connect_options(), upto)
    }

    /// The first of some positions whose event lacks the hash of its command's
    /// request, or has one that only the command's first event may have.
    pub async fn first_wrong_request_hash(
        &self,
        after: i64,
        upto: i64,
    ) -> Result<Option<i64>, StoreError> {
        let position = sqlx::query_scalar!(
            r#"
            select min(position)
            from events
            where position > $1 and position <= $2
                and coalesce(octet_length(request_hash), 0) <> case when command_index = 0 then 16 else 0 end
            "#,
            after,
            upto,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(position)
    }

    /// The first position at which a command stands in the log for a second
    /// time.
    pub async fn first_repeated_command(&self, upto: i64) -> Result<Option<i64>, StoreError> {
        let position = sqlx::query_scalar!(
            r#"
            select min(again.position)
            from (
                select command_id, command_index
                from events
                group by command_id, command_index
                having count(*) > 1
            ) repeated
            cross join lateral (
                select e.position
                from events e
                where e.command_id = repeated.command_id and e.command_index = repeated.command_index
                order by e.position
                offset 1
                limit 1
            ) again
            where again.position <= $1
            "#,
            upto,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(position)
    }
}

/// One thing of each claim, as a statement takes it.
fn column<T>(claims: &[Claimed], of: impl Fn(&Claimed) -> T) -> Vec<T> {
    claims.iter().map(of).collect()
}

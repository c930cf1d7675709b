//! The statements that read the log.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use crate::{Appended, Filter, Head, KnownCommand, RecordedEvent, StoreError, StreamVersion};

/// A row of `events` as PostgreSQL hands it over.
struct Row {
    position: i64,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    command_id: Uuid,
    command_index: i16,
    request_hash: Option<Vec<u8>>,
    recorded_at: DateTime<Utc>,
}

impl TryFrom<Row> for RecordedEvent {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            aggregate_id: aggregate_id(row.position, &row.aggregate_id)?,
            position: row.position,
            aggregate_type: Arc::from(row.aggregate_type),
            sequence: row.sequence,
            event_type: row.event_type,
            event_version: row.event_version,
            payload: row.payload.into_boxed_str(),
            metadata: row.metadata.into_boxed_str(),
            command_id: row.command_id,
            command_index: row.command_index,
            request_hash: row
                .request_hash
                .map(|hash| request_hash(row.position, &hash))
                .transpose()?,
            recorded_at: row.recorded_at,
        })
    }
}

/// Reads the id of an aggregate, which postgres-es keeps as text. The text is
/// the key of the stream: another way to write the same id would be another
/// stream.
pub(crate) fn aggregate_id(position: i64, text: &str) -> Result<Uuid, StoreError> {
    let id = Uuid::try_parse(text).ok();
    id.filter(|id| id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text)
        .ok_or_else(|| StoreError::Corrupt {
            position,
            problem: format!("the aggregate id {text:?} is not a UUID as the log writes it"),
        })
}

/// Reads the hash of a command's content.
pub(crate) fn request_hash(position: i64, bytes: &[u8]) -> Result<[u8; 16], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt {
        position,
        problem: "the hash of the request does not have 16 bytes".to_owned(),
    })
}

/// The head of the log.
pub(crate) async fn head(executor: impl PgExecutor<'_>) -> Result<Head, StoreError> {
    let head = sqlx::query_as!(Head, "select position, recorded_at from log_head")
        .fetch_one(executor)
        .await?;
    Ok(head)
}

/// A page of events after a position.
pub(crate) async fn page(
    executor: impl PgExecutor<'_>,
    after: i64,
    limit: i64,
    filter: &Filter,
) -> Result<Vec<RecordedEvent>, StoreError> {
    if *filter == Filter::default() {
        return everything(executor, after, limit).await;
    }
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            position, aggregate_type, aggregate_id, sequence, event_type, event_version,
            payload::text as "payload!", metadata::text as "metadata!",
            command_id, command_index, request_hash, recorded_at
        from events
        where position > $1
            and ($3::text[] is null or aggregate_type = any ($3))
            and ($4::text is null or aggregate_id = $4)
            and ($5::text[] is null or event_type = any ($5))
            and ($6::text is null or metadata ->> 'actor' = $6)
        order by position
        limit $2
        "#,
        after,
        limit,
        filter.aggregate_types.as_deref(),
        filter.aggregate_id.map(|id| id.to_string()),
        filter.event_types.as_deref(),
        filter.actor.as_deref(),
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(RecordedEvent::try_from).collect()
}

async fn everything(
    executor: impl PgExecutor<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            position, aggregate_type, aggregate_id, sequence, event_type, event_version,
            payload::text as "payload!", metadata::text as "metadata!",
            command_id, command_index, request_hash, recorded_at
        from events
        where position > $1
        order by position
        limit $2
        "#,
        after,
        limit,
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(RecordedEvent::try_from).collect()
}

/// The stream of one aggregate.
pub(crate) async fn stream(
    pool: &PgPool,
    aggregate_type: &str,
    id: Uuid,
    upto_position: Option<i64>,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            position, aggregate_type, aggregate_id, sequence, event_type, event_version,
            payload::text as "payload!", metadata::text as "metadata!",
            command_id, command_index, request_hash, recorded_at
        from events
        where aggregate_type = $1 and aggregate_id = $2 and position <= $3
        order by sequence
        "#,
        aggregate_type,
        id.to_string(),
        upto_position.unwrap_or(i64::MAX),
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(RecordedEvent::try_from).collect()
}

/// The streams of several aggregates, one after the other.
pub(crate) async fn streams(
    pool: &PgPool,
    aggregate_type: &str,
    ids: &[Uuid],
) -> Result<Vec<RecordedEvent>, StoreError> {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            e.position as "position!", e.aggregate_type as "aggregate_type!",
            e.aggregate_id as "aggregate_id!", e.sequence as "sequence!",
            e.event_type as "event_type!", e.event_version as "event_version!",
            e.payload::text as "payload!", e.metadata::text as "metadata!",
            e.command_id as "command_id!", e.command_index as "command_index!",
            e.request_hash, e.recorded_at as "recorded_at!"
        from unnest($2::text[]) as wanted (id)
        cross join lateral (
            select *
            from events
            where aggregate_type = $1 and aggregate_id = wanted.id
            order by sequence
        ) e
        order by e.aggregate_id, e.sequence
        "#,
        aggregate_type,
        &ids,
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(RecordedEvent::try_from).collect()
}

/// The version that a stream is at.
pub(crate) async fn version(
    pool: &PgPool,
    aggregate_type: &str,
    id: Uuid,
) -> Result<i64, StoreError> {
    let version = sqlx::query_scalar!(
        "select sequence from events where aggregate_type = $1 and aggregate_id = $2 order by sequence desc limit 1",
        aggregate_type,
        id.to_string(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(version.unwrap_or(0))
}

/// Whether streams stand at the versions at which somebody has read them.
pub(crate) async fn are_current(
    pool: &PgPool,
    streams: &[StreamVersion],
) -> Result<bool, StoreError> {
    let types: Vec<&str> = streams.iter().map(|s| s.aggregate_type).collect();
    let ids: Vec<String> = streams.iter().map(|s| s.aggregate_id.to_string()).collect();
    let versions: Vec<i64> = streams.iter().map(|s| s.version).collect();
    let current = sqlx::query_scalar!(
        r#"
        select not exists (
            select from unnest($1::text[], $2::text[], $3::bigint[]) as r (aggregate_type, aggregate_id, version)
            where r.version <> coalesce((
                select e.sequence
                from events e
                where e.aggregate_type = r.aggregate_type and e.aggregate_id = r.aggregate_id
                order by e.sequence desc
                limit 1
            ), 0)
        ) as "current!"
        "#,
        &types as &[&str],
        &ids,
        &versions,
    )
    .fetch_one(pool)
    .await?;
    Ok(current)
}

/// The last position at or before a moment.
pub(crate) async fn position_at(pool: &PgPool, at: DateTime<Utc>) -> Result<i64, StoreError> {
    let position = sqlx::query_scalar!(r#"select position_at($1) as "position!""#, at)
        .fetch_one(pool)
        .await?;
    Ok(position)
}

/// Whether any of these commands is known with another content than this.
pub(crate) async fn any_reused(
    pool: &PgPool,
    commands: &[Uuid],
    request_hash: &[u8],
) -> Result<bool, StoreError> {
    let reused = sqlx::query_scalar!(
        r#"
        select exists (
            select from events
            where command_id = any ($1) and command_index = 0 and request_hash <> $2
        ) as "reused!"
        "#,
        commands,
        request_hash,
    )
    .fetch_one(pool)
    .await?;
    Ok(reused)
}

/// What the log knows of a command.
pub(crate) async fn command(pool: &PgPool, id: Uuid) -> Result<Option<KnownCommand>, StoreError> {
    let row = sqlx::query!(
        r#"
        select
            first.aggregate_type, first.aggregate_id, first.position as first_position,
            first.recorded_at, first.request_hash as "request_hash!",
            last.position as "last_position!", last.sequence as "version!"
        from events first
        cross join lateral (
            select e.position, e.sequence
            from events e
            where e.command_id = first.command_id
            order by e.command_index desc
            limit 1
        ) last
        where first.command_id = $1 and first.command_index = 0
        "#,
        id,
    )
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let position = row.first_position;
    let request_hash = request_hash(position, &row.request_hash)?;
    Ok(Some(KnownCommand {
        aggregate_id: aggregate_id(position, &row.aggregate_id)?,
        aggregate_type: row.aggregate_type,
        request_hash,
        appended: Appended {
            from: position,
            to: row.last_position,
            version: row.version,
            recorded_at: row.recorded_at,
            duplicate: true,
        },
    }))
}

/// Those of some commands that the log has stored.
pub(crate) async fn commands(pool: &PgPool, ids: &[Uuid]) -> Result<HashSet<Uuid>, StoreError> {
    let known = sqlx::query_scalar!(
        "select command_id from events where command_id = any ($1) and command_index = 0",
        ids,
    )
    .fetch_all(pool)
    .await?;
    Ok(known.into_iter().collect())
}

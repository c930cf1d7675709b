//! Which events are there by type, actor, object and time: for auditors, and
//! for everybody who looks at the log itself.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use event_store::RecordedEvent;
use futures_util::FutureExt;
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::copy::{Layout, Rows, stored_time};
use crate::projection::{Projection, Step, Tables};
use crate::work_queue::TimeRange;
use crate::writes::Writes;
use crate::{AsOf, Decoded, ReadError};

pub(crate) const VERSION: i32 = 1;
pub(crate) const TABLES: &[&str] = &["event_index"];

const LAYOUT: Layout = Layout {
    table: "event_index",
    columns: &[
        "position",
        "event_type",
        "aggregate_type",
        "aggregate_id",
        "actor",
        "channel",
        "effective_at",
        "recorded_at",
    ],
    key: 1,
    validity: &[],
    implied: &[],
};

/// Which events somebody wants to see. All conditions that are set must hold;
/// the default lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only events of these names.
    pub event_types: Option<Vec<String>>,
    /// Only events by these actors.
    pub actors: Option<Vec<String>>,
    /// Only what happened to these kinds of objects.
    pub aggregate_types: Option<Vec<String>>,
    /// Only what happened to this object.
    pub aggregate_id: Option<Uuid>,
    /// Only what the log came to know then.
    pub recorded: TimeRange,
    /// Only what was so in the world then.
    pub effective: TimeRange,
}

/// The index of the log, to be asked.
#[derive(Debug, Clone)]
pub struct EventIndex {
    pool: PgPool,
    as_of: AsOf,
}

impl EventIndex {
    pub(crate) fn new(pool: PgPool, as_of: AsOf) -> Self {
        Self { pool, as_of }
    }

    /// The positions of the events that the filter lets through: up to `limit`
    /// of those behind a position, or before it when `descending`. Without a
    /// position, from the beginning or from the end.
    pub async fn positions(
        &self,
        filter: &EventFilter,
        after: Option<i64>,
        limit: i64,
        descending: bool,
    ) -> Result<Vec<i64>, ReadError> {
        let mut query =
            QueryBuilder::<Postgres>::new("select position from event_index where true");
        filter.push(&mut query, self.as_of);
        if let Some(after) = after {
            query.push(if descending {
                " and position < "
            } else {
                " and position > "
            });
            query.push_bind(after);
        }
        query.push(" order by position");
        if descending {
            query.push(" desc");
        }
        query.push(" limit ").push_bind(limit);
        Ok(query.build_query_scalar().fetch_all(&self.pool).await?)
    }

    /// How many events the filter lets through.
    pub async fn total(&self, filter: &EventFilter) -> Result<i64, ReadError> {
        let mut query =
            QueryBuilder::<Postgres>::new("select count(*) from event_index where true");
        filter.push(&mut query, self.as_of);
        Ok(query.build_query_scalar().fetch_one(&self.pool).await?)
    }

    /// The events at some positions of the log, in its order.
    pub async fn events_at(&self, positions: &[i64]) -> Result<Vec<RecordedEvent>, ReadError> {
        let rows = sqlx::query!(
            r#"
            select
                position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                payload::text as "payload!", metadata::text as "metadata!",
                command_id, command_index, request_hash, recorded_at
            from events
            where position = any ($1)
            order by position
            "#,
            positions,
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let aggregate_id = Uuid::try_parse(&row.aggregate_id)
                    .map_err(|error| ReadError::Database(sqlx::Error::Decode(error.into())))?;
                let request_hash = row.request_hash.map(<[u8; 16]>::try_from).transpose();
                let request_hash = request_hash.map_err(|_| {
                    let problem = "the hash of a request does not have 16 bytes";
                    ReadError::Database(sqlx::Error::Decode(problem.into()))
                })?;
                Ok(RecordedEvent {
                    position: row.position,
                    aggregate_type: Arc::from(row.aggregate_type),
                    aggregate_id,
                    sequence: row.sequence,
                    event_type: row.event_type,
                    event_version: row.event_version,
                    payload: row.payload.into_boxed_str(),
                    metadata: row.metadata.into_boxed_str(),
                    command_id: row.command_id,
                    command_index: row.command_index,
                    request_hash,
                    recorded_at: row.recorded_at,
                })
            })
            .collect()
    }
}

impl EventFilter {
    fn push(&self, query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
        // Events are only ever added: as of a position, those up to there.
        if let AsOf::Position(position) = as_of {
            query.push(" and position <= ").push_bind(position);
        }
        let lists = [
            ("event_type", &self.event_types),
            ("actor", &self.actors),
            ("aggregate_type", &self.aggregate_types),
        ];
        for (column, values) in lists {
            match values.as_deref() {
                None => {}
                // One value is a walk along the index in the order asked for.
                Some([value]) => {
                    query
                        .push(format!(" and {column} = "))
                        .push_bind(value.clone());
                }
                Some(values) => {
                    query
                        .push(format!(" and {column} = any ("))
                        .push_bind(values.to_vec())
                        .push(")");
                }
            }
        }
        if let Some(id) = self.aggregate_id {
            query.push(" and aggregate_id = ").push_bind(id);
        }
        // The log's own clock never runs backwards, so that a time is a place.
        if let Some(from) = self.recorded.from {
            query
                .push(" and position > position_at(")
                .push_bind(just_before(from))
                .push(")");
        }
        if let Some(to) = self.recorded.to {
            query
                .push(" and position <= position_at(")
                .push_bind(just_before(to))
                .push(")");
        }
        if let Some(from) = self.effective.from {
            query.push(" and effective_at >= ").push_bind(from);
        }
        if let Some(to) = self.effective.to {
            query.push(" and effective_at < ").push_bind(to);
        }
    }
}

/// The last moment before one that the log can tell from it.
fn just_before(time: DateTime<Utc>) -> DateTime<Utc> {
    let micros = time.timestamp_micros();
    let is_whole = stored_time(time) == time;
    DateTime::from_timestamp_micros(micros - i64::from(is_whole)).unwrap_or(time)
}

/// Keeps the index.
pub(crate) struct Projector {
    rows: Rows,
}

impl Default for Projector {
    fn default() -> Self {
        Self {
            rows: Rows::new(&LAYOUT),
        }
    }
}

impl Projection for Projector {
    fn take<'a>(&'a mut self, _: &'a mut dyn Tables, events: &'a [Decoded]) -> Step<'a> {
        for event in events {
            let Decoded {
                recorded, metadata, ..
            } = event;
            let mut row = self.rows.row();
            row.bigint(recorded.position);
            row.text(&recorded.event_type);
            row.text(&recorded.aggregate_type);
            row.uuid(recorded.aggregate_id);
            row.text(&metadata.actor);
            row.optional_text(metadata.channel.as_deref());
            row.time(metadata.effective_at);
            row.time(recorded.recorded_at);
        }
        async { Ok(()) }.boxed()
    }

    fn overflow(&mut self) -> Writes {
        const LIMIT: usize = 4 << 20;
        if self.rows.bytes() > LIMIT {
            self.drain()
        } else {
            Writes::default()
        }
    }

    fn drain(&mut self) -> Writes {
        let mut writes = Writes::default();
        writes.add(self.rows.take());
        writes
    }

    fn forget(&mut self) {
        self.rows.clear();
    }
}

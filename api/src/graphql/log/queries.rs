//! Queries on the log, and on how far the read models are with it.

use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use projections::AsOf;

use super::types::{Event, EventFilterInput};
use crate::auth::policy::Action;
use crate::error::{at_field, code, internal, of_store};
use crate::graphql::limits::page_cost;
use crate::graphql::loaders::wait_for;
use crate::graphql::scalars::Long;
use crate::graphql::time::{AsOfInput, recorded};
use crate::graphql::viewer::{authorised, desk};
use crate::graphql::work_item::paging::length;

/// How far a read model is with the log.
#[derive(SimpleObject)]
pub(crate) struct Projection {
    /// The read model's name.
    name: String,
    /// The position up to which it shows the log.
    position: Long,
    /// How many events it is behind.
    lag_positions: Long,
    /// How long it has been behind.
    lag_seconds: f64,
    /// Why it stands still, if it does.
    failed: Option<String>,
}

/// Where the log ends.
#[derive(SimpleObject)]
pub(crate) struct LogHead {
    /// The position of the last event, 0 for an empty log.
    position: Long,
    /// When it was recorded.
    recorded_at: Option<DateTime<Utc>>,
}

/// Queries on the log.
#[derive(Default)]
pub(crate) struct LogQueries;

#[Object]
impl LogQueries {
    /// Events of the log in its order, by type, actor, object and time: all of
    /// them, or those up to another time.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted, if not all.")] filter: Option<EventFilterInput>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(desc = "The first so many: 20 if not said, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "The cursor that they follow.")] after: Option<String>,
    ) -> Result<Connection<String, Event>> {
        authorised(ctx, Action::ReadLog)?;
        let then = recorded(ctx, as_of).await?;
        let filter = filter.unwrap_or_default().build()?;
        let length = length(first, "first")?;
        let after = after.as_deref().map(position).transpose()?;
        let desk = desk(ctx)?;
        // What was appended before the question is in the answer.
        let head = desk.log().head().await.map_err(|error| of_store(&error))?;
        wait_for(desk, projections::ProjectionName::EventIndex, head.position).await?;
        let as_of = then.map_or(AsOf::Now, |then| then.as_of());
        let index = desk.read().as_of(as_of).event_index();
        let positions = index
            .positions(&filter, after, i64::from(length) + 1, false)
            .await;
        let mut positions = positions.map_err(|error| internal(&error))?;
        let shown = usize::from(length);
        let has_next = positions.len() > shown;
        positions.truncate(shown);
        let events = index
            .events_at(&positions)
            .await
            .map_err(|error| internal(&error))?;
        let mut connection = Connection::new(after.is_some(), has_next);
        for event in &events {
            connection
                .edges
                .push(Edge::new(event.position.to_string(), Event::of(event)?));
        }
        Ok(connection)
    }

    /// Where the log ends, or ended at another time.
    async fn log_head(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
    ) -> Result<LogHead> {
        authorised(ctx, Action::ReadLog)?;
        if let Some(then) = recorded(ctx, as_of).await? {
            return log_head_at(ctx, then.position).await;
        }
        let head = desk(ctx)?
            .log()
            .head()
            .await
            .map_err(|error| of_store(&error))?;
        Ok(LogHead {
            position: Long(head.position),
            recorded_at: head.recorded_at,
        })
    }

    /// How far each read model is with the log. Has no `asOf`: it is about the
    /// service, and the log does not record it.
    async fn projections(&self, ctx: &Context<'_>) -> Result<Vec<Projection>> {
        authorised(ctx, Action::ReadProjections)?;
        let statuses = desk(ctx)?
            .projectors()
            .map(projections::Projectors::status)
            .unwrap_or_default();
        let projection = |status: projections::ProjectionStatus| Projection {
            name: status.name.as_ref().to_owned(),
            position: Long(status.position),
            lag_positions: Long(status.lag_positions),
            lag_seconds: status.lag_seconds,
            failed: status.failed,
        };
        Ok(statuses.into_iter().map(projection).collect())
    }
}

async fn log_head_at(ctx: &Context<'_>, position: i64) -> Result<LogHead> {
    let index = desk(ctx)?.read().event_index();
    let event = index
        .events_at(&[position])
        .await
        .map_err(|error| internal(&error))?;
    Ok(LogHead {
        position: Long(position),
        recorded_at: event.first().map(|event| event.recorded_at),
    })
}

/// The position that a cursor stands for.
pub(in crate::graphql) fn position(cursor: &str) -> Result<i64> {
    cursor
        .parse()
        .ok()
        .filter(|position| *position >= 0)
        .ok_or_else(|| {
            at_field(
                code::CURSOR_INVALID,
                "after is no cursor of this list",
                "after",
            )
        })
}

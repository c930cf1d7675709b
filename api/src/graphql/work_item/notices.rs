//! What the one who asks was told of work items.

use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use projections::ProjectionName;
use projections::work_item_history::NoticeRow;

use super::paging::length;
use crate::auth::policy::Action;
use crate::error::{at_field, code, internal};
use crate::graphql::ids::{self, Kind};
use crate::graphql::limits::page_cost;
use crate::graphql::loaders::wait_for;
use crate::graphql::scalars::Long;
use crate::graphql::time::{AsOfInput, recorded};
use crate::graphql::viewer::{authorised, desk};

/// A step of an item that the one who asks was told of.
#[derive(SimpleObject)]
pub(crate) struct Notice {
    /// Where the step stands in the log.
    position: Long,
    /// The item's global id.
    item_id: ID,
    /// What happened: `Urged`, `StageResultNotified` or
    /// `EscalatedHierarchically`.
    event_type: String,
    /// Who did it.
    actor: String,
    /// When it was so in the world.
    effective_at: DateTime<Utc>,
    /// When the desk recorded it.
    recorded_at: DateTime<Utc>,
    /// What they said with it.
    text: Option<String>,
}

impl From<NoticeRow> for Notice {
    fn from(row: NoticeRow) -> Self {
        Self {
            position: Long(row.position),
            item_id: ids::encode(Kind::Incident, row.item_id),
            event_type: row.event_type,
            actor: row.actor,
            effective_at: row.effective_at,
            recorded_at: row.recorded_at,
            text: row.text,
        }
    }
}

/// Queries about what people were told.
#[derive(Default)]
pub(crate) struct NoticeQueries;

#[Object]
impl NoticeQueries {
    /// What the one who asks was told of work items, the latest first, now or
    /// as it was known at another time: urges of items that they have or whose
    /// team they lead, staged results that were sent to them, escalations to
    /// them as a manager. It is shown here and sent nowhere.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn my_notices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(desc = "The first so many: 20 if not said, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "The cursor that they follow.")] after: Option<String>,
    ) -> Result<Connection<String, Notice, EmptyFields, EmptyFields>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?;
        let desk = desk(ctx)?;
        let limit = i64::from(length(first, "first")?);
        let before = match after.as_deref() {
            None => i64::MAX,
            Some(cursor) => cursor.parse().map_err(|_| {
                let message = "after is no cursor of this list";
                at_field(code::CURSOR_INVALID, message, "after")
            })?,
        };
        let read = match recorded(ctx, as_of).await? {
            None => desk.read().clone(),
            Some(then) => {
                wait_for(desk, ProjectionName::WorkItemHistory, then.position).await?;
                desk.read().as_of(then.as_of())
            }
        };
        let person = viewer.name();
        let notices = read
            .work_item_history()
            .notices(person, before, limit + 1)
            .await;
        let mut notices = notices.map_err(|error| internal(&error))?;
        let has_next = notices.len() > usize::try_from(limit).unwrap_or_default();
        notices.truncate(usize::try_from(limit).unwrap_or_default());
        let mut connection = Connection::new(after.is_some(), has_next);
        connection.edges = notices
            .into_iter()
            .map(|row| Edge::new(row.position.to_string(), Notice::from(row)))
            .collect();
        Ok(connection)
    }
}

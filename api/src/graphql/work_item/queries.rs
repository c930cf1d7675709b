//! Queries over the items of all practices.

use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, Enum, ID, Interface, Object, OutputType, Result, SimpleObject};
use projections::ReadError;
use projections::work_queue::{Cursor, GroupBy, Keyset, Order, WorkItemFilter};

use super::WorkItem;
use super::filter::{WorkItemFilterInput, WorkItemOrderInput, order};
use super::paging::{Wanted, wanted};
use crate::auth::policy::Action;
use crate::desk::Desk;
use crate::error::{at_field, code, internal};
use crate::graphql::configuration::{CategoryTree, PriorityMatrix};
use crate::graphql::enums::{Priority, WorkItemStatus};
use crate::graphql::ids::{self, Kind};
use crate::graphql::incident::Incident;
use crate::graphql::loaders::{At, Loaders};
use crate::graphql::organisation::Team;
use crate::graphql::scalars::Long;
use crate::graphql::viewer::{authorised, desk};

/// An object with a global id (Relay).
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The object's global id."))]
pub(crate) enum Node {
    /// An incident.
    Incident(Box<Incident>),
    /// A team.
    Team(Team),
    /// The priority matrix.
    PriorityMatrix(PriorityMatrix),
    /// The category tree.
    CategoryTree(CategoryTree),
}

/// What a list says of itself besides its items.
pub(crate) struct ListFields {
    desk: Desk,
    filter: WorkItemFilter,
}

/// What a list says of itself besides its items.
#[Object]
impl ListFields {
    /// How many items the whole list has.
    async fn total_count(&self) -> Result<Long> {
        let total = self.desk.read().work_queue().total(&self.filter).await;
        total.map(Long).map_err(|error| read_error(&error))
    }
}

/// By what items are counted.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "GroupBy")]
pub(crate) enum WorkItemGroup {
    /// By where they stand.
    Status,
    /// By the team that has them.
    Team,
    /// By how important they are.
    Priority,
}

/// The number of items of one group.
#[derive(SimpleObject)]
pub(crate) struct WorkItemCount {
    /// The status, when counted by status.
    status: Option<WorkItemStatus>,
    /// The team, when counted by team; null for items that no team has.
    team_id: Option<ID>,
    /// The team's name, when counted by team.
    team_name: Option<String>,
    /// The priority, when counted by priority.
    priority: Option<Priority>,
    /// How many items.
    count: Long,
}

/// Queries over the items of all practices.
#[derive(Default)]
pub(crate) struct WorkItemQueries;

#[Object]
impl WorkItemQueries {
    /// The object with this global id, if there is one that the one who asks
    /// may see.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        node(ctx, &id).await
    }

    /// The objects with these global ids, in their order; null where there is
    /// none that the one who asks may see.
    #[graphql(complexity = "ids.len() * child_complexity")]
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        if ids.len() > 100 {
            return Err(at_field(
                code::INPUT_INVALID,
                "ids has at most 100 values",
                "ids",
            ));
        }
        futures_util::future::try_join_all(ids.iter().map(|id| node(ctx, id))).await
    }

    /// The one queue over the items of all practices, newest first unless
    /// ordered otherwise.
    #[graphql(complexity = "5 + first.or(last).unwrap_or(20).max(0) as usize * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "Relay's paging arguments")]
    async fn work_items(
        &self,
        ctx: &Context<'_>,
        filter: Option<WorkItemFilterInput>,
        order_by: Option<WorkItemOrderInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<String, WorkItem, ListFields>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?;
        let filter = filter.unwrap_or_default().build(viewer)?;
        let wanted = wanted(first, after, last, before)?;
        page(ctx, filter, order(order_by), wanted, |incident| {
            WorkItem::Incident(Box::new(incident))
        })
        .await
    }

    /// How many items there are of each group; groups without any are left out.
    async fn work_item_counts(
        &self,
        ctx: &Context<'_>,
        by: WorkItemGroup,
        filter: Option<WorkItemFilterInput>,
    ) -> Result<Vec<WorkItemCount>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?;
        let filter = filter.unwrap_or_default().build(viewer)?;
        let counts = desk(ctx)?
            .read()
            .work_queue()
            .counts(&filter, by.into())
            .await;
        let counts = counts.map_err(|error| read_error(&error))?;
        Ok(counts
            .into_iter()
            .map(|count| WorkItemCount {
                status: count
                    .status
                    .and_then(|status| status.parse::<domain::incident::Status>().ok())
                    .map(Into::into),
                team_id: count.team_id.map(|id| ids::encode(Kind::Team, id)),
                team_name: count.team_name,
                priority: count.priority.and_then(priority),
                count: Long(count.items),
            })
            .collect())
    }
}

/// A page of items as the schema shows them.
pub(crate) async fn page<T: OutputType>(
    ctx: &Context<'_>,
    filter: WorkItemFilter,
    order: Order,
    wanted: Wanted,
    node: impl Fn(Incident) -> T,
) -> Result<Connection<String, T, ListFields>> {
    let desk = desk(ctx)?;
    let cursor = |text: Option<String>, field: &str| {
        text.map(|text| Cursor::decode(&text))
            .transpose()
            .map_err(|_| cursor_invalid(field))
    };
    let (keyset, field) = match wanted {
        Wanted::First(count, after) => (
            Keyset::First {
                limit: count,
                after: cursor(after, "after")?,
            },
            "after",
        ),
        Wanted::Last(count, before) => (
            Keyset::Last {
                limit: count,
                before: cursor(before, "before")?,
            },
            "before",
        ),
    };
    let page = match desk.read().work_queue().page(&filter, order, &keyset).await {
        Ok(page) => page,
        Err(ReadError::CursorInvalid) => return Err(cursor_invalid(field)),
        Err(error) => return Err(read_error(&error)),
    };
    let list = ListFields {
        desk: desk.clone(),
        filter,
    };
    let mut connection = Connection::with_additional_fields(page.has_previous, page.has_next, list);
    connection.edges = page
        .rows
        .into_iter()
        .map(|row| {
            Edge::new(
                Cursor::of(&row, order.by).encode(),
                node(Incident::now(row)),
            )
        })
        .collect();
    Ok(connection)
}

fn cursor_invalid(field: &str) -> async_graphql::Error {
    at_field(
        code::CURSOR_INVALID,
        format!("{field} is no cursor of this list in this order"),
        field,
    )
}

pub(crate) fn read_error(error: &ReadError) -> async_graphql::Error {
    match error {
        ReadError::FilterInvalid(problem) => {
            at_field(code::INPUT_INVALID, problem.clone(), "filter")
        }
        error => internal(error),
    }
}

fn priority(number: i16) -> Option<Priority> {
    Some(match number {
        1 => Priority::P1,
        2 => Priority::P2,
        3 => Priority::P3,
        4 => Priority::P4,
        5 => Priority::P5,
        _ => return None,
    })
}

async fn node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let (kind, id) = ids::decode(id, "id")?;
    Ok(match kind {
        Kind::Incident => {
            let viewer = authorised(ctx, Action::ReadWorkItems)?;
            let row = ctx
                .data::<Loaders>()?
                .items
                .load_one(At {
                    item: id,
                    position: 0,
                })
                .await?;
            row.map(Incident::now)
                .filter(|incident| incident.is_visible_to(viewer))
                .map(|incident| Node::Incident(Box::new(incident)))
        }
        Kind::Team => {
            authorised(ctx, Action::ReadConfiguration)?;
            desk(ctx)?
                .directory()
                .team(domain::ids::TeamId(id))
                .map(Team)
                .map(Node::Team)
        }
        Kind::PriorityMatrix => Some(Node::PriorityMatrix(PriorityMatrix::load(ctx).await?)),
        Kind::CategoryTree => Some(Node::CategoryTree(CategoryTree::load(ctx).await?)),
        // A token's facts are nobody's to see; what happened to the keys and
        // to exports is in the log.
        Kind::ApiToken | Kind::SealKeys | Kind::LogExport => None,
    })
}

//! Queries over the items of all practices.

use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, Enum, ID, Interface, Object, OutputType, Result, SimpleObject};
use domain::configuration::{self as model, Configuration};
use projections::work_queue::{Cursor, GroupBy, Keyset, Order, WorkItemFilter};
use projections::{ProjectionName, ReadError, ReadModels};

use super::WorkItem;
use super::filter::WorkItemFilterInput;
use super::order::{WorkItemOrderInput, order};
use super::paging::{Wanted, wanted};
use crate::auth::policy::Action;
use crate::error::{at_field, code, internal};
use crate::graphql::configuration::{CategoryTree, PriorityMatrix};
use crate::graphql::enums::{Priority, WorkItemStatus};
use crate::graphql::ids::{self, Kind};
use crate::graphql::incident::Incident;
use crate::graphql::limits::{page_cost, times};
use crate::graphql::loaders::wait_for;
use crate::graphql::organisation::{ApiToken, Team};
use crate::graphql::scalars::Long;
use crate::graphql::seal::{LogExport, SealKeys};
use crate::graphql::time::{AsOfInput, Basis, Then, recorded, then};
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
    /// A token.
    ApiToken(ApiToken),
    /// The keys that seal the log.
    SealKeys(SealKeys),
    /// A part of the log that somebody took away.
    LogExport(LogExport),
}

/// What a list says of itself besides its items.
pub(crate) struct ListFields {
    /// As of the point that the list is about.
    read: ReadModels,
    filter: WorkItemFilter,
}

/// What a list says of itself besides its items.
#[Object]
impl ListFields {
    /// How many items the whole list has.
    async fn total_count(&self) -> Result<Long> {
        let total = self.read.work_queue().total(&self.filter).await;
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
    /// The object with this global id, if there is one that the one who asks may
    /// see. Has no `asOf`, since Relay knows `id` alone: `nodeAsOf` has one.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The object's global id.")] id: ID,
    ) -> Result<Option<Node>> {
        node(ctx, &id, "id", None).await
    }

    /// The objects with these global ids, in their order; null where there is
    /// none that the one who asks may see. Has no `asOf`, since Relay knows
    /// `ids` alone: `nodesAsOf` has one.
    #[graphql(complexity = "times(ids.len(), child_complexity)")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The objects' global ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        nodes(ctx, &ids, None).await
    }

    /// The object with this global id, now or as of another time, if there is one
    /// that the one who asks may see today.
    async fn node_as_of(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The object's global id.")] id: ID,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(default, desc = "Which of an event's two times counts.")] basis: Basis,
    ) -> Result<Option<Node>> {
        node(ctx, &id, "id", then(ctx, as_of, basis).await?).await
    }

    /// The objects with these global ids, now or as of another time, in their
    /// order; null where there is none that the one who asks may see today.
    #[graphql(complexity = "times(ids.len(), child_complexity)")]
    async fn nodes_as_of(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The objects' global ids, at most 100.")] ids: Vec<ID>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(default, desc = "Which of an event's two times counts.")] basis: Basis,
    ) -> Result<Vec<Option<Node>>> {
        nodes(ctx, &ids, then(ctx, as_of, basis).await?).await
    }

    /// The one queue over the items of all practices, newest first unless
    /// ordered otherwise, now or as it was known at another time.
    #[graphql(complexity = "page_cost(first.or(last), child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "Relay's paging arguments")]
    async fn work_items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted, if not all.")] filter: Option<WorkItemFilterInput>,
        #[graphql(desc = "The order, if not newest first.")] order_by: Option<WorkItemOrderInput>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
        #[graphql(desc = "The first so many: 20 if not said, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "The cursor that they follow.")] after: Option<String>,
        #[graphql(desc = "The last so many: 100 at most.")] last: Option<i32>,
        #[graphql(desc = "The cursor that they precede.")] before: Option<String>,
    ) -> Result<Connection<String, WorkItem, ListFields>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?;
        let filter = filter.unwrap_or_default().build(viewer)?;
        let wanted = wanted(first, after, last, before)?;
        let then = recorded(ctx, as_of).await?;
        page(
            ctx,
            filter,
            order(order_by, viewer)?,
            then,
            wanted,
            |incident| WorkItem::Incident(Box::new(incident)),
        )
        .await
    }

    /// How many items there are of each group, or were known to be at another
    /// time; groups without any are left out.
    async fn work_item_counts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By what they are counted.")] by: WorkItemGroup,
        #[graphql(desc = "Which are wanted, if not all.")] filter: Option<WorkItemFilterInput>,
        #[graphql(desc = "When, if not now.")] as_of: Option<AsOfInput>,
    ) -> Result<Vec<WorkItemCount>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?;
        let filter = filter.unwrap_or_default().build(viewer)?;
        let read = queue_of(ctx, recorded(ctx, as_of).await?).await?;
        let counts = read.work_queue().counts(&filter, by.into()).await;
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
    then: Option<Then>,
    wanted: Wanted,
    node: impl Fn(Incident) -> T,
) -> Result<Connection<String, T, ListFields>> {
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
    let read = queue_of(ctx, then).await?;
    let page = match read.work_queue().page(&filter, order, &keyset).await {
        Ok(page) => page,
        Err(ReadError::CursorInvalid) => return Err(cursor_invalid(field)),
        Err(error) => return Err(read_error(&error)),
    };
    let list = ListFields { read, filter };
    let incident = |row| match then {
        Some(then) => Incident::then(row, then),
        None => Incident::now(row),
    };
    let mut connection = Connection::with_additional_fields(page.has_previous, page.has_next, list);
    connection.edges = page
        .rows
        .into_iter()
        .map(|row| Edge::new(Cursor::of(&row, order.by).encode(), node(incident(row))))
        .collect();
    Ok(connection)
}

/// The read models as of a point, once the queue has reached it.
async fn queue_of(ctx: &Context<'_>, then: Option<Then>) -> Result<ReadModels> {
    let desk = desk(ctx)?;
    let Some(then) = then else {
        return Ok(desk.read().clone());
    };
    wait_for(desk, ProjectionName::WorkQueue, then.position).await?;
    Ok(desk.read().as_of(then.as_of()))
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

async fn nodes(ctx: &Context<'_>, ids: &[ID], then: Option<Then>) -> Result<Vec<Option<Node>>> {
    if ids.len() > 100 {
        return Err(at_field(
            code::INPUT_INVALID,
            "ids has at most 100 values",
            "ids",
        ));
    }
    futures_util::future::try_join_all(ids.iter().map(|id| node(ctx, id, "ids", then))).await
}

async fn node(ctx: &Context<'_>, id: &ID, field: &str, then: Option<Then>) -> Result<Option<Node>> {
    let (kind, id) = ids::decode(id, field)?;
    authorised(ctx, kind.read())?;
    Ok(match kind {
        Kind::Incident => {
            let incident = Incident::find(ctx, id, then).await?;
            incident.map(|incident| Node::Incident(Box::new(incident)))
        }
        Kind::Team => Team::find(ctx, id, then).await?.map(Node::Team),
        Kind::PriorityMatrix if id == Configuration::<model::PriorityMatrix>::id() => {
            Some(Node::PriorityMatrix(PriorityMatrix::load(ctx, then).await?))
        }
        Kind::CategoryTree if id == Configuration::<model::CategoryTree>::id() => {
            Some(Node::CategoryTree(CategoryTree::load(ctx, then).await?))
        }
        Kind::PriorityMatrix | Kind::CategoryTree => None,
        Kind::ApiToken => ApiToken::find(ctx, id, then).await?.map(Node::ApiToken),
        Kind::SealKeys => SealKeys::find(ctx, id, then).await?.map(Node::SealKeys),
        Kind::LogExport => LogExport::find(ctx, id, then).await?.map(Node::LogExport),
    })
}

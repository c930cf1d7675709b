//! What changes in work items, as it happens.

use std::collections::HashSet;

use async_graphql::{Context, ID, Result, SimpleObject, Subscription};
use futures_util::stream::{self, Stream, StreamExt};
use projections::ProjectionName;
use projections::work_queue::{Direction, Keyset, Order, OrderBy, WorkItemFilter};
use uuid::Uuid;

use super::WorkItem;
use super::filter::WorkItemFilterInput;
use crate::auth::policy::Action;
use crate::desk::Desk;
use crate::error::{code, coded, internal, of_store};
use crate::graphql::access::work_item_id;
use crate::graphql::incident::Incident;
use crate::graphql::loaders::wait_for;
use crate::graphql::scalars::Long;
use crate::graphql::viewer::{Viewer, authorised, desk};

/// The aggregates that are work items.
const PRACTICES: [&str; 1] = ["incident"];

/// How many items of one batch are looked up together.
const MAX_CHANGED: usize = 500;

/// A change of an item that a queue shows, showed, or shows from now on.
#[derive(SimpleObject)]
pub(crate) struct QueueChange {
    /// The item as it is now.
    item: WorkItem,
    /// Whether the filter lets it through now; if not, it has left the queue.
    matches: bool,
    /// The position up to which the queue is shown.
    position: Long,
}

/// Subscriptions on work items.
#[derive(Default)]
pub(crate) struct WorkItemSubscriptions;

#[Subscription]
impl WorkItemSubscriptions {
    /// The item each time that something has happened to it, beginning with
    /// how it is now.
    async fn work_item_changed(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<impl Stream<Item = Result<WorkItem>> + use<>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?.clone();
        let item = work_item_id(&id, "id")?;
        let changes = Changes::start(desk(ctx)?.clone(), viewer).await?;
        let now = changes.item(item).await?;
        let now = now.ok_or_else(|| coded(code::NOT_FOUND, "there is no such work item"))?;
        let later = stream::try_unfold(changes, move |mut changes| async move {
            loop {
                let touched = changes.next().await?;
                if touched.contains(&item)
                    && let Some(now) = changes.item(item).await?
                {
                    return Ok(Some((now, changes)));
                }
            }
        });
        Ok(stream::once(async { Ok(now) }).chain(later))
    }

    /// Every item of a queue that changes, enters it or leaves it.
    async fn queue_changed(
        &self,
        ctx: &Context<'_>,
        filter: Option<WorkItemFilterInput>,
    ) -> Result<impl Stream<Item = Result<QueueChange>> + use<>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?.clone();
        let filter = filter.unwrap_or_default().build(&viewer)?;
        let changes = Changes::start(desk(ctx)?.clone(), viewer).await?;
        let queue = Queue {
            changes,
            filter,
            shown: HashSet::new(),
            waiting: Vec::new(),
        };
        Ok(stream::try_unfold(queue, |mut queue| async move {
            loop {
                if let Some(change) = queue.waiting.pop() {
                    return Ok(Some((change, queue)));
                }
                queue.read().await?;
            }
        }))
    }
}

/// The items that change, batch by batch.
struct Changes {
    desk: Desk,
    viewer: Viewer,
    follower: event_store::Follower,
    position: i64,
}

impl Changes {
    async fn start(desk: Desk, viewer: Viewer) -> Result<Self> {
        let head = desk
            .log()
            .head()
            .await
            .map_err(|error| of_store(&error))?
            .position;
        let follower = desk.log().follow(head).with_max(MAX_CHANGED);
        Ok(Self {
            desk,
            viewer,
            follower,
            position: head,
        })
    }

    /// The items that the next events touch, once the queue shows them.
    async fn next(&mut self) -> Result<HashSet<Uuid>> {
        let batch = self
            .follower
            .next()
            .await
            .map_err(|error| of_store(&error))?;
        self.position = self.follower.position();
        wait_for(&self.desk, ProjectionName::WorkQueue, self.position).await?;
        let items = batch
            .iter()
            .filter(|event| PRACTICES.contains(&&*event.aggregate_type));
        Ok(items.map(|event| event.aggregate_id).collect())
    }

    async fn item(&self, item: Uuid) -> Result<Option<WorkItem>> {
        wait_for(&self.desk, ProjectionName::WorkQueue, self.position).await?;
        let rows = self.desk.read().work_queue().by_ids(&[item]).await;
        let row = rows.map_err(|error| internal(&error))?.pop();
        let incident = row.map(|row| Incident::now(row).at_least_of(self.position));
        let visible = incident.filter(|incident| incident.is_visible_to(&self.viewer));
        Ok(visible.map(|incident| WorkItem::Incident(Box::new(incident))))
    }
}

struct Queue {
    changes: Changes,
    filter: WorkItemFilter,
    /// What this subscription has shown as matching.
    shown: HashSet<Uuid>,
    waiting: Vec<QueueChange>,
}

impl Queue {
    async fn read(&mut self) -> Result<()> {
        let touched: Vec<Uuid> = self.changes.next().await?.into_iter().collect();
        if touched.is_empty() {
            return Ok(());
        }
        let queue = self.changes.desk.read().work_queue();
        let mut filter = self.filter.clone();
        let wanted = filter.item_ids.take();
        let is_wanted = |id: &Uuid| wanted.as_ref().is_none_or(|ids| ids.contains(id));
        filter.item_ids = Some(touched.iter().copied().filter(is_wanted).collect());
        let order = Order {
            by: OrderBy::Number,
            direction: Direction::Ascending,
        };
        let count = u16::try_from(touched.len()).unwrap_or(u16::MAX);
        let matching = queue
            .page(
                &filter,
                order,
                &Keyset::First {
                    limit: count,
                    after: None,
                },
            )
            .await;
        let matching = matching.map_err(|error| internal(&error))?.rows;
        let ids: HashSet<Uuid> = matching.iter().map(|row| row.item_id).collect();
        let left: Vec<Uuid> = touched
            .iter()
            .copied()
            .filter(|id| !ids.contains(id) && self.shown.remove(id))
            .collect();
        let left = queue
            .by_ids(&left)
            .await
            .map_err(|error| internal(&error))?;
        self.shown.extend(ids);
        let position = self.changes.position;
        let change = |row, matches| QueueChange {
            item: WorkItem::Incident(Box::new(Incident::now(row).at_least_of(position))),
            matches,
            position: Long(position),
        };
        self.waiting
            .extend(left.into_iter().rev().map(|row| change(row, false)));
        self.waiting
            .extend(matching.into_iter().rev().map(|row| change(row, true)));
        Ok(())
    }
}

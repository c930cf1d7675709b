//! What changes in work items, as it happens.

use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::{Context, ID, Result, SimpleObject, Subscription};
use event_store::RecordedEvent;
use futures_util::stream::{self, Stream, StreamExt};
use projections::work_queue::{WorkItemFilter, WorkQueue, WorkQueueRow};
use projections::{AsOf, Decoded, ProjectionName};
use uuid::Uuid;

use super::WorkItem;
use super::filter::WorkItemFilterInput;
use super::history::changes_for;
use super::queries::read_error;
use crate::auth::policy::Action;
use crate::desk::Desk;
use crate::error::{code, coded, internal, of_store};
use crate::graphql::access::work_item_id;
use crate::graphql::ids::{self, Kind};
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
    /// The item's global id.
    item_id: ID,
    /// The item as it is now; null where it has left the queue because the one
    /// who asks may not see it any more.
    item: Option<WorkItem>,
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
    /// The item each time that something has happened to it that the one who
    /// asks may see, beginning with how it is now.
    async fn work_item_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The item's global id.")] id: ID,
    ) -> Result<impl Stream<Item = Result<WorkItem>> + use<>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?.clone();
        let item = work_item_id(&id, "id")?;
        let changes = Changes::start(desk(ctx)?.clone(), viewer).await?;
        let now = changes.item(item).await?;
        let now = now.ok_or_else(|| coded(code::NOT_FOUND, "there is no such work item"))?;
        let later = stream::try_unfold(changes, move |mut changes| async move {
            loop {
                if changes.next().await?.shown.contains(&item)
                    && let Some(now) = changes.item(item).await?
                {
                    return Ok(Some((now, changes)));
                }
            }
        });
        Ok(stream::once(async { Ok(now) }).chain(later))
    }

    /// Every item of a queue that changes, enters it or leaves it, also one that
    /// was in it when the subscription began. What the one who asks may not see
    /// is no change.
    async fn queue_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which are wanted, if not all.")] filter: Option<WorkItemFilterInput>,
    ) -> Result<impl Stream<Item = Result<QueueChange>> + use<>> {
        let viewer = authorised(ctx, Action::ReadWorkItems)?.clone();
        let filter = filter.unwrap_or_default().build(&viewer)?;
        let changes = Changes::start(desk(ctx)?.clone(), viewer).await?;
        let queue = Queue {
            changes,
            filter,
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

/// The items that a batch of events touches.
struct Touched {
    /// The position before the batch.
    before: i64,
    all: HashSet<Uuid>,
    /// Those of which the one who asks may see what changed.
    shown: HashSet<Uuid>,
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
    async fn next(&mut self) -> Result<Touched> {
        let before = self.position;
        let batch = self
            .follower
            .next()
            .await
            .map_err(|error| of_store(&error))?;
        self.position = self.follower.position();
        wait_for(&self.desk, ProjectionName::WorkQueue, self.position).await?;
        let mut touched = Touched {
            before,
            all: HashSet::new(),
            shown: HashSet::new(),
        };
        for event in batch {
            if !PRACTICES.contains(&&*event.aggregate_type) {
                continue;
            }
            let item = event.aggregate_id;
            touched.all.insert(item);
            if self.shows(event)? {
                touched.shown.insert(item);
            }
        }
        Ok(touched)
    }

    /// Whether the one who asks may see anything of what an event changed.
    fn shows(&self, event: Arc<RecordedEvent>) -> Result<bool> {
        if self.viewer.sees_internal() {
            return Ok(true);
        }
        let event = Decoded::new(event).map_err(|error| internal(&error))?;
        Ok(changes_for(self.viewer.name(), &event))
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
    waiting: Vec<QueueChange>,
}

impl Queue {
    /// Reads the next batch. What was in the queue before it is asked of the
    /// queue as of then, and not remembered: that takes no memory, and holds
    /// for what was there when the subscription began.
    async fn read(&mut self) -> Result<()> {
        let touched = self.changes.next().await?;
        let position = self.changes.position;
        let all: Vec<Uuid> = touched.all.iter().copied().collect();
        let now = self.matching(position, &all).await?;
        let is_in: HashSet<Uuid> = now.iter().map(|row| row.item_id).collect();
        let asked: Vec<Uuid> = all
            .into_iter()
            .filter(|id| !(is_in.contains(id) && touched.shown.contains(id)))
            .collect();
        let before = self.matching(touched.before, &asked).await?;
        let was_in: HashSet<Uuid> = before.iter().map(|row| row.item_id).collect();
        let left: Vec<Uuid> = was_in.difference(&is_in).copied().collect();
        let left_as_they_are = self.queue_at(position).by_ids(&left).await;
        let left_as_they_are = left_as_they_are.map_err(|error| internal(&error))?;
        let stays = now
            .into_iter()
            .filter(|row| touched.shown.contains(&row.item_id) || !was_in.contains(&row.item_id));
        let told = stays.map(|row| self.change(row, true)).chain(
            left_as_they_are
                .into_iter()
                .map(|row| self.change(row, false)),
        );
        // The first to be told is the last of those that wait.
        self.waiting = told.collect();
        self.waiting.reverse();
        Ok(())
    }

    fn queue_at(&self, position: i64) -> WorkQueue {
        let read = self.changes.desk.read();
        read.as_of(AsOf::Position(position)).work_queue()
    }

    /// Which of some items the filter let through at a position.
    async fn matching(&self, position: i64, items: &[Uuid]) -> Result<Vec<WorkQueueRow>> {
        let rows = self.queue_at(position).matching(&self.filter, items).await;
        rows.map_err(|error| read_error(&error))
    }

    fn change(&self, row: WorkQueueRow, matches: bool) -> QueueChange {
        let position = self.changes.position;
        let item_id = ids::encode(Kind::Incident, row.item_id);
        let incident = Incident::now(row).at_least_of(position);
        let is_visible = incident.is_visible_to(&self.changes.viewer);
        QueueChange {
            item_id,
            item: is_visible.then(|| WorkItem::Incident(Box::new(incident))),
            matches,
            position: Long(position),
        }
    }
}

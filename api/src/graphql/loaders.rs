//! What one request loads, loaded together: a page of fifty incidents with
//! history and comments costs as many statements as a page of one.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Error;
use async_graphql::dataloader::{DataLoader, Loader};
use projections::incident_detail::IncidentDetail;
use projections::work_item_history::HistoryRow;
use projections::work_item_link::WorkItemLink;
use projections::work_queue::WorkQueueRow;
use projections::{AsOf, ProjectionName, ReadError, ReadModels};
use uuid::Uuid;

use crate::desk::{Desk, READ_YOUR_WRITES_LIMIT};
use crate::error::{code, coded, internal};
use crate::graphql::time::Then;
use crate::graphql::work_item::history::PUBLIC_STEPS;

/// The loaders of one request.
pub struct Loaders {
    pub(super) items: DataLoader<Items>,
    pub(super) details: DataLoader<Details>,
    pub(super) history: DataLoader<History>,
    pub(super) public_comments: DataLoader<PublicComments>,
    pub(super) links: DataLoader<Links>,
}

impl Loaders {
    /// Loaders for one request.
    pub fn new(desk: Desk) -> Self {
        Self {
            items: loader(Items(desk.clone())),
            details: loader(Details(desk.clone())),
            history: loader(History(desk.clone())),
            public_comments: loader(PublicComments(desk.clone())),
            links: loader(Links(desk)),
        }
    }
}

/// How long a load waits for others to join it: as long as resolving a page
/// takes, and not noticed by who asks for one item.
const GATHERING: Duration = Duration::from_micros(200);

fn loader<L>(load: L) -> DataLoader<L> {
    DataLoader::new(load, tokio::spawn).delay(GATHERING)
}

/// An item, the position that must be visible in what is read of it, and the
/// point that it is read as of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct At {
    pub(super) item: Uuid,
    pub(super) position: i64,
    pub(super) as_of: AsOf,
}

impl At {
    /// An item as it is, once a position is visible.
    pub(super) fn now(item: Uuid, position: i64) -> Self {
        Self {
            item,
            position,
            as_of: AsOf::Now,
        }
    }

    /// An item as it was known then.
    pub(super) fn then(item: Uuid, then: &Then) -> Self {
        Self {
            item,
            position: then.position,
            as_of: then.as_of(),
        }
    }
}

/// A stretch of an item's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Stretch {
    pub(super) at: At,
    pub(super) kind: Kind,
    pub(super) after: i64,
    pub(super) limit: i64,
}

/// What of the history is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Every step.
    Steps,
    /// The steps that a requester may see.
    PublicSteps,
    /// What was said to everybody.
    PublicComments,
    /// Everything that was said.
    Comments,
}

pub(super) struct Items(Desk);
pub(super) struct Details(Desk);
pub(super) struct History(Desk);
pub(super) struct PublicComments(Desk);
pub(super) struct Links(Desk);

/// Waits until a read model shows what stands at a position: reading one's
/// own writes.
pub(super) async fn wait_for(
    desk: &Desk,
    name: ProjectionName,
    position: i64,
) -> Result<(), Error> {
    let Some(projectors) = desk.projectors().filter(|_| position > 0) else {
        return Ok(());
    };
    projectors
        .wait_for(&[name], position, READ_YOUR_WRITES_LIMIT)
        .await
        .map_err(|error| {
            tracing::error!(%error, projection = name.as_ref(), position, "a read model is behind");
            coded(
                code::READ_MODEL_BEHIND,
                "what the log has recorded by this position cannot be shown yet",
            )
        })
}

fn read_failed(error: &ReadError) -> Error {
    internal(error)
}

/// Waits for what is to be visible in a read model, and asks it as of the point
/// that the keys have in common.
async fn read_of(
    desk: &Desk,
    name: ProjectionName,
    as_of: AsOf,
    keys: impl Iterator<Item = &At>,
) -> Result<ReadModels, Error> {
    let latest = keys.map(|at| at.position).max().unwrap_or_default();
    wait_for(desk, name, latest).await?;
    Ok(desk.read().as_of(as_of))
}

/// The keys that are read as of the same point: mostly all of them.
fn by_point(keys: &[At]) -> HashMap<AsOf, Vec<At>> {
    let mut groups: HashMap<AsOf, Vec<At>> = HashMap::new();
    for key in keys {
        groups.entry(key.as_of).or_default().push(*key);
    }
    groups
}

fn items(keys: &[At]) -> Vec<Uuid> {
    let distinct: HashSet<Uuid> = keys.iter().map(|at| at.item).collect();
    distinct.into_iter().collect()
}

fn by_key<K: Copy + Eq + Hash, V: Clone>(
    keys: &[K],
    item: impl Fn(&K) -> Uuid,
    found: &HashMap<Uuid, V>,
) -> HashMap<K, V> {
    keys.iter()
        .filter_map(|key| Some((*key, found.get(&item(key))?.clone())))
        .collect()
}

impl Loader<At> for Items {
    type Value = Arc<WorkQueueRow>;
    type Error = Error;

    async fn load(&self, keys: &[At]) -> Result<HashMap<At, Self::Value>, Error> {
        let mut all = HashMap::new();
        for (as_of, keys) in by_point(keys) {
            let read = read_of(&self.0, ProjectionName::WorkQueue, as_of, keys.iter()).await?;
            let just_written = |at: &At| Some((*at, just_written(&self.0, at)?));
            all.extend(keys.iter().filter_map(just_written));
            let keys: Vec<At> = keys
                .into_iter()
                .filter(|at| !all.contains_key(at))
                .collect();
            let rows = read.work_queue().by_ids(&items(&keys)).await;
            let rows = rows.map_err(|e| read_failed(&e))?.into_iter();
            let found = rows.map(|row| (row.item_id, Arc::new(row))).collect();
            all.extend(by_key(&keys, |at| at.item, &found));
        }
        Ok(all)
    }
}

/// What a command of this request has just made of an item, where this process
/// keeps the queue.
fn just_written(desk: &Desk, at: &At) -> Option<Arc<WorkQueueRow>> {
    let asked = at.position > 0 && at.as_of == AsOf::Now;
    let projectors = desk.projectors().filter(|_| asked)?;
    projectors.just_written(at.item, at.position)
}

impl Loader<At> for Details {
    type Value = Arc<IncidentDetail>;
    type Error = Error;

    async fn load(&self, keys: &[At]) -> Result<HashMap<At, Self::Value>, Error> {
        let mut all = HashMap::new();
        for (as_of, keys) in by_point(keys) {
            let read = read_of(&self.0, ProjectionName::IncidentDetail, as_of, keys.iter()).await?;
            let rows = read.incident_detail().by_ids(&items(&keys)).await;
            let rows = rows.map_err(|e| read_failed(&e))?.into_iter();
            let found = rows.map(|row| (row.item_id, Arc::new(row))).collect();
            all.extend(by_key(&keys, |at| at.item, &found));
        }
        Ok(all)
    }
}

impl Loader<At> for PublicComments {
    type Value = i32;
    type Error = Error;

    async fn load(&self, keys: &[At]) -> Result<HashMap<At, Self::Value>, Error> {
        let mut all = HashMap::new();
        for (as_of, keys) in by_point(keys) {
            let name = ProjectionName::WorkItemHistory;
            let read = read_of(&self.0, name, as_of, keys.iter()).await?;
            let counts = read
                .work_item_history()
                .public_comments(&items(&keys))
                .await;
            let found = counts.map_err(|e| read_failed(&e))?.into_iter().collect();
            all.extend(by_key(&keys, |at| at.item, &found));
        }
        Ok(all)
    }
}

impl Loader<At> for Links {
    type Value = Arc<Vec<WorkItemLink>>;
    type Error = Error;

    async fn load(&self, keys: &[At]) -> Result<HashMap<At, Self::Value>, Error> {
        let mut all = HashMap::new();
        for (as_of, keys) in by_point(keys) {
            let read = read_of(&self.0, ProjectionName::WorkItemLink, as_of, keys.iter()).await?;
            let rows = read.work_item_link().links(&items(&keys)).await;
            let rows = rows.map_err(|e| read_failed(&e))?;
            let found = grouped(rows, |link| link.item_id);
            all.extend(by_key(&keys, |at| at.item, &found));
        }
        Ok(all)
    }
}

/// The rows of each item.
fn grouped<R>(rows: Vec<R>, item: impl Fn(&R) -> Uuid) -> HashMap<Uuid, Arc<Vec<R>>> {
    let mut groups: HashMap<Uuid, Vec<R>> = HashMap::new();
    for row in rows {
        groups.entry(item(&row)).or_default().push(row);
    }
    let shared = |(id, rows)| (id, Arc::new(rows));
    groups.into_iter().map(shared).collect()
}

impl Loader<Stretch> for History {
    type Value = Arc<Vec<HistoryRow>>;
    type Error = Error;

    async fn load(&self, keys: &[Stretch]) -> Result<HashMap<Stretch, Self::Value>, Error> {
        let mut groups: HashMap<(AsOf, Kind, i64, i64), Vec<Stretch>> = HashMap::new();
        for key in keys {
            groups
                .entry((key.at.as_of, key.kind, key.after, key.limit))
                .or_default()
                .push(*key);
        }
        let mut all = HashMap::new();
        for ((as_of, kind, after, limit), keys) in groups {
            let ats: Vec<At> = keys.iter().map(|key| key.at).collect();
            let name = ProjectionName::WorkItemHistory;
            let read = read_of(&self.0, name, as_of, ats.iter()).await?;
            let (history, ids) = (read.work_item_history(), items(&ats));
            let rows = match kind {
                Kind::Steps => history.history(&ids, None, after, limit).await,
                Kind::PublicSteps => {
                    let only = PUBLIC_STEPS.map(ToOwned::to_owned);
                    history.history(&ids, Some(&only), after, limit).await
                }
                Kind::Comments => history.comments(&ids, true, after, limit).await,
                Kind::PublicComments => history.comments(&ids, false, after, limit).await,
            };
            let found = grouped(rows.map_err(|e| read_failed(&e))?, |row| row.item_id);
            all.extend(by_key(&keys, |key| key.at.item, &found));
        }
        Ok(all)
    }
}

//! What one request loads, loaded together: a page of fifty incidents with
//! history and comments costs as many statements as a page of one.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::Error;
use async_graphql::dataloader::{DataLoader, Loader};
use projections::incident_detail::IncidentDetail;
use projections::work_item_history::HistoryRow;
use projections::work_item_link::WorkItemLink;
use projections::work_queue::WorkQueueRow;
use projections::{ProjectionName, ReadError};
use uuid::Uuid;

use crate::desk::{Desk, READ_YOUR_WRITES_LIMIT};
use crate::error::{code, coded, internal};

/// The loaders of one request.
pub struct Loaders {
    pub(super) items: DataLoader<Items>,
    pub(super) details: DataLoader<Details>,
    pub(super) history: DataLoader<History>,
    pub(super) links: DataLoader<Links>,
}

impl Loaders {
    /// Loaders for one request.
    pub fn new(desk: Desk) -> Self {
        let spawn = tokio::spawn;
        Self {
            items: DataLoader::new(Items(desk.clone()), spawn),
            details: DataLoader::new(Details(desk.clone()), spawn),
            history: DataLoader::new(History(desk.clone()), spawn),
            links: DataLoader::new(Links(desk), spawn),
        }
    }
}

/// An item, and the position that must be visible in what is read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct At {
    pub(super) item: Uuid,
    pub(super) position: i64,
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
    /// What was said to everybody.
    PublicComments,
    /// Everything that was said.
    Comments,
}

pub(super) struct Items(Desk);
pub(super) struct Details(Desk);
pub(super) struct History(Desk);
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
                "the command was carried out, but its effect cannot be shown yet",
            )
        })
}

fn read_failed(error: &ReadError) -> Error {
    internal(error)
}

fn latest(keys: &[At]) -> i64 {
    keys.iter().map(|at| at.position).max().unwrap_or_default()
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
        wait_for(&self.0, ProjectionName::WorkQueue, latest(keys)).await?;
        let rows = self
            .0
            .read()
            .work_queue()
            .by_ids(&items(keys))
            .await
            .map_err(|e| read_failed(&e))?;
        let found = rows
            .into_iter()
            .map(|row| (row.item_id, Arc::new(row)))
            .collect();
        Ok(by_key(keys, |at| at.item, &found))
    }
}

impl Loader<At> for Details {
    type Value = Arc<IncidentDetail>;
    type Error = Error;

    async fn load(&self, keys: &[At]) -> Result<HashMap<At, Self::Value>, Error> {
        wait_for(&self.0, ProjectionName::IncidentDetail, latest(keys)).await?;
        let rows = self
            .0
            .read()
            .incident_detail()
            .by_ids(&items(keys))
            .await
            .map_err(|e| read_failed(&e))?;
        let found = rows
            .into_iter()
            .map(|row| (row.item_id, Arc::new(row)))
            .collect();
        Ok(by_key(keys, |at| at.item, &found))
    }
}

impl Loader<At> for Links {
    type Value = Arc<Vec<WorkItemLink>>;
    type Error = Error;

    async fn load(&self, keys: &[At]) -> Result<HashMap<At, Self::Value>, Error> {
        wait_for(&self.0, ProjectionName::WorkItemLink, latest(keys)).await?;
        let ids = items(keys);
        let rows = self
            .0
            .read()
            .work_item_link()
            .links(&ids)
            .await
            .map_err(|e| read_failed(&e))?;
        let mut grouped: HashMap<Uuid, Vec<WorkItemLink>> = HashMap::new();
        for row in rows {
            grouped.entry(row.item_id).or_default().push(row);
        }
        let found = grouped
            .into_iter()
            .map(|(id, rows)| (id, Arc::new(rows)))
            .collect();
        Ok(by_key(keys, |at| at.item, &found))
    }
}

impl Loader<Stretch> for History {
    type Value = Arc<Vec<HistoryRow>>;
    type Error = Error;

    async fn load(&self, keys: &[Stretch]) -> Result<HashMap<Stretch, Self::Value>, Error> {
        let ats: Vec<At> = keys.iter().map(|key| key.at).collect();
        wait_for(&self.0, ProjectionName::WorkItemHistory, latest(&ats)).await?;
        let mut groups: HashMap<(Kind, i64, i64), Vec<Stretch>> = HashMap::new();
        for key in keys {
            groups
                .entry((key.kind, key.after, key.limit))
                .or_default()
                .push(*key);
        }
        let mut all = HashMap::new();
        for ((kind, after, limit), keys) in groups {
            let ids = items(&keys.iter().map(|key| key.at).collect::<Vec<_>>());
            let read = self.0.read();
            let rows = match kind {
                Kind::Steps => read.work_item_history().history(&ids, after, limit).await,
                Kind::Comments => {
                    read.work_item_history()
                        .comments(&ids, true, after, limit)
                        .await
                }
                Kind::PublicComments => {
                    read.work_item_history()
                        .comments(&ids, false, after, limit)
                        .await
                }
            };
            let mut grouped: HashMap<Uuid, Vec<HistoryRow>> = HashMap::new();
            for row in rows.map_err(|e| read_failed(&e))? {
                grouped.entry(row.item_id).or_default().push(row);
            }
            let found = grouped
                .into_iter()
                .map(|(id, rows)| (id, Arc::new(rows)))
                .collect();
            all.extend(by_key(&keys, |key| key.at.item, &found));
        }
        Ok(all)
    }
}

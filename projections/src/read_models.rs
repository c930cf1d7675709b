//! All read models behind one handle.

use sqlx::PgPool;

use crate::event_index::EventIndex;
use crate::incident_detail::IncidentDetails;
use crate::number::Numbers;
use crate::timer::Timers;
use crate::work_item_history::WorkItemHistory;
use crate::work_item_link::WorkItemLinks;
use crate::work_queue::WorkQueue;

/// Every read model and its questions, over one pool. Clones are cheap.
#[derive(Debug, Clone)]
pub struct ReadModels {
    pool: PgPool,
}

impl ReadModels {
    /// The read models in the schema that is current in the pool's
    /// connections.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Every work item as it stands.
    pub fn work_queue(&self) -> WorkQueue {
        WorkQueue::new(self.pool.clone())
    }

    /// What an incident has beyond any work item.
    pub fn incident_detail(&self) -> IncidentDetails {
        IncidentDetails::new(self.pool.clone())
    }

    /// Everything that ever happened to each work item.
    pub fn work_item_history(&self) -> WorkItemHistory {
        WorkItemHistory::new(self.pool.clone())
    }

    /// How work items stand to each other.
    pub fn work_item_link(&self) -> WorkItemLinks {
        WorkItemLinks::new(self.pool.clone())
    }

    /// The log by type, actor, object and time.
    pub fn event_index(&self) -> EventIndex {
        EventIndex::new(self.pool.clone())
    }

    /// What process managers will do when a moment comes.
    pub fn timers(&self) -> Timers {
        Timers::new(self.pool.clone())
    }

    /// What the next work items are called.
    pub fn numbers(&self) -> Numbers {
        Numbers::new(self.pool.clone())
    }
}

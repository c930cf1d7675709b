//! All read models behind one handle.

use sqlx::PgPool;

use crate::AsOf;
use crate::event_index::EventIndex;
use crate::incident_detail::IncidentDetails;
use crate::number::Numbers;
use crate::timer::Timers;
use crate::work_item_history::WorkItemHistory;
use crate::work_item_link::WorkItemLinks;
use crate::work_queue::WorkQueue;

/// Every read model and its questions, over one pool and as of one point.
/// Clones are cheap.
#[derive(Debug, Clone)]
pub struct ReadModels {
    pool: PgPool,
    as_of: AsOf,
}

impl ReadModels {
    /// The read models in the schema that is current in the pool's
    /// connections.
    pub fn new(pool: PgPool) -> Self {
        let as_of = AsOf::Now;
        Self { pool, as_of }
    }

    /// The same read models as of another point. A position that they have not
    /// reached is waited for by whoever asks.
    #[must_use]
    pub fn as_of(&self, as_of: AsOf) -> Self {
        Self {
            as_of,
            ..self.clone()
        }
    }

    /// Every work item as it stands.
    pub fn work_queue(&self) -> WorkQueue {
        WorkQueue::new(self.pool.clone(), self.as_of)
    }

    /// What an incident has beyond any work item.
    pub fn incident_detail(&self) -> IncidentDetails {
        IncidentDetails::new(self.pool.clone(), self.as_of)
    }

    /// Everything that ever happened to each work item.
    pub fn work_item_history(&self) -> WorkItemHistory {
        WorkItemHistory::new(self.pool.clone(), self.as_of)
    }

    /// How work items stand to each other.
    pub fn work_item_link(&self) -> WorkItemLinks {
        WorkItemLinks::new(self.pool.clone(), self.as_of)
    }

    /// The log by type, actor, object and time.
    pub fn event_index(&self) -> EventIndex {
        EventIndex::new(self.pool.clone(), self.as_of)
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

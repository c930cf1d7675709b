//! The rows that have just been written, for those who ask for what they have
//! just changed: they need not read from the database what this process has
//! written there a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use uuid::Uuid;

use crate::recent::keep_most_recent;
use crate::work_queue::WorkQueueRow;

/// The rows of the queue that were written last by this process.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    rows: RwLock<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    rows: HashMap<Uuid, Arc<WorkQueueRow>>,
    /// Up to where in the log the rows are what the table holds.
    through: i64,
}

impl Latest {
    /// How many rows are kept: some megabytes.
    const MOST: usize = 1_024;

    /// Takes in what was committed, which is everything up to a position.
    pub(crate) fn publish(&self, rows: Vec<WorkQueueRow>, through: i64) {
        let mut kept = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let rows = rows.into_iter().map(|row| (row.item_id, Arc::new(row)));
        kept.rows.extend(rows);
        kept.through = through;
        keep_most_recent(&mut kept.rows, Self::MOST, |row| row.position);
    }

    /// The row of an item with everything in it up to a position, if it is
    /// here.
    pub(crate) fn at_least(&self, item: Uuid, position: i64) -> Option<Arc<WorkQueueRow>> {
        let kept = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let row = kept.rows.get(&item).filter(|_| kept.through >= position);
        row.cloned()
    }

    /// Lets everything go: from now on others may write.
    pub(crate) fn clear(&self) {
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = Rows::default();
    }
}

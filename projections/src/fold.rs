//! Rows that are folded in memory: one a work item, changed by each of its
//! events, loaded once and written once a batch.

use std::collections::{HashMap, HashSet};

use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Decoded;
use crate::copy::{Layout, Row, Rows, prepare_upsert};

/// A row that is the fold of one work item's events.
pub(crate) trait ItemRow: Clone + Send + Sync + 'static {
    /// Where the rows are kept.
    const LAYOUT: Layout;

    /// Changes the row by an event; the first one makes it.
    fn apply(row: &mut Option<Self>, event: &Decoded);

    /// Writes the row, column by column.
    fn write(&self, row: &mut Row<'_>);

    /// The item of the row.
    fn item_id(&self) -> Uuid;

    /// Reads the rows of some items.
    fn load<'a>(
        connection: &'a mut PgConnection,
        items: &'a [Uuid],
    ) -> BoxFuture<'a, Result<Vec<Self>, sqlx::Error>>;
}

/// The rows in memory.
#[derive(Debug)]
pub(crate) struct Fold<R> {
    entries: HashMap<Uuid, Entry<R>>,
}

#[derive(Debug)]
struct Entry<R> {
    row: Option<R>,
    /// Whether the table has a row of the item.
    is_stored: bool,
    /// Whether the row in memory is another one than that of the table.
    has_changed: bool,
    /// The last event of the item.
    position: i64,
}

impl<R> Default for Fold<R> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
        }
    }
}

impl<R: ItemRow> Fold<R> {
    /// How many rows are held at most before they are written: some tens of
    /// megabytes.
    const LIMIT: usize = 50_000;

    pub(crate) async fn prepare(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        prepare_upsert(connection, &R::LAYOUT).await
    }

    /// Loads the rows that the events change, in one statement. An item whose
    /// first event is among them has no row yet.
    pub(crate) async fn load(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded],
    ) -> Result<(), sqlx::Error> {
        let mut missing = HashSet::new();
        for event in events {
            let item = event.recorded.aggregate_id;
            if self.entries.contains_key(&item) {
                continue;
            }
            if event.recorded.sequence == 1 {
                self.entries.insert(item, Entry::absent());
            } else {
                missing.insert(item);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let missing: Vec<Uuid> = missing.into_iter().collect();
        for row in R::load(connection, &missing).await? {
            let entry = Entry {
                row: Some(row),
                is_stored: true,
                has_changed: false,
                position: 0,
            };
            self.entries
                .insert(entry.row.as_ref().map_or(Uuid::nil(), R::item_id), entry);
        }
        for item in missing {
            self.entries.entry(item).or_insert_with(Entry::absent);
        }
        Ok(())
    }

    /// Changes the row of an event's item, and shows it before and after.
    pub(crate) fn apply<T>(&mut self, event: &Decoded, look: impl Fn(Option<&R>) -> T) -> (T, T) {
        let entry = self
            .entries
            .entry(event.recorded.aggregate_id)
            .or_insert_with(Entry::absent);
        let before = look(entry.row.as_ref());
        R::apply(&mut entry.row, event);
        entry.has_changed = true;
        entry.position = event.recorded.position;
        (before, look(entry.row.as_ref()))
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() > Self::LIMIT
    }

    /// Writes the rows that have changed: new ones are added, others replaced,
    /// both in the order of their items, which is that of the tables' indexes.
    /// When many rows are held, those longest unused are forgotten.
    pub(crate) async fn write(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut changed: Vec<(&Uuid, &mut Entry<R>)> = self
            .entries
            .iter_mut()
            .filter(|(_, entry)| entry.has_changed)
            .collect();
        changed.sort_unstable_by_key(|(item, _)| **item);
        let mut added = Rows::new(&R::LAYOUT);
        let mut replaced = Rows::new(&R::LAYOUT);
        for (_, entry) in changed {
            if let Some(row) = &entry.row {
                let rows = if entry.is_stored {
                    &mut replaced
                } else {
                    &mut added
                };
                row.write(&mut rows.row());
                entry.is_stored = true;
            }
            entry.has_changed = false;
        }
        added.copy_into(connection, &R::LAYOUT).await?;
        replaced.upsert_into(connection, &R::LAYOUT).await?;
        self.forget_the_oldest();
        Ok(())
    }

    pub(crate) fn forget(&mut self) {
        self.entries.clear();
    }

    fn forget_the_oldest(&mut self) {
        let half = Self::LIMIT / 2;
        if self.entries.len() <= half {
            return;
        }
        let mut positions: Vec<i64> = self.entries.values().map(|e| e.position).collect();
        let (_, middle, _) = positions.select_nth_unstable_by(half, |a, b| b.cmp(a));
        let middle = *middle;
        self.entries.retain(|_, entry| entry.position > middle);
    }
}

impl<R> Entry<R> {
    fn absent() -> Self {
        Self {
            row: None,
            is_stored: false,
            has_changed: false,
            position: 0,
        }
    }
}

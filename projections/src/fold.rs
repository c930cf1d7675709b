//! Rows that are folded in memory: one a work item, changed by each of its
//! events, loaded once and written once a batch.
//!
//! Each version that an event supersedes is kept with where it was valid, so
//! that every fold can be asked as of any position: a new one names its table
//! of past versions, and has it.

use std::collections::{HashMap, HashSet};

use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Decoded;
use crate::copy::{Layout, Row, Rows, prepare_upsert};
use crate::validity::fork_node;

/// A row that is the fold of one work item's events.
pub(crate) trait ItemRow: Clone + Send + Sync + 'static {
    /// Where the rows are kept that are valid now.
    const LAYOUT: Layout;

    /// Where those are kept that were valid once.
    const PAST: Layout;

    /// Changes the row by an event; the first one makes it. An event that
    /// changes nothing leaves the row's position as it is, too.
    fn apply(row: &mut Option<Self>, event: &Decoded);

    /// Writes the row, column by column.
    fn write(&self, row: &mut Row<'_>);

    /// The item of the row.
    fn item_id(&self) -> Uuid;

    /// The event that made the row what it is.
    fn position(&self) -> i64;

    /// Reads the rows of some items as they are now.
    fn load<'a>(
        connection: &'a mut PgConnection,
        items: &'a [Uuid],
    ) -> BoxFuture<'a, Result<Vec<Self>, sqlx::Error>>;
}

/// The rows in memory.
#[derive(Debug)]
pub(crate) struct Fold<R> {
    entries: HashMap<Uuid, Entry<R>>,
    /// The versions that have been superseded and are not written yet.
    past: Rows,
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

impl<R: ItemRow> Default for Fold<R> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            past: Rows::new(&R::PAST),
        }
    }
}

impl<R: ItemRow> Fold<R> {
    /// How many rows are held at most before they are written: some tens of
    /// megabytes.
    const LIMIT: usize = 50_000;
    /// How many bytes of past versions are held at most.
    const PAST_LIMIT: usize = 32 << 20;

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
        let position = event.recorded.position;
        let entry = self
            .entries
            .entry(event.recorded.aggregate_id)
            .or_insert_with(Entry::absent);
        let before = look(entry.row.as_ref());
        // Written down before it is known whether anything changes: that is
        // cheaper than keeping the whole row to compare.
        let mark = self.past.mark();
        if let Some(row) = &entry.row {
            let from = row.position();
            let mut past = self.past.row();
            row.write(&mut past);
            past.bigint(position);
            past.bigint(fork_node(from, position));
        }
        R::apply(&mut entry.row, event);
        entry.position = position;
        if entry.row.as_ref().map(R::position) == Some(position) {
            entry.has_changed = true;
        } else {
            self.past.go_back(&mark);
        }
        (before, look(entry.row.as_ref()))
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() > Self::LIMIT || self.past.bytes() > Self::PAST_LIMIT
    }

    /// Writes the rows that have changed: new ones are added, others replaced,
    /// both in the order of their items, which is that of the tables' indexes;
    /// and the versions before them, in the order in which they ended. When many rows are held, those longest unused are forgotten.
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
        self.past.copy_into(connection, &R::PAST).await?;
        self.forget_the_oldest();
        Ok(())
    }

    pub(crate) fn forget(&mut self) {
        self.entries.clear();
        self.past.clear();
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

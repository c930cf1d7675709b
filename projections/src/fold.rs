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

use crate::copy::{Layout, Row, Rows, prepare_upsert};
use crate::projection::Tables;
use crate::recent::{keep_most_recent, median};
use crate::validity::fork_node;
use crate::writes::Writes;
use crate::{Decoded, ProjectionError};

/// A row that is the fold of one work item's events.
pub(crate) trait ItemRow: Clone + Send + Sync + 'static {
    /// Where the rows are kept that are valid now.
    const LAYOUT: &'static Layout;

    /// Where those are kept that were valid once.
    const PAST: &'static Layout;

    /// Changes the row by an event; the first one makes it. An event that
    /// changes nothing leaves the row's position as it is, too.
    fn apply(row: &mut Option<Self>, event: &Decoded);

    /// Writes the row, column by column.
    fn write(&self, row: &mut Row<'_>);

    /// Writes the row as a past version, without what is implied in one.
    fn write_past(&self, row: &mut Row<'_>) {
        self.write(row);
    }

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
            past: Rows::new(R::PAST),
        }
    }
}

impl<R: ItemRow> Fold<R> {
    /// How many rows are held at most before some are given away: some tens of
    /// megabytes.
    const LIMIT: usize = 20_000;
    /// How many bytes of past versions are held at most.
    const PAST_LIMIT: usize = 4 << 20;

    pub(crate) async fn prepare(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        prepare_upsert(connection, R::LAYOUT).await
    }

    /// Loads the rows that the events change, in one statement. An item whose
    /// first event is among them has no row yet.
    pub(crate) async fn load(
        &mut self,
        tables: &mut dyn Tables,
        events: &[Decoded],
    ) -> Result<(), ProjectionError> {
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
        let connection = tables.search(R::LAYOUT.table).await?;
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

    /// Changes the row of an event's item. Returns what was seen of it before,
    /// and the row after.
    pub(crate) fn apply<T>(
        &mut self,
        event: &Decoded,
        look: impl FnOnce(Option<&R>) -> T,
    ) -> (T, Option<&R>) {
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
            row.write_past(&mut past);
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
        (before, entry.row.as_ref())
    }

    /// Gives away what is too much to be held: the past versions, or the half
    /// of the rows that has not been used for longest. A row that is held is
    /// not written before it goes, however often it changes.
    pub(crate) fn overflow(&mut self, writes: &mut Writes) {
        if self.entries.len() > Self::LIMIT {
            let before = median(self.entries.values().map(|entry| entry.position));
            let old = self
                .entries
                .values_mut()
                .filter(|entry| entry.position <= before);
            write(old.collect(), writes);
            self.entries.retain(|_, entry| entry.position > before);
        }
        if self.past.bytes() > Self::PAST_LIMIT {
            writes.add(self.past.take());
        }
    }

    /// Gives away every row that has changed, and the versions before them in
    /// the order in which they ended.
    pub(crate) fn drain(&mut self, writes: &mut Writes) {
        let changed = self.entries.values_mut().filter(|entry| entry.has_changed);
        write(changed.collect(), writes);
        writes.add(self.past.take());
    }

    /// Learns that the tables hold what was given away, and keeps the rows that
    /// were used last: whoever is worked on is worked on again.
    pub(crate) fn settle(&mut self) {
        /// How many rows are kept: some megabytes.
        const KEPT: usize = 1_024;
        self.past.clear();
        keep_most_recent(&mut self.entries, KEPT, |entry| entry.position);
    }

    /// The rows that were given away since they were last settled.
    pub(crate) fn given_away(&self, after: i64) -> impl Iterator<Item = &R> {
        let entries = self
            .entries
            .values()
            .filter(move |entry| entry.position > after);
        entries.filter_map(|entry| entry.row.as_ref())
    }

    pub(crate) fn forget(&mut self) {
        self.entries.clear();
        self.past.clear();
    }
}

/// Gives rows away that have changed: new ones are added, others replaced,
/// both in the order of their items, which is that of the tables' indexes.
fn write<R: ItemRow>(mut entries: Vec<&mut Entry<R>>, writes: &mut Writes) {
    entries.sort_unstable_by_key(|entry| entry.row.as_ref().map(R::item_id));
    let mut added = Rows::new(R::LAYOUT);
    let mut replaced = Rows::new(R::LAYOUT);
    let all = entries.len();
    for (place, entry) in entries.into_iter().enumerate() {
        if let Some(row) = entry.row.as_ref().filter(|_| entry.has_changed) {
            let rows = if entry.is_stored {
                &mut replaced
            } else {
                &mut added
            };
            row.write(&mut rows.row());
            if rows.count() == 1 {
                rows.reserve(all - place);
            }
            entry.is_stored = true;
            entry.has_changed = false;
        }
    }
    writes.add(added);
    writes.replace(replaced);
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

//! The kept counts: how many items each group has, so that counting takes no
//! time, now and then.
//!
//! An event changes two groups, and a row for each change would be more rows
//! than there are events. What is kept of the past is the last value in each
//! block of positions; the events between the end of a block and the position
//! that is asked for are counted when it is asked for.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::WorkQueueRow;
use crate::ProjectionError;
use crate::copy::{Layout, Row, Rows, prepare_upsert};
use crate::projection::Tables;
use crate::writes::Writes;

const LAYOUT: Layout = Layout {
    table: "work_queue_count",
    columns: &[
        "practice",
        "team_id",
        "status",
        "priority",
        "position",
        "items",
        "team_name",
        "earliest_opened_at",
        "latest_opened_at",
    ],
    key: 4,
    validity: &[],
    implied: &[],
};

const PAST: Layout = Layout {
    table: "work_queue_count_past",
    ..LAYOUT
};

/// How many positions a block has: so few that the events of one are counted
/// in some milliseconds, and so many that most blocks change a group more than
/// once.
const BLOCK: i64 = 2_048;

/// The end of the last block that a position has behind it.
pub(super) fn last_block_end(position: i64) -> i64 {
    position - position % BLOCK
}

/// The end of the block that a position is in.
pub(super) fn block_end(position: i64) -> i64 {
    last_block_end(position - 1) + BLOCK
}

/// Adds the groups as they were at the end of a block: of each the last value
/// up to there.
pub(super) fn push_groups(query: &mut QueryBuilder<'_, Postgres>, end: i64) {
    const VALUES: &str =
        "v.position, v.items, v.team_name, v.earliest_opened_at, v.latest_opened_at";
    let of = |table: &str| VALUES.replace("v.", table);
    query.push(format!(
        "(select c.practice, c.team_id, c.status, c.priority, {VALUES} from work_queue_count c \
         cross join lateral (select {} where c.position <= ",
        of("c.")
    ));
    query.push_bind(end);
    query.push(format!(
        " union all (select {} from work_queue_count_past p \
         where p.practice = c.practice and p.team_id = c.team_id and p.status = c.status \
         and p.priority = c.priority and p.position <= ",
        of("p.")
    ));
    query.push_bind(end);
    query.push(" and c.position > ").push_bind(end);
    query.push(" order by p.position desc limit 1)) v)");
}

/// What the kept counts tell apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, sqlx::FromRow)]
pub(super) struct Key {
    practice: String,
    team_id: Uuid,
    status: String,
    priority: i16,
}

impl Key {
    pub(super) fn of(row: &WorkQueueRow) -> Self {
        Self {
            practice: row.practice.clone(),
            team_id: row.team_id.unwrap_or_default(),
            status: row.status.clone(),
            priority: row.priority,
        }
    }

    fn is_of(&self, row: &WorkQueueRow) -> bool {
        self.priority == row.priority
            && self.team_id == row.team_id.unwrap_or_default()
            && self.status == row.status
            && self.practice == row.practice
    }
}

/// Where an item is counted, and what its group learns of it.
#[derive(Debug, Clone)]
struct Place {
    key: Key,
    team_name: Option<String>,
    opened_at: DateTime<Utc>,
}

impl Place {
    fn of(row: &WorkQueueRow) -> Self {
        Self {
            key: Key::of(row),
            team_name: row.team_name.clone(),
            opened_at: row.opened_at,
        }
    }
}

/// An item was counted there and is counted here.
#[derive(Debug)]
struct Move {
    position: i64,
    before: Option<Key>,
    after: Option<Place>,
}

/// What is known of a group.
#[derive(Debug, Clone, sqlx::FromRow)]
struct Group {
    position: i64,
    items: i64,
    team_name: Option<String>,
    earliest_opened_at: DateTime<Utc>,
    latest_opened_at: DateTime<Utc>,
    #[sqlx(skip)]
    has_changed: bool,
    /// Whether the table has none of it.
    #[sqlx(skip)]
    is_new: bool,
}

/// A group as it is stored.
#[derive(sqlx::FromRow)]
struct Stored {
    #[sqlx(flatten)]
    key: Key,
    #[sqlx(flatten)]
    group: Group,
}

/// The groups in memory.
#[derive(Debug)]
pub(super) struct Counts {
    moves: Vec<Move>,
    groups: HashMap<Key, Group>,
    past: Rows,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            moves: Vec::new(),
            groups: HashMap::new(),
            past: Rows::new(&PAST),
        }
    }
}

impl Counts {
    pub(super) async fn prepare(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        prepare_upsert(connection, &LAYOUT).await
    }

    /// An event took an item from where it was counted to where it stands.
    pub(super) fn add(&mut self, position: i64, before: Option<Key>, after: Option<&WorkQueueRow>) {
        let has_moved = match (&before, after) {
            (Some(before), Some(after)) => !before.is_of(after),
            (before, after) => before.is_some() || after.is_some(),
        };
        if has_moved {
            self.moves.push(Move {
                position,
                before,
                after: after.map(Place::of),
            });
        }
    }

    /// Counts what has been added, after loading the groups that it changes,
    /// in one statement.
    pub(super) async fn take(&mut self, tables: &mut dyn Tables) -> Result<(), ProjectionError> {
        self.load(tables).await?;
        for Move {
            position,
            before,
            after,
        } in std::mem::take(&mut self.moves)
        {
            if let Some(key) = before {
                self.change(position, key, |group| group.items -= 1);
            }
            if let Some(place) = after {
                self.change(position, place.key, |group| {
                    let at = place.opened_at;
                    let is_new = group.position == 0;
                    group.items += 1;
                    group.team_name = place.team_name;
                    group.earliest_opened_at = if is_new {
                        at
                    } else {
                        at.min(group.earliest_opened_at)
                    };
                    group.latest_opened_at = if is_new {
                        at
                    } else {
                        at.max(group.latest_opened_at)
                    };
                });
            }
        }
        Ok(())
    }

    /// Changes a group by an event; the value that it had at the end of an
    /// earlier block is kept.
    fn change(&mut self, position: i64, key: Key, change: impl FnOnce(&mut Group)) {
        let mut entry = match self.groups.entry(key) {
            Entry::Occupied(entry) => entry,
            Entry::Vacant(entry) => entry.insert_entry(Group::new()),
        };
        let group = entry.get();
        if group.position > 0 && block_end(group.position) < position {
            group.write(entry.key(), &mut self.past.row());
        }
        let group = entry.get_mut();
        change(group);
        group.position = position;
        group.has_changed = true;
    }

    async fn load(&mut self, tables: &mut dyn Tables) -> Result<(), ProjectionError> {
        let touched = self.moves.iter().flat_map(|one| {
            let after = one.after.as_ref().map(|place| &place.key);
            one.before.as_ref().into_iter().chain(after)
        });
        let missing: HashSet<&Key> = touched
            .filter(|key| !self.groups.contains_key(*key))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let column = |of: fn(&Key) -> &String| -> Vec<String> {
            missing.iter().map(|key| of(key).clone()).collect()
        };
        let stored: Vec<Stored> = sqlx::query_as(
            "
            select c.*
            from unnest($1::text[], $2::uuid[], $3::text[], $4::smallint[])
                as k (practice, team_id, status, priority)
            join work_queue_count c using (practice, team_id, status, priority)
            ",
        )
        .bind(column(|key| &key.practice))
        .bind(missing.iter().map(|key| key.team_id).collect::<Vec<_>>())
        .bind(column(|key| &key.status))
        .bind(missing.iter().map(|key| key.priority).collect::<Vec<_>>())
        .fetch_all(tables.search(LAYOUT.table).await?)
        .await?;
        let stored = stored.into_iter().map(|one| (one.key, one.group));
        self.groups.extend(stored);
        Ok(())
    }

    /// Gives away what is too much to be held: past values. There are few
    /// groups, and they stay.
    pub(super) fn overflow(&mut self, writes: &mut Writes) {
        const PAST_LIMIT: usize = 1 << 20;
        if self.past.bytes() > PAST_LIMIT {
            writes.add(self.past.take());
        }
    }

    /// Gives away everything that is not written yet.
    pub(super) fn drain(&mut self, writes: &mut Writes) {
        let mut added = Rows::new(&LAYOUT);
        let mut replaced = Rows::new(&LAYOUT);
        for (key, group) in &mut self.groups {
            if std::mem::take(&mut group.has_changed) {
                let is_new = std::mem::take(&mut group.is_new);
                let rows = if is_new { &mut added } else { &mut replaced };
                group.write(key, &mut rows.row());
            }
        }
        writes.add(added);
        writes.replace(replaced);
        writes.add(self.past.take());
    }

    pub(super) fn forget(&mut self) {
        self.moves.clear();
        self.groups.clear();
        self.past.clear();
    }
}

impl Group {
    /// A group that no event has touched.
    fn new() -> Self {
        Self {
            position: 0,
            items: 0,
            team_name: None,
            earliest_opened_at: DateTime::UNIX_EPOCH,
            latest_opened_at: DateTime::UNIX_EPOCH,
            has_changed: false,
            is_new: true,
        }
    }

    /// Writes the group in the order of the layouts.
    fn write(&self, key: &Key, row: &mut Row<'_>) {
        row.text(&key.practice);
        row.uuid(key.team_id);
        row.text(&key.status);
        row.smallint(key.priority);
        row.bigint(self.position);
        row.bigint(self.items);
        row.optional_text(self.team_name.as_deref());
        row.time(self.earliest_opened_at);
        row.time(self.latest_opened_at);
    }
}

//! Pages of the queue, found by key and never by counting rows off: the
//! thousandth page costs what the first one does.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use domain::incident;
use sqlx::{Postgres, QueryBuilder};
use strum::{EnumIter, EnumString, IntoEnumIterator};
use uuid::Uuid;

use super::cursor::Key;
use super::{Cursor, SELECTED, WorkItemFilter, WorkQueue, WorkQueueRow};
use crate::ReadError;
use crate::status::{incident_stage, is_open};

/// What a list of items is ordered by. Items that are equal in it are ordered
/// by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, EnumString)]
pub enum OrderBy {
    /// When the first contact was made.
    OpenedAt,
    /// When the last event was so in the world.
    UpdatedAt,
    /// How important they are, and then when the first contact was made.
    Priority,
    /// What they are called.
    Number,
    /// Where they stand, by the status's name.
    Status,
}

/// Which end of the order comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, EnumString)]
pub enum Direction {
    /// The smallest or earliest.
    Ascending,
    /// The greatest or latest.
    Descending,
}

/// How a list of items is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: OrderBy,
    /// Which end comes first.
    pub direction: Direction,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keyset {
    /// The first items, or the first ones after a place.
    First {
        /// How many.
        limit: u16,
        /// After which place.
        after: Option<Cursor>,
    },
    /// The last items, or the last ones before a place; in the same order.
    Last {
        /// How many.
        limit: u16,
        /// Before which place.
        before: Option<Cursor>,
    },
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The items, in the order asked for.
    pub rows: Vec<WorkQueueRow>,
    /// Whether items follow.
    pub has_next: bool,
    /// Whether items precede.
    pub has_previous: bool,
}

impl OrderBy {
    /// The columns of the order; the item's id follows.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::OpenedAt => &["opened_at"],
            Self::UpdatedAt => &["updated_at"],
            Self::Priority => &["priority", "opened_at"],
            Self::Number => &["number"],
            Self::Status => &["status"],
        }
    }
}

/// Every status of every practice.
static EVERY_STATUS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let statuses = incident::Status::iter();
    statuses.map(|status| status.as_ref().to_owned()).collect()
});

/// Those of them in which an item still accepts work.
static OPEN_STATUSES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let open = incident::Status::iter().filter(|status| is_open(incident_stage(*status)));
    open.map(|status| status.as_ref().to_owned()).collect()
});

/// How the rows of a page are found: a walk along an index for each part of
/// the queue that one walk can serve, merged afterwards.
enum Walks<'f> {
    /// One walk, of whatever index the planner chooses.
    One,
    /// One for each team and status.
    TeamsAndStatuses {
        teams: Vec<Uuid>,
        statuses: Vec<String>,
    },
    /// One for each priority, over open items only.
    OpenPriorities(Vec<i16>),
    /// One for each person who has items.
    Persons(Vec<String>),
    /// One for each person who asked.
    Requesters(Vec<String>),
    /// One for what a person asked for, one for what they suffer from.
    VisibleTo(&'f str),
}

/// More walks than this are no longer cheaper than one.
const MOST_WALKS: usize = 256;

/// The values, each once, in order; nothing when they are too many to walk
/// for each of them.
fn distinct<T: Ord + Clone>(values: &[T]) -> Option<Vec<T>> {
    let values: BTreeSet<&T> = values.iter().collect();
    (values.len() <= MOST_WALKS).then(|| values.into_iter().cloned().collect())
}

impl WorkQueue {
    /// A page of the items that the filter lets through.
    pub async fn page(
        &self,
        filter: &WorkItemFilter,
        order: Order,
        keyset: &Keyset,
    ) -> Result<Page, ReadError> {
        let (limit, place, forwards) = match keyset {
            Keyset::First { limit, after } => (*limit, after.as_ref(), true),
            Keyset::Last { limit, before } => (*limit, before.as_ref(), false),
        };
        if place.is_some_and(|place| place.order_by() != order.by) {
            return Err(ReadError::CursorInvalid);
        }
        // Backwards is forwards in the opposite order, turned round at the end.
        let ascending = (order.direction == Direction::Ascending) == forwards;
        let one_more = i64::from(limit) + 1;
        let mut query = page_query(filter, order.by, ascending, place, one_more)?;
        let mut rows: Vec<WorkQueueRow> = query.build_query_as().fetch_all(&self.pool).await?;

        let has_more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        if !forwards {
            rows.reverse();
        }
        let came_from_somewhere = place.is_some();
        Ok(Page {
            rows,
            has_next: if forwards {
                has_more
            } else {
                came_from_somewhere
            },
            has_previous: if forwards {
                came_from_somewhere
            } else {
                has_more
            },
        })
    }
}

/// Finds the keys first, along narrow indexes, and the rows by their ids.
fn page_query<'a>(
    filter: &WorkItemFilter,
    by: OrderBy,
    ascending: bool,
    place: Option<&Cursor>,
    limit: i64,
) -> Result<QueryBuilder<'a, Postgres>, ReadError> {
    let page = PageParts {
        filter,
        by,
        ascending,
        place,
        limit,
    };
    let mut query = QueryBuilder::new("with found as (");
    match page.walks() {
        Walks::One => page.push_walk(&mut query, "")?,
        Walks::TeamsAndStatuses { teams, statuses } => {
            query.push("select k.* from unnest(").push_bind(teams);
            query
                .push("::uuid[]) as team (id) cross join unnest(")
                .push_bind(statuses);
            query.push("::text[]) as status (name) cross join lateral (");
            page.push_walk(
                &mut query,
                " and q.team_id = team.id and q.status = status.name",
            )?;
            query.push(") k");
        }
        Walks::OpenPriorities(priorities) => {
            query.push("select k.* from unnest(").push_bind(priorities);
            query.push("::smallint[]) as priority (value) cross join lateral (");
            page.push_walk(&mut query, " and q.is_open and q.priority = priority.value")?;
            query.push(") k");
        }
        Walks::Persons(persons) => {
            query.push("select k.* from unnest(").push_bind(persons);
            query.push("::text[]) as person (name) cross join lateral (");
            page.push_walk(&mut query, " and q.person = person.name")?;
            query.push(") k");
        }
        Walks::Requesters(requesters) => {
            query.push("select k.* from unnest(").push_bind(requesters);
            query.push("::text[]) as person (name) cross join lateral (");
            page.push_walk(&mut query, " and q.requester = person.name")?;
            query.push(") k");
        }
        Walks::VisibleTo(person) => {
            query
                .push("select k.* from unnest(")
                .push_bind(vec![person.to_owned()]);
            query.push("::text[]) as person (name) cross join lateral (");
            page.push_walk(&mut query, " and q.requester = person.name")?;
            query
                .push(") k union select k.* from unnest(")
                .push_bind(vec![person.to_owned()]);
            query.push("::text[]) as person (name) cross join lateral (");
            page.push_walk(&mut query, " and q.affected_person = person.name")?;
            query.push(") k");
        }
    }
    query.push(") select ").push(&*SELECTED);
    query.push(" from (select f.item_id from found f");
    page.push_order(&mut query, "f");
    query.push(" limit ").push_bind(limit);
    query.push(") f join work_queue q on q.item_id = f.item_id");
    page.push_order(&mut query, "q");
    Ok(query)
}

struct PageParts<'f> {
    filter: &'f WorkItemFilter,
    by: OrderBy,
    ascending: bool,
    place: Option<&'f Cursor>,
    limit: i64,
}

impl<'f> PageParts<'f> {
    /// Chooses the walks by what the filter pins down; only an order that
    /// follows the indexes' own gains by more than one.
    fn walks(&self) -> Walks<'f> {
        let filter = self.filter;
        if !matches!(self.by, OrderBy::OpenedAt | OrderBy::Priority)
            || filter.item_ids.is_some()
            || filter.number.is_some()
        {
            return Walks::One;
        }
        if self.by == OrderBy::OpenedAt {
            if let Some(persons) = filter.persons.as_deref().and_then(distinct) {
                return Walks::Persons(persons);
            }
            if let Some(requesters) = filter.requesters.as_deref().and_then(distinct) {
                return Walks::Requesters(requesters);
            }
            if let Some(person) = &filter.visible_to {
                return Walks::VisibleTo(person);
            }
            if let Some(walks) = self.team_walks() {
                return walks;
            }
        }
        if filter.teams.is_none() && filter.unassigned != Some(true) && self.only_open() {
            let priorities = match &filter.priorities {
                Some(priorities) => distinct(priorities),
                None => Some((0..=5).collect()),
            };
            if let Some(priorities) = priorities {
                return Walks::OpenPriorities(priorities);
            }
        }
        Walks::One
    }

    fn team_walks(&self) -> Option<Walks<'f>> {
        let filter = self.filter;
        let mut teams = filter.teams.clone().unwrap_or_default();
        if filter.unassigned == Some(true) {
            teams.push(Uuid::nil());
        }
        if teams.is_empty() {
            return None;
        }
        let teams = distinct(&teams)?;
        let statuses = distinct(filter.statuses.as_ref().unwrap_or(&EVERY_STATUS))?;
        (teams.len() * statuses.len() <= MOST_WALKS)
            .then_some(Walks::TeamsAndStatuses { teams, statuses })
    }

    /// Whether the filter lets only open items through.
    fn only_open(&self) -> bool {
        let filter = self.filter;
        filter.is_open == Some(true)
            || filter.statuses.as_ref().is_some_and(|statuses| {
                let is_open = |status: &String| OPEN_STATUSES.contains(status);
                !statuses.is_empty() && statuses.iter().all(is_open)
            })
    }

    fn push_walk(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        condition: &str,
    ) -> Result<(), ReadError> {
        let columns = self.by.columns();
        query.push("select q.item_id");
        for column in columns {
            query.push(", q.").push(*column);
        }
        query.push(" from work_queue q where true").push(condition);
        self.filter.push(query)?;
        self.push_place(query);
        self.push_order(query, "q");
        query.push(" limit ").push_bind(self.limit);
        Ok(())
    }

    fn push_place(&self, query: &mut QueryBuilder<'_, Postgres>) {
        let Some(Cursor { key, item_id }) = self.place else {
            return;
        };
        query.push(" and (");
        for column in self.by.columns() {
            query.push("q.").push(*column).push(", ");
        }
        query
            .push("q.item_id) ")
            .push(if self.ascending { ">" } else { "<" });
        query.push(" (");
        match key {
            Key::OpenedAt(at) | Key::UpdatedAt(at) => query.push_bind(*at),
            Key::Priority(priority, at) => query.push_bind(*priority).push(", ").push_bind(*at),
            Key::Number(text) | Key::Status(text) => query.push_bind(text.clone()),
        };
        query.push(", ").push_bind(*item_id).push(")");
    }

    fn push_order(&self, query: &mut QueryBuilder<'_, Postgres>, table: &str) {
        let direction = if self.ascending { "" } else { " desc" };
        query.push(" order by ");
        for column in self.by.columns() {
            query.push(format!("{table}.{column}{direction}, "));
        }
        query.push(format!("{table}.item_id{direction}"));
    }
}

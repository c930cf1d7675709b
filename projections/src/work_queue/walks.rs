//! How the rows of a page are found: along indexes, in the order of the list.
//!
//! As of a position there are two kinds of rows. What is valid still, and what
//! was valid of items that had ended, lasts: most of what a walk meets was
//! there then. What was valid of open items does not: a walk would meet
//! everything that was ever open. It is found by a stab and sorted, which costs
//! what was open then.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use domain::incident;
use sqlx::{Postgres, QueryBuilder};
use strum::IntoEnumIterator;
use uuid::Uuid;

use super::order::{OrderKey, Value};
use super::span::Within;
use super::{Cursor, LAYOUT, OrderBy, PAST, WorkItemFilter, selected};
use crate::status::{incident_stage, is_open};
use crate::validity::{Found, path, push_valid, push_versions};
use crate::{AsOf, ReadError};

/// Every status of every practice.
static EVERY_STATUS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let statuses = incident::Status::iter();
    statuses.map(|status| status.as_ref().to_owned()).collect()
});

/// Those of them in which an item still accepts work.
pub(super) static OPEN_STATUSES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let open = incident::Status::iter().filter(|status| is_open(incident_stage(*status)));
    open.map(|status| status.as_ref().to_owned()).collect()
});

/// A walk along an index for each part of the queue that one walk can serve,
/// merged afterwards.
enum Walks<'f> {
    /// One walk, of whatever index the planner chooses.
    One,
    /// One for each of these teams and statuses, side by side.
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
    /// One for what a person asked for, one for what they suffer from, and one
    /// for what goes on as either.
    VisibleTo(&'f str),
}

/// Which rows a walk is along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Along {
    /// What is valid now.
    Live,
    /// What was valid then, and lasts.
    Lasting,
    /// What was valid then of open items, and was superseded since.
    Passing,
}

/// A stretch of a list, in its order.
enum Stretch<'f> {
    /// All of it.
    All,
    /// The items that have a value.
    WithValue,
    /// Those that have none, or of them the ones behind an item.
    Without(Option<Uuid>),
    /// What lies behind these values and this item.
    Behind(Vec<&'f Value>, Uuid),
}

/// More walks than this are no longer cheaper than one.
const MOST_WALKS: usize = 256;

/// The values, each once, in order; nothing when they are too many to walk
/// for each of them.
fn distinct<T: Ord + Clone>(values: &[T]) -> Option<Vec<T>> {
    let values: BTreeSet<&T> = values.iter().collect();
    (values.len() <= MOST_WALKS).then(|| values.into_iter().cloned().collect())
}

/// What a page is made of.
pub(super) struct PageParts<'f> {
    pub(super) filter: &'f WorkItemFilter,
    pub(super) by: OrderBy,
    pub(super) keys: Vec<OrderKey>,
    pub(super) ascending: bool,
    pub(super) place: Option<&'f Cursor>,
    pub(super) limit: i64,
    pub(super) as_of: AsOf,
    /// When the items of then were opened; of no concern to a list of now.
    pub(super) spans: Within,
}

impl<'f> PageParts<'f> {
    /// Finds the keys first, along narrow indexes, and the rows by their ids.
    pub(super) fn query<'a>(&self) -> Result<QueryBuilder<'a, Postgres>, ReadError> {
        let mut query = QueryBuilder::new("with found as (");
        let walks = self.walks();
        for (place, along) in self.along().into_iter().enumerate() {
            if place > 0 {
                query.push(" union ");
            }
            self.push_walks(&mut query, &walks, along)?;
        }
        query.push(") select ").push(selected(self.as_of));
        query.push(" from (select f.item_id from found f");
        self.push_order(&mut query, "f");
        query.push(" limit ").push_bind(self.limit);
        query.push(") f join ");
        push_versions(&mut query, (&LAYOUT, &PAST), self.as_of);
        query.push(" on q.item_id = f.item_id");
        push_valid(&mut query, self.as_of, Found::ByKey);
        self.push_order(&mut query, "q");
        Ok(query)
    }

    /// The kinds of rows that the list is made of, each item being in one.
    fn along(&self) -> Vec<Along> {
        match self.as_of {
            AsOf::Now => vec![Along::Live],
            AsOf::Position(_) if self.filter.only_ended() => vec![Along::Lasting],
            AsOf::Position(_) => vec![Along::Lasting, Along::Passing],
        }
    }

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
            match (&filter.visible_to, self.as_of) {
                (Some(person), AsOf::Now) => return Walks::VisibleTo(person),
                // The filter names the items by whose they are today.
                (Some(_), AsOf::Position(_)) => return Walks::One,
                (None, _) => {}
            }
            if let Some(walks) = self.team_walks() {
                return walks;
            }
        }
        if filter.teams.is_none() && filter.unassigned != Some(true) && filter.only_open() {
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
        if teams.len() * statuses.len() > MOST_WALKS {
            return None;
        }
        let pairs = teams
            .iter()
            .flat_map(|team| statuses.iter().map(|status| (*team, status.clone())));
        // Then, some of them may never have had an item.
        let had_items =
            |pair: &(Uuid, String)| self.as_of == AsOf::Now || self.spans.pairs.contains(pair);
        let (teams, statuses) = pairs.filter(had_items).unzip();
        Some(Walks::TeamsAndStatuses { teams, statuses })
    }

    fn push_walks(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        walks: &Walks<'_>,
        along: Along,
    ) -> Result<(), ReadError> {
        match walks {
            Walks::One => self.push_walk(query, along, ""),
            Walks::TeamsAndStatuses { teams, statuses } => {
                query
                    .push("select k.* from unnest(")
                    .push_bind(teams.clone());
                query.push("::uuid[], ").push_bind(statuses.clone());
                query.push("::text[]) as pair (team_id, status) cross join lateral (");
                let condition = " and q.team_id = pair.team_id and q.status = pair.status";
                self.push_walk(query, along, condition)?;
                query.push(") k");
                Ok(())
            }
            Walks::OpenPriorities(priorities) => {
                query.push("select k.* from unnest(");
                query.push_bind(priorities.clone());
                query.push("::smallint[]) as priority (value) cross join lateral (");
                let condition = " and q.is_open and q.priority = priority.value";
                self.push_walk(query, along, condition)?;
                query.push(") k");
                Ok(())
            }
            Walks::Persons(persons) => self.push_persons(query, along, persons.clone(), "q.person"),
            Walks::Requesters(persons) => {
                self.push_persons(query, along, persons.clone(), "q.requester")
            }
            Walks::VisibleTo(person) => {
                let person = || vec![(*person).to_owned()];
                self.push_persons(query, along, person(), "q.requester")?;
                query.push(" union ");
                self.push_persons(query, along, person(), "q.affected_person")?;
                query.push(" union ");
                let merged =
                    " and q.merged_people <> '{}' and q.merged_people @> array[person.name]";
                self.push_each(query, along, person(), merged)
            }
        }
    }

    fn push_persons(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        along: Along,
        persons: Vec<String>,
        column: &str,
    ) -> Result<(), ReadError> {
        let condition = format!(" and {column} = person.name");
        self.push_each(query, along, persons, &condition)
    }

    fn push_each(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        along: Along,
        persons: Vec<String>,
        condition: &str,
    ) -> Result<(), ReadError> {
        query.push("select k.* from unnest(").push_bind(persons);
        query.push("::text[]) as person (name) cross join lateral (");
        self.push_walk(query, along, condition)?;
        query.push(") k");
        Ok(())
    }

    fn push_walk(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        along: Along,
        condition: &str,
    ) -> Result<(), ReadError> {
        // What has a value and what has none lie apart in an index.
        for (number, stretch) in self.stretches().into_iter().enumerate() {
            if number > 0 {
                query.push(" union ");
            }
            query.push("(select q.item_id");
            for (place, key) in self.keys.iter().enumerate() {
                let value = key.expression(self.as_of);
                query.push(format!(", {value} as key_{place}"));
            }
            query.push(" from ");
            self.push_source(query, along);
            query.push(condition);
            self.filter.push(query, self.as_of)?;
            self.push_stretch(query, stretch);
            self.push_order(query, "q");
            query.push(" limit ").push_bind(self.limit).push(")");
        }
        Ok(())
    }

    /// The stretches of the list that lie behind the place.
    fn stretches(&self) -> Vec<Stretch<'f>> {
        let is_nullable = self.keys.iter().any(|key| key.is_nullable);
        let place = self.place.map(
            |Cursor {
                 values, item_id, ..
             }| {
                let values: Option<Vec<&Value>> = values.iter().map(Option::as_ref).collect();
                (values, *item_id)
            },
        );
        match place {
            None if is_nullable => vec![Stretch::WithValue, Stretch::Without(None)],
            None => vec![Stretch::All],
            Some((Some(values), item)) if !is_nullable => vec![Stretch::Behind(values, item)],
            // Without a value is behind all others, or before them.
            Some((Some(values), item)) if self.ascending => {
                vec![Stretch::Behind(values, item), Stretch::Without(None)]
            }
            Some((Some(values), item)) => vec![Stretch::Behind(values, item)],
            Some((None, item)) if self.ascending => vec![Stretch::Without(Some(item))],
            Some((None, item)) => vec![Stretch::Without(Some(item)), Stretch::WithValue],
        }
    }

    fn push_source(&self, query: &mut QueryBuilder<'_, Postgres>, along: Along) {
        match along {
            Along::Live | Along::Lasting => push_versions(query, (&LAYOUT, &PAST), self.as_of),
            Along::Passing => {
                query.push(PAST.table).push(" q");
            }
        }
        query.push(" where true");
        match along {
            Along::Live => {}
            Along::Lasting => {
                push_valid(query, self.as_of, Found::ByKey);
                query.push(if self.filter.only_open() {
                    " and q.is_live"
                } else {
                    " and (q.is_live or not q.is_open)"
                });
                self.push_opened(query);
            }
            Along::Passing => {
                query.push(" and q.is_open and q.fork_node = any (");
                query.push_bind(path(self.as_of.position())).push(")");
                push_valid(query, self.as_of, Found::ByKey);
            }
        }
    }

    /// Leaves out what was opened, or written down, since.
    fn push_opened(&self, query: &mut QueryBuilder<'_, Postgres>) {
        match self.spans.opened {
            Some((earliest, latest)) => {
                query.push(" and q.opened_at >= ").push_bind(earliest);
                query.push(" and q.opened_at <= ").push_bind(latest);
            }
            None => {
                query.push(" and false");
            }
        }
    }

    fn push_stretch(&self, query: &mut QueryBuilder<'_, Postgres>, stretch: Stretch<'_>) {
        let beyond = if self.ascending { " > " } else { " < " };
        let key = |number: usize| self.keys[number].expression(self.as_of);
        match stretch {
            Stretch::All => {}
            Stretch::WithValue => {
                query.push(format!(" and {} is not null", key(0)));
            }
            Stretch::Without(place) => {
                query.push(format!(" and {} is null", key(0)));
                if let Some(item) = place {
                    query.push(" and q.item_id").push(beyond).push_bind(item);
                }
            }
            Stretch::Behind(values, item) => {
                query.push(" and (");
                for number in 0..values.len() {
                    query.push(key(number)).push(", ");
                }
                query.push("q.item_id)").push(beyond).push("(");
                for (key, value) in self.keys.iter().zip(values) {
                    key.push_value(query, value);
                    query.push(", ");
                }
                query.push_bind(item).push(")");
            }
        }
    }

    fn push_order(&self, query: &mut QueryBuilder<'_, Postgres>, table: &str) {
        let direction = if self.ascending { "" } else { " desc" };
        query.push(" order by ");
        for (place, key) in self.keys.iter().enumerate() {
            let value = match table {
                "q" => key.expression(self.as_of),
                found => format!("{found}.key_{place}"),
            };
            query.push(format!("{value}{direction}, "));
        }
        query.push(format!("{table}.item_id{direction}"));
    }
}

//! Which items somebody wants to see.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::walks::OPEN_STATUSES;
use super::{external_reference, search};
use crate::{AsOf, ReadError};

/// A span of time: from its start on, and up to but not including its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// From when on.
    pub from: Option<DateTime<Utc>>,
    /// Until when, exclusive.
    pub to: Option<DateTime<Utc>>,
}

/// A field of the organisation's own and the value wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// The field.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Which work items somebody wants to see. All conditions that are set must
/// hold; of a list, one of its values. The default lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkItemFilter {
    /// Only these items.
    pub item_ids: Option<Vec<Uuid>>,
    /// Only items of this practice.
    pub practice: Option<String>,
    /// Only items in these statuses.
    pub statuses: Option<Vec<String>>,
    /// Only items that still accept work, or only those that do not.
    pub is_open: Option<bool>,
    /// Only items of these priorities.
    pub priorities: Option<Vec<i16>>,
    /// Only items of these teams; together with `unassigned`, those as well
    /// that no team has.
    pub teams: Option<Vec<Uuid>>,
    /// Only items that no team has; false for only those that one has.
    pub unassigned: Option<bool>,
    /// Only items with these support lines, 1 to 3.
    pub lines: Option<Vec<i16>>,
    /// Only items with teams of these departments.
    pub departments: Option<Vec<String>>,
    /// Only items that these persons have.
    pub persons: Option<Vec<String>>,
    /// Only items that these people asked for.
    pub requesters: Option<Vec<String>>,
    /// Only items that these people suffer from.
    pub affected_persons: Option<Vec<String>>,
    /// Only items under these categories.
    pub categories: Option<Vec<String>>,
    /// Only items of these services.
    pub services: Option<Vec<String>>,
    /// Only items with one of these configuration items.
    pub cis: Option<Vec<String>>,
    /// Only items that came in these ways.
    pub contact_channels: Option<Vec<String>>,
    /// Only items of these impacts.
    pub impacts: Option<Vec<String>>,
    /// Only items of these urgencies.
    pub urgencies: Option<Vec<String>>,
    /// Only major ones, or none of them.
    pub is_major: Option<bool>,
    /// Only archived ones, or none of them.
    pub archived: Option<bool>,
    /// Only items that this person follows.
    pub watcher: Option<String>,
    /// Only the item with this number.
    pub number: Option<String>,
    /// Only items with this number in another system: system and reference.
    pub external_reference: Option<(String, String)>,
    /// Only items with this value in a field of the organisation's own.
    pub custom_field: Option<CustomField>,
    /// Only items whose first contact was then.
    pub opened: TimeRange,
    /// Only items whose last event was so in the world then.
    pub updated: TimeRange,
    /// Only items that were resolved then.
    pub resolved: TimeRange,
    /// Only items that were closed, cancelled or merged then.
    pub closed: TimeRange,
    /// Only items that changed teams at least so often.
    pub min_hand_overs: Option<i32>,
    /// Only items that have skipped a stage or lack one, or none of them, by
    /// the rule of [`Journey`](domain::work_item::Journey) (SD-03).
    pub lacks_stage: Option<bool>,
    /// Only items that have gone past a stage without it, or none of them.
    pub skips_stage: Option<bool>,
    /// Only what this requester may see: what they asked for or suffer from,
    /// and in `text` only what they may read.
    pub visible_to: Option<String>,
    /// Only items with this text anywhere in them, upper and lower case alike
    /// (INC-26).
    pub text: Option<String>,
}

impl WorkItemFilter {
    /// Whether the kept counts can tell the items apart that the filter does.
    pub(super) fn is_counted(&self) -> bool {
        let rest = Self {
            practice: None,
            teams: None,
            unassigned: None,
            statuses: None,
            priorities: None,
            ..self.clone()
        };
        rest == Self::default()
    }

    /// Whether the filter lets only open items through.
    pub(super) fn only_open(&self) -> bool {
        self.is_open == Some(true) || self.only_statuses(|status| OPEN_STATUSES.contains(status))
    }

    /// Whether the filter lets only items through that have ended.
    pub(super) fn only_ended(&self) -> bool {
        self.is_open == Some(false) || self.only_statuses(|status| !OPEN_STATUSES.contains(status))
    }

    fn only_statuses(&self, are: impl Fn(&String) -> bool) -> bool {
        let statuses = self.statuses.as_deref().unwrap_or_default();
        !statuses.is_empty() && statuses.iter().all(are)
    }

    /// Whether the filter may let an item of a team in a status through; the
    /// nil team stands for none.
    pub(super) fn may_have(&self, team: Uuid, status: &String) -> bool {
        let has_status = self
            .statuses
            .as_ref()
            .is_none_or(|all| all.contains(status));
        let has_team = match (&self.teams, self.unassigned) {
            (None, Some(true)) => team.is_nil(),
            (None, Some(false)) => !team.is_nil(),
            (None, None) => true,
            (Some(teams), unassigned) => {
                teams.contains(&team) || (unassigned == Some(true) && team.is_nil())
            }
        };
        has_status && has_team
    }

    /// Adds the filter's conditions on `q`, each after an `and`. A past version
    /// may have left empty what is implied.
    pub(super) fn push(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        as_of: AsOf,
    ) -> Result<(), ReadError> {
        self.push_queue(query);
        self.push_stages(query, as_of);
        self.push_people(query);
        self.push_visible(query, as_of);
        self.push_number(query, as_of);
        self.push_lists(query);
        self.push_times(query);
        self.push_text(query, as_of)
    }

    /// Where an item stands and who has it.
    fn push_queue(&self, query: &mut QueryBuilder<'_, Postgres>) {
        one_of(query, "q.item_id", self.item_ids.as_ref());
        equal(query, "q.practice", self.practice.as_ref());
        one_of(query, "q.status", self.statuses.as_ref());
        one_of(query, "q.priority", self.priorities.as_ref());
        // Written out as the partial indexes say it.
        match self.is_open {
            Some(true) => query.push(" and q.is_open"),
            Some(false) => query.push(" and not q.is_open"),
            None => query,
        };
        match (&self.teams, self.unassigned) {
            (Some(teams), Some(true)) => {
                let mut teams = teams.clone();
                teams.push(Uuid::nil());
                one_of(query, "q.team_id", Some(&teams));
            }
            (None, Some(true)) => equal(query, "q.team_id", Some(&Uuid::nil())),
            (teams, unassigned) => {
                one_of(query, "q.team_id", teams.as_ref());
                if unassigned == Some(false) {
                    query.push(" and q.team_id <> ").push_bind(Uuid::nil());
                }
            }
        }
        one_of(query, "q.line", self.lines.as_ref());
        one_of(query, "q.department", self.departments.as_ref());
        one_of(query, "q.person", self.persons.as_ref());
        flag(query, "q.is_major", self.is_major);
        flag(query, "q.archived", self.archived);
        if let Some(least) = self.min_hand_overs {
            query.push(" and coalesce(q.hand_over_count, 0) >= ");
            query.push_bind(least);
        }
    }

    /// Which stages it has been through. What is lacking only after a time is
    /// lacking where that was over then.
    fn push_stages(&self, query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
        flag(query, "q.skips_stage", self.skips_stage);
        let Some(wanted) = self.lacks_stage else {
            return;
        };
        query.push(" and (coalesce(q.skips_stage, false) or coalesce(q.lacks_stage_from < ");
        match as_of {
            AsOf::Now => query.push("now()"),
            AsOf::Position(position) => query
                .push("(select e.recorded_at from events e where e.position = ")
                .push_bind(position)
                .push(")"),
        };
        query.push(", false)) = ").push_bind(wanted);
    }

    /// Whom and what it is about.
    fn push_people(&self, query: &mut QueryBuilder<'_, Postgres>) {
        one_of(query, "q.requester", self.requesters.as_ref());
        one_of(query, "q.affected_person", self.affected_persons.as_ref());
        one_of(query, "q.category_code", self.categories.as_ref());
        one_of(query, "q.service", self.services.as_ref());
        one_of(query, "q.contact_channel", self.contact_channels.as_ref());
        one_of(query, "q.impact", self.impacts.as_ref());
        one_of(query, "q.urgency", self.urgencies.as_ref());
    }

    /// What a requester may see. That is decided by whose the item is today,
    /// also in a list as of then.
    fn push_visible(&self, query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
        let Some(person) = &self.visible_to else {
            return;
        };
        let (start, between, end) = match as_of {
            AsOf::Now => (" and (q.requester = ", " or q.affected_person = ", ")"),
            AsOf::Position(_) => (
                " and q.item_id = any (array(select n.item_id from work_queue n where n.requester = ",
                " union select n.item_id from work_queue n where n.affected_person = ",
                "))",
            ),
        };
        query.push(start).push_bind(person.clone());
        query.push(between).push_bind(person.clone());
        query.push(end);
    }

    /// What it is called. An item keeps its number, and only the live table has
    /// an index of them.
    fn push_number(&self, query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
        match (&self.number, as_of) {
            (Some(number), AsOf::Position(_)) => {
                query.push(
                    " and q.item_id in (select n.item_id from work_queue n where n.number = ",
                );
                query.push_bind(number.clone()).push(")");
            }
            (number, _) => equal(query, "q.number", number.as_ref()),
        }
    }

    /// What it is connected with. One index serves all three lists; it leaves
    /// out the items that have none, and is used only where the query does so
    /// in the same words.
    fn push_lists(&self, query: &mut QueryBuilder<'_, Postgres>) {
        let reference = self
            .external_reference
            .as_ref()
            .map(|(system, reference)| external_reference(system, reference));
        if let Some(cis) = &self.cis {
            query.push(" and q.cis && ").push_bind(cis.clone());
        }
        if let Some(watcher) = &self.watcher {
            query
                .push(" and q.watchers @> ")
                .push_bind(vec![watcher.clone()]);
        }
        if let Some(reference) = &reference {
            query
                .push(" and q.external_references @> ")
                .push_bind(vec![reference.clone()]);
        }
        if self.cis.is_some() || self.watcher.is_some() || reference.is_some() {
            query.push(
                " and (q.cis <> '{}' or q.watchers <> '{}' or q.external_references <> '{}')",
            );
        }
        if let Some(CustomField { name, value }) = &self.custom_field {
            query
                .push(" and q.custom_fields ->> ")
                .push_bind(name.clone());
            query.push(" = ").push_bind(value.clone());
        }
    }

    fn push_times(&self, query: &mut QueryBuilder<'_, Postgres>) {
        let ranges = [
            ("q.opened_at", self.opened),
            ("q.updated_at", self.updated),
            ("q.resolved_at", self.resolved),
            ("q.closed_at", self.closed),
        ];
        for (column, range) in ranges {
            if let Some(from) = range.from {
                query.push(format!(" and {column} >= ")).push_bind(from);
            }
            if let Some(to) = range.to {
                query.push(format!(" and {column} < ")).push_bind(to);
            }
        }
    }

    fn push_text(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        as_of: AsOf,
    ) -> Result<(), ReadError> {
        let Some(text) = &self.text else {
            return Ok(());
        };
        if text.trim().is_empty() {
            return Err(ReadError::FilterInvalid(
                "the text to search for is empty".to_owned(),
            ));
        }
        let pattern = search::pattern(text);
        let searched = match as_of {
            AsOf::Now => "q.search_text".to_owned(),
            AsOf::Position(_) => format!("coalesce(q.search_text, {})", search::SHORT_TEXTS),
        };
        let searched = match self.visible_to {
            Some(_) => search::readable(&searched),
            None => searched,
        };
        query.push(format!(" and ({searched} like "));
        query.push_bind(pattern.clone());
        query.push(" or exists (select from work_queue_text t where t.item_id = q.item_id and t.body like ");
        query.push_bind(pattern);
        if self.visible_to.is_some() {
            query.push(" and t.is_public");
        }
        if let AsOf::Position(position) = as_of {
            query.push(" and t.position <= ").push_bind(position);
        }
        query.push("))");
        Ok(())
    }
}

fn one_of<T>(query: &mut QueryBuilder<'_, Postgres>, column: &str, values: Option<&Vec<T>>)
where
    T: Clone + Send + 'static,
    for<'q> Vec<T>: sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres>,
{
    if let Some(values) = values {
        query
            .push(format!(" and {column} = any ("))
            .push_bind(values.clone())
            .push(")");
    }
}

fn equal<T>(query: &mut QueryBuilder<'_, Postgres>, column: &str, value: Option<&T>)
where
    T: Clone + Send + 'static,
    for<'q> T: sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres>,
{
    if let Some(value) = value {
        query
            .push(format!(" and {column} = "))
            .push_bind(value.clone());
    }
}

/// A past version leaves empty what is false.
fn flag(query: &mut QueryBuilder<'_, Postgres>, column: &str, wanted: Option<bool>) {
    match wanted {
        Some(true) => query.push(format!(" and {column}")),
        Some(false) => query.push(format!(" and {column} is not true")),
        None => query,
    };
}

//! Which items somebody wants to see.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::found_by::{push_assignee_inactive, push_categories_under, push_reference};
use super::range::{NumberRange, TimeRange, push_numbers, push_times};
use super::walks::OPEN_STATUSES;
use super::{OrderBy, search};
use crate::spelling::as_written_here;
use crate::{AsOf, ReadError};

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
    /// Only items whose person is no longer a member of the team that has the
    /// item, or whose team works no longer; false for all others.
    pub assignee_inactive: Option<bool>,
    /// Only items that these people asked for.
    pub requesters: Option<Vec<String>>,
    /// Only items that these people suffer from.
    pub affected_persons: Option<Vec<String>>,
    /// Only items under these categories.
    pub categories: Option<Vec<String>>,
    /// Only items under these categories or under what lies below them, by the
    /// tree that each item was filed by.
    pub categories_under: Option<Vec<String>>,
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
    /// Only items that the log knew of first then.
    pub registered: TimeRange,
    /// Only items that are expected to be resolved then.
    pub expected: TimeRange,
    /// Only items that were first assigned then.
    pub assigned: TimeRange,
    /// Only items that a team first accepted then.
    pub accepted: TimeRange,
    /// Only items whose service worked again then.
    pub restored: TimeRange,
    /// Only items whose requester last heard from the desk then.
    pub last_contact: TimeRange,
    /// Only items that wait until then; what waits without an end does not.
    pub hold_until: TimeRange,
    /// Only items whose hold was to end by now, or, as of a position, by then;
    /// or none of them.
    pub hold_overdue: Option<bool>,
    /// Only items whose requester has answered the resolution and had no
    /// answer, or none of them.
    pub answered_after_resolution: Option<bool>,
    /// Only items that changed teams at least so often.
    pub min_hand_overs: Option<i32>,
    /// Only items that changed teams so often.
    pub hand_overs: NumberRange,
    /// Only items that changed departments so often.
    pub cross_departments: NumberRange,
    /// Only items that were urged so often.
    pub urges: NumberRange,
    /// Only items in these cycles.
    pub cycles: NumberRange,
    /// Only items of which management has been told so high.
    pub escalation_levels: NumberRange,
    /// Only items with so many comments.
    pub comments: NumberRange,
    /// Only items on which so much time was spent.
    pub effort_minutes: NumberRange,
    /// Only items with so many events.
    pub versions: NumberRange,
    /// Only items whose last event has such a position.
    pub positions: NumberRange,
    /// Only items whose hand-over has come so far.
    pub handlings: Option<Vec<String>>,
    /// Only items on which somebody overruled the matrix, or none of them.
    pub priority_overridden: Option<bool>,
    /// Only items that were judged by these versions of the matrix.
    pub matrix_versions: Option<Vec<i32>>,
    /// Only items that were filed by these versions of the tree.
    pub category_tree_versions: Option<Vec<i32>>,
    /// Only items with teams of these names, as of the assignment.
    pub team_names: Option<Vec<String>>,
    /// Only items whose requester has heard from the desk, or has not.
    pub feedback_given: Option<bool>,
    /// Only items with this text in their summary, upper and lower case alike.
    pub summary: Option<String>,
    /// Only items with a file of this name.
    pub attachment_name: Option<String>,
    /// Only items that have no value in each of these.
    pub missing: Option<Vec<OrderBy>>,
    /// Only items that have skipped a stage or lack one, or none of them, by
    /// the rule of [`Journey`](domain::work_item::Journey) (SD-03).
    pub lacks_stage: Option<bool>,
    /// Only items that have gone past a stage without it, or none of them.
    pub skips_stage: Option<bool>,
    /// Only what this requester may see: what they asked for or suffer from,
    /// what such an item goes on as, and in `text` only what they may read.
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
        self.push_visible(query, as_of);
        self.push_conditions(query, as_of)
    }

    /// The same, but whose an item is, is asked of the version and not of
    /// today.
    pub(super) fn push_as_it_was(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        as_of: AsOf,
    ) -> Result<(), ReadError> {
        self.push_visible(query, AsOf::Now);
        self.push_conditions(query, as_of)
    }

    fn push_conditions(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        as_of: AsOf,
    ) -> Result<(), ReadError> {
        self.push_queue(query);
        self.push_overdue(query, as_of);
        self.push_stages(query, as_of);
        self.push_people(query);
        self.push_number(query, as_of);
        self.push_lists(query, as_of);
        self.push_found_by(query, as_of);
        push_times(self, query);
        push_numbers(self, query, as_of);
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
        one_of(query, "q.handling", self.handlings.as_ref());
        one_of(query, "q.team_name", self.team_names.as_ref());
        one_of(query, "q.line", self.lines.as_ref());
        one_of(query, "q.department", self.departments.as_ref());
        one_of(query, "q.person", self.persons.as_ref());
        flag(query, "q.is_major", self.is_major);
        flag(query, "q.archived", self.archived);
        flag(query, "q.priority_overridden", self.priority_overridden);
        flag(query, "q.feedback_given", self.feedback_given);
        flag(
            query,
            "q.answered_after_resolution",
            self.answered_after_resolution,
        );
        if let Some(least) = self.min_hand_overs {
            query.push(" and coalesce(q.hand_over_count, 0) >= ");
            query.push_bind(least);
        }
    }

    /// What was to go on by now, or then, and waits.
    fn push_overdue(&self, query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
        let Some(wanted) = self.hold_overdue else {
            return;
        };
        query.push(" and coalesce(q.hold_until < ");
        push_moment(query, as_of);
        query.push(", false) = ").push_bind(wanted);
    }

    /// Which stages it has been through. What is lacking only after a time is
    /// lacking where that was over then.
    fn push_stages(&self, query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
        flag(query, "q.skips_stage", self.skips_stage);
        let Some(wanted) = self.lacks_stage else {
            return;
        };
        query.push(" and (coalesce(q.skips_stage, false) or coalesce(q.lacks_stage_from < ");
        push_moment(query, as_of);
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
        one_of(query, "q.matrix_version", self.matrix_versions.as_ref());
        let tree_versions = self.category_tree_versions.as_ref();
        one_of(query, "q.category_tree_version", tree_versions);
    }

    /// What a requester may see. That is decided by whose the item is today,
    /// also in a list as of then.
    fn push_visible(&self, query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
        let Some(person) = &self.visible_to else {
            return;
        };
        // The last condition is written as the partial index says it.
        let parts = match as_of {
            AsOf::Now => [
                " and (q.requester = ",
                " or q.affected_person = ",
                " or (q.merged_people <> '{}' and q.merged_people @> array[",
                "]))",
            ],
            AsOf::Position(_) => [
                " and q.item_id = any (array(select n.item_id from work_queue n where n.requester = ",
                " union select n.item_id from work_queue n where n.affected_person = ",
                " union select n.item_id from work_queue n where n.merged_people <> '{}' and n.merged_people @> array[",
                "]))",
            ],
        };
        let [before, rest @ ..] = parts;
        query.push(before);
        for part in rest {
            query.push_bind(person.clone()).push(part);
        }
    }

    /// What it is called. An item keeps its number, and only the live table has
    /// an index of them.
    fn push_number(&self, query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
        let number = self.number.as_deref().map(as_written_here);
        match (&number, as_of) {
            (Some(number), AsOf::Position(_)) => {
                query.push(
                    " and q.item_id in (select n.item_id from work_queue n where n.number = ",
                );
                query.push_bind(number.clone()).push(")");
            }
            (number, _) => equal(query, "q.number", number.as_ref()),
        }
    }

    /// What it is connected with. One index serves the lists; it leaves out the
    /// items that have none, and is used only where the query does so in the
    /// same words.
    fn push_lists(&self, query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
        if let Some((system, reference)) = &self.external_reference {
            push_reference(query, (system, reference), as_of);
        }
        if let Some(cis) = &self.cis {
            query.push(" and q.cis && ").push_bind(cis.clone());
        }
        if let Some(name) = &self.attachment_name {
            query.push(" and q.attachment_names @> ");
            query.push_bind(vec![name.clone()]);
        }
        if let Some(watcher) = &self.watcher {
            query
                .push(" and q.watchers @> ")
                .push_bind(vec![watcher.clone()]);
        }
        if self.cis.is_some() || self.watcher.is_some() {
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

    /// What it is found by beside its own row.
    fn push_found_by(&self, query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
        if let Some(wanted) = self.assignee_inactive {
            push_assignee_inactive(query, wanted, as_of);
        }
        for column in self.missing.iter().flatten() {
            match column.is_missing(as_of) {
                Some(condition) => query.push(" and ").push(condition),
                None => query.push(" and false"),
            };
        }
        if let Some(under) = &self.categories_under {
            push_categories_under(query, under);
        }
    }

    fn push_text(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        as_of: AsOf,
    ) -> Result<(), ReadError> {
        if let Some(summary) = &self.summary {
            // The number is the first line of what is searched in.
            let searched = search::searched(as_of);
            query.push(format!(" and split_part({searched}, E'\\n', 2) like "));
            query.push_bind(search::pattern(summary));
        }
        let Some(text) = &self.text else {
            return Ok(());
        };
        if text.trim().is_empty() {
            return Err(ReadError::FilterInvalid(
                "the text to search for is empty".to_owned(),
            ));
        }
        let pattern = search::pattern(text);
        let searched = search::searched(as_of);
        let searched = match self.visible_to {
            Some(_) => search::readable(&searched),
            None => searched,
        };
        query.push(format!(" and ({searched} like "));
        query.push_bind(pattern.clone());
        // A number may be written in other ways than it stands in the row.
        query
            .push(" or q.number = ")
            .push_bind(as_written_here(text));
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

/// The moment that a list is about.
fn push_moment(query: &mut QueryBuilder<'_, Postgres>, as_of: AsOf) {
    match as_of {
        AsOf::Now => query.push("now()"),
        AsOf::Position(position) => query
            .push("(select e.recorded_at from events e where e.position = ")
            .push_bind(position)
            .push(")"),
    };
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

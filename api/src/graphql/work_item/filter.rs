//! How a list of work items is narrowed.

use async_graphql::{ID, InputObject, Result};
use chrono::{DateTime, Utc};
use domain::ids::PersonId;
use projections::work_queue::{CustomField, NumberRange, TimeRange, WorkItemFilter};

use super::order::WorkItemOrderField;
use crate::error::{at_field, code};
use crate::graphql::access::work_item_id;
use crate::graphql::enums::{
    ContactChannel, Handling, Impact, Priority, SupportLine, Urgency, WorkItemStatus,
};
use crate::graphql::ids::{self, Kind};
use crate::graphql::input::required;
use crate::graphql::scalars::Long;
use crate::graphql::viewer::Viewer;

/// The longest list of alternatives for one field.
const MAX_ALTERNATIVES: usize = 200;

/// Which work items are wanted: all conditions that are set must hold, and
/// within a list any of its values.
#[derive(InputObject, Debug, Clone, Default)]
pub(crate) struct WorkItemFilterInput {
    /// Of these items.
    ids: Option<Vec<ID>>,
    /// Of this practice, such as `incident`.
    practice: Option<String>,
    /// In one of these statuses.
    statuses: Option<Vec<WorkItemStatus>>,
    /// Still accepting work, or not.
    is_open: Option<bool>,
    /// Of one of these priorities.
    priorities: Option<Vec<Priority>>,
    /// Of one of these impacts.
    impacts: Option<Vec<Impact>>,
    /// Of one of these urgencies.
    urgencies: Option<Vec<Urgency>>,
    /// With one of these teams.
    team_ids: Option<Vec<ID>>,
    /// With no team, or with one.
    unassigned: Option<bool>,
    /// With a team of one of these support lines.
    lines: Option<Vec<SupportLine>>,
    /// With a team of one of these departments.
    departments: Option<Vec<String>>,
    /// With one of these persons.
    assignees: Option<Vec<String>>,
    /// With a person who is no longer a member of the team that has the item, or
    /// with a team that works no longer: nobody takes care of it. False for
    /// everything else.
    assignee_inactive: Option<bool>,
    /// Asked for by one of these persons.
    requesters: Option<Vec<String>>,
    /// Suffered by one of these persons.
    affected_persons: Option<Vec<String>>,
    /// Filed under one of these categories.
    categories: Option<Vec<String>>,
    /// Filed under one of these categories, or under one that lies below them
    /// in the tree that the item was filed by.
    categories_under: Option<Vec<String>>,
    /// About one of these services.
    services: Option<Vec<String>>,
    /// About any of these configuration items.
    configuration_items: Option<Vec<String>>,
    /// From one of these contact channels.
    contact_channels: Option<Vec<ContactChannel>>,
    /// Major incidents, or none.
    is_major: Option<bool>,
    /// Archived, or not.
    archived: Option<bool>,
    /// Followed by this person.
    watcher: Option<String>,
    /// With this number, in any case and width, with blanks, without its zeros
    /// or by its digits alone.
    number: Option<String>,
    /// With this number in another system, written in any of these ways.
    external_reference: Option<ExternalReferenceFilter>,
    /// With this value in one of the organisation's own fields.
    custom_field: Option<CustomFieldFilter>,
    /// First contact within this time.
    opened: Option<TimeRangeInput>,
    /// Last event within this time.
    updated: Option<TimeRangeInput>,
    /// Resolved within this time.
    resolved: Option<TimeRangeInput>,
    /// Closed within this time.
    closed: Option<TimeRangeInput>,
    /// Recorded by the desk within this time.
    registered: Option<TimeRangeInput>,
    /// Expected to be resolved within this time.
    expected_resolution: Option<TimeRangeInput>,
    /// First assigned within this time.
    assigned: Option<TimeRangeInput>,
    /// First accepted by a team within this time.
    accepted: Option<TimeRangeInput>,
    /// Service restored within this time.
    restored: Option<TimeRangeInput>,
    /// Requester last heard from the desk within this time.
    last_contact: Option<TimeRangeInput>,
    /// On hold until then.
    on_hold_until: Option<TimeRangeInput>,
    /// On hold although the time is over until which the work was to wait, or
    /// not so. The desk goes on with such items by itself; what is found here
    /// it could not go on with yet.
    hold_overdue: Option<bool>,
    /// Resolved, and the requester has answered since without having had an
    /// answer of the desk's; or not so.
    answered_after_resolution: Option<bool>,
    /// Handed over at least this often.
    min_hand_overs: Option<i32>,
    /// Handed over so often.
    hand_overs: Option<NumberRangeInput>,
    /// Handed over from one department to another so often.
    cross_departments: Option<NumberRangeInput>,
    /// Urged so often.
    urges: Option<NumberRangeInput>,
    /// In such a cycle.
    cycles: Option<NumberRangeInput>,
    /// With management told so high.
    escalation_levels: Option<NumberRangeInput>,
    /// With so many comments.
    comments: Option<NumberRangeInput>,
    /// With so much time spent on it.
    effort_minutes: Option<NumberRangeInput>,
    /// With so many events.
    versions: Option<NumberRangeInput>,
    /// With its last event at such a position of the log.
    positions: Option<NumberRangeInput>,
    /// With the hand-over to its team come so far.
    handlings: Option<Vec<Handling>>,
    /// With a priority that somebody set over the matrix, or with the matrix's.
    priority_overridden: Option<bool>,
    /// Judged by one of these versions of the priority matrix.
    matrix_versions: Option<Vec<i32>>,
    /// Filed by one of these versions of the category tree.
    category_tree_versions: Option<Vec<i32>>,
    /// With a team of one of these names, as of the assignment.
    team_names: Option<Vec<String>>,
    /// With a requester who has heard from the desk, or has not.
    feedback_given: Option<bool>,
    /// With this text, in upper or lower case, in the summary.
    summary: Option<String>,
    /// With a file of this name.
    attachment_name: Option<String>,
    /// Without a value in each of these.
    missing: Option<Vec<WorkItemOrderField>>,
    /// With a stage that they have skipped or lack, by the rule of `stages`
    /// (SD-03), or without one.
    lacks_stage: Option<bool>,
    /// With a stage that they have gone past without it, or without one.
    skips_stage: Option<bool>,
    /// With this text, in upper or lower case, in any field: number, summary,
    /// description, comments, names of files, the organisation's own fields,
    /// numbers in other systems, people.
    text: Option<String>,
}

/// A number in another system.
#[derive(InputObject, Debug, Clone)]
pub(crate) struct ExternalReferenceFilter {
    /// The other system.
    system: String,
    /// The number there.
    reference: String,
}

/// A value of one of the organisation's own fields.
#[derive(InputObject, Debug, Clone)]
pub(crate) struct CustomFieldFilter {
    /// The field.
    name: String,
    /// Its value.
    value: String,
}

/// A stretch of time.
#[derive(InputObject, Debug, Clone, Copy)]
pub(crate) struct TimeRangeInput {
    /// From then on, that moment included.
    pub(crate) from: Option<DateTime<Utc>>,
    /// Until then, that moment not included.
    pub(crate) to: Option<DateTime<Utc>>,
}

/// A stretch of whole numbers.
#[derive(InputObject, Debug, Clone, Copy)]
pub(crate) struct NumberRangeInput {
    /// This number or more.
    at_least: Option<Long>,
    /// This number or less.
    at_most: Option<Long>,
}

impl WorkItemFilterInput {
    /// The first condition on what the desk knows among itself.
    fn internal_field(&self) -> Option<&'static str> {
        let missing = self.missing.iter().flatten();
        [
            (self.watcher.is_some(), "watcher"),
            (self.custom_field.is_some(), "customField"),
            (self.priority_overridden.is_some(), "priorityOverridden"),
            (self.escalation_levels.is_some(), "escalationLevels"),
            (self.comments.is_some(), "comments"),
            (self.effort_minutes.is_some(), "effortMinutes"),
            (
                missing.copied().any(WorkItemOrderField::is_internal),
                "missing",
            ),
        ]
        .into_iter()
        .find_map(|(is_set, field)| is_set.then_some(field))
    }

    /// The filter, narrowed to what the one who asks may see.
    pub(crate) fn build(self, viewer: &Viewer) -> Result<WorkItemFilter> {
        if !viewer.sees_internal()
            && let Some(field) = self.internal_field()
        {
            let message = "requesters do not filter by what the desk knows among itself";
            return Err(at_field(code::FORBIDDEN, message, field));
        }
        let uuids = |ids: Option<Vec<ID>>,
                     one: &dyn Fn(&ID) -> Result<uuid::Uuid>|
         -> Result<Option<Vec<_>>> {
            ids.map(|ids| ids.iter().map(one).collect()).transpose()
        };
        Ok(WorkItemFilter {
            item_ids: uuids(limited(self.ids, "ids")?, &|id| work_item_id(id, "ids"))?,
            practice: self.practice,
            statuses: names::<domain::incident::Status, _>(limited(self.statuses, "statuses")?),
            is_open: self.is_open,
            priorities: self
                .priorities
                .map(|all| all.into_iter().map(priority_number).collect()),
            impacts: names::<domain::priority::Impact, _>(self.impacts),
            urgencies: names::<domain::priority::Urgency, _>(self.urgencies),
            teams: uuids(limited(self.team_ids, "teamIds")?, &|id| {
                ids::decode_as(Kind::Team, id, "teamIds")
            })?,
            unassigned: self.unassigned,
            lines: self
                .lines
                .map(|all| all.into_iter().map(line_number).collect()),
            departments: limited(self.departments, "departments")?,
            assignee_inactive: self.assignee_inactive,
            persons: persons(self.assignees, "assignees")?,
            requesters: persons(self.requesters, "requesters")?,
            affected_persons: persons(self.affected_persons, "affectedPersons")?,
            categories: limited(self.categories, "categories")?,
            categories_under: limited(self.categories_under, "categoriesUnder")?,
            services: limited(self.services, "services")?,
            cis: limited(self.configuration_items, "configurationItems")?,
            contact_channels: names::<domain::work_item::ContactChannel, _>(self.contact_channels),
            is_major: self.is_major,
            archived: self.archived,
            watcher: self
                .watcher
                .map(|name| person(&name, "watcher"))
                .transpose()?,
            number: self.number,
            external_reference: self.external_reference.map(|e| (e.system, e.reference)),
            custom_field: self.custom_field.map(|f| CustomField {
                name: f.name,
                value: f.value,
            }),
            opened: range(self.opened),
            updated: range(self.updated),
            resolved: range(self.resolved),
            closed: range(self.closed),
            registered: range(self.registered),
            expected: range(self.expected_resolution),
            assigned: range(self.assigned),
            accepted: range(self.accepted),
            restored: range(self.restored),
            last_contact: range(self.last_contact),
            hold_until: range(self.on_hold_until),
            hold_overdue: self.hold_overdue,
            answered_after_resolution: self.answered_after_resolution,
            min_hand_overs: self.min_hand_overs,
            hand_overs: numbers(self.hand_overs),
            cross_departments: numbers(self.cross_departments),
            urges: numbers(self.urges),
            cycles: numbers(self.cycles),
            escalation_levels: numbers(self.escalation_levels),
            comments: numbers(self.comments),
            effort_minutes: numbers(self.effort_minutes),
            versions: numbers(self.versions),
            positions: numbers(self.positions),
            handlings: names::<domain::work_item::Handling, _>(self.handlings),
            priority_overridden: self.priority_overridden,
            matrix_versions: limited(self.matrix_versions, "matrixVersions")?,
            category_tree_versions: limited(self.category_tree_versions, "categoryTreeVersions")?,
            team_names: limited(self.team_names, "teamNames")?,
            feedback_given: self.feedback_given,
            summary: self.summary,
            attachment_name: self.attachment_name,
            missing: limited(self.missing, "missing")?
                .map(|all| all.into_iter().map(Into::into).collect()),
            lacks_stage: self.lacks_stage,
            skips_stage: self.skips_stage,
            visible_to: viewer.sees_only().map(str::to_owned),
            text: self.text,
        })
    }
}

fn limited<T>(values: Option<Vec<T>>, field: &str) -> Result<Option<Vec<T>>> {
    match values {
        Some(values) if values.len() > MAX_ALTERNATIVES => Err(at_field(
            code::INPUT_INVALID,
            format!("{field} has at most {MAX_ALTERNATIVES} values"),
            field,
        )),
        values => Ok(values),
    }
}

/// Persons by their names, however these are written.
pub(crate) fn persons(names: Option<Vec<String>>, field: &str) -> Result<Option<Vec<String>>> {
    let Some(names) = limited(names, field)? else {
        return Ok(None);
    };
    let names = names.iter().map(|name| person(name, field));
    names.collect::<Result<_>>().map(Some)
}

fn person(name: &str, field: &str) -> Result<String> {
    Ok(required(name, field, PersonId::new)?.to_string())
}

fn numbers(input: Option<NumberRangeInput>) -> NumberRange {
    input.map_or_else(NumberRange::default, |range| NumberRange {
        at_least: range.at_least.map(|number| number.0),
        at_most: range.at_most.map(|number| number.0),
    })
}

/// The names under which the read model keeps an enum of the domain.
fn names<D: AsRef<str>, G: Into<D>>(values: Option<Vec<G>>) -> Option<Vec<String>> {
    values.map(|values| {
        values
            .into_iter()
            .map(|value| value.into().as_ref().to_owned())
            .collect()
    })
}

fn priority_number(priority: Priority) -> i16 {
    match priority {
        Priority::P1 => 1,
        Priority::P2 => 2,
        Priority::P3 => 3,
        Priority::P4 => 4,
        Priority::P5 => 5,
    }
}

fn line_number(line: SupportLine) -> i16 {
    match line {
        SupportLine::First => 1,
        SupportLine::Second => 2,
        SupportLine::Third => 3,
    }
}

fn range(input: Option<TimeRangeInput>) -> TimeRange {
    input.map_or_else(TimeRange::default, |range| TimeRange {
        from: range.from,
        to: range.to,
    })
}

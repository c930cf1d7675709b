//! How a list of work items is narrowed and ordered.

use async_graphql::{Enum, ID, InputObject, Result};
use chrono::{DateTime, Utc};
use domain::ids::PersonId;
use projections::work_queue::{CustomField, Direction, Order, OrderBy, TimeRange, WorkItemFilter};

use crate::error::{at_field, code};
use crate::graphql::access::work_item_id;
use crate::graphql::enums::{
    ContactChannel, Impact, Priority, SupportLine, Urgency, WorkItemStatus,
};
use crate::graphql::ids::{self, Kind};
use crate::graphql::input::required;
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
    /// Asked for by one of these persons.
    requesters: Option<Vec<String>>,
    /// Suffered by one of these persons.
    affected_persons: Option<Vec<String>>,
    /// Filed under one of these categories.
    categories: Option<Vec<String>>,
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
    /// With this number.
    number: Option<String>,
    /// With this number in another system.
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
    /// Handed over at least this often.
    min_hand_overs: Option<i32>,
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

/// By what a list is ordered.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "OrderBy")]
pub(crate) enum WorkItemOrderField {
    /// When the first contact was made.
    OpenedAt,
    /// When something last happened.
    UpdatedAt,
    /// How important it is; `P1` comes first when ascending.
    Priority,
    /// Its number.
    Number,
    /// Where it stands.
    Status,
}

/// Which end comes first.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderDirection {
    /// The smallest or earliest.
    Asc,
    /// The greatest or latest.
    Desc,
}

/// The order of a list; items that are equal in it follow their identity.
#[derive(InputObject, Debug, Clone, Copy)]
pub(crate) struct WorkItemOrderInput {
    /// By what.
    field: WorkItemOrderField,
    /// Which end comes first.
    direction: OrderDirection,
}

/// The order asked for, or the newest first.
pub(crate) fn order(input: Option<WorkItemOrderInput>) -> Order {
    input.map_or(
        Order {
            by: OrderBy::OpenedAt,
            direction: Direction::Descending,
        },
        |input| Order {
            by: input.field.into(),
            direction: match input.direction {
                OrderDirection::Asc => Direction::Ascending,
                OrderDirection::Desc => Direction::Descending,
            },
        },
    )
}

impl WorkItemFilterInput {
    /// The filter, narrowed to what the one who asks may see.
    pub(crate) fn build(self, viewer: &Viewer) -> Result<WorkItemFilter> {
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
            persons: persons(self.assignees, "assignees")?,
            requesters: persons(self.requesters, "requesters")?,
            affected_persons: persons(self.affected_persons, "affectedPersons")?,
            categories: limited(self.categories, "categories")?,
            services: limited(self.services, "services")?,
            cis: limited(self.configuration_items, "configurationItems")?,
            contact_channels: names::<domain::work_item::ContactChannel, _>(self.contact_channels),
            is_major: self.is_major,
            archived: self.archived,
            watcher: self.watcher.map(|name| person(&name, "watcher")).transpose()?,
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
            min_hand_overs: self.min_hand_overs,
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

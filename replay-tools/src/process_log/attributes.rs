//! Which attributes each type of object has.
//!
//! What people wrote is not among them: no summaries, descriptions, comments
//! and solutions. A process log is handed to programs and to people who look
//! at ways and times, and need to read none of that.

use projections::incident_detail::IncidentDetail;
use projections::work_queue::WorkQueueRow;

use super::model::{Attribute, Type, Value};
use super::relations::PRACTICES;

/// A work item as its read models' own folds have it.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    /// What it shares with the items of every practice.
    pub(super) row: Option<WorkQueueRow>,
    /// What is an incident's own.
    pub(super) detail: Option<IncidentDetail>,
}

type OfRow = (&'static str, Type, fn(&WorkQueueRow) -> Option<Value>);
type OfDetail = (&'static str, Type, fn(&IncidentDetail) -> Option<Value>);

fn text(value: Option<&String>) -> Option<Value> {
    value.cloned().map(Value::Text)
}

/// Several names as one value: no form has lists that its readers know.
fn list(values: &[String]) -> Option<Value> {
    (!values.is_empty()).then(|| Value::Text(values.join("; ")))
}

fn integer(value: impl Into<i64>) -> Value {
    Value::Integer(value.into())
}

/// What every practice's items have.
const OF_ROW: &[OfRow] = &[
    ("number", Type::Text, |row| text(Some(&row.number))),
    ("external_references", Type::Text, |row| {
        list(&row.external_references)
    }),
    ("status", Type::Text, |row| text(Some(&row.status))),
    ("priority", Type::Text, |row| {
        (row.priority > 0).then(|| Value::Text(format!("P{}", row.priority)))
    }),
    ("priority_overridden", Type::Flag, |row| {
        Some(Value::Flag(row.priority_overridden))
    }),
    ("impact", Type::Text, |row| text(row.impact.as_ref())),
    ("urgency", Type::Text, |row| text(row.urgency.as_ref())),
    ("matrix_version", Type::Integer, |row| {
        row.matrix_version.map(integer)
    }),
    ("category", Type::Text, |row| {
        text(row.category_code.as_ref())
    }),
    ("category_tree_version", Type::Integer, |row| {
        row.category_tree_version.map(integer)
    }),
    ("service", Type::Text, |row| text(row.service.as_ref())),
    ("requester", Type::Text, |row| text(row.requester.as_ref())),
    ("affected_person", Type::Text, |row| {
        text(row.affected_person.as_ref())
    }),
    ("configuration_items", Type::Text, |row| list(&row.cis)),
    ("contact_channel", Type::Text, |row| {
        text(Some(&row.contact_channel))
    }),
    ("team", Type::Text, |row| text(row.team_name.as_ref())),
    ("line", Type::Integer, |row| row.line.map(integer)),
    ("department", Type::Text, |row| {
        text(row.department.as_ref())
    }),
    ("person", Type::Text, |row| text(row.person.as_ref())),
    ("major", Type::Flag, |row| Some(Value::Flag(row.is_major))),
    ("hand_over_count", Type::Integer, |row| {
        Some(integer(row.hand_over_count))
    }),
    ("urge_count", Type::Integer, |row| {
        Some(integer(row.urge_count))
    }),
    ("cycle", Type::Integer, |row| Some(integer(row.cycle))),
    ("escalation_level", Type::Integer, |row| {
        Some(integer(row.escalation_level))
    }),
    ("opened_at", Type::Time, |row| {
        Some(Value::Time(row.opened_at))
    }),
    ("expected_at", Type::Time, |row| {
        row.expected_at.map(Value::Time)
    }),
    ("archived", Type::Flag, |row| {
        Some(Value::Flag(row.archived))
    }),
];

/// What incidents have beyond that.
const OF_INCIDENT: &[OfDetail] = &[
    ("hold_reason", Type::Text, |row| {
        text(row.hold_reason.as_ref())
    }),
    ("resolution_code", Type::Text, |row| {
        text(row.resolution_code.as_ref())
    }),
    ("closed_by", Type::Text, |row| text(row.closed_by.as_ref())),
    ("review", Type::Text, |row| text(Some(&row.review))),
];

const TEAM: &[Attribute] = &[
    ("code", Type::Text),
    ("name", Type::Text),
    ("line", Type::Integer),
    ("department", Type::Text),
    ("active", Type::Flag),
];
const PERSON: &[Attribute] = &[("login", Type::Text), ("name", Type::Text)];
const NAMED: &[Attribute] = &[("name", Type::Text)];
const CATEGORY: &[Attribute] = &[
    ("code", Type::Text),
    ("name_zh", Type::Text),
    ("name_en", Type::Text),
];
const CONFIGURATION: &[Attribute] = &[("name", Type::Text), ("version", Type::Integer)];
const TOKEN: &[Attribute] = &[
    ("name", Type::Text),
    ("role", Type::Text),
    ("expires_at", Type::Time),
    ("revoked", Type::Flag),
];

/// The attributes of a type of object.
pub(super) fn declared(kind: &str) -> Vec<Attribute> {
    let rest: &[Attribute] = match kind {
        "team" => TEAM,
        "person" => PERSON,
        "machine" | "configuration_item" | "service" => NAMED,
        "category" => CATEGORY,
        "configuration" => CONFIGURATION,
        "api_token" => TOKEN,
        "incident" => {
            let own = OF_INCIDENT.iter().map(|(name, kind, _)| (*name, *kind));
            return shared().chain(own).collect();
        }
        practice if PRACTICES.contains(&practice) => return shared().collect(),
        // Something that this program knows nothing of but that it is there.
        _ => &[],
    };
    rest.to_vec()
}

fn shared() -> impl Iterator<Item = Attribute> {
    OF_ROW.iter().map(|(name, kind, _)| (*name, *kind))
}

impl Item {
    /// The attributes as they stand.
    pub(super) fn attributes(&self) -> Vec<(&'static str, Option<Value>)> {
        let mut all = Vec::with_capacity(OF_ROW.len() + OF_INCIDENT.len());
        if let Some(row) = &self.row {
            all.extend(OF_ROW.iter().map(|(name, _, of)| (*name, of(row))));
        }
        if let Some(detail) = &self.detail {
            all.extend(OF_INCIDENT.iter().map(|(name, _, of)| (*name, of(detail))));
        }
        all
    }
}

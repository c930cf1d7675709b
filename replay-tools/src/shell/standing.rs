//! How an object stands after some of its events, and what the last of them
//! changed: a fold of one stream, as long as the stream and no longer,
//! wherever in the log it is asked for.

use cqrs_es::Aggregate;
use domain::configuration::{self, Configuration, Content};
use domain::organisation::Team;
use domain::work_item::WorkEvent;
use projections::incident_detail::IncidentDetail;
use projections::work_queue::WorkQueueRow;
use projections::{Decoded, DeskEvent};
use serde_json::{Map, Value, json};

use crate::difference::{Difference, differences};
use crate::output::fields;

/// What changes with every event and says nothing of it.
const BOOKKEEPING: [&str; 6] = [
    "work_queue.version",
    "work_queue.position",
    "work_queue.updatedAt",
    "work_queue.itemId",
    "incident_detail.itemId",
    "work_queue.practice",
];

/// How an object stands: its read models' rows, or what its own events say of
/// it. Null where there is nothing yet.
pub(super) fn stand(events: &[Decoded]) -> anyhow::Result<Value> {
    let Some(last) = events.last() else {
        return Ok(Value::Null);
    };
    match &last.event {
        DeskEvent::Incident(_) => item(events),
        DeskEvent::Team(_) => Ok(serde_json::to_value(folded::<Team>(
            events.iter().filter_map(|event| match &event.event {
                DeskEvent::Team(event) => Some(event.clone()),
                _ => None,
            }),
        ))?),
        DeskEvent::PriorityMatrix(_) => {
            configuration(events.iter().filter_map(|event| match &event.event {
                DeskEvent::PriorityMatrix(event) => Some(event.clone()),
                _ => None,
            }))
        }
        DeskEvent::CategoryTree(_) => {
            configuration(events.iter().filter_map(|event| match &event.event {
                DeskEvent::CategoryTree(event) => Some(event.clone()),
                _ => None,
            }))
        }
        DeskEvent::ApiToken(_)
        | DeskEvent::SealKeys(_)
        | DeskEvent::LogExport(_)
        | DeskEvent::Unknown => said(events),
    }
}

/// What the last of some events changed in its object.
pub(super) fn changes(events: &[Decoded]) -> anyhow::Result<Vec<Difference>> {
    let before = events.split_last().map_or(&[][..], |(_, before)| before);
    let before = match stand(before)? {
        Value::Null => json!({}),
        value => value,
    };
    let mut changes = flat(&before, &stand(events)?);
    changes.retain(|change| !BOOKKEEPING.contains(&&*change.field));
    Ok(changes)
}

/// The differences, each read model's fields one by one also where the row is
/// a new one.
fn flat(before: &Value, after: &Value) -> Vec<Difference> {
    let mut before = before.clone();
    if let (Value::Object(before), Value::Object(after)) = (&mut before, after) {
        for (name, value) in after {
            if value.is_object() && !before.contains_key(name) {
                before.insert(name.clone(), json!({}));
            }
        }
    }
    let mut found = differences(&before, after);
    // A field that came with its row and is empty says nothing.
    found.retain(|change| change.before.is_some() || !is_empty(change.after.as_ref()));
    found
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Bool(flag)) => !flag,
        Some(Value::Number(number)) => number.as_i64() == Some(0),
        Some(_) => false,
    }
}

fn item(events: &[Decoded]) -> anyhow::Result<Value> {
    let (mut row, mut detail) = (None, None);
    for event in events {
        WorkQueueRow::apply(&mut row, event);
        IncidentDetail::apply(&mut detail, event);
    }
    let mut all = Map::new();
    if let Some(row) = &row {
        all.insert("work_queue".to_owned(), Value::Object(fields(row)?));
    }
    if let Some(detail) = &detail {
        all.insert("incident_detail".to_owned(), Value::Object(fields(detail)?));
    }
    Ok(Value::Object(all))
}

fn folded<A: Aggregate>(events: impl Iterator<Item = A::Event>) -> A {
    let mut aggregate = A::default();
    for event in events {
        aggregate.apply(event);
    }
    aggregate
}

/// A configuration: its draft, and the newest of its versions.
fn configuration<C: Content>(
    events: impl Iterator<Item = configuration::Event<C>>,
) -> anyhow::Result<Value> {
    let configuration: Configuration<C> = folded(events);
    Ok(json!({
        "draft": serde_json::to_value(configuration.draft())?,
        "published": serde_json::to_value(configuration.versions().latest())?,
    }))
}

/// What the payloads say, a later one overruling those before.
fn said(events: &[Decoded]) -> anyhow::Result<Value> {
    let mut all = Map::new();
    for event in events {
        let payload: Value = serde_json::from_str(&event.recorded.payload)?;
        if let Value::Object(payload) = payload {
            all.extend(payload);
        }
        all.insert(
            "lastEvent".to_owned(),
            Value::from(event.recorded.event_type.clone()),
        );
        all.remove("type");
    }
    Ok(Value::Object(all))
}

/// What people call the object of some events.
pub(super) fn name(events: &[Decoded]) -> Option<String> {
    events.iter().find_map(|event| match &event.event {
        DeskEvent::Team(domain::organisation::TeamEvent::TeamFounded { name, .. }) => {
            Some(name.to_string())
        }
        DeskEvent::ApiToken(domain::organisation::TokenEvent::TokenIssued { name, .. }) => {
            Some(name.to_string())
        }
        event => match event.work() {
            Some(WorkEvent::Registered { number, .. }) => Some(number.clone()),
            _ => None,
        },
    })
}

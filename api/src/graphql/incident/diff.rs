//! What changed between two points: field by field, with the steps that
//! changed it.

use std::collections::{BTreeSet, HashSet};

use async_graphql::{Result, SimpleObject};
use serde_json::Value;
use uuid::Uuid;

use super::as_of::{AsOfInput, Basis, Past, checked};
use crate::desk::Desk;
use crate::error::internal;
use crate::graphql::work_item::history::{FieldChange, HistoryEntry};

/// What changed between two points.
#[derive(SimpleObject)]
pub(crate) struct WorkItemDiff {
    /// Every field that is not the same at both points. Lists and objects are
    /// shown as JSON.
    changes: Vec<FieldChange>,
    /// The steps between the two points, oldest first.
    steps: Vec<HistoryEntry>,
}

/// Compares an incident with itself at two points.
pub(crate) async fn diff(
    desk: &Desk,
    id: Uuid,
    from: AsOfInput,
    to: AsOfInput,
    basis: Basis,
) -> Result<Option<WorkItemDiff>> {
    let before = Past::load(desk, id, checked(from, "from")?, basis).await?;
    let Some(after) = Past::load(desk, id, checked(to, "to")?, basis).await? else {
        return Ok(None);
    };
    let known: HashSet<i64> = before
        .iter()
        .flat_map(|past| past.history.iter().map(|row| row.position))
        .collect();
    let steps = after
        .history
        .iter()
        .filter(|row| !known.contains(&row.position));
    let steps = steps.map(HistoryEntry::of).collect();
    let old = before.as_ref().map(fields).transpose()?.unwrap_or_default();
    let new = fields(&after)?;
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changes = names
        .into_iter()
        .filter(|name| {
            old.get(*name).unwrap_or(&Value::Null) != new.get(*name).unwrap_or(&Value::Null)
        })
        .map(|name| FieldChange::between(name, old.get(name), new.get(name)))
        .collect();
    Ok(Some(WorkItemDiff { changes, steps }))
}

/// Every field of the read models, by its name in the schema. What merely
/// says how far the stream is does not count as a change.
fn fields(past: &Past) -> Result<serde_json::Map<String, Value>> {
    let mut all = serde_json::Map::new();
    let row = serde_json::to_value(&past.row).map_err(|error| internal(&error))?;
    let detail = serde_json::to_value(&*past.detail).map_err(|error| internal(&error))?;
    for part in [row, detail] {
        if let Value::Object(part) = part {
            all.extend(
                part.into_iter()
                    .map(|(name, value)| (camel_case(&name), value)),
            );
        }
    }
    for name in ["itemId", "version", "position", "registeredAt"] {
        all.remove(name);
    }
    Ok(all)
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}

impl FieldChange {
    fn between(field: &str, before: Option<&Value>, after: Option<&Value>) -> Self {
        let text = |value: Option<&Value>| match value {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(value) => Some(value.to_string()),
        };
        Self::new(field, text(before), text(after))
    }
}

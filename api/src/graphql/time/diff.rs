//! What changed in an object between two points: field by field, with who
//! changed it and why, and the steps between the two.

use std::collections::HashSet;

use async_graphql::{Result, SimpleObject};
use uuid::Uuid;

use super::object::{Told, differences, steps};
use super::{AsOfInput, Basis, Then};
use crate::desk::Desk;
use crate::graphql::ids::Kind;
use crate::graphql::scalars::Long;
use crate::graphql::work_item::history::HistoryEntry;

/// A field that is not the same at two points.
#[derive(SimpleObject)]
pub(crate) struct ChangedField {
    /// The field.
    field: String,
    /// What it said at the first point.
    before: Option<String>,
    /// What it said at the second point.
    after: Option<String>,
    /// The step that made it what it was at the second point: who, when and
    /// why. Null where the second point lies before the first, and no step had
    /// touched the field by then.
    step: Option<HistoryEntry>,
}

/// What changed in an object between two points.
#[derive(SimpleObject)]
pub(crate) struct ObjectDiff {
    /// Every field that is not the same at both points. Lists and objects are
    /// shown as JSON.
    changes: Vec<ChangedField>,
    /// The steps between the two points, oldest first.
    steps: Vec<HistoryEntry>,
}

/// Compares an object with itself at two points; none where it did not exist
/// at the second.
pub(super) async fn diff(
    desk: &Desk,
    (kind, id): (Kind, Uuid),
    (from, to): (AsOfInput, AsOfInput),
    basis: Basis,
) -> Result<Option<ObjectDiff>> {
    let from = Then::find(desk, from, basis, "from").await?;
    let to = Then::find(desk, to, basis, "to").await?;
    let stream = steps(desk, kind, id, None).await?;
    let before = Told::fold(kind, &from.cut(stream.clone()))?;
    let after = Told::fold(kind, &to.cut(stream))?;
    if after.entries.is_empty() {
        return Ok(None);
    }
    let changes = differences(&before.fields, &after.fields)
        .into_iter()
        .map(|change| ChangedField {
            step: after
                .last_change
                .get(&change.field)
                .map(|place| after.entries[*place].clone()),
            field: change.field,
            before: change.before,
            after: change.after,
        });
    let known: HashSet<Long> = before.entries.iter().map(|entry| entry.position).collect();
    Ok(Some(ObjectDiff {
        changes: changes.collect(),
        steps: after
            .entries
            .into_iter()
            .filter(|entry| !known.contains(&entry.position))
            .collect(),
    }))
}

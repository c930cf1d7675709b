//! What differs between two states of something, field by field: between two
//! versions of a configuration, between an object before and after an event.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// A field before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Difference {
    /// Which field, with the way to it: `categories.network-vpn.name_en`.
    pub(crate) field: String,
    /// What it was; nothing where it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Value>,
    /// What it is; nothing where it is not there any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Value>,
}

impl fmt::Display for Difference {
    /// `field: before -> after`; `field: after` where there was nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |value: &Option<Value>| match value {
            None => "-".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        write!(f, "{}: ", self.field)?;
        if self.before.is_some() {
            write!(f, "{} -> ", side(&self.before))?;
        }
        f.write_str(&side(&self.after))
    }
}

/// Every field in which two values differ, in the order of their names. What
/// is null is not there.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(
    field: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    let before = before.filter(|value| !value.is_null());
    let after = after.filter(|value| !value.is_null());
    if before == after {
        return;
    }
    let (Some(old), Some(new)) = (before.and_then(parts), after.and_then(parts)) else {
        // All of something that was added or removed is told at once.
        found.push(Difference {
            field: field.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
        });
        return;
    };
    let names = old.iter().map(|(name, _)| name);
    let added = new
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !old.iter().any(|(known, _)| known == *name));
    for name in names.chain(added) {
        let within = if field.is_empty() {
            name.clone()
        } else {
            format!("{field}.{name}")
        };
        compare(&within, part(&old, name), part(&new, name), found);
    }
}

type Parts<'a> = Vec<(String, &'a Value)>;

fn part<'a>(parts: &Parts<'a>, wanted: &str) -> Option<&'a Value> {
    parts
        .iter()
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| *value)
}

/// What a value consists of, each part under its name; nothing for a value
/// that is compared as a whole.
fn parts(value: &Value) -> Option<Parts<'_>> {
    match value {
        Value::Object(fields) => Some(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), value))
                .collect(),
        ),
        Value::Array(items) => named(items).or_else(|| numbered(items)),
        _ => None,
    }
}

/// The fields by which the elements of a list tell themselves apart, so that
/// one that moved is not taken for another one.
const KEYS: [&str; 4] = ["code", "priority", "id", "name"];

fn named(items: &[Value]) -> Option<Parts<'_>> {
    KEYS.iter().find_map(|key| {
        let mut parts: Parts<'_> = Vec::with_capacity(items.len());
        for item in items {
            let name = item.get(key)?.as_str()?;
            if parts.iter().any(|(known, _)| known == name) {
                return None;
            }
            parts.push((name.to_owned(), item));
        }
        (!parts.is_empty()).then_some(parts)
    })
}

/// Lists within lists are tables: their cells have a place. A list of words
/// has none: a word in it is told with the whole list.
fn numbered(items: &[Value]) -> Option<Parts<'_>> {
    let is_table = items.iter().any(Value::is_array);
    is_table.then(|| {
        let cells = items.iter().enumerate().flat_map(|(row, item)| {
            let columns = item.as_array().map_or(&[][..], Vec::as_slice);
            columns
                .iter()
                .enumerate()
                .map(move |(column, cell)| (format!("{}.{}", row + 1, column + 1), cell))
        });
        cells.collect()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: &Value, after: &Value) -> Vec<(String, Option<Value>, Option<Value>)> {
        differences(before, after)
            .into_iter()
            .map(|one| (one.field, one.before, one.after))
            .collect()
    }

    #[test]
    fn nothing_differs_between_equal_values_and_null_is_nothing() {
        let value = json!({"a": 1, "b": [{"code": "x"}]});
        assert_eq!(told(&value, &value), []);
        assert_eq!(told(&json!({"a": null}), &json!({})), []);
    }

    #[test]
    fn a_field_is_named_with_the_way_to_it() {
        let before = json!({"levels": [{"priority": "P1", "hours": 72}, {"priority": "P2"}]});
        let after = json!({"levels": [{"priority": "P2"}, {"priority": "P1", "hours": 48}]});
        assert_eq!(
            told(&before, &after),
            [(
                "levels.P1.hours".to_owned(),
                Some(json!(72)),
                Some(json!(48))
            )]
        );
    }

    #[test]
    fn what_came_and_what_went_is_told_whole() {
        let before = json!({"categories": [{"code": "a", "name": "A"}]});
        let after = json!({"categories": [{"code": "b", "name": "B"}]});
        assert_eq!(
            told(&before, &after),
            [
                (
                    "categories.a".to_owned(),
                    Some(json!({"code": "a", "name": "A"})),
                    None
                ),
                (
                    "categories.b".to_owned(),
                    None,
                    Some(json!({"code": "b", "name": "B"}))
                ),
            ]
        );
    }

    #[test]
    fn a_cell_of_a_table_has_its_row_and_column() {
        let before = json!({"rows": [["P1", "P2"], ["P2", "P3"]]});
        let after = json!({"rows": [["P1", "P2"], ["P1", "P3"]]});
        assert_eq!(
            told(&before, &after),
            [("rows.2.1".to_owned(), Some(json!("P2")), Some(json!("P1")))]
        );
    }

    #[test]
    fn a_list_of_words_changes_as_a_whole() {
        assert_eq!(
            told(&json!({"cis": ["a"]}), &json!({"cis": ["a", "b"]})),
            [(
                "cis".to_owned(),
                Some(json!(["a"])),
                Some(json!(["a", "b"]))
            )]
        );
    }
}

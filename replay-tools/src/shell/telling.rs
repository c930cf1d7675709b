//! How the prompt shows what it was asked for.

use projections::{Decoded, DeskEvent};
use serde_json::{Map, Value, json};

use super::standing::{changes as changes_of, name, stand};
use crate::as_of::in_words;
use crate::output::{Output, one_line, rfc3339, shown, time};
use crate::subject::Subject;

/// An event on one line.
pub(super) fn line(event: &Decoded, output: &mut Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&Value::Object(envelope(event)));
    }
    let (recorded, metadata) = (&event.recorded, &event.metadata);
    output.line(format_args!(
        "{:>9}  {}  {} of {} {}, by {}",
        recorded.position,
        time(metadata.effective_at),
        shown(&recorded.event_type),
        shown(&recorded.aggregate_type),
        recorded.aggregate_id,
        shown(&metadata.actor)
    ))
}

/// An event with its envelope and its payload.
pub(super) fn event(event: &Decoded, output: &mut Output) -> anyhow::Result<()> {
    let recorded = &event.recorded;
    let payload: Value = serde_json::from_str(&recorded.payload)?;
    let metadata: Value = serde_json::from_str(&recorded.metadata)?;
    let mut all = envelope(event);
    all.insert("eventVersion".to_owned(), json!(recorded.event_version));
    all.insert("commandId".to_owned(), json!(recorded.command_id));
    all.insert("commandIndex".to_owned(), json!(recorded.command_index));
    all.insert("metadata".to_owned(), metadata);
    all.insert("payload".to_owned(), payload);
    if output.is_json() {
        return output.json(&all);
    }
    let text = serde_json::to_string_pretty(&all)?;
    text.lines().try_for_each(|line| output.line(shown(line)))
}

fn envelope(event: &Decoded) -> Map<String, Value> {
    let (recorded, metadata) = (&event.recorded, &event.metadata);
    let fields = [
        ("position", json!(recorded.position)),
        ("eventType", json!(recorded.event_type)),
        ("aggregateType", json!(&*recorded.aggregate_type)),
        ("aggregateId", json!(recorded.aggregate_id)),
        ("sequence", json!(recorded.sequence)),
        ("actor", json!(metadata.actor)),
        ("role", json!(metadata.role)),
        ("effectiveAt", json!(rfc3339(metadata.effective_at))),
        ("recordedAt", json!(rfc3339(recorded.recorded_at))),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The last of some events of an object, and what it changed.
pub(super) fn changes(events: &[Decoded], output: &mut Output) -> anyhow::Result<()> {
    let Some(last) = events.last() else {
        return Ok(());
    };
    let changes = changes_of(events)?;
    if output.is_json() {
        let mut all = envelope(last);
        all.insert("object".to_owned(), json!(name(events)));
        all.insert("changes".to_owned(), serde_json::to_value(&changes)?);
        return output.json(&all);
    }
    line(last, output)?;
    if let Some(name) = name(events) {
        output.line(format_args!("{:>11}{}", "", shown(&name)))?;
    }
    for change in &changes {
        let text = cut(&one_line(&change.to_string()));
        output.line(format_args!("{:>11}{text}", ""))?;
    }
    if changes.is_empty() {
        output.line(format_args!(
            "{:>11}it changed no field; it is a record of its own",
            ""
        ))?;
    }
    Ok(())
}

/// What happened to an object. A work item's steps are told as `history` tells
/// them.
pub(super) fn history(object: &Subject, output: &mut Output) -> anyhow::Result<()> {
    let is_item = object
        .events
        .iter()
        .any(|event| matches!(event.event, DeskEvent::Incident(_)));
    if is_item {
        return crate::history::tell(object, output);
    }
    if output.is_json() {
        let events: Vec<Value> = object
            .events
            .iter()
            .map(|event| Value::Object(envelope(event)))
            .collect();
        return output.json(&json!({
            "object": { "id": object.id, "name": object.number },
            "events": events,
        }));
    }
    object
        .events
        .iter()
        .try_for_each(|event| line(event, output))
}

/// An object as it stands at a position.
pub(super) fn object(object: &Subject, position: i64, output: &mut Output) -> anyhow::Result<()> {
    let state = stand(&object.events)?;
    if output.is_json() {
        return output.json(&json!({
            "position": position,
            "object": { "id": object.id, "name": object.number },
            "events": object.events.len(),
            "state": state,
        }));
    }
    output.line(format_args!(
        "{} ({}) as known at position {position}",
        shown(&object.number),
        object.id
    ))?;
    let Value::Object(parts) = state else {
        return Ok(());
    };
    for (part, value) in &parts {
        match value {
            Value::Object(fields) => {
                output.line(shown(part))?;
                for (name, value) in fields {
                    field(name, value, output)?;
                }
            }
            value => field(part, value, output)?,
        }
    }
    Ok(())
}

fn field(name: &str, value: &Value, output: &mut Output) -> anyhow::Result<()> {
    match in_words(value) {
        Some(text) => {
            let text = cut(&one_line(&text));
            output.line(format_args!("  {:<24}  {text}", shown(name)))
        }
        None => Ok(()),
    }
}

/// A text for one or two lines of a terminal. A whole matrix or tree is more
/// than anybody reads there; `show`, and `--json`, have all of it.
fn cut(text: &str) -> String {
    const LONGEST: usize = 160;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => {
            let (begun, left) = text.split_at(end);
            format!("{begun} ... and {} characters more", left.chars().count())
        }
        None => text.to_owned(),
    }
}

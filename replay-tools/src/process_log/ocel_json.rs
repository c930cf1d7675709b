//! OCEL 2.0 as JSON, by the schema that the standard publishes.
//!
//! Events are written as they come. The standard has all objects in a list of
//! their own, which therefore waits in a temporary file meanwhile.
//!
//! Every value of an attribute is a string, as the schema wants it; what it
//! stands for is declared with its type. A value that was emptied is an empty
//! string, as the standard knows no other way to say so.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Seek, Write};

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::attributes::declared;
use super::model::{Attribute, EVENT_ATTRIBUTES, EventRecord, ObjectRecord, Sink, Type, timestamp};

/// Since when a value is there that was there from the start.
const ALWAYS: &str = "1970-01-01T00:00:00.000000Z";

/// Writes a process log as one JSON object.
pub(super) struct OcelJson {
    out: BufWriter<File>,
    objects: BufWriter<File>,
    event_types: BTreeSet<String>,
    object_types: BTreeSet<String>,
    has_events: bool,
    has_objects: bool,
}

impl OcelJson {
    pub(super) fn new(file: File) -> anyhow::Result<Self> {
        let mut out = BufWriter::new(file);
        out.write_all(b"{\"events\":[\n")?;
        Ok(Self {
            out,
            objects: BufWriter::new(tempfile::tempfile()?),
            event_types: BTreeSet::new(),
            object_types: BTreeSet::new(),
            has_events: false,
            has_objects: false,
        })
    }
}

/// Writes an element of a list on a line of its own.
fn element(out: &mut impl Write, has_one: &mut bool, value: &impl Serialize) -> anyhow::Result<()> {
    if std::mem::replace(has_one, true) {
        out.write_all(b",\n")?;
    }
    serde_json::to_writer(out, value)?;
    Ok(())
}

impl Sink for OcelJson {
    fn event(&mut self, event: &EventRecord) -> anyhow::Result<()> {
        let attributes: Vec<Json> = event
            .attributes
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value.to_string()}))
            .collect();
        let relationships: Vec<Json> = event
            .relations
            .iter()
            .map(|(object, part)| json!({"objectId": object.id, "qualifier": part}))
            .collect();
        let event_json = json!({
            "id": event.id,
            "type": event.kind,
            "time": timestamp(event.time),
            "attributes": attributes,
            "relationships": relationships,
        });
        if !self.event_types.contains(&event.kind) {
            self.event_types.insert(event.kind.clone());
        }
        element(&mut self.out, &mut self.has_events, &event_json)
    }

    fn object(&mut self, object: &ObjectRecord) -> anyhow::Result<()> {
        let attributes: Vec<Json> = object
            .settings
            .iter()
            .map(|setting| {
                json!({
                    "name": setting.name,
                    "time": setting.since.map_or_else(|| ALWAYS.to_owned(), timestamp),
                    "value": setting.value.as_ref().map(ToString::to_string).unwrap_or_default(),
                })
            })
            .collect();
        let relationships: Vec<Json> = object
            .relations
            .iter()
            .map(|(other, how)| json!({"objectId": other.id, "qualifier": how}))
            .collect();
        let object_json = json!({
            "id": object.object.id,
            "type": object.object.kind,
            "attributes": attributes,
            "relationships": relationships,
        });
        self.object_types.insert(object.object.kind.clone());
        element(&mut self.objects, &mut self.has_objects, &object_json)
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        self.out.write_all(b"\n],\n\"objects\":[\n")?;
        let mut objects = self.objects.into_inner()?;
        objects.rewind()?;
        std::io::copy(&mut objects, &mut self.out)?;
        self.out.write_all(b"\n],\n\"eventTypes\":")?;
        let event_types: Vec<Json> = self
            .event_types
            .iter()
            .map(|name| of_type(name, EVENT_ATTRIBUTES))
            .collect();
        serde_json::to_writer(&mut self.out, &event_types)?;
        self.out.write_all(b",\n\"objectTypes\":")?;
        let object_types: Vec<Json> = self
            .object_types
            .iter()
            .map(|name| of_type(name, &declared(name)))
            .collect();
        serde_json::to_writer(&mut self.out, &object_types)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()?;
        Ok(())
    }
}

fn of_type(name: &str, attributes: &[Attribute]) -> Json {
    let attributes: Vec<Json> = attributes
        .iter()
        .map(|(name, kind)| json!({"name": name, "type": type_name(*kind)}))
        .collect();
    json!({"name": name, "attributes": attributes})
}

/// The standard's name of a type.
fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Text => "string",
        Type::Integer => "integer",
        Type::Flag => "boolean",
        Type::Time => "time",
    }
}

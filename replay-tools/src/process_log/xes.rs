//! XES (IEEE 1849-2016): the cases of one type of object, each a trace of the
//! events that are about it. A trace has the attributes of its object as they
//! are at its end, because the form knows no values over time.
//!
//! A work item's trace is written when the item has been read. For teams and
//! people it has to wait for the end of the log, as any stream may speak of
//! them: then some hundred bytes an event are held.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};

use chrono::{DateTime, Utc};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, Event};

use super::model::{EventRecord, ObjectRecord, Sink, Value};

/// Writes the traces of one type of object.
pub(super) struct Xes {
    out: Writer<BufWriter<File>>,
    kind: String,
    waiting: HashMap<String, Vec<Step>>,
}

/// An event of a trace.
struct Step {
    time: DateTime<Utc>,
    position: i64,
    activity: String,
    /// What else is said of it, by its key.
    about: Vec<(&'static str, Value)>,
}

const EXTENSIONS: [(&str, &str); 4] = [
    ("Concept", "concept"),
    ("Lifecycle", "lifecycle"),
    ("Organizational", "org"),
    ("Time", "time"),
];

impl Xes {
    /// Begins a log of the traces of a type of object.
    pub(super) fn new(file: File, kind: &str) -> anyhow::Result<Self> {
        let mut out = Writer::new_with_indent(BufWriter::new(file), b' ', 1);
        out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let log = BytesStart::new("log").with_attributes([
            ("xes.version", "1849.2016"),
            ("xes.features", ""),
            ("xmlns", "http://www.xes-standard.org/"),
        ]);
        out.write_event(Event::Start(log))?;
        for (name, prefix) in EXTENSIONS {
            out.create_element("extension")
                .with_attributes([
                    ("name", name),
                    ("prefix", prefix),
                    (
                        "uri",
                        &format!("http://www.xes-standard.org/{prefix}.xesext"),
                    ),
                ])
                .write_empty()?;
        }
        out.create_element("global")
            .with_attribute(("scope", "trace"))
            .write_inner_content(|out| attribute(out, "concept:name", &Value::text("")))?;
        out.create_element("global")
            .with_attribute(("scope", "event"))
            .write_inner_content(|out| {
                attribute(out, "concept:name", &Value::text(""))?;
                attribute(out, "lifecycle:transition", &Value::text("complete"))?;
                attribute(out, "org:resource", &Value::text(""))?;
                attribute(out, "time:timestamp", &Value::Time(DateTime::UNIX_EPOCH))
            })?;
        out.create_element("classifier")
            .with_attributes([("name", "Activity"), ("keys", "concept:name")])
            .write_empty()?;
        attribute(&mut out, "concept:name", &Value::text(kind))?;
        attribute(&mut out, "lifecycle:model", &Value::text("standard"))?;
        Ok(Self {
            out,
            kind: kind.to_owned(),
            waiting: HashMap::new(),
        })
    }
}

/// Writes an attribute, as an element that says of which type its value is.
fn attribute<W: Write>(out: &mut Writer<W>, key: &str, value: &Value) -> std::io::Result<()> {
    let element = match value {
        Value::Text(_) => "string",
        Value::Integer(_) => "int",
        Value::Flag(_) => "boolean",
        Value::Time(_) => "date",
    };
    let text = allowed(&value.to_string());
    out.create_element(element)
        .with_attributes([("key", key), ("value", &*text)])
        .write_empty()?;
    Ok(())
}

/// A text without the characters that XML has no way to write.
fn allowed(text: &str) -> String {
    let is_forbidden = |letter: char| {
        (letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\u{7f}'..='\u{9f}'))
            || matches!(letter, '\u{fffe}' | '\u{ffff}')
    };
    text.replace(is_forbidden, "\u{fffd}")
}

impl Sink for Xes {
    fn event(&mut self, event: &EventRecord) -> anyhow::Result<()> {
        // An item that another one is linked with is of no kind here, so that
        // a work item's trace has what happened to itself alone.
        let mut of_this_kind: Vec<&str> = event
            .relations
            .iter()
            .filter(|(object, _)| object.kind == self.kind)
            .map(|(object, _)| &*object.id)
            .collect();
        of_this_kind.dedup();
        for id in of_this_kind {
            let step = Step::of(event);
            match self.waiting.get_mut(id) {
                Some(steps) => steps.push(step),
                None => {
                    self.waiting.insert(id.to_owned(), vec![step]);
                }
            }
        }
        Ok(())
    }

    fn object(&mut self, object: &ObjectRecord) -> anyhow::Result<()> {
        if object.object.kind != self.kind {
            return Ok(());
        }
        let Some(mut steps) = self.waiting.remove(&object.object.id) else {
            return Ok(());
        };
        steps.sort_by_key(|step| (step.time, step.position));
        self.out
            .create_element("trace")
            .write_inner_content(|out| {
                attribute(out, "concept:name", &Value::text(&*object.name))?;
                attribute(out, "id", &Value::text(&*object.object.id))?;
                for (name, value) in object.last_values() {
                    attribute(out, name, value)?;
                }
                for step in &steps {
                    step.write(out)?;
                }
                Ok(())
            })?;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        let end = BytesEnd::new("log");
        self.out.write_event(Event::End(end))?;
        let mut out = self.out.into_inner();
        out.write_all(b"\n")?;
        out.flush()?;
        Ok(())
    }
}

impl Step {
    fn of(event: &EventRecord) -> Self {
        let named = [
            ("actor", "org:resource"),
            ("role", "org:role"),
            ("team", "org:group"),
            ("status", "status"),
            ("on_behalf_of", "on_behalf_of"),
            ("channel", "channel"),
            ("rule", "rule"),
            ("position", "position"),
            ("sequence", "sequence"),
            ("effective_at", "effective_at"),
            ("recorded_at", "recorded_at"),
        ];
        let about = named
            .into_iter()
            .filter_map(|(name, key)| Some((key, event.attribute(name)?.clone())));
        Self {
            time: event.time,
            position: event.position,
            activity: event.kind.clone(),
            about: about.collect(),
        }
    }

    fn write<W: Write>(&self, out: &mut Writer<W>) -> std::io::Result<()> {
        out.create_element("event").write_inner_content(|out| {
            attribute(out, "concept:name", &Value::text(&*self.activity))?;
            attribute(out, "time:timestamp", &Value::Time(self.time))?;
            attribute(out, "lifecycle:transition", &Value::text("complete"))?;
            for (key, value) in &self.about {
                attribute(out, key, value)?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_write_is_replaced() {
        assert_eq!(
            allowed("a\u{1}b\u{ffff}c 网络 \t"),
            "a\u{fffd}b\u{fffd}c 网络 \t"
        );
    }
}

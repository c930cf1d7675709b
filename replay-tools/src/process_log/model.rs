//! A process log as process mining knows it (OCEL 2.0): events, objects, how
//! the two belong together, and what the objects' attributes were when.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};

/// The kinds of values that attributes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Integer,
    Flag,
    Time,
}

/// What an attribute is called, and what its values are.
pub(super) type Attribute = (&'static str, Type);

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Flag(bool),
    Time(DateTime<Utc>),
}

impl Value {
    /// A name or a code.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Time(at) => f.write_str(&timestamp(*at)),
        }
    }
}

/// A time as every format writes it: ISO 8601, UTC, of fixed width, as
/// readers guess the form of a column by its first value.
pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// An object, by its type and its identity. No two objects of a log have the
/// same identity, whatever their types are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ObjectRef {
    pub(super) kind: String,
    pub(super) id: String,
}

/// What an event has beyond its type, time and objects.
pub(super) const EVENT_ATTRIBUTES: &[Attribute] = &[
    ("position", Type::Integer),
    ("sequence", Type::Integer),
    ("effective_at", Type::Time),
    ("recorded_at", Type::Time),
    ("actor", Type::Text),
    ("on_behalf_of", Type::Text),
    ("role", Type::Text),
    ("channel", Type::Text),
    ("rule", Type::Text),
    ("team", Type::Text),
    ("status", Type::Text),
];

/// Something that happened.
#[derive(Debug, Clone)]
pub(super) struct EventRecord {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) time: DateTime<Utc>,
    pub(super) position: i64,
    pub(super) attributes: Vec<(&'static str, Value)>,
    /// Each object once for each part that it had in the event.
    pub(super) relations: BTreeSet<(ObjectRef, &'static str)>,
}

impl EventRecord {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&Value> {
        let found = self.attributes.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }
}

/// A value that an attribute took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// From when; nothing for a value that was there when the log begins to
    /// know the object.
    pub(super) since: Option<DateTime<Utc>>,
    /// Nothing where it was emptied.
    pub(super) value: Option<Value>,
}

/// Something that events are about.
#[derive(Debug, Clone)]
pub(super) struct ObjectRecord {
    pub(super) object: ObjectRef,
    /// What people call it.
    pub(super) name: String,
    pub(super) settings: Vec<Setting>,
    /// Other objects, and how this one stands to each.
    pub(super) relations: BTreeSet<(ObjectRef, String)>,
}

impl ObjectRecord {
    /// What the attributes are at the end, by their names.
    pub(super) fn last_values(&self) -> BTreeMap<&'static str, &Value> {
        let mut last = BTreeMap::new();
        for setting in &self.settings {
            match &setting.value {
                Some(value) => last.insert(setting.name, value),
                None => last.remove(setting.name),
            };
        }
        last
    }
}

/// Where a process log goes. Events come stream by stream; an object comes
/// behind all events that are about it.
pub(super) trait Sink {
    /// Takes an event.
    fn event(&mut self, event: &EventRecord) -> anyhow::Result<()>;

    /// Takes an object.
    fn object(&mut self, object: &ObjectRecord) -> anyhow::Result<()>;

    /// Takes note that nothing more comes.
    fn finish(self: Box<Self>) -> anyhow::Result<()>;
}

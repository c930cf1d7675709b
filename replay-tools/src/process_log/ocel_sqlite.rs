//! OCEL 2.0 as a SQLite file, by the relational schema of the standard: a
//! table for each type of event and of object, beside those that all share.
//!
//! The statements here concern the file that is written, and never the desk's
//! database.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::ensure;
use rusqlite::types::{ToSql, ToSqlOutput};
use rusqlite::{Connection, params, params_from_iter};

use super::attributes::declared;
use super::model::{
    Attribute, EVENT_ATTRIBUTES, EventRecord, ObjectRecord, Setting, Sink, Type, Value, timestamp,
};

/// The tables that are there whatever the types are.
const SHARED_TABLES: &str = r#"
    create table "event_map_type" ("ocel_type" text primary key, "ocel_type_map" text not null unique);
    create table "object_map_type" ("ocel_type" text primary key, "ocel_type_map" text not null unique);
    create table "event" (
        "ocel_id" text primary key,
        "ocel_type" text not null references "event_map_type" ("ocel_type"));
    create table "object" (
        "ocel_id" text primary key,
        "ocel_type" text not null references "object_map_type" ("ocel_type"));
    create table "event_object" (
        "ocel_event_id" text references "event" ("ocel_id"),
        "ocel_object_id" text references "object" ("ocel_id"),
        "ocel_qualifier" text,
        primary key ("ocel_event_id", "ocel_object_id", "ocel_qualifier"));
    create table "object_object" (
        "ocel_source_id" text references "object" ("ocel_id"),
        "ocel_target_id" text references "object" ("ocel_id"),
        "ocel_qualifier" text,
        primary key ("ocel_source_id", "ocel_target_id", "ocel_qualifier"));
"#;

/// Since when a value is there that was there from the start.
const ALWAYS: &str = "1970-01-01T00:00:00.000000Z";

/// Writes a process log into a new SQLite file.
pub(super) struct OcelSqlite {
    file: Connection,
    /// The statement that adds a row to each type's own table.
    event_types: BTreeMap<String, String>,
    object_types: BTreeMap<String, Table>,
}

/// The table of a type of object.
struct Table {
    insert: String,
    attributes: Vec<Attribute>,
}

impl OcelSqlite {
    /// Begins in an empty file.
    pub(super) fn new(path: &Path) -> anyhow::Result<Self> {
        let file = Connection::open(path)?;
        // A file that was not finished is thrown away: nothing needs to
        // survive a crash. References are checked at the end, as events name
        // objects that come later.
        file.execute_batch(
            "pragma journal_mode = off; pragma synchronous = off; pragma foreign_keys = off; begin;",
        )?;
        file.execute_batch(SHARED_TABLES)?;
        file.set_prepared_statement_cache_capacity(256);
        Ok(Self {
            file,
            event_types: BTreeMap::new(),
            object_types: BTreeMap::new(),
        })
    }

    fn add_event_type(&mut self, kind: &str) -> anyhow::Result<()> {
        let name = table_name(kind, self.event_types.len());
        self.file.execute(
            r#"insert into "event_map_type" values (?1, ?2)"#,
            [kind, &name],
        )?;
        self.file.execute_batch(&format!(
            r#"create table "event_{name}" (
                "ocel_id" text primary key references "event" ("ocel_id"),
                "ocel_time" TIMESTAMP not null{})"#,
            columns(EVENT_ATTRIBUTES)
        ))?;
        let insert = insert_into(&format!("event_{name}"), 2 + EVENT_ATTRIBUTES.len());
        self.event_types.insert(kind.to_owned(), insert);
        Ok(())
    }

    fn add_object_type(&mut self, kind: &str) -> anyhow::Result<()> {
        let name = table_name(kind, self.object_types.len());
        let attributes = declared(kind);
        self.file.execute(
            r#"insert into "object_map_type" values (?1, ?2)"#,
            [kind, &name],
        )?;
        self.file.execute_batch(&format!(
            r#"create table "object_{name}" (
                "ocel_id" text not null references "object" ("ocel_id"),
                "ocel_time" TIMESTAMP not null,
                "ocel_changed_field" text{})"#,
            columns(&attributes)
        ))?;
        let insert = insert_into(&format!("object_{name}"), 3 + attributes.len());
        let table = Table { insert, attributes };
        self.object_types.insert(kind.to_owned(), table);
        Ok(())
    }
}

/// The part of a table's name that stands for a type: the type's own name
/// where it is one word, and otherwise one with a number, so that no two types
/// share a table.
fn table_name(kind: &str, known: usize) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let is_reserved = matches!(kind, "map_type" | "object");
    if kind.chars().all(is_plain) && !kind.is_empty() && !is_reserved {
        return kind.to_owned();
    }
    format!("Type{}", known + 1)
}

/// The columns of attributes, each with the comma before it.
fn columns(attributes: &[Attribute]) -> String {
    let mut columns = String::new();
    for (name, kind) in attributes {
        columns.push_str(", \"");
        columns.push_str(name);
        columns.push_str(match kind {
            Type::Text => "\" TEXT",
            Type::Integer => "\" INTEGER",
            Type::Flag => "\" BOOLEAN",
            Type::Time => "\" TIMESTAMP",
        });
    }
    columns
}

fn insert_into(table: &str, columns: usize) -> String {
    let places = vec!["?"; columns].join(", ");
    format!("insert into \"{table}\" values ({places})")
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Text(text) => ToSqlOutput::from(text.as_str()),
            Self::Integer(number) => ToSqlOutput::from(*number),
            Self::Flag(flag) => ToSqlOutput::from(*flag),
            Self::Time(at) => ToSqlOutput::from(timestamp(*at)),
        })
    }
}

impl Sink for OcelSqlite {
    fn event(&mut self, event: &EventRecord) -> anyhow::Result<()> {
        if !self.event_types.contains_key(&event.kind) {
            self.add_event_type(&event.kind)?;
        }
        self.file
            .prepare_cached(r#"insert into "event" values (?1, ?2)"#)?
            .execute([&event.id, &event.kind])?;
        let mut row: Vec<Option<Value>> = vec![
            Some(Value::text(event.id.as_str())),
            Some(Value::Time(event.time)),
        ];
        row.extend(
            EVENT_ATTRIBUTES
                .iter()
                .map(|(name, _)| event.attribute(name).cloned()),
        );
        if let Some(insert) = self.event_types.get(&event.kind) {
            self.file
                .prepare_cached(insert)?
                .execute(params_from_iter(row))?;
        }
        let mut relate = self
            .file
            .prepare_cached(r#"insert into "event_object" values (?1, ?2, ?3)"#)?;
        for (object, part) in &event.relations {
            relate.execute(params![event.id, object.id, part])?;
        }
        Ok(())
    }

    fn object(&mut self, object: &ObjectRecord) -> anyhow::Result<()> {
        let own = &object.object;
        if !self.object_types.contains_key(&own.kind) {
            self.add_object_type(&own.kind)?;
        }
        self.file
            .prepare_cached(r#"insert into "object" values (?1, ?2)"#)?
            .execute([&own.id, &own.kind])?;
        if let Some(Table { insert, attributes }) = self.object_types.get(&own.kind) {
            let mut insert = self.file.prepare_cached(insert)?;
            let (first, later): (Vec<&Setting>, Vec<&Setting>) =
                object.settings.iter().partition(|one| one.since.is_none());
            // One row says how the object stood at the start, and one each
            // what changed since.
            let mut row = row_of(&own.id, attributes, &first);
            row[1] = Some(Value::text(ALWAYS));
            insert.execute(params_from_iter(row))?;
            for setting in later {
                let mut row = row_of(&own.id, attributes, &[setting]);
                row[1] = setting.since.map(Value::Time);
                row[2] = Some(Value::text(setting.name));
                insert.execute(params_from_iter(row))?;
            }
        }
        let mut relate = self
            .file
            .prepare_cached(r#"insert into "object_object" values (?1, ?2, ?3)"#)?;
        for (other, how) in &object.relations {
            relate.execute(params![own.id, other.id, how])?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        self.file.execute_batch("commit")?;
        let dangling: i64 =
            self.file
                .query_row("select count(*) from pragma_foreign_key_check", [], |row| {
                    row.get(0)
                })?;
        ensure!(
            dangling == 0,
            "{dangling} references of the process log lead nowhere; run `docket-replay verify`"
        );
        self.file
            .close()
            .map_err(|(_, error)| anyhow::Error::from(error))
    }
}

/// A row of an object's table: identity, time, changed field, and the values
/// of some attributes.
fn row_of(id: &str, attributes: &[Attribute], settings: &[&Setting]) -> Vec<Option<Value>> {
    let mut row = vec![Some(Value::text(id)), None, None];
    row.extend(attributes.iter().map(|(name, _)| {
        let setting = settings.iter().find(|setting| setting.name == *name);
        setting.and_then(|setting| setting.value.clone())
    }));
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_a_table_that_no_other_table_is() {
        assert_eq!(table_name("incident", 0), "incident");
        assert_eq!(table_name("object", 1), "Type2");
        assert_eq!(table_name("a\"b", 2), "Type3");
    }
}

//! What the version before relies on in the schema: the statements that it
//! sends, with the types of what they take and give, and the tables that they
//! concern. While replicas are replaced one by one, it goes on working with a
//! schema that is already the next one.
//!
//! `make version-before` records it; a test holds the migrations against it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::{Column, Connection, Either, Executor, PgConnection, Statement, TypeInfo};

/// The record that is kept in the project.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/version-before.json");

/// Tables as a schema has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    columns: BTreeMap<String, TableColumn>,
    /// What rows have to fulfil beside what the columns say.
    rules: BTreeMap<String, Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TableColumn {
    kind: String,
    may_be_null: bool,
    /// Whether a row that does not mention the column gets a value.
    has_default: bool,
}

/// A constraint or a unique index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    definition: String,
    columns: BTreeSet<String>,
}

/// A statement, and the types of what it takes and of what it gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    takes: String,
    gives: String,
}

/// What a version relies on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reliance {
    tables: BTreeMap<String, Table>,
    statements: BTreeMap<String, Shape>,
}

/// Asks a database how it understands a statement.
pub async fn shape(connection: &mut PgConnection, text: &str) -> Result<Shape, sqlx::Error> {
    let statement = connection.prepare(text).await?;
    let takes: Vec<&str> = match statement.parameters() {
        Some(Either::Left(types)) => types.iter().map(TypeInfo::name).collect(),
        _ => Vec::new(),
    };
    let gives: Vec<String> = statement
        .columns()
        .iter()
        .map(|column| format!("{} {}", column.name(), column.type_info().name()))
        .collect();
    let (takes, gives) = (takes.join(", "), gives.join(", "));
    Ok(Shape { takes, gives })
}

/// The tables of a database, but for what keeps the migrations themselves.
pub async fn tables(connection: &mut PgConnection) -> Result<BTreeMap<String, Table>, sqlx::Error> {
    let columns: Vec<(String, String, String, bool, bool)> = sqlx::query_as(
        "select relname::text, attname::text, format_type(atttypid, atttypmod), not attnotnull,
                atthasdef or attidentity <> ''
         from pg_attribute
         join pg_class on pg_class.oid = attrelid
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
           and attnum > 0 and not attisdropped and relname <> '_sqlx_migrations'",
    )
    .fetch_all(&mut *connection)
    .await?;
    let rules: Vec<(String, String, String, Vec<String>)> = sqlx::query_as(
        "select relname::text, conname::text, pg_get_constraintdef(pg_constraint.oid),
                array(select attname::text from pg_attribute
                      where attrelid = conrelid and attnum = any (conkey))
         from pg_constraint
         join pg_class on pg_class.oid = conrelid
         where relnamespace = 'public'::regnamespace and contype in ('c', 'f', 'p', 'u', 'x')
           and relname <> '_sqlx_migrations'
         union all
         select relname::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid),
                array(select attname::text from pg_attribute
                      where attrelid = indrelid and attnum = any (indkey))
         from pg_index
         join pg_class on pg_class.oid = indrelid
         where relnamespace = 'public'::regnamespace and indisunique
           and not exists (select from pg_constraint where conindid = indexrelid)",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let empty = || Table {
        columns: BTreeMap::new(),
        rules: BTreeMap::new(),
    };
    for (table, name, kind, may_be_null, has_default) in columns {
        let column = TableColumn {
            kind,
            may_be_null,
            has_default,
        };
        let table = tables.entry(table).or_insert_with(empty);
        table.columns.insert(name, column);
    }
    for (table, name, definition, columns) in rules {
        let rule = Rule {
            definition,
            columns: columns.into_iter().collect(),
        };
        let table = tables.entry(table).or_insert_with(empty);
        table.rules.insert(name, rule);
    }
    Ok(tables)
}

impl Reliance {
    /// What statements rely on in a database. Those that it does not know, such
    /// as those on a table of a moment, are given back.
    pub async fn on(
        connection: &mut PgConnection,
        texts: BTreeSet<String>,
    ) -> Result<(Self, Vec<String>), sqlx::Error> {
        let tables = tables(&mut *connection).await?;
        let (mut statements, mut unknown) = (BTreeMap::new(), Vec::new());
        for text in texts {
            match shape(&mut *connection, &text).await {
                Ok(shape) => {
                    statements.insert(text, shape);
                }
                Err(sqlx::Error::Database(_)) => unknown.push(text),
                Err(error) => return Err(error),
            }
        }
        Ok((Self { tables, statements }, unknown))
    }

    /// How many statements it has.
    pub fn statements(&self) -> usize {
        self.statements.len()
    }

    /// What a schema breaks of it: sentences, none where all holds.
    pub async fn broken_by(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Vec<String>, sqlx::Error> {
        // What was asked before a change is asked anew after it.
        connection.clear_cached_statements().await?;
        let now = tables(&mut *connection).await?;
        let mut broken = Vec::new();
        for (name, before) in &self.tables {
            match now.get(name) {
                None => broken.push(format!("the table {name} is gone")),
                Some(now) => broken.extend(before.broken_by(name, now)),
            }
        }
        for (text, before) in &self.statements {
            match shape(&mut *connection, text).await {
                Ok(now) if now == *before => {}
                Ok(now) => broken.push(format!(
                    "a statement was understood as {before:?} and is now as {now:?}:\n{text}"
                )),
                Err(error) => broken.push(format!("{error}:\n{text}")),
            }
        }
        Ok(broken)
    }
}

impl Table {
    /// What of this table a later form of it breaks.
    fn broken_by(&self, name: &str, now: &Self) -> Vec<String> {
        let mut broken = Vec::new();
        for (column, before) in &self.columns {
            match now.columns.get(column) {
                None => broken.push(format!("the column {name}.{column} is gone")),
                Some(now) if now.kind != before.kind => broken.push(format!(
                    "the column {name}.{column} was {} and is {}",
                    before.kind, now.kind
                )),
                Some(now) if now.may_be_null && !before.may_be_null => broken.push(format!(
                    "the column {name}.{column} may be null now, which the version before cannot read"
                )),
                Some(now) if before.may_be_null && !now.may_be_null => broken.push(format!(
                    "the column {name}.{column} may no longer be null, as the version before leaves it"
                )),
                Some(now) if before.has_default && !now.has_default => broken.push(format!(
                    "the column {name}.{column} has no default any more"
                )),
                Some(_) => {}
            }
        }
        for (column, now) in &now.columns {
            if !self.columns.contains_key(column) && !now.may_be_null && !now.has_default {
                broken.push(format!(
                    "the new column {name}.{column} has to be filled, and the version before does not know it"
                ));
            }
        }
        let known = self.rules.values().map(|rule| &rule.definition);
        let known: BTreeSet<_> = known.collect();
        for (rule, now) in &now.rules {
            let is_old = now
                .columns
                .iter()
                .any(|column| self.columns.contains_key(column));
            if is_old && !known.contains(&now.definition) {
                broken.push(format!(
                    "{name} has a new rule {rule}, which the version before may break: {}",
                    now.definition
                ));
            }
        }
        broken
    }
}

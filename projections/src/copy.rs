//! Rows on their way into a table: PostgreSQL's binary COPY format, the
//! cheapest way in there is, and a table's worth of upserts through it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// A table's columns, in the order in which rows are written; the first ones
/// are the key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// The table.
    pub(crate) table: &'static str,
    /// Its columns.
    pub(crate) columns: &'static [&'static str],
    /// How many of the columns are the key.
    pub(crate) key: usize,
    /// The columns behind those that only past versions have.
    pub(crate) validity: &'static [&'static str],
    /// The columns that past versions leave empty where they would say what is
    /// implied, and what that is, in SQL.
    pub(crate) implied: &'static [(&'static str, &'static str)],
}

impl Layout {
    /// The table of the past versions: the same columns, and until when the
    /// version was valid. Among them is `position`, from where on it was.
    pub(crate) const fn past(self, table: &'static str) -> Self {
        Self {
            table,
            validity: &["valid_to", "fork_node"],
            ..self
        }
    }

    /// The same with columns that are left empty where something is implied.
    pub(crate) const fn implying(self, implied: &'static [(&'static str, &'static str)]) -> Self {
        Self { implied, ..self }
    }

    /// A column of a version `q`, also where it was left empty.
    pub(crate) fn column(&self, column: &str) -> String {
        match self.implied.iter().find(|(implied, _)| *implied == column) {
            Some(_) => format!("{} as {column}", self.value(column)),
            None => self.value(column),
        }
    }

    /// The value of a column of a version `q`, also where it was left empty.
    pub(crate) fn value(&self, column: &str) -> String {
        match self.implied.iter().find(|(implied, _)| *implied == column) {
            Some((_, value)) => format!("coalesce(q.{column}, {value})"),
            None => format!("q.{column}"),
        }
    }

    fn all_columns(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().chain(self.validity).copied()
    }
}

/// A time as PostgreSQL keeps it, so that a row folded in memory equals one
/// that was stored meanwhile.
pub(crate) fn stored_time(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}

/// Rows of a table in the binary format of COPY.
#[derive(Debug)]
pub(crate) struct Rows {
    layout: &'static Layout,
    buffer: Vec<u8>,
    columns: i16,
    count: i64,
}

/// How much had been added to some rows.
#[derive(Debug)]
pub(crate) struct Mark {
    bytes: usize,
    count: i64,
}

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// PostgreSQL counts microseconds from the year 2000.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const TEXT_OID: u32 = 25;

impl Rows {
    pub(crate) fn new(layout: &'static Layout) -> Self {
        Self {
            layout,
            buffer: HEADER.to_vec(),
            columns: i16::try_from(layout.all_columns().count()).unwrap_or(i16::MAX),
            count: 0,
        }
    }

    pub(crate) fn layout(&self) -> &'static Layout {
        self.layout
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many there are.
    pub(crate) fn count(&self) -> i64 {
        self.count
    }

    /// How many bytes wait to be written.
    pub(crate) fn bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Makes room for more rows like those that are there, within bounds.
    pub(crate) fn reserve(&mut self, rows: usize) {
        const MOST: usize = 8 << 20;
        let count = usize::try_from(self.count).unwrap_or_default().max(1);
        let room = self.buffer.len() / count * rows;
        self.buffer.reserve(room.min(MOST));
    }

    /// Forgets the rows.
    pub(crate) fn clear(&mut self) {
        self.buffer.truncate(HEADER.len());
        self.count = 0;
    }

    /// Takes the rows out, and leaves none.
    pub(crate) fn take(&mut self) -> Self {
        let mut next = Self::new(self.layout);
        next.buffer.reserve(self.buffer.len());
        std::mem::replace(self, next)
    }

    /// A place to go back to.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            bytes: self.buffer.len(),
            count: self.count,
        }
    }

    /// Forgets what was added since the place was marked.
    pub(crate) fn go_back(&mut self, mark: &Mark) {
        self.buffer.truncate(mark.bytes);
        self.count = mark.count;
    }

    /// Starts a row; each of its columns must follow.
    pub(crate) fn row(&mut self) -> Row<'_> {
        self.count += 1;
        self.buffer.extend(self.columns.to_be_bytes());
        Row {
            buffer: &mut self.buffer,
        }
    }

    /// Adds the rows to the table.
    pub(crate) async fn copy_into(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let table = self.layout.table;
        self.send(connection, table).await
    }

    /// Puts the rows in the place of those with the same key. Needs
    /// [`prepare_upsert`] on the connection, and works once a transaction, at
    /// the end of which the staged rows are gone.
    pub(crate) async fn upsert_into(
        self,
        connection: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        let layout = self.layout;
        let staged = staged(layout);
        self.send(connection, &staged).await?;
        let columns = layout.columns.join(", ");
        let key = layout.columns[..layout.key].join(", ");
        let assignments: Vec<String> = layout.columns[layout.key..]
            .iter()
            .map(|column| format!("{column} = excluded.{column}"))
            .collect();
        let statement = format!(
            "insert into {} ({columns}) select {columns} from {staged} on conflict ({key}) do update set {}",
            layout.table,
            assignments.join(", "),
        );
        sqlx::query(&statement).execute(connection).await?;
        Ok(())
    }

    async fn send(mut self, connection: &mut PgConnection, table: &str) -> Result<(), sqlx::Error> {
        /// What is sent in one piece; the server takes it in while the next
        /// one is on its way.
        const PIECE: usize = 256 << 10;
        let columns: Vec<&str> = self.layout.all_columns().collect();
        let columns = columns.join(", ");
        let statement = format!("copy {table} ({columns}) from stdin (format binary)");
        self.buffer.extend(TRAILER);
        let mut copy = connection.copy_in_raw(&statement).await?;
        for piece in self.buffer.chunks(PIECE) {
            copy.send(piece).await?;
        }
        copy.finish().await?;
        Ok(())
    }
}

/// Makes the table through which upserts go; it lives as long as the
/// connection.
pub(crate) async fn prepare_upsert(
    connection: &mut PgConnection,
    layout: &Layout,
) -> Result<(), sqlx::Error> {
    let staged = staged(layout);
    let statement = format!(
        "create temporary table {staged} (like {}) on commit delete rows",
        layout.table
    );
    sqlx::query(&statement).execute(connection).await?;
    Ok(())
}

fn staged(layout: &Layout) -> String {
    format!("staged_{}", layout.table)
}

/// A row that is being written, column by column.
pub(crate) struct Row<'a> {
    buffer: &'a mut Vec<u8>,
}

impl Row<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.buffer.extend_from_slice(bytes);
    }

    fn length(&mut self, length: usize) {
        let length = i32::try_from(length).unwrap_or(i32::MAX);
        self.buffer.extend_from_slice(&length.to_be_bytes());
    }

    /// Writes something, and before it how long it has become.
    fn sized(&mut self, write: impl FnOnce(&mut Self)) {
        let length_at = self.buffer.len();
        self.length(0);
        let start = self.buffer.len();
        write(self);
        let length = i32::try_from(self.buffer.len() - start).unwrap_or(i32::MAX);
        self.buffer[length_at..start].copy_from_slice(&length.to_be_bytes());
    }

    pub(crate) fn null(&mut self) {
        self.buffer.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    pub(crate) fn uuid(&mut self, value: Uuid) {
        self.bytes(value.as_bytes());
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.bytes(&[u8::from(value)]);
    }

    pub(crate) fn smallint(&mut self, value: i16) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn integer(&mut self, value: i32) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn bigint(&mut self, value: i64) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn time(&mut self, value: DateTime<Utc>) {
        self.bigint(value.timestamp_micros() - EPOCH_MICROS);
    }

    /// A text. PostgreSQL knows no NUL; an event that has one somewhere is
    /// shown with a replacement character, and does not stop the projection.
    pub(crate) fn text(&mut self, value: &str) {
        if value.contains('\0') {
            self.bytes(value.replace('\0', "\u{fffd}").as_bytes());
        } else {
            self.bytes(value.as_bytes());
        }
    }

    pub(crate) fn texts(&mut self, values: &[String]) {
        self.sized(|row| {
            let dimensions = i32::from(!values.is_empty());
            row.buffer.extend_from_slice(&dimensions.to_be_bytes());
            row.buffer.extend_from_slice(&0_i32.to_be_bytes());
            row.buffer.extend_from_slice(&TEXT_OID.to_be_bytes());
            if !values.is_empty() {
                row.length(values.len());
                row.buffer.extend_from_slice(&1_i32.to_be_bytes());
                for value in values {
                    row.text(value);
                }
            }
        });
    }

    /// A value as `jsonb`.
    pub(crate) fn jsonb(&mut self, value: &impl Serialize) {
        const VERSION: u8 = 1;
        self.sized(|row| {
            row.buffer.push(VERSION);
            row.json(value);
        });
    }

    /// A value as JSON in a column of text, for what is only ever read as a
    /// whole: PostgreSQL takes a text in four times as fast as it reads JSON.
    pub(crate) fn json_text(&mut self, value: &impl Serialize) {
        self.sized(|row| row.json(value));
    }

    /// What JSON cannot say is `null`.
    fn json(&mut self, value: &impl Serialize) {
        let start = self.buffer.len();
        if serde_json::to_writer(&mut *self.buffer, value).is_err() {
            self.buffer.truncate(start);
            self.buffer.extend_from_slice(b"null");
        }
    }

    pub(crate) fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }

    pub(crate) fn optional_text(&mut self, value: Option<&str>) {
        self.optional(value, Self::text);
    }

    pub(crate) fn optional_time(&mut self, value: Option<DateTime<Utc>>) {
        self.optional(value, Self::time);
    }
}

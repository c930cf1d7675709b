//! What a projection has made of events, on its way into the tables.
//!
//! It is handed over as a whole, so that folding can go on while another
//! connection writes.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use crate::copy::Rows;

/// Something that is to be written.
pub(crate) trait Write: Send {
    /// The table of which it needs the key, to find rows that are there.
    /// Nothing where it only adds rows: these may come in any order.
    fn searched(&self) -> Option<&'static str>;

    /// Writes it.
    fn write(self: Box<Self>, connection: &mut PgConnection) -> Writing<'_>;
}

/// The writing of something.
pub(crate) type Writing<'a> = BoxFuture<'a, Result<(), sqlx::Error>>;

/// What is to be written, in its order.
#[derive(Default)]
pub(crate) struct Writes {
    all: Vec<Box<dyn Write>>,
    added: i64,
}

impl Writes {
    /// Adds something to be written.
    pub(crate) fn push(&mut self, write: impl Write + 'static) {
        self.all.push(Box::new(write));
    }

    /// Adds new rows, where there are some.
    pub(crate) fn add(&mut self, rows: Rows) {
        if !rows.is_empty() {
            self.added += rows.count();
            self.push(Added(rows));
        }
    }

    /// Adds rows that take the place of others, where there are some.
    pub(crate) fn replace(&mut self, rows: Rows) {
        if !rows.is_empty() {
            self.push(Replaced(rows));
        }
    }

    /// By how many rows the tables grow.
    pub(crate) fn added(&self) -> i64 {
        self.added
    }

    /// The tables of which the key is needed, to find rows that are there.
    pub(crate) fn searched(&self) -> impl Iterator<Item = &'static str> {
        self.all.iter().filter_map(|write| write.searched())
    }

    /// Writes everything, within the connection's transaction.
    pub(crate) async fn write(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        for write in self.all {
            write.write(connection).await?;
        }
        Ok(())
    }
}

impl IntoIterator for Writes {
    type Item = Box<dyn Write>;
    type IntoIter = std::vec::IntoIter<Box<dyn Write>>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

/// New rows.
#[derive(Debug)]
struct Added(Rows);

impl Write for Added {
    fn searched(&self) -> Option<&'static str> {
        None
    }

    fn write(self: Box<Self>, connection: &mut PgConnection) -> Writing<'_> {
        self.0.copy_into(connection).boxed()
    }
}

/// Rows that take the place of those with the same key.
#[derive(Debug)]
struct Replaced(Rows);

impl Write for Replaced {
    fn searched(&self) -> Option<&'static str> {
        Some(self.0.layout().table)
    }

    fn write(self: Box<Self>, connection: &mut PgConnection) -> Writing<'_> {
        self.0.upsert_into(connection).boxed()
    }
}

//! The indexes of tables that are being filled. Sorting a whole table once is
//! cheaper than finding the place of each row, so they are made at the end;
//! and a key earlier, when the first row has to be found by it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use sqlx::PgConnection;

use super::schema::{execute, quoted};

/// What makes the indexes that are not there yet.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    tables: VecDeque<Table>,
}

/// What is to be made of a table.
#[derive(Debug)]
struct Table {
    name: &'static str,
    key: Option<String>,
    others: Vec<String>,
}

impl Deferred {
    /// Removes the indexes of an empty table, and remembers how to make them
    /// again under the same names.
    pub(super) async fn take(
        &mut self,
        connection: &mut PgConnection,
        table: &'static str,
        schema: &str,
    ) -> Result<(), sqlx::Error> {
        let path = format!("{}.{table}", quoted(schema));
        let key: Option<(String, String)> = sqlx::query_as(
            "
            select quote_ident(conname), pg_get_constraintdef(oid)
            from pg_constraint
            where conrelid = $1::regclass and contype = 'p'
            ",
        )
        .bind(&path)
        .fetch_optional(&mut *connection)
        .await?;
        let key = match key {
            Some((name, definition)) => {
                let drop = format!("alter table {path} drop constraint {name}");
                execute(connection, &drop).await?;
                Some(format!(
                    "alter table {path} add constraint {name} {definition}"
                ))
            }
            None => None,
        };
        let indexes: Vec<(String, String)> = sqlx::query_as(
            "
            select i.relname::text, pg_get_indexdef(i.oid)
            from pg_index x
            join pg_class i on i.oid = x.indexrelid
            where x.indrelid = $1::regclass
                and not exists (select from pg_constraint k where k.conindid = i.oid)
            order by i.oid
            ",
        )
        .bind(&path)
        .fetch_all(&mut *connection)
        .await?;
        let mut others = Vec::new();
        for (index, definition) in indexes {
            let drop = format!("drop index {}.{}", quoted(schema), quoted(&index));
            execute(connection, &drop).await?;
            others.push(definition);
        }
        self.tables.push_back(Table {
            name: table,
            key,
            others,
        });
        Ok(())
    }

    /// Whether the key of a table is still to be made.
    pub(super) fn has_key_of(&self, table: &str) -> bool {
        self.tables
            .iter()
            .any(|one| one.name == table && one.key.is_some())
    }

    /// Makes the key of a table, if that is still to be done.
    pub(super) async fn make_key(
        &mut self,
        connection: &mut PgConnection,
        table: &str,
    ) -> Result<(), sqlx::Error> {
        for one in self.tables.iter_mut().filter(|one| one.name == table) {
            one.make_key(connection).await?;
        }
        Ok(())
    }

    /// Makes the keys that are still to be made.
    pub(super) async fn make_keys(
        &mut self,
        connection: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        for table in &mut self.tables {
            table.make_key(connection).await?;
        }
        Ok(())
    }

    /// Makes everything that is still to be made, and has the planner look at
    /// the tables; several at a time, each table on one of the connections.
    pub(super) async fn complete(
        &mut self,
        (one, other): (&mut PgConnection, &mut PgConnection),
    ) -> Result<(), sqlx::Error> {
        let tables = Mutex::new(std::mem::take(&mut self.tables));
        let next = || {
            let mut tables = tables.lock().unwrap_or_else(PoisonError::into_inner);
            tables.pop_front()
        };
        let work = async |connection: &mut PgConnection| {
            // Helpers would be in the way of the other connection.
            execute(connection, "set max_parallel_maintenance_workers = 0").await?;
            while let Some(table) = next() {
                table.complete(connection).await?;
            }
            Ok(())
        };
        let (one, other) = tokio::join!(work(one), work(other));
        one.and(other)
    }
}

impl Table {
    async fn make_key(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        match self.key.take() {
            Some(statement) => execute(connection, &statement).await,
            None => Ok(()),
        }
    }

    async fn complete(mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.make_key(connection).await?;
        for index in &self.others {
            execute(connection, index).await?;
        }
        execute(connection, &format!("analyze {}", self.name)).await
    }
}

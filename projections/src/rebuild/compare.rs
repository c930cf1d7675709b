//! Whether two copies of a projection are the same, row by row.

use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};

use super::schema::{count, quoted};
use super::shadow::{Shadow, take_rest};
use super::{Checked, ProgressFn};
use crate::{ProjectionError, checkpoint};

/// How many differences are put into words.
const DESCRIBED: usize = 10;

/// A row as JSON.
type Fields = Map<String, Value>;

/// A row of either table, where there is one.
type Stored = Option<Json<Fields>>;

impl Shadow {
    /// Brings the copy to where the live tables stand at one moment, and
    /// compares the two as of that moment.
    pub(super) async fn compare(
        &mut self,
        progress: ProgressFn<'_>,
    ) -> Result<Checked, ProjectionError> {
        let log = self.log().clone();
        let after = self.position();
        let mut transaction = self.lease.begin().await?;
        for statement in [
            // One snapshot for the checkpoint and the rows that go with it.
            "set transaction isolation level repeatable read",
            "set local enable_seqscan = on",
            "set local work_mem = '64MB'",
        ] {
            sqlx::query(statement).execute(&mut *transaction).await?;
        }
        let position = checkpoint::served(&mut transaction, self.name)
            .await?
            .unwrap_or(0);
        take_rest(
            &log,
            self.name,
            &mut *self.projection,
            &mut transaction,
            after,
            position,
        )
        .await?;
        progress(position, position);

        let mut checked = Checked {
            rows: 0,
            differences: 0,
            first_differences: Vec::new(),
            position,
        };
        for table in self.name.tables() {
            let pair = Pair {
                table,
                live: format!("{}.{table}", quoted(&self.home)),
                rebuilt: format!("{}.{table}", quoted(&self.schema)),
            };
            checked.rows += count(&mut transaction, &self.home, table).await?;
            checked.differences += pair.count(&mut transaction).await?;
            let described = DESCRIBED.saturating_sub(checked.first_differences.len());
            if checked.differences > 0 && described > 0 {
                let described = pair.describe(&mut transaction, described).await?;
                checked.first_differences.extend(described);
            }
        }
        transaction.rollback().await?;
        Ok(checked)
    }
}

/// A table and its copy.
struct Pair<'t> {
    table: &'t str,
    live: String,
    rebuilt: String,
}

impl Pair<'_> {
    async fn count(&self, connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
        let statement = format!("select count(*) {}", self.different(connection).await?);
        sqlx::query_scalar(&statement).fetch_one(connection).await
    }

    async fn describe(
        &self,
        connection: &mut PgConnection,
        limit: usize,
    ) -> Result<Vec<String>, sqlx::Error> {
        let key = self.key(connection).await?;
        let statement = format!(
            "select to_jsonb(live), to_jsonb(rebuilt) {} limit {limit}",
            self.different(connection).await?
        );
        let rows: Vec<(Stored, Stored)> = sqlx::query_as(&statement).fetch_all(connection).await?;
        let described = rows.into_iter().map(|(live, rebuilt)| {
            self.in_words(
                &key,
                &live.unwrap_or_default().0,
                &rebuilt.unwrap_or_default().0,
            )
        });
        Ok(described.collect())
    }

    /// What joins the two and leaves what is not the same in both.
    async fn different(&self, connection: &mut PgConnection) -> Result<String, sqlx::Error> {
        let key = self.key(connection).await?;
        Ok(format!(
            "from {} as live full join {} as rebuilt using ({}) where live is distinct from rebuilt",
            self.live,
            self.rebuilt,
            key.join(", "),
        ))
    }

    async fn key(&self, connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "
            select a.attname::text
            from pg_index x
            cross join lateral unnest(x.indkey::smallint[]) with ordinality as k (attnum, place)
            join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attnum
            where x.indrelid = $1::regclass and x.indisprimary
            order by k.place
            ",
        )
        .bind(&self.live)
        .fetch_all(connection)
        .await
    }

    fn in_words(&self, key: &[String], live: &Fields, rebuilt: &Fields) -> String {
        let known = if live.is_empty() { rebuilt } else { live };
        let key: Vec<String> = key
            .iter()
            .map(|column| format!("{column} {}", known.get(column).unwrap_or(&Value::Null)))
            .collect();
        let row = format!("{} {}", self.table, key.join(", "));
        if live.is_empty() {
            return format!("{row}: missing");
        }
        if rebuilt.is_empty() {
            return format!("{row}: should not be there");
        }
        let fields: Vec<String> = live
            .iter()
            .filter(|(column, value)| rebuilt.get(*column) != Some(*value))
            .map(|(column, value)| {
                let expected = rebuilt.get(column).unwrap_or(&Value::Null);
                format!("{column} is {value}, should be {expected}")
            })
            .collect();
        format!("{row}: {}", fields.join("; "))
    }
}

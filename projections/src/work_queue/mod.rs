//! Which items are there for whom: every practice's work items in one queue,
//! for the people who work on them and for those who asked.

mod count;
mod cursor;
mod durations;
mod filter;
mod fold;
mod found_by;
mod kept;
mod matching;
mod order;
mod page;
mod range;
mod row;
mod search;
mod span;
mod walks;

use std::sync::LazyLock;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::{PgConnection, PgPool, QueryBuilder};
use uuid::Uuid;

use crate::copy::{Layout, Row, Rows};
use crate::fold::{Fold, ItemRow};
use crate::latest::Latest;
use crate::projection::{Projection, Step, Tables};
use crate::spelling::{ReferenceKey, as_written_here};
use crate::validity::{Found, push_valid, push_versions};
use crate::writes::Writes;
use crate::{AsOf, Decoded, ReadError};
use found_by::FoundBy;
use search::{TEXT_LAYOUT, write_texts};

pub(crate) use found_by::concerns;

pub use count::{Counts, GroupBy, ItemCount};
pub use cursor::Cursor;
pub use durations::{Durations, Like};
pub use filter::{CustomField, WorkItemFilter};
pub use order::OrderBy;
pub use page::{Direction, Keyset, Order, Page};
pub use range::{NumberRange, TimeRange};
pub use row::{WorkQueueRow, external_reference};

pub(crate) const VERSION: i32 = 6;
pub(crate) const TABLES: &[&str] = &[
    "work_queue",
    "work_queue_past",
    "work_queue_text",
    "work_queue_count",
    "work_queue_count_past",
    "work_queue_member",
    "work_queue_category",
    "work_queue_reference",
];

const LAYOUT: Layout = Layout {
    table: "work_queue",
    columns: &[
        "item_id",
        "practice",
        "number",
        "summary",
        "status",
        "handling",
        "stage",
        "is_open",
        "priority",
        "priority_overridden",
        "impact",
        "urgency",
        "matrix_version",
        "category_code",
        "category_tree_version",
        "service",
        "requester",
        "affected_person",
        "contact_channel",
        "team_id",
        "team_name",
        "line",
        "department",
        "person",
        "is_major",
        "hand_over_count",
        "cross_department_count",
        "urge_count",
        "cycle",
        "escalation_level",
        "comment_count",
        "effort_minutes",
        "opened_at",
        "updated_at",
        "registered_at",
        "expected_at",
        "assigned_at",
        "accepted_at",
        "tracked_at",
        "confirm_by",
        "skips_stage",
        "lacks_stage_from",
        "resolved_at",
        "restored_at",
        "closed_at",
        "last_contact_at",
        "feedback_given",
        "archived",
        "hold_until",
        "answered_after_resolution",
        "watchers",
        "merged_people",
        "cis",
        "external_references",
        "custom_fields",
        "attachment_names",
        "search_text",
        "version",
        "position",
    ],
    key: 1,
    validity: &[],
    implied: &[],
};

const PAST: Layout = LAYOUT.past("work_queue_past").implying(IMPLIED);

/// What past versions leave empty: there is one for nearly every event, and
/// most have none of these.
const IMPLIED: &[(&str, &str)] = &[
    ("priority_overridden", "false"),
    ("is_major", "false"),
    ("hand_over_count", "0"),
    ("cross_department_count", "0"),
    ("urge_count", "0"),
    ("cycle", "1"),
    ("escalation_level", "0::smallint"),
    ("comment_count", "0"),
    ("effort_minutes", "0::bigint"),
    ("feedback_given", "false"),
    ("archived", "false"),
    ("skips_stage", "false"),
    ("answered_after_resolution", "false"),
    ("watchers", "'{}'"),
    ("merged_people", "'{}'"),
    ("cis", "'{}'"),
    ("external_references", "'{}'"),
    ("custom_fields", "'{}'"),
    ("attachment_names", "'{}'"),
];

/// The kinds of aggregates that are work items.
const PRACTICES: [&str; 1] = ["incident"];

/// The queue, to be asked.
#[derive(Debug, Clone)]
pub struct WorkQueue {
    pool: PgPool,
    as_of: AsOf,
}

impl WorkQueue {
    pub(crate) fn new(pool: PgPool, as_of: AsOf) -> Self {
        Self { pool, as_of }
    }

    /// The rows of some items, in no order; those that do not exist are left
    /// out.
    pub async fn by_ids(&self, items: &[Uuid]) -> Result<Vec<WorkQueueRow>, ReadError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = self.pool.acquire().await?;
        Ok(load(&mut connection, items, self.as_of).await?)
    }

    /// The item of a practice with this number, which it keeps for good, however
    /// the number is written.
    pub async fn by_number(
        &self,
        practice: &str,
        number: &str,
    ) -> Result<Option<WorkQueueRow>, ReadError> {
        let item = sqlx::query_scalar!(
            "select item_id from work_queue where number = $1 and practice = $2",
            as_written_here(number),
            practice,
        )
        .fetch_optional(&self.pool)
        .await?;
        self.first_of(item.as_slice()).await
    }

    /// The items that have this number in another system now, however it is
    /// written; mostly one.
    pub async fn by_external_reference(
        &self,
        system: &str,
        reference: &str,
    ) -> Result<Vec<WorkQueueRow>, ReadError> {
        let items = sqlx::query_scalar!(
            "
            select item_id
            from work_queue
            where item_id in (select item_id from work_queue_reference where key = $1)
            order by opened_at, item_id
            limit 100
            ",
            ReferenceKey::wanted(system, reference),
        )
        .fetch_all(&self.pool)
        .await?;
        self.by_ids(&items).await
    }

    async fn first_of(&self, items: &[Uuid]) -> Result<Option<WorkQueueRow>, ReadError> {
        Ok(self.by_ids(items).await?.pop())
    }
}

/// What is selected of the queue as `q` to make a [`WorkQueueRow`]: of the rows
/// as they are now, and of past versions.
static SELECTED: LazyLock<[String; 2]> = LazyLock::new(|| [&LAYOUT, &PAST].map(selected_columns));

fn selected_columns(layout: &Layout) -> String {
    let columns = layout
        .columns
        .iter()
        .filter(|column| **column != "search_text");
    let selected = columns.map(|column| match *column {
        "team_id" => format!("nullif(q.team_id, '{}') as team_id", Uuid::nil()),
        column => layout.column(column),
    });
    selected.collect::<Vec<_>>().join(", ")
}

fn selected(as_of: AsOf) -> &'static str {
    let [now, then] = &*SELECTED;
    match as_of {
        AsOf::Now => now,
        AsOf::Position(_) => then,
    }
}

async fn load(
    connection: &mut PgConnection,
    items: &[Uuid],
    as_of: AsOf,
) -> Result<Vec<WorkQueueRow>, sqlx::Error> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::new(format!("select {} from ", selected(as_of)));
    push_versions(&mut query, (&LAYOUT, &PAST), as_of);
    query.push(" where q.item_id = any (").push_bind(items);
    query.push(")");
    push_valid(&mut query, as_of, Found::ByKey);
    query.build_query_as().fetch_all(connection).await
}

impl ItemRow for WorkQueueRow {
    const LAYOUT: &'static Layout = &LAYOUT;
    const PAST: &'static Layout = &PAST;

    fn apply(row: &mut Option<Self>, event: &Decoded) {
        Self::apply(row, event);
    }

    fn write(&self, row: &mut Row<'_>) {
        Self::write(self, row);
    }

    fn write_past(&self, row: &mut Row<'_>) {
        Self::write_past(self, row);
    }

    fn item_id(&self) -> Uuid {
        self.item_id
    }

    fn position(&self) -> i64 {
        self.position
    }

    fn load<'a>(
        connection: &'a mut PgConnection,
        items: &'a [Uuid],
    ) -> BoxFuture<'a, Result<Vec<Self>, sqlx::Error>> {
        load(connection, items, AsOf::Now).boxed()
    }
}

/// Keeps the queue, what is searched in it, and its counts.
pub(crate) struct Projector {
    rows: Fold<WorkQueueRow>,
    texts: Rows,
    counts: kept::Counts,
    /// Up to where in the log the tables are known to be settled.
    settled: i64,
    found_by: FoundBy,
}

impl Default for Projector {
    fn default() -> Self {
        Self {
            rows: Fold::default(),
            texts: Rows::new(&TEXT_LAYOUT),
            counts: kept::Counts::default(),
            settled: 0,
            found_by: FoundBy::default(),
        }
    }
}

impl Projection for Projector {
    fn prepare<'a>(&'a mut self, connection: &'a mut PgConnection) -> Step<'a> {
        async {
            self.rows.prepare(connection).await?;
            self.counts.prepare(connection).await?;
            Ok(())
        }
        .boxed()
    }

    fn take<'a>(&'a mut self, tables: &'a mut dyn Tables, events: &'a [Decoded]) -> Step<'a> {
        async move {
            self.rows.load(tables, events).await?;
            for event in events {
                let (before, after) = self.rows.apply(event, |row| row.map(kept::Key::of));
                self.counts.add(event.recorded.position, before, after);
                write_texts(&mut self.texts, event);
                self.found_by.take(event);
            }
            self.counts.take(tables).await
        }
        .boxed()
    }

    fn overflow(&mut self) -> Writes {
        const TEXT_LIMIT: usize = 4 << 20;
        let mut writes = Writes::default();
        self.rows.overflow(&mut writes);
        self.counts.overflow(&mut writes);
        self.found_by.overflow(&mut writes);
        if self.texts.bytes() > TEXT_LIMIT {
            writes.add(self.texts.take());
        }
        writes
    }

    fn drain(&mut self) -> Writes {
        let mut writes = Writes::default();
        self.rows.drain(&mut writes);
        writes.add(self.texts.take());
        self.counts.drain(&mut writes);
        self.found_by.drain(&mut writes);
        writes
    }

    fn settle(&mut self, through: i64, latest: &Latest) {
        let rows = self.rows.given_away(self.settled).cloned().collect();
        latest.publish(rows, through);
        self.settled = through;
        self.rows.settle();
        self.texts.clear();
        self.counts.forget();
        self.found_by.forget();
    }

    fn forget(&mut self) {
        self.rows.forget();
        self.texts.clear();
        self.counts.forget();
        self.found_by.forget();
    }
}

//! What does the page of one incident show beyond its row in the queue: for
//! those who work on it, and for the one who asked.

mod fold;
mod row;

use std::sync::LazyLock;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::{PgConnection, PgPool, QueryBuilder};
use uuid::Uuid;

use crate::copy::{Layout, Row};
use crate::fold::{Fold, ItemRow};
use crate::latest::Latest;
use crate::projection::{Projection, Step, Tables};
use crate::validity::{Found, push_valid, push_versions};
use crate::writes::Writes;
use crate::{AsOf, Decoded, ReadError};

pub use row::IncidentDetail;

pub(crate) const VERSION: i32 = 4;
pub(crate) const TABLES: &[&str] = &["incident_detail", "incident_detail_past"];

const LAYOUT: Layout = Layout {
    table: "incident_detail",
    columns: &[
        "item_id",
        "description",
        "diagnosing",
        "hypothesis",
        "last_finding",
        "workaround",
        "initial_answer",
        "initial_article",
        "initial_workaround",
        "expected_basis",
        "expected_reason",
        "expected_method",
        "expected_sample",
        "expected_minutes",
        "expected_as_of",
        "hold_reason",
        "hold_text",
        "hold_until",
        "resolution_code",
        "resolution_cause",
        "resolution_solution",
        "resolution_knowledge",
        "resolved_at_first_contact",
        "confirm_by",
        "closed_by",
        "no_feedback_reason",
        "told",
        "reopen_until",
        "reopen_reason",
        "cancel_reason",
        "major_leader",
        "major_reason",
        "review",
        "review_cause",
        "review_text",
        "merged_into",
        "merged_into_number",
        "merged_from",
        "correction_count",
        "position",
    ],
    key: 1,
    validity: &[],
    implied: &[],
};

const PAST: Layout = LAYOUT.past("incident_detail_past");

/// The details of incidents, to be asked.
#[derive(Debug, Clone)]
pub struct IncidentDetails {
    pool: PgPool,
    as_of: AsOf,
}

impl IncidentDetails {
    pub(crate) fn new(pool: PgPool, as_of: AsOf) -> Self {
        Self { pool, as_of }
    }

    /// The details of some incidents, in no order; those that do not exist
    /// are left out.
    pub async fn by_ids(&self, items: &[Uuid]) -> Result<Vec<IncidentDetail>, ReadError> {
        let mut connection = self.pool.acquire().await?;
        Ok(load(&mut connection, items, self.as_of).await?)
    }
}

/// What is selected as `q`: most items have taken in none, which the table
/// leaves empty.
static SELECTED: LazyLock<String> = LazyLock::new(|| {
    let columns = LAYOUT.columns.iter().map(|column| match *column {
        "merged_from" => "coalesce(q.merged_from, '{}') as merged_from".to_owned(),
        column => format!("q.{column}"),
    });
    columns.collect::<Vec<_>>().join(", ")
});

async fn load(
    connection: &mut PgConnection,
    items: &[Uuid],
    as_of: AsOf,
) -> Result<Vec<IncidentDetail>, sqlx::Error> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::new(format!("select {} from ", *SELECTED));
    push_versions(&mut query, (&LAYOUT, &PAST), as_of);
    query.push(" where q.item_id = any (").push_bind(items);
    query.push(")");
    push_valid(&mut query, as_of, Found::ByKey);
    query.build_query_as().fetch_all(connection).await
}

/// Whether events of this name change a detail of an incident.
pub(crate) fn concerns(event_type: &str) -> bool {
    !matches!(
        event_type,
        "Classified"
            | "PrioritySet"
            | "PriorityOverridden"
            | "ForwardedOutside"
            | "EscalatedFunctionally"
            | "EscalatedHierarchically"
            | "WatcherAdded"
            | "WatcherRemoved"
            | "CommentAdded"
            | "StageResultNotified"
            | "RequesterContacted"
            | "Urged"
            | "CiLinked"
            | "CiUnlinked"
            | "WorkLinked"
            | "WorkUnlinked"
            | "AttachmentAdded"
            | "EffortLogged"
            | "ExternalReferenceAdded"
            | "KnowledgeApplied"
            | "CustomFieldSet"
            | "Archived"
            | "ServiceRestored"
    )
}

impl ItemRow for IncidentDetail {
    const LAYOUT: &'static Layout = &LAYOUT;
    const PAST: &'static Layout = &PAST;

    fn apply(row: &mut Option<Self>, event: &Decoded) {
        Self::apply(row, event);
    }

    fn write(&self, row: &mut Row<'_>) {
        Self::write(self, row);
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

/// Keeps the details of incidents.
#[derive(Default)]
pub(crate) struct Projector {
    rows: Fold<IncidentDetail>,
}

impl Projection for Projector {
    fn prepare<'a>(&'a mut self, connection: &'a mut PgConnection) -> Step<'a> {
        async { Ok(self.rows.prepare(connection).await?) }.boxed()
    }

    fn take<'a>(&'a mut self, tables: &'a mut dyn Tables, events: &'a [Decoded]) -> Step<'a> {
        async move {
            self.rows.load(tables, events).await?;
            for event in events {
                self.rows.apply(event, |_| ());
            }
            Ok(())
        }
        .boxed()
    }

    fn overflow(&mut self) -> Writes {
        let mut writes = Writes::default();
        self.rows.overflow(&mut writes);
        writes
    }

    fn drain(&mut self) -> Writes {
        let mut writes = Writes::default();
        self.rows.drain(&mut writes);
        writes
    }

    fn settle(&mut self, _: i64, _: &Latest) {
        self.rows.settle();
    }

    fn forget(&mut self) {
        self.rows.forget();
    }
}

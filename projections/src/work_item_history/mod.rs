//! What happened to a work item, step by step, with what was before and what
//! came after: for everybody who asks how it came to where it stands (INC-25).

mod change;
mod notice;
mod step;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use sqlx::PgPool;
use uuid::Uuid;

use crate::copy::{Layout, Rows};
use crate::latest::Latest;
use crate::projection::{Projection, Step, Tables};
use crate::recent::{keep_most_recent, median};
use crate::writes::Writes;
use crate::{AsOf, Decoded, ProjectionError, ReadError};
use change::StoredChanges;

pub use change::Change;
pub use notice::NoticeRow;
pub use step::HistoryRow;

pub(crate) const VERSION: i32 = 3;
pub(crate) const TABLES: &[&str] = &["work_item_history", "work_item_notice"];

const LAYOUT: Layout = Layout {
    table: "work_item_history",
    columns: &[
        "item_id",
        "position",
        "practice",
        "sequence",
        "event_type",
        "effective_at",
        "recorded_at",
        "actor",
        "role",
        "on_behalf_of",
        "channel",
        "rule",
        "command_id",
        "correlation_id",
        "causation_id",
        "reason",
        "text",
        "visibility",
        "from_requester",
        "status_before",
        "status",
        "changes",
    ],
    key: 2,
    validity: &[],
    implied: &[],
};

/// The history, to be asked.
#[derive(Debug, Clone)]
pub struct WorkItemHistory {
    pool: PgPool,
    as_of: AsOf,
}

impl WorkItemHistory {
    pub(crate) fn new(pool: PgPool, as_of: AsOf) -> Self {
        Self { pool, as_of }
    }

    /// The steps of some items behind a position, up to `limit` of each item,
    /// in the order of the items' ids and then of the log. Where some types of
    /// events are named, only steps of these types, and public comments.
    pub async fn history(
        &self,
        items: &[Uuid],
        only: Option<&[String]>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<HistoryRow>, ReadError> {
        let rows = sqlx::query_as!(
            StoredRow,
            r#"
            select
                h.item_id as "item_id!", h.position as "position!", h.practice as "practice!",
                h.sequence as "sequence!", h.event_type as "event_type!",
                h.effective_at as "effective_at!", h.recorded_at as "recorded_at!",
                h.actor as "actor!", h.role, h.on_behalf_of, h.channel, h.rule,
                h.command_id as "command_id!", h.correlation_id, h.causation_id, h.reason, h.text,
                h.visibility, h.from_requester, h.status_before, h.status as "status!",
                h.changes as "changes!: StoredChanges"
            from unnest($1::uuid[]) as item (id)
            cross join lateral (
                select *
                from work_item_history w
                where w.item_id = item.id and w.position > $2 and w.position <= $4
                    and ($5::text[] is null or w.event_type = any ($5) or w.visibility = 'Public')
                order by w.position
                limit $3
            ) h
            order by h.item_id, h.position
            "#,
            items,
            after,
            limit,
            self.as_of.position(),
            only,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(HistoryRow::from).collect())
    }

    /// The comments of some items behind a position, up to `limit` of each
    /// item, internal ones only on request; in the order of the items' ids and
    /// then of the log.
    pub async fn comments(
        &self,
        items: &[Uuid],
        include_internal: bool,
        after: i64,
        limit: i64,
    ) -> Result<Vec<HistoryRow>, ReadError> {
        let rows = sqlx::query_as!(
            StoredRow,
            r#"
            select
                h.item_id as "item_id!", h.position as "position!", h.practice as "practice!",
                h.sequence as "sequence!", h.event_type as "event_type!",
                h.effective_at as "effective_at!", h.recorded_at as "recorded_at!",
                h.actor as "actor!", h.role, h.on_behalf_of, h.channel, h.rule,
                h.command_id as "command_id!", h.correlation_id, h.causation_id, h.reason, h.text,
                h.visibility, h.from_requester, h.status_before, h.status as "status!",
                h.changes as "changes!: StoredChanges"
            from unnest($1::uuid[]) as item (id)
            cross join lateral (
                select *
                from work_item_history w
                where w.item_id = item.id and w.position > $2 and w.position <= $5
                    and w.visibility is not null and ($4 or w.visibility = 'Public')
                order by w.position
                limit $3
            ) h
            order by h.item_id, h.position
            "#,
            items,
            after,
            limit,
            include_internal,
            self.as_of.position(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(HistoryRow::from).collect())
    }

    /// How many comments of some items everybody may read; an item without any
    /// is left out.
    pub async fn public_comments(&self, items: &[Uuid]) -> Result<Vec<(Uuid, i32)>, ReadError> {
        let rows = sqlx::query!(
            r#"
            select h.item_id as "item_id!", count(*)::integer as "count!"
            from work_item_history h
            where h.item_id = any ($1) and h.visibility = 'Public' and h.position <= $2
            group by h.item_id
            "#,
            items,
            self.as_of.position(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.item_id, row.count))
            .collect())
    }
}

/// A row of the table.
struct StoredRow {
    item_id: Uuid,
    position: i64,
    practice: String,
    sequence: i64,
    event_type: String,
    effective_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    actor: String,
    role: Option<String>,
    on_behalf_of: Option<String>,
    channel: Option<String>,
    rule: Option<String>,
    command_id: Uuid,
    correlation_id: Option<String>,
    causation_id: Option<String>,
    reason: Option<String>,
    text: Option<String>,
    visibility: Option<String>,
    from_requester: Option<bool>,
    status_before: Option<String>,
    status: String,
    changes: StoredChanges,
}

impl From<StoredRow> for HistoryRow {
    fn from(row: StoredRow) -> Self {
        Self {
            item_id: row.item_id,
            position: row.position,
            practice: row.practice,
            sequence: row.sequence,
            event_type: row.event_type,
            effective_at: row.effective_at,
            recorded_at: row.recorded_at,
            actor: row.actor,
            role: row.role,
            on_behalf_of: row.on_behalf_of,
            channel: row.channel,
            rule: row.rule,
            command_id: row.command_id,
            correlation_id: row.correlation_id,
            causation_id: row.causation_id,
            reason: row.reason,
            text: row.text,
            visibility: row.visibility,
            from_requester: row.from_requester,
            status_before: row.status_before,
            status: row.status,
            changes: row.changes.0,
        }
    }
}

/// Keeps the history.
pub(crate) struct Projector {
    rows: Rows,
    notices: Rows,
    /// The items' last statuses, as far as they are known.
    statuses: HashMap<Uuid, Known>,
}

/// Where an item stands.
struct Known {
    status: String,
    /// The item's last event.
    position: i64,
}

impl Default for Projector {
    fn default() -> Self {
        Self {
            rows: Rows::new(&LAYOUT),
            notices: Rows::new(&notice::LAYOUT),
            statuses: HashMap::new(),
        }
    }
}

impl Projection for Projector {
    fn take<'a>(&'a mut self, tables: &'a mut dyn Tables, events: &'a [Decoded]) -> Step<'a> {
        async move {
            self.load_statuses(tables, events).await?;
            for event in events {
                let item = event.recorded.aggregate_id;
                let known = self.statuses.get(&item);
                let before = known.map(|known| known.status.as_str());
                let Some(step) = HistoryRow::from_event(event, before) else {
                    continue;
                };
                step.write(&mut self.rows.row());
                notice::write(&mut self.notices, event, &step);
                let (status, position) = (step.status, step.position);
                self.statuses.insert(item, Known { status, position });
            }
            Ok(())
        }
        .boxed()
    }

    fn overflow(&mut self) -> Writes {
        const LIMIT: usize = 4 << 20;
        /// How many items' statuses are remembered at most.
        const REMEMBERED: usize = 200_000;
        if self.rows.bytes() + self.notices.bytes() <= LIMIT {
            return Writes::default();
        }
        if self.statuses.len() > REMEMBERED {
            let before = median(self.statuses.values().map(|known| known.position));
            self.statuses.retain(|_, known| known.position > before);
        }
        self.drain()
    }

    fn drain(&mut self) -> Writes {
        let mut writes = Writes::default();
        writes.add(self.rows.take());
        writes.add(self.notices.take());
        writes
    }

    fn settle(&mut self, _: i64, _: &Latest) {
        /// How many items' statuses are kept.
        const KEPT: usize = 4_096;
        self.rows.clear();
        keep_most_recent(&mut self.statuses, KEPT, |known| known.position);
    }

    fn forget(&mut self) {
        self.rows.clear();
        self.notices.clear();
        self.statuses.clear();
    }
}

impl Projector {
    /// Looks up where the items stand whose status is not known, in one
    /// statement. Rows that wait to be written are no obstacle: whose they
    /// are, their status is known.
    async fn load_statuses(
        &mut self,
        tables: &mut dyn Tables,
        events: &[Decoded],
    ) -> Result<(), ProjectionError> {
        let mut begun = HashSet::new();
        let mut unknown = HashSet::new();
        for event in events {
            let item = event.recorded.aggregate_id;
            if self.statuses.contains_key(&item) || begun.contains(&item) {
                continue;
            }
            if event.recorded.sequence == 1 {
                begun.insert(item);
            } else {
                unknown.insert(item);
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let unknown: Vec<Uuid> = unknown.into_iter().collect();
        let known = sqlx::query!(
            r#"
            select item.id as "item_id!", h.status as "status!"
            from unnest($1::uuid[]) as item (id)
            cross join lateral (
                select w.status
                from work_item_history w
                where w.item_id = item.id
                order by w.position desc
                limit 1
            ) h
            "#,
            &unknown,
        )
        .fetch_all(tables.search(LAYOUT.table).await?)
        .await?;
        self.statuses.extend(known.into_iter().map(|row| {
            let known = Known {
                status: row.status,
                position: 0,
            };
            (row.item_id, known)
        }));
        Ok(())
    }
}

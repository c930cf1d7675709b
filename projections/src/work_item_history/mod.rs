//! What happened to a work item, step by step, with what was before and what
//! came after: for everybody who asks how it came to where it stands (INC-25).

mod change;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::incident::Status;
use domain::work_item::WorkEvent;
use futures_util::FutureExt;
use serde::Serialize;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::copy::{Layout, Row, Rows, stored_time};
use crate::projection::{Projection, Step};
use crate::status::incident_status_after;
use crate::told::told;
use crate::{Decoded, DeskEvent, ReadError};

pub use change::Change;

pub(crate) const VERSION: i32 = 1;
pub(crate) const TABLES: &[&str] = &["work_item_history"];

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
};

/// One step of an item's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryRow {
    /// The item.
    pub item_id: Uuid,
    /// Place in the log.
    pub position: i64,
    /// The practice that the item belongs to.
    pub practice: String,
    /// Place among the item's events, from 1.
    pub sequence: i64,
    /// What happened, as a name.
    pub event_type: String,
    /// When it was so in the world.
    pub effective_at: DateTime<Utc>,
    /// When the log knew.
    pub recorded_at: DateTime<Utc>,
    /// Who acted.
    pub actor: String,
    /// In which role.
    pub role: Option<String>,
    /// For whom, where that is somebody else.
    pub on_behalf_of: Option<String>,
    /// The door through which the command came.
    pub channel: Option<String>,
    /// The rule by which a machine acted, as `name@version`.
    pub rule: Option<String>,
    /// The command that caused it.
    pub command_id: Uuid,
    /// What ties together all that follows from one cause.
    pub correlation_id: Option<String>,
    /// What directly caused it.
    pub causation_id: Option<String>,
    /// Why, in somebody's words.
    pub reason: Option<String>,
    /// What was written: a comment, a finding, a notice, a solution.
    pub text: Option<String>,
    /// Who may read a comment: `Public` or `Internal`.
    pub visibility: Option<String>,
    /// Whether a comment is the requester's own.
    pub from_requester: Option<bool>,
    /// The status before, where the event changed it.
    pub status_before: Option<String>,
    /// The status after the event.
    pub status: String,
    /// What changed, the status included.
    pub changes: Vec<Change>,
}

impl HistoryRow {
    /// The step that an event of a work item is, given the item's status
    /// before it; nothing for an event of something else.
    ///
    /// Pure, so that the history as of any position is made from the events up
    /// to there, each step's `status` being the next one's `status_before`.
    pub fn from_event(event: &Decoded, status_before: Option<&str>) -> Option<Self> {
        let DeskEvent::Incident(content) = &event.event else {
            return None;
        };
        let after = incident_status_after(content);
        let status = after
            .map(|status| status.as_ref().to_owned())
            .or_else(|| status_before.map(ToOwned::to_owned))
            .unwrap_or_else(|| Status::New.as_ref().to_owned());
        let status_before = status_before
            .filter(|before| *before != status)
            .map(ToOwned::to_owned);
        let changes = change::changes(content, status_before.as_deref(), &status);
        let told = told(content);
        let (visibility, from_requester) = comment_marks(event.event.work());
        let (recorded, metadata) = (&event.recorded, &event.metadata);
        Some(Self {
            item_id: recorded.aggregate_id,
            position: recorded.position,
            practice: "incident".to_owned(),
            sequence: recorded.sequence,
            event_type: recorded.event_type.clone(),
            effective_at: stored_time(metadata.effective_at),
            recorded_at: recorded.recorded_at,
            actor: metadata.actor.clone(),
            role: metadata.role.clone(),
            on_behalf_of: metadata.on_behalf_of.clone(),
            channel: metadata.channel.clone(),
            rule: metadata.rule.clone(),
            command_id: recorded.command_id,
            correlation_id: metadata.correlation_id.clone(),
            causation_id: metadata.causation_id.clone(),
            reason: told
                .reason
                .map(ToOwned::to_owned)
                .or_else(|| metadata.reason.clone()),
            text: told.text.map(ToOwned::to_owned),
            visibility,
            from_requester,
            status_before,
            status,
            changes,
        })
    }

    /// The status after the event, where the event changed it.
    pub fn status_after(&self) -> Option<&str> {
        (self.sequence == 1 || self.status_before.is_some()).then_some(&*self.status)
    }

    fn write(&self, row: &mut Row<'_>) {
        row.uuid(self.item_id);
        row.bigint(self.position);
        row.text(&self.practice);
        row.bigint(self.sequence);
        row.text(&self.event_type);
        row.time(self.effective_at);
        row.time(self.recorded_at);
        row.text(&self.actor);
        row.optional_text(self.role.as_deref());
        row.optional_text(self.on_behalf_of.as_deref());
        row.optional_text(self.channel.as_deref());
        row.optional_text(self.rule.as_deref());
        row.uuid(self.command_id);
        row.optional_text(self.correlation_id.as_deref());
        row.optional_text(self.causation_id.as_deref());
        row.optional_text(self.reason.as_deref());
        row.optional_text(self.text.as_deref());
        row.optional_text(self.visibility.as_deref());
        row.optional(self.from_requester, Row::boolean);
        row.optional_text(self.status_before.as_deref());
        row.text(&self.status);
        row.jsonb(&serde_json::json!(self.changes).to_string());
    }
}

fn comment_marks(event: Option<&WorkEvent>) -> (Option<String>, Option<bool>) {
    match event {
        Some(WorkEvent::CommentAdded {
            visibility,
            from_requester,
            ..
        }) => (Some(visibility.as_ref().to_owned()), Some(*from_requester)),
        _ => (None, None),
    }
}

/// The history, to be asked.
#[derive(Debug, Clone)]
pub struct WorkItemHistory {
    pool: PgPool,
}

impl WorkItemHistory {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The steps of some items behind a position, up to `limit` of each item,
    /// in the order of the items' ids and then of the log.
    pub async fn history(
        &self,
        items: &[Uuid],
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
                h.changes as "changes!: Json<Vec<Change>>"
            from unnest($1::uuid[]) as item (id)
            cross join lateral (
                select *
                from work_item_history w
                where w.item_id = item.id and w.position > $2
                order by w.position
                limit $3
            ) h
            order by h.item_id, h.position
            "#,
            items,
            after,
            limit,
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
                h.changes as "changes!: Json<Vec<Change>>"
            from unnest($1::uuid[]) as item (id)
            cross join lateral (
                select *
                from work_item_history w
                where w.item_id = item.id and w.position > $2
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
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(HistoryRow::from).collect())
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
    changes: Json<Vec<Change>>,
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
    /// The items' last statuses, as far as they are known.
    statuses: HashMap<Uuid, String>,
}

impl Default for Projector {
    fn default() -> Self {
        Self {
            rows: Rows::new(&LAYOUT),
            statuses: HashMap::new(),
        }
    }
}

impl Projection for Projector {
    fn prepare<'a>(&'a mut self, _: &'a mut PgConnection) -> Step<'a> {
        async { Ok(()) }.boxed()
    }

    fn take<'a>(&'a mut self, connection: &'a mut PgConnection, events: &'a [Decoded]) -> Step<'a> {
        async move {
            self.load_statuses(connection, events).await?;
            for event in events {
                let item = event.recorded.aggregate_id;
                let before = self.statuses.get(&item).map(String::as_str);
                let Some(step) = HistoryRow::from_event(event, before) else {
                    continue;
                };
                step.write(&mut self.rows.row());
                if before != Some(&*step.status) {
                    self.statuses.insert(item, step.status);
                }
            }
            Ok(())
        }
        .boxed()
    }

    fn is_full(&self) -> bool {
        const LIMIT: usize = 4 << 20;
        self.rows.bytes() > LIMIT
    }

    fn write<'a>(&'a mut self, connection: &'a mut PgConnection) -> Step<'a> {
        /// How many items' statuses are remembered at most.
        const REMEMBERED: usize = 200_000;
        async {
            self.rows.copy_into(connection, &LAYOUT).await?;
            if self.statuses.len() > REMEMBERED {
                self.statuses.clear();
            }
            Ok(())
        }
        .boxed()
    }

    fn forget(&mut self) {
        self.rows.clear();
        self.statuses.clear();
    }
}

impl Projector {
    /// Looks up where the items stand whose status is not known, in one
    /// statement. Rows that wait to be written are no obstacle: whose they
    /// are, their status is known.
    async fn load_statuses(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded],
    ) -> Result<(), sqlx::Error> {
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
        .fetch_all(connection)
        .await?;
        self.statuses
            .extend(known.into_iter().map(|row| (row.item_id, row.status)));
        Ok(())
    }
}

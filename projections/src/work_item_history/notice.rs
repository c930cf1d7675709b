//! What each person was told of work items: who is urged to go on, whom a
//! staged result was sent to, which manager was told (SD-13, INC-22, INC-28).

use chrono::{DateTime, Utc};
use domain::ids::PersonId;
use domain::incident::Event;
use domain::work_item::WorkEvent;
use uuid::Uuid;

use super::{HistoryRow, WorkItemHistory};
use crate::ReadError;
use crate::copy::{Layout, Rows};
use crate::{Decoded, DeskEvent};

pub(super) const LAYOUT: Layout = Layout {
    table: "work_item_notice",
    columns: &[
        "person",
        "position",
        "item_id",
        "event_type",
        "actor",
        "effective_at",
        "recorded_at",
        "text",
    ],
    key: 2,
    validity: &[],
    implied: &[],
};

/// A step of an item that somebody was told of.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct NoticeRow {
    /// Where the step stands in the log.
    pub position: i64,
    /// The item.
    pub item_id: Uuid,
    /// What happened, as a name: `Urged`, `StageResultNotified` or
    /// `EscalatedHierarchically`.
    pub event_type: String,
    /// Who did it.
    pub actor: String,
    /// When it was so in the world.
    pub effective_at: DateTime<Utc>,
    /// When the log knew.
    pub recorded_at: DateTime<Utc>,
    /// What they said with it.
    pub text: Option<String>,
}

impl WorkItemHistory {
    /// What a person was told before a position, the latest first.
    pub async fn notices(
        &self,
        person: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<NoticeRow>, ReadError> {
        Ok(sqlx::query_as!(
            NoticeRow,
            "
            select n.position, n.item_id, n.event_type, n.actor, n.effective_at, n.recorded_at,
                n.text
            from work_item_notice n
            where n.person = $1 and n.position < $2 and n.position <= $3
            order by n.position desc
            limit $4
            ",
            person,
            before,
            self.as_of.position(),
            limit,
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

/// Writes down whom a step tells of itself, each of them once.
pub(super) fn write(rows: &mut Rows, event: &Decoded, step: &HistoryRow) {
    let mut told = told(event);
    told.sort_unstable();
    told.dedup();
    for person in told {
        let mut row = rows.row();
        row.text(person.as_str());
        row.bigint(step.position);
        row.uuid(step.item_id);
        row.text(&step.event_type);
        row.text(&step.actor);
        row.time(step.effective_at);
        row.time(step.recorded_at);
        row.optional_text(step.text.as_deref().or(step.reason.as_deref()));
    }
}

fn told(event: &Decoded) -> Vec<&PersonId> {
    let DeskEvent::Incident(Event::Work(event)) = &event.event else {
        return Vec::new();
    };
    match event {
        WorkEvent::Urged { notified, .. } => notified.iter().collect(),
        WorkEvent::StageResultNotified { recipients, .. } => recipients.iter().collect(),
        WorkEvent::EscalatedHierarchically { person, .. } => person.iter().collect(),
        _ => Vec::new(),
    }
}

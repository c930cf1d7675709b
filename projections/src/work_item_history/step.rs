//! One step of an item's history, made from one event.

use chrono::{DateTime, Utc};
use domain::incident::Status;
use domain::work_item::WorkEvent;
use serde::Serialize;
use uuid::Uuid;

use super::{Change, change};
use crate::copy::{Row, stored_time};
use crate::status::incident_status_after;
use crate::told::told;
use crate::{Decoded, DeskEvent};

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

    /// Writes the step in the order of the table's columns.
    pub(super) fn write(&self, row: &mut Row<'_>) {
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
        row.json_text(&self.changes);
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

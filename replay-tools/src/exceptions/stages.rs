//! Which stages a work item has skipped or lacks (SD-03): accept, assign,
//! process, track, feedback, close (受理, 分配, 处理, 跟踪, 反馈, 结束).
//!
//! What shows that an item has been through a stage is what the GraphQL API
//! shows as its `stages`. An item lacks a stage when it stands where nobody
//! comes without it: a resolved one that no team took on lacks *process*. That
//! it has not come so far yet is no exception.

use chrono::{DateTime, Utc};
use projections::incident_detail::IncidentDetail;
use projections::work_queue::WorkQueueRow;
use serde::Serialize;
use strum::IntoStaticStr;

/// A stage on the way from the first contact to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(super) enum Stage {
    /// 受理: the contact was recorded, filed and given a priority.
    Accept,
    /// 分配: a team got it.
    Assign,
    /// 处理: a team took it on.
    Process,
    /// 跟踪: the requester was told how things stand.
    Track,
    /// 反馈: the requester heard from the desk.
    Feedback,
    /// 结束: it was closed.
    Close,
}

/// The stages that an item lacks, as it stood at a moment. Items that were
/// cancelled or merged need none: they are not worked on.
pub(super) fn lacking(
    row: &WorkQueueRow,
    detail: Option<&IncidentDetail>,
    at: DateTime<Utc>,
) -> Vec<Stage> {
    let is_done = matches!(&*row.stage, "Resolved" | "Closed");
    let is_under_way = is_done || matches!(&*row.status, "InProgress" | "OnHold");
    let was_assigned = is_under_way || matches!(&*row.status, "Assigned" | "Returned");
    let confirm_by = detail.and_then(|detail| detail.confirm_by);
    let lacks = [
        (
            Stage::Accept,
            row.priority == 0 || row.category_code.is_none(),
        ),
        (Stage::Assign, was_assigned && row.assigned_at.is_none()),
        (Stage::Process, is_under_way && row.accepted_at.is_none()),
        (Stage::Track, is_done && row.last_contact_at.is_none()),
        (Stage::Feedback, is_done && !row.feedback_given),
        (
            Stage::Close,
            (row.stage == "Resolved" && confirm_by.is_some_and(|by| by < at))
                || (row.stage == "Closed" && row.closed_at.is_none()),
        ),
    ];
    if row.stage == "Ended" {
        return Vec::new();
    }
    lacks
        .into_iter()
        .filter_map(|(stage, lacks)| lacks.then_some(stage))
        .collect()
}

/// The stages in a sentence about the item.
pub(super) fn described(row: &WorkQueueRow, stages: &[Stage]) -> String {
    let names: Vec<&'static str> = stages.iter().map(Into::into).collect();
    let ended = if row.is_open { "" } else { ", no longer open," };
    format!(
        "It is {}{ended} and lacks: {}.",
        row.status,
        names.join(", ")
    )
}

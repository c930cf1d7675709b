//! The parts of an incident that the schema shows as objects of their own.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use crate::graphql::enums::{ClosedBy, HoldReason, ReviewCause};

/// The organisation's own field.
#[derive(SimpleObject)]
pub(crate) struct CustomField {
    /// The field.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
}

/// Why and until when the work waits.
#[derive(SimpleObject)]
pub(crate) struct Hold {
    /// For whom or what.
    pub(super) reason: HoldReason,
    /// In more words. Null for requesters.
    pub(super) text: Option<String>,
    /// Until when, if that is known.
    pub(super) until: Option<DateTime<Utc>>,
}

/// How the incident was resolved.
#[derive(SimpleObject)]
pub(crate) struct Resolution {
    /// How it ended, from the desk's list.
    pub(super) code: String,
    /// What caused it. Null for requesters.
    pub(super) cause: Option<String>,
    /// What ended it.
    pub(super) solution: Option<String>,
    /// The article that helped.
    pub(super) knowledge: Option<String>,
    /// Whether the first line did it at the first contact.
    pub(super) at_first_contact: bool,
    /// When.
    pub(super) resolved_at: Option<DateTime<Utc>>,
    /// Until when the requester may confirm or reject.
    pub(super) confirm_by: Option<DateTime<Utc>>,
}

/// How the incident was closed.
#[derive(SimpleObject)]
pub(crate) struct Closure {
    /// Who ended it.
    pub(super) by: ClosedBy,
    /// When.
    pub(super) closed_at: Option<DateTime<Utc>>,
    /// Why the requester has heard nothing, where that is so. Null for
    /// requesters.
    pub(super) no_feedback_reason: Option<String>,
    /// Until when it may be reopened.
    pub(super) reopen_until: Option<DateTime<Utc>>,
}

/// The post-incident review.
#[derive(SimpleObject)]
pub(crate) struct IncidentReview {
    /// Whether it is completed.
    pub(super) completed: bool,
    /// What asked for it.
    pub(super) cause: Option<ReviewCause>,
    /// What was learnt.
    pub(super) text: Option<String>,
}

/// What makes it a major incident.
#[derive(SimpleObject)]
pub(crate) struct MajorIncident {
    /// Why it was declared one.
    pub(super) reason: Option<String>,
    /// Who leads.
    pub(super) leader: Option<String>,
}

/// A stage of the path from the first contact to the closing (SD-03).
#[derive(SimpleObject)]
pub(crate) struct Stages {
    /// 受理: when the contact was recorded.
    pub(super) accepted_at: DateTime<Utc>,
    /// 分配: when a team first got it.
    pub(super) assigned_at: Option<DateTime<Utc>>,
    /// 处理: when a team first took it on.
    pub(super) processed_at: Option<DateTime<Utc>>,
    /// 跟踪: when the requester last heard of it.
    pub(super) tracked_at: Option<DateTime<Utc>>,
    /// 反馈: whether the requester has had feedback.
    pub(super) feedback_given: bool,
    /// 结束: when it was closed.
    pub(super) closed_at: Option<DateTime<Utc>>,
}

//! The parts of an incident that the schema shows as objects of their own.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};

use crate::graphql::enums::{ClosedBy, EstimateMethod, HoldReason, JourneyStage, ReviewCause};
use crate::graphql::scalars::Long;

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
    /// Until when, if that is known. Then the desk goes on by itself.
    pub(super) until: Option<DateTime<Utc>>,
}

/// What the first line gave at the first contact (SD-14).
#[derive(SimpleObject)]
pub(crate) struct InitialSupport {
    /// What the requester was told.
    pub(super) answer: Option<String>,
    /// The article that was used.
    pub(super) article: Option<String>,
    /// How the effect was lessened.
    pub(super) workaround: Option<String>,
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
    /// Until when the requester may confirm or reject; then the desk closes it.
    /// Empty while they have answered and the desk has not.
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

/// What an expected time was computed from (INC-08).
#[derive(SimpleObject)]
pub(crate) struct ExpectationEstimate {
    /// By which method.
    pub(super) method: EstimateMethod,
    /// How many incidents were compared.
    pub(super) sample: i32,
    /// How many minutes they took, the median.
    pub(super) minutes: i32,
    /// The position of the log up to which they were known.
    pub(super) as_of: Long,
}

/// What makes it a major incident.
#[derive(SimpleObject)]
pub(crate) struct MajorIncident {
    /// Why it was declared one.
    pub(super) reason: Option<String>,
    /// Who leads.
    pub(super) leader: Option<String>,
}

/// What those whom the incident concerns heard of its end (SD-04).
#[derive(SimpleObject)]
pub(crate) struct Feedback {
    /// Whether they have heard from the desk since it was resolved, cancelled
    /// or merged, in this cycle.
    pub(super) given: bool,
    /// Who was told when it was cancelled or merged.
    pub(super) told: Vec<String>,
    /// Why they have heard nothing, where that is so; for the desk.
    pub(super) no_feedback_reason: Option<String>,
}

/// The stages of the way from the first contact to the closing (SD-03).
#[derive(SimpleObject)]
pub(crate) struct Stages {
    /// 受理: when the contact was recorded.
    pub(super) accepted_at: DateTime<Utc>,
    /// 分配: when a team first got it.
    pub(super) assigned_at: Option<DateTime<Utc>>,
    /// 处理: when a team first took it on.
    pub(super) processed_at: Option<DateTime<Utc>>,
    /// 跟踪: when, in this cycle and before its end, the requester or chosen
    /// people were first told how things stood.
    pub(super) tracked_at: Option<DateTime<Utc>>,
    /// 反馈: whether the requester has heard from the desk since the incident
    /// was resolved, cancelled or merged, in this cycle.
    pub(super) feedback_given: bool,
    /// 结束: when it was closed.
    pub(super) closed_at: Option<DateTime<Utc>>,
    /// The stages that it has gone past without them.
    pub(super) skipped: Vec<JourneyStage>,
    /// The stages at which it stands without what they ask for.
    pub(super) lacking: Vec<JourneyStage>,
}

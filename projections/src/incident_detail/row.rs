//! The details of one incident.

use chrono::{DateTime, Utc};
use domain::incident::Review;
use serde::Serialize;
use uuid::Uuid;

use crate::copy::Row;

/// What an incident has beyond what the queue shows of every work item. Names
/// of reasons and the like are those of the domain's enums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct IncidentDetail {
    /// The incident.
    pub item_id: Uuid,
    /// What it is about, in full.
    pub description: Option<String>,
    /// Whether somebody looks for the cause.
    pub diagnosing: bool,
    /// What was last suspected.
    pub hypothesis: Option<String>,
    /// What was last found out.
    pub last_finding: Option<String>,
    /// How the effect was last lessened.
    pub workaround: Option<String>,
    /// What the requester was told at the first contact.
    pub initial_answer: Option<String>,
    /// The article that was used at the first contact.
    pub initial_article: Option<String>,
    /// How the effect was lessened at the first contact.
    pub initial_workaround: Option<String>,
    /// What the expected time rests on: `Computed` or `Adjusted`.
    pub expected_basis: Option<String>,
    /// Why the expected time was adjusted.
    pub expected_reason: Option<String>,
    /// By which method the expected time was computed.
    pub expected_method: Option<String>,
    /// How many incidents it was computed from.
    pub expected_sample: Option<i32>,
    /// How many minutes they took, the median.
    pub expected_minutes: Option<i32>,
    /// The position up to which they were known.
    pub expected_as_of: Option<i64>,
    /// What it waits for, while it is on hold.
    pub hold_reason: Option<String>,
    /// The same in somebody's words.
    pub hold_text: Option<String>,
    /// Until when it waits.
    pub hold_until: Option<DateTime<Utc>>,
    /// How it ended.
    pub resolution_code: Option<String>,
    /// What caused it.
    pub resolution_cause: Option<String>,
    /// What ended it.
    pub resolution_solution: Option<String>,
    /// The article that helped.
    pub resolution_knowledge: Option<String>,
    /// Whether the first line resolved it at the first contact.
    pub resolved_at_first_contact: bool,
    /// Until when the requester may answer, while it is resolved.
    pub confirm_by: Option<DateTime<Utc>>,
    /// Who closed it: `Requester`, `Desk` or `Timeout`.
    pub closed_by: Option<String>,
    /// Why the requester has heard nothing, where that is so.
    pub no_feedback_reason: Option<String>,
    /// Who was told that it was cancelled or merged.
    pub told: Vec<String>,
    /// Until when it may be reopened.
    pub reopen_until: Option<DateTime<Utc>>,
    /// Why it was last reopened.
    pub reopen_reason: Option<String>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// Who leads it while it is a major incident.
    pub major_leader: Option<String>,
    /// Why it was last declared a major incident, or stood down.
    pub major_reason: Option<String>,
    /// Whether a review is asked for: `None`, `Due` or `Completed`.
    pub review: String,
    /// What last asked for a review.
    pub review_cause: Option<String>,
    /// What the last review taught.
    pub review_text: Option<String>,
    /// The item that it goes on as.
    pub merged_into: Option<Uuid>,
    /// That item's number.
    pub merged_into_number: Option<String>,
    /// The items that go on as this one, by their ids, in the order in which
    /// they came.
    pub merged_from: Vec<String>,
    /// How many steps of a history taken over the process forbids.
    pub correction_count: i32,
    /// The position of the last event that changed one of these. Where the
    /// details are shown with the queue's row, that row's position counts.
    #[serde(skip)]
    pub position: i64,
}

impl IncidentDetail {
    /// Whether the review that was asked for is completed.
    pub fn is_reviewed(&self) -> bool {
        self.review == super::fold::review_name(Review::Completed)
    }

    /// Writes the details in the order of the table's columns.
    pub(super) fn write(&self, row: &mut Row<'_>) {
        row.uuid(self.item_id);
        row.optional_text(self.description.as_deref());
        row.boolean(self.diagnosing);
        row.optional_text(self.hypothesis.as_deref());
        row.optional_text(self.last_finding.as_deref());
        row.optional_text(self.workaround.as_deref());
        row.optional_text(self.initial_answer.as_deref());
        row.optional_text(self.initial_article.as_deref());
        row.optional_text(self.initial_workaround.as_deref());
        row.optional_text(self.expected_basis.as_deref());
        row.optional_text(self.expected_reason.as_deref());
        row.optional_text(self.expected_method.as_deref());
        row.optional(self.expected_sample, Row::integer);
        row.optional(self.expected_minutes, Row::integer);
        row.optional(self.expected_as_of, Row::bigint);
        row.optional_text(self.hold_reason.as_deref());
        row.optional_text(self.hold_text.as_deref());
        row.optional_time(self.hold_until);
        row.optional_text(self.resolution_code.as_deref());
        row.optional_text(self.resolution_cause.as_deref());
        row.optional_text(self.resolution_solution.as_deref());
        row.optional_text(self.resolution_knowledge.as_deref());
        row.boolean(self.resolved_at_first_contact);
        row.optional_time(self.confirm_by);
        row.optional_text(self.closed_by.as_deref());
        row.optional_text(self.no_feedback_reason.as_deref());
        row.texts(&self.told);
        row.optional_time(self.reopen_until);
        row.optional_text(self.reopen_reason.as_deref());
        row.optional_text(self.cancel_reason.as_deref());
        row.optional_text(self.major_leader.as_deref());
        row.optional_text(self.major_reason.as_deref());
        row.text(&self.review);
        row.optional_text(self.review_cause.as_deref());
        row.optional_text(self.review_text.as_deref());
        row.optional(self.merged_into, Row::uuid);
        row.optional_text(self.merged_into_number.as_deref());
        row.optional(
            (!self.merged_from.is_empty()).then_some(&self.merged_from[..]),
            Row::texts,
        );
        row.integer(self.correction_count);
        row.bigint(self.position);
    }
}

//! A row of the queue.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::copy::Row;

/// A work item of any practice as it stands.
///
/// Names of statuses, roles and the like are those of the domain's enums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row has the columns that it has"
)]
pub struct WorkQueueRow {
    /// The item's identity.
    pub item_id: Uuid,
    /// The practice that it belongs to: `incident`.
    pub practice: String,
    /// What people call it; unique in its practice.
    pub number: String,
    /// What it is about, in one line.
    pub summary: String,
    /// Where it stands, in its practice's own words.
    pub status: String,
    /// How far the hand-over to the team has come: `Unassigned`, `Assigned`,
    /// `Accepted` or `Returned`.
    pub handling: String,
    /// What the status means in any practice: `Open`, `Suspended`, `Resolved`,
    /// `Closed` or `Ended`.
    pub stage: String,
    /// Whether it still accepts work: open, suspended or resolved.
    pub is_open: bool,
    /// From 1, the most important, to 5; 0 while it has not been judged, which
    /// is never the case after the command that registers it.
    pub priority: i16,
    /// Whether somebody overruled the matrix since it last judged.
    pub priority_overridden: bool,
    /// How much of the business is affected.
    pub impact: Option<String>,
    /// How soon a solution is needed.
    pub urgency: Option<String>,
    /// The version of the priority matrix that it was judged by.
    pub matrix_version: Option<i32>,
    /// What it is filed under.
    pub category_code: Option<String>,
    /// The version of the category tree that the category was taken from.
    pub category_tree_version: Option<i32>,
    /// The service concerned.
    pub service: Option<String>,
    /// Who asked.
    pub requester: Option<String>,
    /// Who suffers from it, where that is somebody else.
    pub affected_person: Option<String>,
    /// How the first contact was made.
    pub contact_channel: String,
    /// The team that has it.
    pub team_id: Option<Uuid>,
    /// The team's name as of the assignment.
    pub team_name: Option<String>,
    /// The team's support line as of the assignment, 1 to 3.
    pub line: Option<i16>,
    /// The team's department as of the assignment.
    pub department: Option<String>,
    /// The person who has it.
    pub person: Option<String>,
    /// Whether it is a major incident now.
    pub is_major: bool,
    /// How often it went from one team to another.
    pub hand_over_count: i32,
    /// How many of those hand-overs went to another department.
    pub cross_department_count: i32,
    /// How often somebody pressed for progress.
    pub urge_count: i32,
    /// From 1, and one more each time it is reopened.
    pub cycle: i32,
    /// How high management has been told; 0 for not at all.
    pub escalation_level: i16,
    /// How many comments it has, internal ones included.
    pub comment_count: i32,
    /// The time spent on it.
    pub effort_minutes: i64,
    /// When the first contact was made.
    pub opened_at: DateTime<Utc>,
    /// When the last event was so in the world.
    pub updated_at: DateTime<Utc>,
    /// When the log knew of it first.
    pub registered_at: DateTime<Utc>,
    /// When it is expected to be resolved.
    pub expected_at: Option<DateTime<Utc>>,
    /// When it was first assigned (SD-03).
    pub assigned_at: Option<DateTime<Utc>>,
    /// When a team first accepted it (SD-03).
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was resolved, unless that was taken back.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When the service worked again, in this cycle (INC-30).
    pub restored_at: Option<DateTime<Utc>>,
    /// When it was closed, cancelled or merged, unless it was reopened.
    pub closed_at: Option<DateTime<Utc>>,
    /// When the requester last heard from the desk (SD-22).
    pub last_contact_at: Option<DateTime<Utc>>,
    /// Whether the requester has ever heard from the desk (SD-04).
    pub feedback_given: bool,
    /// Whether it is read-only (SD-25).
    pub archived: bool,
    /// Who follows it, sorted.
    pub watchers: Vec<String>,
    /// The configuration items concerned, sorted.
    pub cis: Vec<String>,
    /// Its numbers in other systems, each as `system reference`, sorted.
    pub external_references: Vec<String>,
    /// The organisation's own fields, by name.
    #[sqlx(json)]
    pub custom_fields: BTreeMap<String, String>,
    /// The names of its files, in the order in which they came.
    pub attachment_names: Vec<String>,
    /// The sequence of the item's last event.
    pub version: i64,
    /// The position of the item's last event.
    pub position: i64,
}

/// How the queue writes a number in another system.
pub fn external_reference(system: &str, reference: &str) -> String {
    format!("{system} {reference}")
}

impl WorkQueueRow {
    /// Every short text of the row in lower case, a line each.
    pub(super) fn search_text(&self) -> String {
        let fields = [
            Some(&self.number),
            Some(&self.summary),
            self.requester.as_ref(),
            self.affected_person.as_ref(),
            self.service.as_ref(),
            self.category_code.as_ref(),
            self.team_name.as_ref(),
            self.department.as_ref(),
            self.person.as_ref(),
        ];
        let lists = [
            &self.watchers,
            &self.cis,
            &self.external_references,
            &self.attachment_names,
        ];
        let texts = fields
            .into_iter()
            .flatten()
            .chain(lists.into_iter().flatten())
            .chain(
                self.custom_fields
                    .iter()
                    .flat_map(|(name, value)| [name, value]),
            );
        let mut search_text = String::new();
        for text in texts {
            let start = search_text.len();
            if text.is_ascii() {
                search_text.push_str(text);
                search_text[start..].make_ascii_lowercase();
            } else {
                search_text.push_str(&text.to_lowercase());
            }
            search_text.push('\n');
        }
        search_text
    }

    /// Writes the row in the order of the layout.
    pub(super) fn write(&self, row: &mut Row<'_>) {
        row.uuid(self.item_id);
        row.text(&self.practice);
        row.text(&self.number);
        row.text(&self.summary);
        row.text(&self.status);
        row.text(&self.handling);
        row.text(&self.stage);
        row.boolean(self.is_open);
        row.smallint(self.priority);
        row.boolean(self.priority_overridden);
        row.optional_text(self.impact.as_deref());
        row.optional_text(self.urgency.as_deref());
        row.optional(self.matrix_version, Row::integer);
        row.optional_text(self.category_code.as_deref());
        row.optional(self.category_tree_version, Row::integer);
        row.optional_text(self.service.as_deref());
        row.optional_text(self.requester.as_deref());
        row.optional_text(self.affected_person.as_deref());
        row.text(&self.contact_channel);
        row.uuid(self.team_id.unwrap_or_default());
        row.optional_text(self.team_name.as_deref());
        row.optional(self.line, Row::smallint);
        row.optional_text(self.department.as_deref());
        row.optional_text(self.person.as_deref());
        row.boolean(self.is_major);
        row.integer(self.hand_over_count);
        row.integer(self.cross_department_count);
        row.integer(self.urge_count);
        row.integer(self.cycle);
        row.smallint(self.escalation_level);
        row.integer(self.comment_count);
        row.bigint(self.effort_minutes);
        row.time(self.opened_at);
        row.time(self.updated_at);
        row.time(self.registered_at);
        row.optional_time(self.expected_at);
        row.optional_time(self.assigned_at);
        row.optional_time(self.accepted_at);
        row.optional_time(self.resolved_at);
        row.optional_time(self.restored_at);
        row.optional_time(self.closed_at);
        row.optional_time(self.last_contact_at);
        row.boolean(self.feedback_given);
        row.boolean(self.archived);
        row.texts(self.watchers.iter().map(String::as_str));
        row.texts(self.cis.iter().map(String::as_str));
        row.texts(self.external_references.iter().map(String::as_str));
        row.jsonb(&self.custom_fields);
        row.texts(self.attachment_names.iter().map(String::as_str));
        row.text(&self.search_text());
        row.bigint(self.version);
        row.bigint(self.position);
    }
}

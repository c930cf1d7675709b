//! A row of the queue.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::incident;
use domain::work_item::{Gap, GapKind, Journey};
use serde::Serialize;
use uuid::Uuid;

use super::search;
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
    /// When it is expected to be resolved, in this cycle.
    pub expected_at: Option<DateTime<Utc>>,
    /// When it was first assigned (SD-03).
    pub assigned_at: Option<DateTime<Utc>>,
    /// When a team first accepted it (SD-03).
    pub accepted_at: Option<DateTime<Utc>>,
    /// When, in this cycle and before its end, the requester or chosen people
    /// were first told how things stood (SD-03).
    pub tracked_at: Option<DateTime<Utc>>,
    /// Until when the requester may answer, while it is resolved.
    pub confirm_by: Option<DateTime<Utc>>,
    /// Whether it has gone past a stage without it (SD-03).
    pub skips_stage: bool,
    /// After when it lacks what the stage asks for at which it stands (SD-03).
    pub lacks_stage_from: Option<DateTime<Utc>>,
    /// When it was resolved, unless that was taken back.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When the service worked again, in this cycle (INC-30).
    pub restored_at: Option<DateTime<Utc>>,
    /// When it was closed, cancelled or merged, unless it was reopened.
    pub closed_at: Option<DateTime<Utc>>,
    /// When the requester last heard from the desk (SD-22).
    pub last_contact_at: Option<DateTime<Utc>>,
    /// Whether the requester has heard from the desk since the item was
    /// resolved, cancelled or merged, in this cycle (SD-04).
    pub feedback_given: bool,
    /// Whether it is read-only (SD-25).
    pub archived: bool,
    /// Until when it waits, while it is on hold and an end was named.
    pub hold_until: Option<DateTime<Utc>>,
    /// Whether the requester has answered its resolution and the desk has not.
    pub answered_after_resolution: bool,
    /// Who follows it, sorted.
    pub watchers: Vec<String>,
    /// Those whose own items go on as this one, sorted: its public side is open
    /// to them.
    pub merged_people: Vec<String>,
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
    /// What the item has been through on its way, as the rule of the stages
    /// takes it.
    fn journey(&self) -> Option<Journey> {
        let status: incident::Status = self.status.parse().ok()?;
        Some(Journey {
            standing: status.standing(),
            accepted: self.priority > 0 && self.category_code.is_some(),
            assigned: self.assigned_at.is_some(),
            processed: self.accepted_at.is_some(),
            tracked: self.tracked_at.is_some(),
            fed_back: self.feedback_given,
            closed: self.closed_at.is_some(),
            answer_by: self.confirm_by,
        })
    }

    /// The stages that it has skipped or lacks at a time (SD-03), in their
    /// order.
    pub fn gaps(&self, at: DateTime<Utc>) -> Vec<Gap> {
        let gaps = self.journey().into_iter().flat_map(Journey::gaps);
        gaps.filter(|gap| gap.holds_at(at)).collect()
    }

    /// Writes down whether there are such stages, for the queue to be asked.
    pub(super) fn note_gaps(&mut self) {
        self.skips_stage = false;
        self.lacks_stage_from = None;
        for gap in self.journey().into_iter().flat_map(Journey::gaps) {
            match gap.kind {
                GapKind::Skipped => self.skips_stage = true,
                GapKind::Lacking => {
                    let since = gap.since.unwrap_or(DateTime::UNIX_EPOCH);
                    let earliest = self.lacks_stage_from.unwrap_or(since).min(since);
                    self.lacks_stage_from = Some(earliest);
                }
            }
        }
    }

    /// The short texts of the row that stand in columns of their own and that
    /// the requester may read, in the order in which they are searched.
    fn short_texts(&self) -> impl Iterator<Item = &str> {
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
        let lists = [&self.cis, &self.external_references, &self.attachment_names];
        let fields = fields.into_iter().flatten();
        fields
            .chain(lists.into_iter().flatten())
            .map(String::as_str)
    }

    /// Every short text of the row in lower case, a line each; what only the
    /// desk may read last, behind a mark.
    fn search_text(&self) -> String {
        let custom_fields = self
            .custom_fields
            .iter()
            .flat_map(|(name, value)| [name.as_str(), value]);
        let watchers = self.watchers.iter().map(String::as_str);
        let mut search_text = String::new();
        for text in self.short_texts() {
            search::push_lowercase(&mut search_text, text);
            search_text.push('\n');
        }
        search_text.push(search::FOR_THE_DESK);
        search_text.push('\n');
        for text in watchers.chain(custom_fields) {
            search::push_lowercase(&mut search_text, text);
            search_text.push('\n');
        }
        search_text
    }

    /// Whether the short texts of the row, in small letters, are the text to be searched.
    fn implies_search_text(&self) -> bool {
        let watchers = self.watchers.iter().map(String::as_str);
        let mut texts = self.short_texts().chain(watchers);
        self.custom_fields.is_empty() && texts.all(search::has_only_ascii_case)
    }

    /// Writes the row in the order of the layout.
    pub(super) fn write(&self, row: &mut Row<'_>) {
        self.write_as(row, Written::Live);
    }

    /// The same for a past version, without what is implied in one.
    pub(super) fn write_past(&self, row: &mut Row<'_>) {
        self.write_as(row, Written::Past);
    }

    fn write_as(&self, row: &mut Row<'_>, written: Written) {
        row.uuid(self.item_id);
        row.text(&self.practice);
        row.text(&self.number);
        row.text(&self.summary);
        row.text(&self.status);
        row.text(&self.handling);
        row.text(&self.stage);
        row.boolean(self.is_open);
        row.smallint(self.priority);
        row.optional(written.flag(self.priority_overridden), Row::boolean);
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
        row.optional(written.flag(self.is_major), Row::boolean);
        row.optional(written.unless(self.hand_over_count, 0), Row::integer);
        row.optional(written.unless(self.cross_department_count, 0), Row::integer);
        row.optional(written.unless(self.urge_count, 0), Row::integer);
        row.optional(written.unless(self.cycle, 1), Row::integer);
        row.optional(written.unless(self.escalation_level, 0), Row::smallint);
        row.optional(written.unless(self.comment_count, 0), Row::integer);
        row.optional(written.unless(self.effort_minutes, 0), Row::bigint);
        row.time(self.opened_at);
        row.time(self.updated_at);
        row.time(self.registered_at);
        row.optional_time(self.expected_at);
        row.optional_time(self.assigned_at);
        row.optional_time(self.accepted_at);
        row.optional_time(self.tracked_at);
        row.optional_time(self.confirm_by);
        row.optional(written.flag(self.skips_stage), Row::boolean);
        row.optional_time(self.lacks_stage_from);
        row.optional_time(self.resolved_at);
        row.optional_time(self.restored_at);
        row.optional_time(self.closed_at);
        row.optional_time(self.last_contact_at);
        row.optional(written.flag(self.feedback_given), Row::boolean);
        row.optional(written.flag(self.archived), Row::boolean);
        row.optional_time(self.hold_until);
        row.optional(written.flag(self.answered_after_resolution), Row::boolean);
        row.optional(written.list(&self.watchers), Row::texts);
        row.optional(written.list(&self.merged_people), Row::texts);
        row.optional(written.list(&self.cis), Row::texts);
        row.optional(written.list(&self.external_references), Row::texts);
        row.optional(written.fields(&self.custom_fields), Row::jsonb);
        row.optional(written.list(&self.attachment_names), Row::texts);
        row.optional_text(written.search_text(self).as_deref());
        row.bigint(self.version);
        row.bigint(self.position);
    }
}

/// Where a row is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// Among the rows as they are now, with everything.
    Live,
    /// Among the past versions, without what is implied there.
    Past,
}

impl Written {
    fn unless<T: Copy + PartialEq>(self, value: T, implied: T) -> Option<T> {
        (self == Self::Live || value != implied).then_some(value)
    }

    fn flag(self, value: bool) -> Option<bool> {
        self.unless(value, false)
    }

    fn list(self, values: &[String]) -> Option<&[String]> {
        self.unless(values, &[])
    }

    fn fields(self, fields: &BTreeMap<String, String>) -> Option<&BTreeMap<String, String>> {
        (self == Self::Live || !fields.is_empty()).then_some(fields)
    }

    fn search_text(self, row: &WorkQueueRow) -> Option<String> {
        (self == Self::Live || !row.implies_search_text()).then(|| row.search_text())
    }
}

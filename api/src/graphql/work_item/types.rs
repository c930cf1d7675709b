//! The interface that every practice's items share.

#![expect(
    clippy::duplicated_attributes,
    reason = "several fields of the interface have one type"
)]

use async_graphql::{ID, Interface, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::TeamId;
use projections::work_queue::WorkQueueRow;

use crate::graphql::enums::{
    ContactChannel, Handling, Impact, Priority, SupportLine, Urgency, WorkItemStatus,
};
use crate::graphql::ids::{self, Kind};
use crate::graphql::incident::Incident;
use crate::graphql::scalars::Long;

/// A work item of any practice: what all of them have in common.
#[derive(Interface)]
#[graphql(
    field(name = "id", ty = "ID", desc = "The item's global id."),
    field(
        name = "practice",
        ty = "String",
        desc = "The practice it belongs to, such as `incident`."
    ),
    field(
        name = "number",
        ty = "String",
        desc = "Unique in the practice, shown to people."
    ),
    field(
        name = "summary",
        ty = "String",
        desc = "What it is about, in one line."
    ),
    field(name = "status", ty = "WorkItemStatus", desc = "Where it stands."),
    field(name = "is_open", ty = "bool", desc = "Whether it still accepts work."),
    field(
        name = "handling",
        ty = "Handling",
        desc = "How far the hand-over to its team has come."
    ),
    field(name = "priority", ty = "Priority", desc = "How important it is."),
    field(
        name = "impact",
        ty = "Option<Impact>",
        desc = "How much of the business is affected."
    ),
    field(
        name = "urgency",
        ty = "Option<Urgency>",
        desc = "How soon a solution is needed."
    ),
    field(
        name = "category",
        ty = "Option<CategoryRef>",
        desc = "What it is filed under."
    ),
    field(
        name = "service",
        ty = "Option<String>",
        desc = "The service concerned, by its code."
    ),
    field(name = "requester", ty = "Option<String>", desc = "Who asked."),
    field(
        name = "affected_person",
        ty = "Option<String>",
        desc = "Who suffers from it, where that is somebody else."
    ),
    field(
        name = "contact_channel",
        ty = "ContactChannel",
        desc = "How the contact was made."
    ),
    field(
        name = "team",
        ty = "Option<AssignedTeam>",
        desc = "The team that has it."
    ),
    field(
        name = "assignee",
        ty = "Option<String>",
        desc = "The person who has it."
    ),
    field(
        name = "hand_over_count",
        ty = "i32",
        desc = "How often it went from one team to another."
    ),
    field(
        name = "opened_at",
        ty = "DateTime<Utc>",
        desc = "When the first contact was made."
    ),
    field(
        name = "updated_at",
        ty = "DateTime<Utc>",
        desc = "When something last happened to it, in the world."
    ),
    field(
        name = "archived",
        ty = "bool",
        desc = "Whether it is read-only for good."
    ),
    field(
        name = "version",
        ty = "Long",
        desc = "How many events its stream has."
    ),
    field(
        name = "position",
        ty = "Long",
        desc = "The position of its last event in the log."
    )
)]
pub(crate) enum WorkItem {
    /// An incident.
    Incident(Box<Incident>),
}

/// A category, as of a version of the tree.
#[derive(SimpleObject)]
pub(crate) struct CategoryRef {
    /// The category's code.
    code: String,
    /// The version of the tree that the item was filed by.
    tree_version: u32,
}

impl CategoryRef {
    pub(crate) fn of(row: &WorkQueueRow) -> Option<Self> {
        Some(Self {
            code: row.category_code.clone()?,
            tree_version: u32::try_from(row.category_tree_version?).unwrap_or_default(),
        })
    }
}

/// The team that has an item, as it was when the item went to it.
#[derive(SimpleObject)]
pub(crate) struct AssignedTeam {
    /// The team's global id.
    id: ID,
    /// Its name then.
    name: String,
    /// Its support line then.
    line: SupportLine,
    /// Its department then.
    department: String,
}

impl AssignedTeam {
    pub(crate) fn of(row: &WorkQueueRow) -> Option<Self> {
        let line = match row.line? {
            1 => SupportLine::First,
            2 => SupportLine::Second,
            _ => SupportLine::Third,
        };
        Some(Self {
            id: ids::encode(Kind::Team, TeamId(row.team_id?).0),
            name: row.team_name.clone()?,
            line,
            department: row.department.clone()?,
        })
    }
}

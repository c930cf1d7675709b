//! How a list of work items is ordered.

use async_graphql::{Enum, InputObject, Result};
use projections::work_queue::{Direction, Order, OrderBy};

use crate::error::{at_field, code};
use crate::graphql::viewer::Viewer;

/// By what a list is ordered: each column of the queue but the custom fields,
/// which have no order among each other. `OPENED_AT`, `PRIORITY` and `NUMBER`
/// follow indexes, however long the list is; the others sort what the filter
/// leaves. Requesters are refused orders by what the desk knows among itself.
/// What has no value is greater than everything that has one. Texts are ordered
/// by their characters, and not by a language.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "OrderBy")]
pub(crate) enum WorkItemOrderField {
    /// When the first contact was made.
    OpenedAt,
    /// When something last happened.
    UpdatedAt,
    /// How important it is; `P1` comes first when ascending.
    Priority,
    /// Its number.
    Number,
    /// Where it stands.
    Status,
    /// The practice, by its name.
    Practice,
    /// What it is about.
    Summary,
    /// Whether it still accepts work; what does not comes first when ascending.
    IsOpen,
    /// How far the hand-over has come, by its name.
    Handling,
    /// Whether somebody overruled the matrix; what the matrix said comes first
    /// when ascending.
    PriorityOverridden,
    /// How much of the business is affected; `HIGH` comes first when ascending.
    Impact,
    /// How soon a solution is needed; `HIGH` comes first when ascending.
    Urgency,
    /// The version of the priority matrix that it was judged by.
    MatrixVersion,
    /// What it is filed under, by its code.
    Category,
    /// The version of the category tree that it was filed by.
    CategoryTreeVersion,
    /// The service concerned, by its code.
    Service,
    /// Who asked.
    Requester,
    /// Who suffers from it.
    AffectedPerson,
    /// How the contact was made, by its name.
    ContactChannel,
    /// The team that has it, by its name.
    Team,
    /// The team's support line.
    Line,
    /// The team's department.
    Department,
    /// The person who has it.
    Assignee,
    /// Whether it is a major incident; what is none comes first when ascending.
    IsMajor,
    /// How often it went from one team to another.
    HandOverCount,
    /// How often it went from one department to another.
    CrossDepartmentCount,
    /// How often it was urged.
    UrgeCount,
    /// Its cycle.
    Cycle,
    /// How high management has been told.
    EscalationLevel,
    /// How many comments there are.
    CommentCount,
    /// How much time was spent on it.
    EffortMinutes,
    /// When the desk recorded it.
    RegisteredAt,
    /// When it is expected to be resolved. Of open items alone, the list
    /// follows an index.
    ExpectedResolutionAt,
    /// When it was first assigned.
    AssignedAt,
    /// When a team first accepted it.
    AcceptedAt,
    /// When it was resolved.
    ResolvedAt,
    /// When the service worked again.
    RestoredAt,
    /// When it was closed.
    ClosedAt,
    /// When the requester last heard from the desk.
    LastContactAt,
    /// Whether the requester has heard from the desk; what has no answer comes
    /// first when ascending.
    FeedbackGiven,
    /// Whether it is read-only for good; what is not comes first when ascending.
    Archived,
    /// Until when it waits, while it is on hold.
    HoldUntil,
    /// Whether the requester has answered the resolution and the desk has not;
    /// what is not so comes first when ascending.
    AnsweredAfterResolution,
    /// Who follows it: the first name, then the next.
    Watchers,
    /// The configuration items concerned: the first, then the next.
    ConfigurationItems,
    /// Its numbers in other systems: the first, then the next.
    ExternalReferences,
    /// The names of its files: the first, then the next.
    AttachmentNames,
    /// How many events its stream has.
    Version,
    /// The position of its last event in the log.
    Position,
}

/// Which end comes first.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderDirection {
    /// The smallest or earliest.
    Asc,
    /// The greatest or latest.
    Desc,
}

/// The order of a list; items that are equal in it follow their identity.
#[derive(InputObject, Debug, Clone, Copy)]
pub(crate) struct WorkItemOrderInput {
    /// By what.
    field: WorkItemOrderField,
    /// Which end comes first.
    direction: OrderDirection,
}

impl WorkItemOrderField {
    /// Whether it is what the desk knows among itself: an order, too, tells it.
    pub(super) fn is_internal(self) -> bool {
        matches!(
            self,
            Self::PriorityOverridden
                | Self::EscalationLevel
                | Self::CommentCount
                | Self::EffortMinutes
                | Self::Watchers
        )
    }
}

/// The order asked for, or the newest first.
pub(crate) fn order(input: Option<WorkItemOrderInput>, viewer: &Viewer) -> Result<Order> {
    if !viewer.sees_internal() && input.is_some_and(|input| input.field.is_internal()) {
        let message = "requesters do not order by what the desk knows among itself";
        return Err(at_field(code::FORBIDDEN, message, "orderBy"));
    }
    Ok(input.map_or(
        Order {
            by: OrderBy::OpenedAt,
            direction: Direction::Descending,
        },
        |input| Order {
            by: input.field.into(),
            direction: match input.direction {
                OrderDirection::Asc => Direction::Ascending,
                OrderDirection::Desc => Direction::Descending,
            },
        },
    ))
}

//! What a list of items can be ordered by: each column of the queue that holds
//! one value, and the lists by their first entries. What an item is ordered by
//! is said twice, in SQL and of a row in memory: the second is where a page
//! ends.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};
use strum::{EnumIter, EnumString};

use super::{LAYOUT, PAST, WorkQueueRow};
use crate::AsOf;

/// What a list of items is ordered by. Items that are equal in it are ordered
/// by their ids. An item without a value comes behind those that have one, or
/// before them where the greatest or latest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, EnumString)]
pub enum OrderBy {
    /// When the first contact was made.
    OpenedAt,
    /// When the last event was so in the world.
    UpdatedAt,
    /// How important they are, and then when the first contact was made.
    Priority,
    /// What they are called.
    Number,
    /// Where they stand, by the status's name.
    Status,
    /// The practice, by its name.
    Practice,
    /// What they are about.
    Summary,
    /// Whether they still accept work; those that do not come first.
    IsOpen,
    /// How far the hand-over has come, by its name.
    Handling,
    /// Whether somebody overruled the matrix; those not overruled come first.
    PriorityOverridden,
    /// How much of the business is affected, the most first.
    Impact,
    /// How soon a solution is needed, the soonest first.
    Urgency,
    /// The version of the matrix that they were judged by.
    MatrixVersion,
    /// What they are filed under, by its code.
    Category,
    /// The version of the tree that they were filed by.
    CategoryTreeVersion,
    /// The service concerned, by its code.
    Service,
    /// Who asked.
    Requester,
    /// Who suffers from it.
    AffectedPerson,
    /// How the contact was made, by its name.
    ContactChannel,
    /// The team that has them, by its name.
    Team,
    /// The team's support line.
    Line,
    /// The team's department.
    Department,
    /// The person who has them.
    Assignee,
    /// Whether they are major incidents; the others come first.
    IsMajor,
    /// How often they went from one team to another.
    HandOverCount,
    /// How often they went from one department to another.
    CrossDepartmentCount,
    /// How often they were urged.
    UrgeCount,
    /// How often they were begun.
    Cycle,
    /// How high management has been told.
    EscalationLevel,
    /// How many comments they have.
    CommentCount,
    /// How much time was spent on them.
    EffortMinutes,
    /// When the desk recorded them.
    RegisteredAt,
    /// When they are expected to be resolved.
    ExpectedResolutionAt,
    /// When they were first assigned.
    AssignedAt,
    /// When they were first accepted.
    AcceptedAt,
    /// When they were resolved.
    ResolvedAt,
    /// When the service worked again.
    RestoredAt,
    /// When they were closed.
    ClosedAt,
    /// When the requester last heard from the desk.
    LastContactAt,
    /// Whether the requester has heard from the desk; those who have not come
    /// first.
    FeedbackGiven,
    /// Whether they are read-only; the others come first.
    Archived,
    /// Until when they wait, while they are on hold.
    HoldUntil,
    /// Whether the requester has answered the resolution and the desk has not;
    /// the others come first.
    AnsweredAfterResolution,
    /// Who follows them.
    Watchers,
    /// The configuration items concerned.
    ConfigurationItems,
    /// Their numbers in other systems.
    ExternalReferences,
    /// The names of their files.
    AttachmentNames,
    /// How many events their streams have.
    Version,
    /// The positions of their last events.
    Position,
}

/// A value that an item has in an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Value {
    #[serde(rename = "t")]
    Time(DateTime<Utc>),
    #[serde(rename = "n")]
    Number(i64),
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "b")]
    Flag(bool),
    #[serde(rename = "l")]
    Texts(Vec<String>),
}

/// A part of what a list is ordered by.
pub(super) struct OrderKey {
    sql: Sql,
    /// The type of the value in SQL.
    cast: &'static str,
    /// Whether there are items without a value.
    pub(super) is_nullable: bool,
    /// The value of a row.
    pub(super) of: fn(&WorkQueueRow) -> Option<Value>,
}

/// How a value is read from a version `q`.
enum Sql {
    /// A column.
    Column(&'static str),
    /// A text that is ordered by its characters and not by a language.
    Text(&'static str),
    /// A name of the domain whose order is not that of its letters.
    Ranked(&'static str),
}

const RANKS: [&str; 3] = ["High", "Medium", "Low"];

fn time(column: &'static str, of: fn(&WorkQueueRow) -> Option<Value>) -> OrderKey {
    OrderKey {
        sql: Sql::Column(column),
        cast: "timestamptz",
        is_nullable: false,
        of,
    }
}

fn number(column: &'static str, of: fn(&WorkQueueRow) -> Option<Value>) -> OrderKey {
    OrderKey {
        cast: "bigint",
        ..time(column, of)
    }
}

fn text(column: &'static str, of: fn(&WorkQueueRow) -> Option<Value>) -> OrderKey {
    OrderKey {
        sql: Sql::Text(column),
        cast: "text",
        ..time(column, of)
    }
}

fn texts(column: &'static str, of: fn(&WorkQueueRow) -> Option<Value>) -> OrderKey {
    OrderKey {
        cast: "text[]",
        ..text(column, of)
    }
}

fn flag(column: &'static str, of: fn(&WorkQueueRow) -> Option<Value>) -> OrderKey {
    OrderKey {
        cast: "boolean",
        ..time(column, of)
    }
}

fn ranked(column: &'static str, of: fn(&WorkQueueRow) -> Option<Value>) -> OrderKey {
    OrderKey {
        sql: Sql::Ranked(column),
        cast: "integer",
        is_nullable: true,
        of,
    }
}

fn perhaps(key: OrderKey) -> OrderKey {
    OrderKey {
        is_nullable: true,
        ..key
    }
}

fn count(number: impl Into<i64>) -> Value {
    Value::Number(number.into())
}

fn rank(name: Option<&String>) -> Option<Value> {
    let rank = RANKS
        .iter()
        .position(|rank| Some(*rank) == name.map(String::as_str))?;
    i64::try_from(rank).ok().map(Value::Number)
}

fn words(text: &str) -> Value {
    Value::Text(text.to_owned())
}

impl OrderBy {
    /// What the items are ordered by, the item's id following. One that not
    /// all items have stands alone.
    pub(super) fn keys(self) -> Vec<OrderKey> {
        use Value::{Flag, Texts, Time};
        let opened_at = || time("opened_at", |row| Some(Time(row.opened_at)));
        vec![match self {
            Self::OpenedAt => opened_at(),
            Self::Priority => {
                let priority = OrderKey {
                    cast: "smallint",
                    ..number("priority", |row| Some(count(row.priority)))
                };
                return vec![priority, opened_at()];
            }
            Self::UpdatedAt => time("updated_at", |row| Some(Time(row.updated_at))),
            Self::Number => text("number", |row| Some(words(&row.number))),
            Self::Status => text("status", |row| Some(words(&row.status))),
            Self::Practice => text("practice", |row| Some(words(&row.practice))),
            Self::Summary => text("summary", |row| Some(words(&row.summary))),
            Self::IsOpen => flag("is_open", |row| Some(Flag(row.is_open))),
            Self::Handling => text("handling", |row| Some(words(&row.handling))),
            Self::PriorityOverridden => flag("priority_overridden", |row| {
                Some(Flag(row.priority_overridden))
            }),
            Self::Impact => ranked("impact", |row| rank(row.impact.as_ref())),
            Self::Urgency => ranked("urgency", |row| rank(row.urgency.as_ref())),
            Self::MatrixVersion => perhaps(number("matrix_version", |row| {
                row.matrix_version.map(count)
            })),
            Self::Category => perhaps(text("category_code", |row| {
                row.category_code.as_deref().map(words)
            })),
            Self::CategoryTreeVersion => perhaps(number("category_tree_version", |row| {
                row.category_tree_version.map(count)
            })),
            Self::Service => perhaps(text("service", |row| row.service.as_deref().map(words))),
            Self::Requester => {
                perhaps(text("requester", |row| row.requester.as_deref().map(words)))
            }
            Self::AffectedPerson => perhaps(text("affected_person", |row| {
                row.affected_person.as_deref().map(words)
            })),
            Self::ContactChannel => {
                text("contact_channel", |row| Some(words(&row.contact_channel)))
            }
            Self::Team => perhaps(text("team_name", |row| row.team_name.as_deref().map(words))),
            Self::Line => perhaps(number("line", |row| row.line.map(count))),
            Self::Department => perhaps(text("department", |row| {
                row.department.as_deref().map(words)
            })),
            Self::Assignee => perhaps(text("person", |row| row.person.as_deref().map(words))),
            Self::IsMajor => flag("is_major", |row| Some(Flag(row.is_major))),
            Self::HandOverCount => {
                number("hand_over_count", |row| Some(count(row.hand_over_count)))
            }
            Self::CrossDepartmentCount => number("cross_department_count", |row| {
                Some(count(row.cross_department_count))
            }),
            Self::UrgeCount => number("urge_count", |row| Some(count(row.urge_count))),
            Self::Cycle => number("cycle", |row| Some(count(row.cycle))),
            Self::EscalationLevel => {
                number("escalation_level", |row| Some(count(row.escalation_level)))
            }
            Self::CommentCount => number("comment_count", |row| Some(count(row.comment_count))),
            Self::EffortMinutes => number("effort_minutes", |row| Some(count(row.effort_minutes))),
            Self::RegisteredAt => time("registered_at", |row| Some(Time(row.registered_at))),
            Self::ExpectedResolutionAt => {
                perhaps(time("expected_at", |row| row.expected_at.map(Time)))
            }
            Self::AssignedAt => perhaps(time("assigned_at", |row| row.assigned_at.map(Time))),
            Self::AcceptedAt => perhaps(time("accepted_at", |row| row.accepted_at.map(Time))),
            Self::ResolvedAt => perhaps(time("resolved_at", |row| row.resolved_at.map(Time))),
            Self::RestoredAt => perhaps(time("restored_at", |row| row.restored_at.map(Time))),
            Self::ClosedAt => perhaps(time("closed_at", |row| row.closed_at.map(Time))),
            Self::LastContactAt => {
                perhaps(time("last_contact_at", |row| row.last_contact_at.map(Time)))
            }
            Self::FeedbackGiven => flag("feedback_given", |row| Some(Flag(row.feedback_given))),
            Self::Archived => flag("archived", |row| Some(Flag(row.archived))),
            Self::HoldUntil => perhaps(time("hold_until", |row| row.hold_until.map(Time))),
            Self::AnsweredAfterResolution => flag("answered_after_resolution", |row| {
                Some(Flag(row.answered_after_resolution))
            }),
            Self::Watchers => texts("watchers", |row| Some(Texts(row.watchers.clone()))),
            Self::ConfigurationItems => texts("cis", |row| Some(Texts(row.cis.clone()))),
            Self::ExternalReferences => texts("external_references", |row| {
                Some(Texts(row.external_references.clone()))
            }),
            Self::AttachmentNames => texts("attachment_names", |row| {
                Some(Texts(row.attachment_names.clone()))
            }),
            Self::Version => number("version", |row| Some(count(row.version))),
            Self::Position => number("position", |row| Some(count(row.position))),
        }]
    }

    /// The values of a row.
    pub(super) fn values(self, row: &WorkQueueRow) -> Vec<Option<Value>> {
        self.keys().iter().map(|key| (key.of)(row)).collect()
    }

    /// What says, of a version `q` as of a point, that it has no value; nothing
    /// where every item has one.
    pub(super) fn is_missing(self, as_of: AsOf) -> Option<String> {
        let [key] = &*self.keys() else { return None };
        key.is_nullable
            .then(|| format!("{} is null", key.expression(as_of)))
    }
}

impl OrderKey {
    /// The value of a version `q`, which may have left empty what is implied.
    pub(super) fn expression(&self, as_of: AsOf) -> String {
        let layout = match as_of {
            AsOf::Now => &LAYOUT,
            AsOf::Position(_) => &PAST,
        };
        match self.sql {
            Sql::Column(column) => layout.value(column),
            Sql::Text(column) => format!("{} collate \"C\"", layout.value(column)),
            Sql::Ranked(column) => {
                let ranks = RANKS.iter().enumerate();
                let ranks: Vec<String> = ranks
                    .map(|(rank, name)| format!("when '{name}' then {rank}"))
                    .collect();
                format!("case q.{column} {} end", ranks.join(" "))
            }
        }
    }

    /// Adds a value of the key.
    pub(super) fn push_value(&self, query: &mut QueryBuilder<'_, Postgres>, value: &Value) {
        match value {
            Value::Time(time) => query.push_bind(*time),
            Value::Number(number) => query.push_bind(*number),
            Value::Text(text) => query.push_bind(text.clone()),
            Value::Flag(flag) => query.push_bind(*flag),
            Value::Texts(texts) => query.push_bind(texts.clone()),
        };
        query.push("::").push(self.cast);
    }
}

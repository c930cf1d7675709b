//! Who works on an item: teams on three support lines, and people in them.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumIter, EnumString};

use crate::ids::{PersonId, TeamId};
use crate::text::Line;

/// 支持线: the depth of expertise. Functional escalation goes from the first
/// to the third (SUP-01).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    AsRefStr,
    EnumIter,
    EnumString,
)]
pub enum SupportLine {
    /// 一线: the service desk.
    First,
    /// 二线: the specialists of an area.
    Second,
    /// 三线: developers, vendors, architects.
    Third,
}

/// A team as it was when an item went to it. The department stands here
/// because hand-overs between departments are counted by the organisation as
/// of then (KPI-18).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamRef {
    /// Which team.
    pub id: TeamId,
    /// Its name at that time.
    pub name: String,
    /// Its support line at that time.
    pub line: SupportLine,
    /// Its department at that time.
    pub department: String,
}

/// Where an item is to go: the facts of the team and the person, looked up by
/// whoever gives the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignee {
    /// The team.
    pub team: TeamRef,
    /// Whether the team works at all at present.
    pub team_is_active: bool,
    /// The person in the team, if one is meant.
    pub person: Option<PersonId>,
    /// Whether that person is an active member of the team.
    pub person_is_member: bool,
}

/// How far the hand-over to the assigned team has come.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, AsRefStr, EnumString,
)]
pub enum Handling {
    /// No team has it.
    #[default]
    Unassigned,
    /// A team has it and has not confirmed (待确认).
    Assigned,
    /// The team has confirmed it (已确认).
    Accepted,
    /// The team has sent it back (已退回).
    Returned,
}

/// Whom an item is forwarded to (INC-21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardTo {
    /// A team of this desk.
    Team(Assignee),
    /// The platform of another organisation, under that platform's reference.
    Platform {
        /// The other platform.
        platform: Line,
        /// The item's number there.
        reference: Line,
    },
}

//! Impact, urgency and the priority that follows from them (ITIL 4: the
//! relative importance of a work item). The matrix that maps one to the other
//! is configuration, see [`crate::configuration::PriorityMatrix`].

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumIter, EnumString};

/// 影响度: how much of the business is affected.
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
pub enum Impact {
    /// A whole service, region or customer group.
    High,
    /// A team, or a service in part.
    Medium,
    /// One person, or a mere nuisance.
    Low,
}

/// 紧急度: how soon a solution is needed.
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
pub enum Urgency {
    /// The damage grows quickly.
    High,
    /// The damage grows slowly.
    Medium,
    /// It can wait.
    Low,
}

/// 优先级: the order in which items are worked on; `P1` comes first.
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
pub enum Priority {
    /// Critical.
    P1,
    /// High.
    P2,
    /// Moderate.
    P3,
    /// Low.
    P4,
    /// Planned.
    P5,
}

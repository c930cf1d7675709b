//! Identities. Each is a type of its own, so that a team can never be passed
//! where a work item is meant.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text::checked_text;

/// Names of everything that the desk itself identifies (UUID version 5).
pub const DESK_NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_7a52_0b1e_5c3a_9d2e_d0c4_e7a1_15e5);

/// A work item of any practice. Time-ordered (UUID version 7), so that the
/// newest items lie together in every index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkItemId(pub Uuid);

impl fmt::Display for WorkItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A team of people who work on items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TeamId(pub Uuid);

impl fmt::Display for TeamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TeamId {
    /// The identity of the team that is known by this code. The same code is
    /// always the same team, on every desk that imports it.
    pub fn from_code(code: &str) -> Self {
        Self(Uuid::new_v5(
            &DESK_NAMESPACE,
            format!("team:{code}").as_bytes(),
        ))
    }
}

/// An API token: its identity, never its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub Uuid);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

checked_text! {
    /// A person, by the name they are known by in the organisation's directory
    /// (a login, a staff number).
    PersonId, 100, char::is_control
}
checked_text! {
    /// A configuration item, by its identity key.
    CiId, 100, char::is_control
}
checked_text! {
    /// A service of the catalogue, by its code.
    ServiceCode, 100, char::is_control
}
checked_text! {
    /// A category, by its code in the category tree.
    CategoryCode, 100, char::is_control
}
checked_text! {
    /// A knowledge article, by its number.
    ArticleId, 100, char::is_control
}

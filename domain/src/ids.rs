//! Identities. Each is a type of its own, so that a team can never be passed
//! where a work item is meant.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::likeness;
use crate::text::{self, TextRefused, checked_text};

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
    /// The identity of the team that is known by this code, or by one that
    /// looks like it. The same code is always the same team, on every desk that
    /// imports it.
    pub fn from_code(code: &str) -> Self {
        Self(Uuid::new_v5(
            &DESK_NAMESPACE,
            format!("team:{}", likeness::look(code)).as_bytes(),
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

/// A person, by the name they are known by in the organisation's directory
/// (a login, a staff number).
///
/// The name is kept folded ([`crate::likeness::folded`]): `Zhao.Min` is
/// `zhao.min`, wherever and however it was written, so that the names of one
/// person are equal in every comparison, in memory and in SQL. What people are
/// called, with its capitals, stands beside the name where it matters, such as
/// in a team.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(#[serde(deserialize_with = "folded_name")] String);

impl PersonId {
    /// The longest one, in characters.
    pub const MAX_CHARS: usize = 100;

    /// Folds it and checks it: not empty, not too long, and without the
    /// characters that have no place in a line.
    pub fn new(name: &str) -> Result<Self, TextRefused> {
        text::checked(name, Self::MAX_CHARS, text::has_no_place_in_line)?;
        text::checked(
            &likeness::folded(name),
            Self::MAX_CHARS,
            text::has_no_place_in_line,
        )
        .map(Self)
    }

    /// The name, folded.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A log may have been written by another program.
fn folded_name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    let is_folded = name
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    Ok(if is_folded {
        name
    } else {
        likeness::folded(&name)
    })
}

checked_text! {
    /// A configuration item, by its identity key.
    CiId, 100, text::has_no_place_in_line
}
checked_text! {
    /// A service of the catalogue, by its code.
    ServiceCode, 100, text::has_no_place_in_line
}
checked_text! {
    /// A category, by its code in the category tree.
    CategoryCode, 100, text::has_no_place_in_line
}
checked_text! {
    /// A knowledge article, by its number.
    ArticleId, 100, text::has_no_place_in_line
}

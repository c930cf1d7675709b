//! Identities. Each is a type of its own, so that a team can never be passed
//! where a work item is meant.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text::TextRefused;

/// Names of everything that the desk itself identifies (UUID version 5).
pub const DESK_NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_7a52_0b1e_5c3a_9d2e_d0c4_e7a1_15e5);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! key_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The longest key, in characters.
            pub const MAX_CHARS: usize = 100;

            /// Takes a key after trimming it; refuses an empty one, one that is
            /// too long and one with control characters.
            pub fn new(key: &str) -> Result<Self, TextRefused> {
                crate::text::checked(key, Self::MAX_CHARS, |c| c.is_control()).map(Self)
            }

            /// The key as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

uuid_id! {
    /// A work item of any practice. Time-ordered (UUID version 7), so that the
    /// newest items lie together in every index.
    WorkItemId
}
uuid_id! {
    /// A team of people who work on items.
    TeamId
}
uuid_id! {
    /// An API token: its identity, never its secret.
    TokenId
}
key_id! {
    /// A person, by the name they are known by in the organisation's directory
    /// (a login, a staff number).
    PersonId
}
key_id! {
    /// A configuration item, by its identity key.
    CiId
}
key_id! {
    /// A service of the catalogue, by its code.
    ServiceCode
}
key_id! {
    /// A category, by its code in the category tree.
    CategoryCode
}
key_id! {
    /// A knowledge article, by its number.
    ArticleId
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

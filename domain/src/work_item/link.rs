//! What an item is connected with: other items, files, other systems.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumIter, EnumString};

use crate::ids::{PersonId, WorkItemId};
use crate::text::Line;

/// How one work item stands to another, read from the item that holds the
/// link: "this item is *caused by* that one".
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
pub enum Relation {
    /// The other item is a part of this one.
    ParentOf,
    /// The other item reports the same.
    DuplicateOf,
    /// The other item, a change, brought this one about.
    CausedBy,
    /// The other item, a problem, is what lies beneath this one.
    SymptomOf,
    /// The other item, a change, ends this one.
    ResolvedBy,
    /// This item does what the other one asks for.
    Fulfils,
    /// The other item, a release, brings this one out.
    ReleasedIn,
    /// The two have to do with each other.
    RelatesTo,
}

impl Relation {
    /// Whether it says the same from either end. Such a link stands once; all
    /// others lead from one item to another and never in a circle.
    pub const fn is_symmetrical(self) -> bool {
        matches!(self, Self::RelatesTo)
    }
}

/// The other end of a link, with what deciding about it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget {
    /// The other item.
    pub id: WorkItemId,
    /// Its number.
    pub number: String,
    /// Whether links of the relation that is wanted lead from the other item
    /// back to this one: over any number of items, or, where the relation is
    /// symmetrical, directly.
    pub leads_back: bool,
    /// Whether it still accepts work (not closed, cancelled or merged).
    pub is_open: bool,
}

/// An item that goes on as another one, with those whom it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedItem {
    /// The item that was merged.
    pub id: WorkItemId,
    /// Its number.
    pub number: String,
    /// Those whom it is about.
    pub people: Vec<PersonId>,
}

/// A length in bytes, which every reader of JSON holds exactly: 9 petabytes at
/// most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteCount(u64);

impl ByteCount {
    /// The largest length: beyond it, numbers of JSON are rounded (RFC 8785).
    pub const MAX: u64 = (1 << 53) - 1;

    /// A length; nothing where it is too large.
    pub fn new(bytes: u64) -> Option<Self> {
        (bytes <= Self::MAX).then_some(Self(bytes))
    }
}

impl From<u32> for ByteCount {
    fn from(bytes: u32) -> Self {
        Self(bytes.into())
    }
}

/// A file that belongs to an item. Its bytes live outside the log under their
/// hash; the hash is in the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file's name.
    pub name: Line,
    /// Its media type, such as `image/png`.
    pub media_type: Line,
    /// Its length in bytes.
    pub size_bytes: ByteCount,
    /// The SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// The number that an item has in another system (PLT-04).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExternalReference {
    /// The other system.
    pub system: Line,
    /// The item's number there.
    pub reference: Line,
}

//! What can be asked of a configuration.

use chrono::{DateTime, Utc};

use crate::text::Text;

/// A step in the life of a configuration with content `C`.
#[derive(Debug, Clone, PartialEq)]
pub enum Command<C> {
    /// Writes a draft, replacing the one there is and its review.
    SaveDraft(C),
    /// A second person finds the draft right.
    PassReview,
    /// Makes the reviewed draft the next version.
    Publish {
        /// From when the version holds; later than the version before it, and
        /// at most two years ahead.
        effective_from: DateTime<Utc>,
    },
    /// Withdraws the draft, reviewed or not.
    DiscardDraft,
    /// Takes a published version back before it holds.
    Withdraw {
        /// Which version.
        version: u32,
        /// Why.
        reason: Text,
    },
}

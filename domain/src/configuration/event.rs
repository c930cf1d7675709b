//! What happens to a configuration. The one who drafted stands in the event
//! because the four-eyes rule decides by it.

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use strum::{AsRefStr, VariantNames};

use crate::ids::PersonId;
use crate::text::Text;

/// A fact in the life of a configuration with content `C`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, AsRefStr, VariantNames)]
#[serde(tag = "type", bound = "C: Serialize + DeserializeOwned")]
pub enum Event<C> {
    /// A draft was written.
    DraftSaved {
        /// Who wrote it, and so may not review it.
        drafted_by: PersonId,
        /// The whole content.
        content: C,
    },
    /// The draft was found right by a second person.
    ReviewPassed {
        /// Who reviewed it.
        reviewed_by: PersonId,
    },
    /// A version was published; it never changes again.
    Published {
        /// Counted from 1 without gaps.
        version: u32,
        /// From when it holds.
        effective_from: DateTime<Utc>,
        /// The whole content.
        content: C,
    },
    /// The draft was withdrawn.
    DraftDiscarded {},
    /// A published version was taken back before it held. Its number is not
    /// given again.
    VersionWithdrawn {
        /// Which version.
        version: u32,
        /// Why.
        reason: Text,
    },
}

impl<C> DomainEvent for Event<C>
where
    C: Clone + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned + Send + Sync,
{
    fn event_type(&self) -> String {
        self.as_ref().to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

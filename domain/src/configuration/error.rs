//! Why a step in the life of a configuration is refused.

use chrono::{DateTime, Utc};
use strum::{AsRefStr, VariantNames};

use crate::Refusal;

/// A rule of the configuration life cycle that forbids a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, AsRefStr, VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", prefix = "CONFIGURATION_")]
pub enum Error {
    /// There is nothing to review, publish or discard.
    #[error("there is no draft")]
    NoDraft,
    /// The author may not review.
    #[error("a draft is reviewed by a second person, not by the one who wrote it")]
    OwnReview,
    /// The draft has been reviewed already.
    #[error("the draft has been reviewed already")]
    AlreadyReviewed,
    /// Nobody has reviewed the draft.
    #[error("the draft has not been reviewed")]
    NotReviewed,
    /// Versions hold one after the other.
    #[error("a version must hold from later than the one before it, which holds from {previous}")]
    NotAfterPrevious {
        /// From when the version before it holds.
        previous: DateTime<Utc>,
    },
    /// A slip of the pen would freeze the configuration for years.
    #[error("a version holds from two years ahead at the latest, which is {latest}")]
    TooFarAhead {
        /// The latest time from which a version may hold.
        latest: DateTime<Utc>,
    },
    /// There is no such version, or it was withdrawn.
    #[error("there is no version {version} that could be withdrawn")]
    NoSuchVersion {
        /// What was asked for.
        version: u32,
    },
    /// Items have been judged by the version.
    #[error("version {version} holds since {since}; a version is withdrawn before it holds")]
    HoldsAlready {
        /// Which version.
        version: u32,
        /// From when it holds.
        since: DateTime<Utc>,
    },
    /// Only an administrator, or an import, configures the desk.
    #[error("only an administrator may do this")]
    NotAdministrator,
    /// The content contradicts itself.
    #[error("{0}")]
    ContentInvalid(ContentProblem),
}

/// What is wrong with a content, in one sentence for the one who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ContentProblem(pub String);

impl Refusal for Error {
    fn code(&self) -> String {
        self.as_ref().to_owned()
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::NotAfterPrevious { .. } | Self::TooFarAhead { .. } => Some("effectiveFrom"),
            Self::NoSuchVersion { .. } | Self::HoldsAlready { .. } => Some("version"),
            Self::ContentInvalid(_) => Some("content"),
            _ => None,
        }
    }
}

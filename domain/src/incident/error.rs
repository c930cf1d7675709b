//! Why a step of an incident is refused.

use chrono::{DateTime, Utc};
use strum::{AsRefStr, VariantNames};

use super::{IncidentAction, Status};
use crate::Refusal;
use crate::work_item::WorkRefusal;

/// A rule of the incident practice that forbids a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, AsRefStr, VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", prefix = "INCIDENT_")]
pub enum Error {
    /// A rule of the kernel.
    #[error(transparent)]
    Work(#[from] WorkRefusal),
    /// There is no such incident.
    #[error("there is no such incident")]
    NotFound,
    /// The stream has an incident already.
    #[error("this incident is registered already")]
    AlreadyRegistered,
    /// The status does not allow the step.
    #[error("an incident that is {} cannot take the step {}", status.in_words(), action.as_ref())]
    ActionNotPossible {
        /// Where it stands.
        status: Status,
        /// What was asked.
        action: IncidentAction,
    },
    /// No, or too few, like incidents are resolved.
    #[error(
        "too few like incidents that took longer are resolved, from which a time could be computed"
    )]
    NothingToCompare,
    /// Category or priority changed while the history was looked through.
    #[error("category or priority have changed meanwhile: compute the time again")]
    ComparedWithOthers,
    /// A time in the past cannot be expected.
    #[error("the expected time lies in the past")]
    ExpectationInThePast,
    /// A hold cannot end before it begins.
    #[error("a hold cannot end before it begins")]
    HoldEndsBeforeItBegins,
    /// The service was restored already.
    #[error("the service was restored already")]
    AlreadyRestored,
    /// What happens at the first contact is the first line's.
    #[error("only the first line gives support and resolves at the first contact")]
    NotFirstLine,
    /// Nothing helped.
    #[error("initial support is an answer, an article or a workaround: name one of them")]
    NoSupport,
    /// The desk declares the closing.
    #[error(
        "the service desk declares an incident closed: an agent of the first line, or a coordinator"
    )]
    NotServiceDesk,
    /// The review is not completed.
    #[error("the post-incident review must be completed before the incident is closed")]
    ReviewMissing,
    /// No review was asked for, or it is completed.
    #[error("no review is due")]
    NoReviewDue,
    /// Who ended the incident does not review that.
    #[error(
        "the review is completed by somebody else than whoever resolved, cancelled or merged the incident"
    )]
    ReviewerEndedIt,
    /// A review was asked for already.
    #[error("a review is due already")]
    ReviewAlreadyDue,
    /// The requester has heard nothing.
    #[error("the requester has had no feedback: give some, or say why none was possible")]
    FeedbackMissing,
    /// The time to confirm has not run out.
    #[error("the requester may answer until {confirm_by}")]
    StillAwaitingAnswer {
        /// Until when.
        confirm_by: DateTime<Utc>,
    },
    /// The requester has answered, and the desk has not.
    #[error("the requester has answered the resolution: the desk answers before it closes")]
    RequesterAnswered,
    /// The hold has not come to its end.
    #[error("the work waits until {until}")]
    HoldLasts {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// The window for reopening is over.
    #[error("this incident could be reopened until {until}")]
    ReopenWindowPassed {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// It is a major incident already.
    #[error("this is a major incident already")]
    AlreadyMajor,
    /// It is no major incident.
    #[error("this is no major incident")]
    NotMajor,
    /// Only a coordinator may do this.
    #[error("only a coordinator may do this")]
    NotCoordinator,
    /// Only an import may do this.
    #[error("only an import of another desk's history may do this")]
    NotAnImport,
    /// The status is what it is.
    #[error("the incident has this status already")]
    StatusUnchanged,
}

impl Status {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Assigned => "assigned",
            Self::Returned => "returned",
            Self::InProgress => "in progress",
            Self::OnHold => "on hold",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::Merged => "merged",
        }
    }
}

impl Refusal for Error {
    fn code(&self) -> String {
        match self {
            Self::Work(refusal) => refusal.code(),
            own => own.as_ref().to_owned(),
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Work(refusal) => refusal.facts(),
            _ => Vec::new(),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Work(refusal) => refusal.field(),
            Self::ExpectationInThePast => Some("at"),
            Self::HoldEndsBeforeItBegins => Some("until"),
            Self::FeedbackMissing => Some("noFeedbackReason"),
            _ => None,
        }
    }
}

//! What can be asked of an incident.

use chrono::{DateTime, Utc};
use strum::{AsRefStr, EnumDiscriminants, EnumIter, IntoStaticStr};

use super::{Estimate, HoldReason, Status};
use crate::ids::{ArticleId, PersonId};
use crate::text::{Line, Text};
use crate::work_item::{Farewell, Intake, WorkCommand};

/// A step that an incident can take.
#[derive(Debug, Clone, PartialEq, Eq, EnumDiscriminants)]
#[strum_discriminants(
    name(IncidentAction),
    derive(EnumIter, AsRefStr, IntoStaticStr, Hash, PartialOrd, Ord),
    doc = "The kinds of [`Command`], one a mutation."
)]
pub enum Command {
    /// Opens the incident at the first contact.
    Register(Box<Intake>),
    /// A step that any work item can take.
    Work(Box<WorkCommand>),
    /// Begins to look for the cause.
    StartDiagnosis {
        /// What is suspected.
        hypothesis: Option<Text>,
    },
    /// Writes down what was found out.
    RecordFinding {
        /// What.
        text: Text,
    },
    /// Says when the incident is expected to be resolved, from how long like
    /// ones took.
    ComputeExpectedResolution {
        /// How long they took; none where there are too few.
        estimate: Option<Estimate>,
    },
    /// Says when the incident is expected to be resolved, by somebody's own
    /// judgement.
    SetExpectedResolution {
        /// When.
        at: DateTime<Utc>,
        /// Why.
        reason: Text,
    },
    /// Lets the work wait.
    PutOnHold {
        /// For whom or what.
        reason: HoldReason,
        /// In more words.
        text: Option<Text>,
        /// Until when.
        until: Option<DateTime<Utc>>,
    },
    /// Goes on with the work.
    Resume,
    /// Goes on with the work because the time is over for which it was to
    /// wait.
    EndHold,
    /// Lessens the effect.
    ApplyWorkaround {
        /// How.
        text: Text,
    },
    /// Says that the service works again, at the effective time.
    RestoreService,
    /// Ends the work.
    Resolve {
        /// How it ended.
        code: Line,
        /// What caused it.
        cause: Option<Text>,
        /// What ended it.
        solution: Text,
        /// The article that helped.
        knowledge: Option<ArticleId>,
    },
    /// Writes down what helped at the first contact: at least one of them.
    GiveInitialSupport {
        /// What the requester was told.
        answer: Option<Text>,
        /// The article that was used.
        article: Option<ArticleId>,
        /// How the effect was lessened.
        workaround: Option<Text>,
    },
    /// Ends the work at the first contact, without a team.
    ResolveAtContact {
        /// How it ended.
        code: Line,
        /// What ended it.
        solution: Text,
        /// The article that helped.
        knowledge: Option<ArticleId>,
    },
    /// The requester is content; the incident is closed.
    ConfirmResolution,
    /// The requester is not content.
    RejectResolution {
        /// Why.
        reason: Text,
    },
    /// The desk closes the incident.
    Close {
        /// Why the requester has heard nothing, where that is so.
        no_feedback_reason: Option<Text>,
    },
    /// Closes the incident because nobody answered in time.
    CloseUnanswered {
        /// What stands in the record instead of the requester's word.
        reason: Text,
    },
    /// Opens a closed incident again.
    Reopen {
        /// Why.
        reason: Text,
    },
    /// Ends what was none.
    Cancel {
        /// Why.
        reason: Text,
        /// Who was told, or why nobody was.
        farewell: Farewell,
    },
    /// Declares a major incident.
    DeclareMajor {
        /// Why.
        reason: Text,
        /// Who leads.
        leader: Option<PersonId>,
    },
    /// Ends that.
    StandDownMajor {
        /// Why.
        reason: Text,
    },
    /// Asks for a review.
    RequireReview,
    /// Completes the review.
    CompleteReview {
        /// What was learnt.
        text: Text,
    },
    /// Sets the status that another desk's history gives, where no step of the
    /// process leads there. Only an import may.
    CorrectStatus {
        /// The status that the source gives.
        to: Status,
        /// What the source said.
        reason: Text,
    },
}

impl From<WorkCommand> for Command {
    fn from(command: WorkCommand) -> Self {
        Self::Work(Box::new(command))
    }
}

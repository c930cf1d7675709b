//! Why a step of a work item is refused.

use chrono::{DateTime, Utc};
use strum::{AsRefStr, VariantNames};

use super::Handling;
use crate::Refusal;
use crate::text::TextRefused;

/// A rule of the kernel that forbids a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, AsRefStr, VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", prefix = "WORK_ITEM_")]
pub enum WorkRefusal {
    /// The stage or the hand-over does not allow the step.
    #[error("this step is not possible while the item is {stage} and {}", handling.in_words())]
    NotPossible {
        /// The stage, in words.
        stage: &'static str,
        /// The state of the hand-over.
        handling: Handling,
    },
    /// A merged item goes on as another one.
    #[error("this item was merged: it goes on as {into}")]
    GoesOnAs {
        /// The other item's number.
        into: String,
    },
    /// The item is known to go on as this one.
    #[error("this item has taken in {number} already")]
    AlreadyTakenIn {
        /// The other item's number.
        number: String,
    },
    /// Only the desk's own processes may do this.
    #[error("only the desk itself does this")]
    NotAProcess,
    /// An archived item is read-only.
    #[error("an archived item never changes again")]
    Archived,
    /// Only the assigned team, or a coordinator, works on an item.
    #[error("only the assigned team or a coordinator may do this")]
    NotOfAssignedTeam,
    /// Only those who work at the desk may do this.
    #[error("only those who work at the desk may do this")]
    NotStaff,
    /// Requesters may act on what they asked for, not on what others did.
    #[error("this is not your item")]
    NotRequester,
    /// Nothing about an item can have happened before its first contact.
    #[error("this cannot have happened before the first contact at {opened_at}")]
    EffectiveBeforeOpening {
        /// When the first contact was made.
        opened_at: DateTime<Utc>,
    },
    /// Those whom the item concerns have heard nothing of its end.
    #[error("nobody whom the item concerns was told: say who was, or why none could be")]
    FeedbackMissing,
    /// No step is taken before the one that it rests on.
    #[error("this cannot have happened before the step that it rests on, at {step_at}")]
    EffectiveBeforeStep {
        /// When that step was taken.
        step_at: DateTime<Utc>,
    },
    /// An item that no machine reported needs somebody who asked.
    #[error("an item needs a requester unless monitoring reported it")]
    RequesterMissing,
    /// The category is not in the tree.
    #[error("category {code} is not in the category tree")]
    CategoryUnknown {
        /// What was asked for.
        code: String,
    },
    /// The category is the one it has.
    #[error("the item is filed under this category already")]
    CategoryUnchanged,
    /// No tree holds at that time.
    #[error("no category tree holds at {at}")]
    NoCategoryTree {
        /// The time.
        at: DateTime<Utc>,
    },
    /// No matrix holds at that time.
    #[error("no priority matrix holds at {at}")]
    NoPriorityMatrix {
        /// The time.
        at: DateTime<Utc>,
    },
    /// The priority is the one it has.
    #[error("the item has this priority already")]
    PriorityUnchanged,
    /// The team no longer works.
    #[error("team {team} is not active")]
    TeamInactive {
        /// Its name.
        team: String,
    },
    /// The person is not an active member of the team.
    #[error("{person} is not an active member of team {team}")]
    PersonNotInTeam {
        /// Who.
        person: String,
        /// The team's name.
        team: String,
    },
    /// The item is with this team and person already.
    #[error("the item is assigned there already")]
    AssignmentUnchanged,
    /// Forwarding goes to a peer; a deeper line is reached by escalating.
    #[error("forwarding stays on the same support line; escalate to reach another")]
    ForwardLeavesLine,
    /// Escalating goes deeper.
    #[error("functional escalation goes to a deeper support line")]
    EscalationNotDeeper,
    /// Escalating goes higher.
    #[error("hierarchical escalation goes above level {level}")]
    EscalationNotHigher {
        /// The level reached so far.
        level: u8,
    },
    /// They follow it already.
    #[error("this person watches the item already")]
    AlreadyWatching,
    /// They do not follow it.
    #[error("this person does not watch the item")]
    NotWatching,
    /// A notice needs somebody to read it.
    #[error("a notice needs at least one recipient")]
    NoRecipients,
    /// The configuration item is linked already.
    #[error("this configuration item is linked already")]
    CiAlreadyLinked,
    /// The configuration item is not linked.
    #[error("this configuration item is not linked")]
    CiNotLinked,
    /// The two are linked so already.
    #[error("the two items are linked so already")]
    AlreadyLinked,
    /// The two are not linked so.
    #[error("the two items are not linked so")]
    NotLinked,
    /// An item cannot be linked with or merged into itself.
    #[error("an item cannot be linked with or merged into itself")]
    LinkToItself,
    /// Links of one relation would lead back to where they began.
    #[error("links of this relation would run in a circle")]
    LinkCycle,
    /// What an item is merged into must be able to go on.
    #[error("an item can only be merged into one that is still open")]
    MergeTargetNotOpen,
    /// The file is there already.
    #[error("this file is attached already")]
    AlreadyAttached,
    /// Not a SHA-256.
    #[error("the hash must be 64 lower-case hexadecimal digits")]
    HashMalformed,
    /// The number is there already.
    #[error("this external reference is there already")]
    ExternalReferenceAlreadyThere,
    /// No time at all, or more than a day at once.
    #[error("effort is between 1 and 1440 minutes an entry")]
    EffortOutOfRange,
    /// The item has a field whose name looks like this one.
    #[error("the item has a field {name} already, whose name looks like this one")]
    FieldNameTaken {
        /// That field.
        name: String,
    },
    /// The field has this value already.
    #[error("the field has this value already")]
    FieldUnchanged,
    /// The field may not be emptied.
    #[error("this field may not be empty")]
    FieldRequired,
    /// The text does not fit the field.
    #[error("the text does not fit the field: {0}")]
    FieldText(TextRefused),
}

impl Handling {
    fn in_words(self) -> &'static str {
        match self {
            Self::Unassigned => "not assigned",
            Self::Assigned => "assigned but not accepted",
            Self::Accepted => "accepted by its team",
            Self::Returned => "returned",
        }
    }
}

impl Refusal for WorkRefusal {
    fn code(&self) -> String {
        self.as_ref().to_owned()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::GoesOnAs { into } => vec![("mergedIntoNumber", into.clone())],
            _ => Vec::new(),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::EffectiveBeforeOpening { .. } | Self::EffectiveBeforeStep { .. } => {
                Some("effectiveAt")
            }
            Self::FeedbackMissing => Some("noFeedbackReason"),
            Self::RequesterMissing => Some("requester"),
            Self::CategoryUnknown { .. } | Self::CategoryUnchanged => Some("category"),
            Self::TeamInactive { .. } => Some("teamId"),
            Self::PersonNotInTeam { .. } | Self::AlreadyWatching | Self::NotWatching => {
                Some("person")
            }
            Self::NoRecipients => Some("recipients"),
            Self::HashMalformed => Some("sha256"),
            Self::EffortOutOfRange => Some("minutes"),
            Self::FieldRequired | Self::FieldText(_) | Self::FieldUnchanged => Some("to"),
            Self::FieldNameTaken { .. } => Some("name"),
            Self::EscalationNotHigher { .. } => Some("level"),
            Self::AlreadyLinked
            | Self::NotLinked
            | Self::LinkToItself
            | Self::LinkCycle
            | Self::MergeTargetNotOpen => Some("targetId"),
            _ => None,
        }
    }
}

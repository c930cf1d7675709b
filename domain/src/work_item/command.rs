//! What can be asked of any work item.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumDiscriminants, EnumIter, EnumString, IntoStaticStr};

use super::{
    Assignee, Attachment, ContactChannel, ExternalReference, ForwardTo, LinkTarget, MergedItem,
    Relation, Visibility,
};
use crate::ids::{ArticleId, CategoryCode, CiId, PersonId, ServiceCode, WorkItemId};
use crate::priority::{Impact, Priority, Urgency};
use crate::text::{Line, Text};

/// What the first contact brings: everything that a practice's own
/// registration hands to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// The number that was reserved for the item.
    pub number: String,
    /// What it is about, in one line.
    pub summary: Line,
    /// What it is about, in full.
    pub description: Option<Text>,
    /// Who asks.
    pub requester: Option<PersonId>,
    /// Who suffers from it, where that is somebody else.
    pub affected_person: Option<PersonId>,
    /// How the contact was made.
    pub contact_channel: ContactChannel,
    /// The service concerned.
    pub service: Option<ServiceCode>,
    /// What to file it under.
    pub category: CategoryCode,
    /// How much of the business is affected.
    pub impact: Impact,
    /// How soon a solution is needed.
    pub urgency: Urgency,
    /// The configuration items concerned.
    pub cis: Vec<CiId>,
    /// Its numbers in other systems.
    pub external_references: Vec<ExternalReference>,
}

/// A step that any work item can take.
#[derive(Debug, Clone, PartialEq, Eq, EnumDiscriminants)]
#[strum_discriminants(
    name(WorkAction),
    derive(EnumIter, AsRefStr, IntoStaticStr, Hash, PartialOrd, Ord),
    doc = "The kinds of [`WorkCommand`], one a mutation."
)]
pub enum WorkCommand {
    /// Files the item under a category.
    Classify {
        /// The category's code.
        category: CategoryCode,
    },
    /// Judges impact and urgency; the priority follows.
    Prioritise {
        /// How much of the business is affected.
        impact: Impact,
        /// How soon a solution is needed.
        urgency: Urgency,
    },
    /// Overrules the matrix.
    OverridePriority {
        /// The priority wanted.
        priority: Priority,
        /// Why.
        reason: Text,
    },
    /// Gives the item to a team, or to another person of its team.
    Assign {
        /// To whom.
        to: Assignee,
    },
    /// The assigned team confirms the item.
    Accept,
    /// The assigned team sends the item back.
    Return {
        /// Why.
        reason: Text,
    },
    /// Hands the item to a peer or to another organisation's platform.
    Forward {
        /// To whom.
        to: ForwardTo,
        /// Why.
        reason: Option<Text>,
    },
    /// Asks a deeper support line.
    EscalateFunctionally {
        /// The team of that line.
        to: Assignee,
        /// Why.
        reason: Text,
    },
    /// Tells management.
    EscalateHierarchically {
        /// The level, above the one reached so far.
        level: u8,
        /// Who is told.
        person: Option<PersonId>,
        /// Why.
        reason: Text,
    },
    /// Lets somebody follow the item.
    AddWatcher {
        /// Who.
        person: PersonId,
    },
    /// Ends that.
    RemoveWatcher {
        /// Who.
        person: PersonId,
    },
    /// Says something.
    Comment {
        /// Who may read it.
        visibility: Visibility,
        /// What.
        text: Text,
    },
    /// Tells chosen people how far things are.
    NotifyStage {
        /// Whom.
        recipients: Vec<PersonId>,
        /// What.
        text: Text,
    },
    /// Writes down that the requester was spoken to.
    RecordContact {
        /// How.
        contact_channel: ContactChannel,
        /// What was said.
        text: Text,
    },
    /// Presses for progress.
    Urge {
        /// What to say with it.
        text: Option<Text>,
        /// Who leads the team that has the item.
        lead: Option<PersonId>,
    },
    /// Names a configuration item concerned.
    LinkCi {
        /// Which.
        ci: CiId,
    },
    /// Takes that back.
    UnlinkCi {
        /// Which.
        ci: CiId,
    },
    /// Connects the item with another.
    Link {
        /// How this item stands to the other.
        relation: Relation,
        /// The other.
        target: LinkTarget,
    },
    /// Takes that back.
    Unlink {
        /// How this item stood to the other.
        relation: Relation,
        /// The other.
        target: WorkItemId,
    },
    /// Adds a file.
    Attach {
        /// The file, by its hash.
        attachment: Attachment,
    },
    /// Writes down time spent.
    LogEffort {
        /// How much.
        minutes: u32,
        /// What for.
        text: Option<Text>,
    },
    /// Names the item's number in another system.
    AddExternalReference {
        /// The system and the number.
        external: ExternalReference,
    },
    /// Writes down that an article was used.
    ApplyKnowledge {
        /// Which.
        article: ArticleId,
    },
    /// Fills or empties a field of the organisation's own.
    SetCustomField {
        /// The field.
        name: Line,
        /// Its value; none empties it.
        value: Option<Text>,
    },
    /// Puts a wrong detail right.
    CorrectDetails {
        /// Which.
        field: DetailField,
        /// What it should say; none empties it where it may be empty.
        to: Option<Text>,
        /// Why.
        reason: Text,
    },
    /// Lets the item go on as another one.
    MergeInto {
        /// The other.
        target: LinkTarget,
        /// Why.
        reason: Text,
        /// Who was told, or why nobody was.
        farewell: Farewell,
    },
    /// Takes in that another item goes on as this one. Only the desk itself
    /// does, after the other item was merged.
    TakeIn {
        /// The other.
        item: MergedItem,
    },
    /// Makes the item read-only.
    Archive,
}

/// What those whom an item concerns hear when it ends unresolved (SD-04): who
/// was told, or why nobody could be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Farewell {
    /// Who was told.
    pub told: Vec<PersonId>,
    /// Why nobody whom it concerns was told.
    pub no_feedback_reason: Option<Text>,
}

/// A detail that carries no meaning for the process and can be put right.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, AsRefStr, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DetailField {
    /// The one line.
    Summary,
    /// The full text.
    Description,
    /// Who asked.
    Requester,
    /// Who suffers.
    AffectedPerson,
    /// The service concerned.
    Service,
}

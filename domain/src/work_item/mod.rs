//! The kernel that every work practice shares (ITIL 4: what incidents,
//! requests, problems and changes have in common). A practice embeds a
//! [`WorkItem`] in its state, a [`WorkCommand`] in its commands and a
//! [`WorkEvent`] in its events, tells the kernel in which [`Stage`] the item
//! stands, and repeats nothing of what is decided here: numbering,
//! classification, priority, assignment, hand-over, comments, links, effort
//! and escalation.

mod assignment;
mod command;
mod decide;
mod error;
mod event;
mod journey;
mod link;
mod state;
#[cfg(test)]
pub(crate) mod tests;

pub use assignment::{Assignee, ForwardTo, Handling, SupportLine, TeamRef};
pub use command::{DetailField, Farewell, Intake, WorkAction, WorkCommand};
pub use error::WorkRefusal;
pub use event::{CategoryRef, ContactChannel, Visibility, WorkEvent};
pub use journey::{Gap, GapKind, Journey, JourneyStage, Standing};
pub use link::{Attachment, ByteCount, ExternalReference, LinkTarget, MergedItem, Relation};
pub use state::{Prioritised, Stage, WorkItem};

//! What every mutation of the kernel returns.

use async_graphql::{Context, Object, Result};
use uuid::Uuid;

use super::WorkItem;
use crate::graphql::access::Done;
use crate::graphql::incident::Incident;
use crate::graphql::scalars::Long;

/// What a mutation of a work item did.
pub(crate) struct WorkItemPayload(Done);

impl From<Done> for WorkItemPayload {
    fn from(done: Done) -> Self {
        Self(done)
    }
}

/// What a mutation of a work item did.
#[Object]
impl WorkItemPayload {
    /// What the input said.
    async fn client_mutation_id(&self) -> Option<&str> {
        self.0.client_mutation_id.as_deref()
    }

    /// The command's id, given or made: send the command again under it if the
    /// answer is lost.
    async fn command_id(&self) -> Uuid {
        self.0.command_id
    }

    /// The position of the command's last event in the log.
    async fn position(&self) -> Long {
        Long(self.0.outcome.position)
    }

    /// The item's version after the command.
    async fn version(&self) -> Long {
        Long(self.0.outcome.version)
    }

    /// Whether the command had been carried out before, and this is its first
    /// answer.
    async fn duplicate(&self) -> bool {
        self.0.outcome.duplicate
    }

    /// The item, with everything that the command changed.
    async fn work_item(&self, ctx: &Context<'_>) -> Result<WorkItem> {
        let incident = Incident::after(ctx, self.0.outcome.id, self.0.outcome.position).await?;
        Ok(WorkItem::Incident(Box::new(incident)))
    }
}

//! What every mutation of an incident's own returns.

use async_graphql::{Context, Object, Result};
use uuid::Uuid;

use super::Incident;
use crate::graphql::access::Done;
use crate::graphql::scalars::Long;

/// What a mutation of an incident did.
pub(crate) struct IncidentPayload(Done);

impl From<Done> for IncidentPayload {
    fn from(done: Done) -> Self {
        Self(done)
    }
}

/// What a mutation of an incident did.
#[Object]
impl IncidentPayload {
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

    /// The incident's version after the command.
    async fn version(&self) -> Long {
        Long(self.0.outcome.version)
    }

    /// Whether the command had been carried out before, and this is its first
    /// answer.
    async fn duplicate(&self) -> bool {
        self.0.outcome.duplicate
    }

    /// The incident, with everything that the command changed.
    async fn incident(&self, ctx: &Context<'_>) -> Result<Incident> {
        Incident::after(ctx, self.0.outcome.id, self.0.outcome.position).await
    }
}

//! How an operation is carried out: as a task of its own, within a time limit.
//!
//! What is given up is stopped. A query whose client has hung up is given up
//! at once; one that has commands in it goes on until it is done or its time
//! is over. Then, too, the command that is under way is carried to its end,
//! since a command is a task of its own; what would have come after it is not
//! begun.

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::Doors;

/// Why an operation has no answer.
pub(super) enum GivenUp {
    /// It took too long.
    TooLong,
    /// It failed in a way that the service did not foresee.
    Panicked,
}

/// Carries out a query or a mutation.
pub(super) async fn carry_out(
    doors: &Doors,
    kind: Option<OperationType>,
    request: Request,
) -> Result<Response, GivenUp> {
    let (schema, limit) = (doors.schema.clone(), doors.patience.request);
    let execution = async move { timeout(limit, schema.execute(request)).await };
    let execution = doors.work.spawn(execution);
    let is_command = kind == Some(OperationType::Mutation);
    let _given_up = (!is_command).then(|| AbortOnDrop(execution.abort_handle()));
    match execution.await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(_)) => Err(GivenUp::TooLong),
        Err(panicked) => {
            tracing::error!(%panicked, "a request panicked");
            Err(GivenUp::Panicked)
        }
    }
}

/// Stops a task when nobody waits for it any longer.
pub(super) struct AbortOnDrop(pub(super) AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

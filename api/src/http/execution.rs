//! How an operation is carried out: as a task of its own, within a time limit,
//! and while its sender may act.
//!
//! What is given up is stopped. A query is stopped when its time is over, when
//! its client hangs up or loses the right to ask. One that has commands in it
//! is not: the command that is under way is carried to its end, whether or not
//! anybody still listens, and each one after it looks anew whether there is
//! time and a right.

use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, ServerError};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use super::Doors;
use crate::error::code;
use crate::graphql::{Loaders, Viewer};

/// Why an operation has no answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum GivenUp {
    /// It took too long.
    TooLong,
    /// Its sender may no longer ask.
    Withdrawn,
    /// It failed in a way that the service did not foresee.
    Panicked,
}

impl GivenUp {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::TooLong => code::TIMEOUT,
            Self::Withdrawn => code::UNAUTHENTICATED,
            Self::Panicked => code::INTERNAL,
        }
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Self::TooLong => "the request took too long; commands in it may have been carried out",
            Self::Withdrawn => "this token has ended or was revoked",
            Self::Panicked => "something went wrong on our side",
        }
    }
}

impl From<GivenUp> for ServerError {
    fn from(given_up: GivenUp) -> Self {
        let mut error = Self::new(given_up.message(), None);
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("code", given_up.code());
        error
    }
}

/// How much longer than a request a command that is under way may take. It has
/// a limit of its own, which is shorter.
const TO_ITS_END: Duration = Duration::from_secs(30);

/// Carries out a query or a mutation.
pub(super) async fn carry_out(
    doors: &Doors,
    viewer: &Viewer,
    kind: Option<OperationType>,
    request: Request,
) -> Result<Response, GivenUp> {
    let (schema, limit) = (doors.schema.clone(), doors.patience.request);
    let over_at = Instant::now() + limit;
    let request = request
        .data(viewer.clone().until(over_at))
        .data(Loaders::new(doors.desk.clone()));
    let is_command = kind == Some(OperationType::Mutation);
    let stopped_at = over_at
        + if is_command {
            TO_ITS_END
        } else {
            Duration::ZERO
        };
    let execution = async move { timeout_at(stopped_at, schema.execute(request)).await };
    let execution = doors.work.spawn(execution);
    let executed = if is_command {
        let answer = timeout_at(over_at, execution).await;
        answer.map_err(|_| GivenUp::TooLong)?
    } else {
        let _given_up = AbortOnDrop(execution.abort_handle());
        tokio::select! {
            executed = execution => executed,
            () = viewer.lost() => return Err(GivenUp::Withdrawn),
        }
    };
    match executed {
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

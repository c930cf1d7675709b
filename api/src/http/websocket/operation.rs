//! What is carried out for a client of a socket: each operation as a task that
//! pushes its answers.

use std::panic::AssertUnwindSafe;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, ServerError};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use crate::graphql::{Loaders, Viewer};
use crate::http::Doors;
use crate::http::answer::refused;
use crate::http::execution::{AbortOnDrop, GivenUp, carry_out};

/// An operation under way. Dropped, it is given up, but for its commands.
pub(super) struct Operation {
    /// Tells it apart from an earlier one with the same id.
    pub(super) serial: u64,
    /// Whether it has commands in it.
    pub(super) is_command: bool,
    _task: Option<AbortOnDrop>,
}

/// What an operation has to say.
pub(super) struct Pushed {
    /// What the client calls the operation.
    pub(super) id: String,
    /// Which operation of that id.
    pub(super) serial: u64,
    /// An answer; none where there are no more.
    pub(super) answer: Option<Response>,
}

impl Operation {
    /// Begins to carry out a request that was checked.
    pub(super) fn start(
        doors: Doors,
        viewer: Viewer,
        kind: Option<OperationType>,
        request: Request,
        to: Addressed,
    ) -> Self {
        let serial = to.serial;
        let task = tokio::spawn(async move {
            let run = run(&doors, &viewer, kind, request, &to);
            if AssertUnwindSafe(run).catch_unwind().await.is_err() {
                to.push(Some(refused(GivenUp::Panicked.into()))).await;
            }
            to.push(None).await;
        });
        let is_command = kind == Some(OperationType::Mutation);
        Self {
            serial,
            is_command,
            _task: (!is_command).then(|| AbortOnDrop(task.abort_handle())),
        }
    }
}

async fn run(
    doors: &Doors,
    viewer: &Viewer,
    kind: Option<OperationType>,
    request: Request,
    to: &Addressed,
) {
    if kind != Some(OperationType::Subscription) {
        let answer = carry_out(doors, viewer, kind, request).await;
        let answer = answer.unwrap_or_else(|given_up| refused(ServerError::from(given_up)));
        to.push(Some(answer)).await;
        return;
    }
    let request = request
        .data(viewer.clone())
        .data(Loaders::new(doors.desk.clone()));
    let mut answers = doors.schema.execute_stream(request);
    while let Some(answer) = answers.next().await {
        to.push(Some(answer)).await;
    }
}

/// Where an operation pushes its answers.
pub(super) struct Addressed {
    /// What the client calls the operation.
    pub(super) id: String,
    /// Which operation of that id.
    pub(super) serial: u64,
    /// The session.
    pub(super) session: mpsc::Sender<Pushed>,
}

impl Addressed {
    /// Waits while the client is slow. A session that has ended gives the
    /// operation up.
    async fn push(&self, answer: Option<Response>) {
        let pushed = Pushed {
            id: self.id.clone(),
            serial: self.serial,
            answer,
        };
        let _ = self.session.send(pushed).await;
    }
}

//! A connection that writes what a projection gives away, while the projection
//! goes on folding.

use sqlx::{Connection, PgConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::ProjectionError;
use crate::writes::Writes;

/// Writes in the order in which it is asked to.
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    task: JoinHandle<Result<(), sqlx::Error>>,
    /// Whether something was handed over since the last wait.
    is_behind: bool,
}

enum Job {
    Write(Writes),
    /// Says when everything before is written.
    Tell(oneshot::Sender<()>),
}

impl Writer {
    pub(super) fn start(connection: PgConnection) -> Self {
        /// How much waits to be written at most, besides what is being written.
        const AHEAD: usize = 1;
        let (jobs, received) = mpsc::channel(AHEAD);
        Self {
            jobs,
            task: tokio::spawn(write(connection, received)),
            is_behind: false,
        }
    }

    /// Hands something over, as soon as there is room.
    pub(super) async fn write(&mut self, writes: Writes) -> Result<(), ProjectionError> {
        if writes.is_empty() {
            return Ok(());
        }
        self.is_behind = true;
        self.send(Job::Write(writes)).await
    }

    /// Waits until everything is written.
    pub(super) async fn wait(&mut self) -> Result<(), ProjectionError> {
        if !self.is_behind {
            return Ok(());
        }
        let (tell, told) = oneshot::channel();
        self.send(Job::Tell(tell)).await?;
        if told.await.is_err() {
            return Err(self.failure().await);
        }
        self.is_behind = false;
        Ok(())
    }

    /// Waits until everything is written, and ends.
    pub(super) async fn finish(self) -> Result<(), ProjectionError> {
        drop(self.jobs);
        Ok(self.task.await.unwrap_or_else(|_| Err(gone()))?)
    }

    async fn send(&mut self, job: Job) -> Result<(), ProjectionError> {
        match self.jobs.send(job).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.failure().await),
        }
    }

    /// Why it has ended before its time.
    async fn failure(&mut self) -> ProjectionError {
        let ended = (&mut self.task).await.unwrap_or(Ok(()));
        ended.err().unwrap_or_else(gone).into()
    }
}

fn gone() -> sqlx::Error {
    sqlx::Error::WorkerCrashed
}

async fn write(
    mut connection: PgConnection,
    mut jobs: mpsc::Receiver<Job>,
) -> Result<(), sqlx::Error> {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Write(writes) => {
                let mut transaction = connection.begin().await?;
                writes.write(&mut transaction).await?;
                transaction.commit().await?;
            }
            Job::Tell(tell) => {
                // Who asked may have given up.
                let _told = tell.send(());
            }
        }
    }
    connection.close().await
}

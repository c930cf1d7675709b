//! Connections that write what a projection gives away, while the projection
//! goes on folding. One alone would wait for the program about as often as the
//! program waits for it.

use std::sync::Arc;

use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::ProjectionError;
use crate::writes::{Write, Writes};

/// Writes new rows as they come, and everything else alone and in its order.
pub(super) struct Writer {
    jobs: UnboundedSender<Job>,
    /// A permit for each job that may be there, waiting or being done.
    room: Arc<Semaphore>,
    tasks: JoinSet<Result<(), sqlx::Error>>,
}

/// Something to be written, which makes room when that is done.
struct Job {
    write: Box<dyn Write>,
    room: OwnedSemaphorePermit,
}

impl Writer {
    /// How many connections write.
    pub(super) const CONNECTIONS: u32 = 2;
    /// How many jobs are there at most: those that are being done, and one
    /// that waits.
    const JOBS: u32 = Self::CONNECTIONS + 1;

    pub(super) fn start(connections: Vec<PgConnection>) -> Self {
        let (jobs, received) = unbounded_channel();
        let received = Arc::new(Mutex::new(received));
        let room = Arc::new(Semaphore::new(Self::JOBS as usize));
        let mut tasks = JoinSet::new();
        for connection in connections {
            tasks.spawn(work(connection, Arc::clone(&received), Arc::clone(&room)));
        }
        Self { jobs, room, tasks }
    }

    /// Hands something over, as soon as there is room. What has to find rows
    /// waits for everything before it, and everything behind it waits for it.
    pub(super) async fn write(&mut self, writes: Writes) -> Result<(), ProjectionError> {
        for write in writes {
            let needed = match write.searched() {
                Some(_) => Self::JOBS,
                None => 1,
            };
            let room = self.room(needed).await?;
            // Where nobody is left who would do it, there is no room either.
            let _sent = self.jobs.send(Job { write, room });
        }
        Ok(())
    }

    /// Waits until everything is written.
    pub(super) async fn wait(&mut self) -> Result<(), ProjectionError> {
        self.room(Self::JOBS).await.map(drop)
    }

    /// Waits until everything is written, and ends.
    pub(super) async fn finish(mut self) -> Result<(), ProjectionError> {
        drop(self.jobs);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap_or(Err(sqlx::Error::WorkerCrashed))?;
        }
        Ok(())
    }

    async fn room(&mut self, jobs: u32) -> Result<OwnedSemaphorePermit, ProjectionError> {
        match Arc::clone(&self.room).acquire_many_owned(jobs).await {
            Ok(room) => Ok(room),
            Err(_) => Err(self.failure().await),
        }
    }

    /// Why one of the tasks has ended before its time.
    async fn failure(&mut self) -> ProjectionError {
        let ended = self.tasks.join_next().await;
        let error = ended.and_then(Result::ok).and_then(Result::err);
        error.unwrap_or(sqlx::Error::WorkerCrashed).into()
    }
}

async fn work(
    mut connection: PgConnection,
    jobs: Arc<Mutex<UnboundedReceiver<Job>>>,
    room: Arc<Semaphore>,
) -> Result<(), sqlx::Error> {
    loop {
        let Some(job) = jobs.lock().await.recv().await else {
            return connection.close().await;
        };
        let written = write(&mut connection, job.write).await;
        if written.is_err() {
            room.close();
            return written;
        }
        drop(job.room);
    }
}

async fn write(connection: &mut PgConnection, write: Box<dyn Write>) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    write.write(&mut transaction).await?;
    transaction.commit().await
}

//! A private PostgreSQL: from the machine's own binaries, in a data
//! directory, behind a Unix socket, with no open port.
//!
//! Any number of processes may use the server of a data directory. Each holds
//! a shared lock on `postgres.users` for as long as it does; whoever finds at
//! its end that nobody else holds it stops the server. A server that a killed
//! process left behind is used by the next one, and a server that dies while
//! it is in use is started again.

mod account;
mod binaries;
mod default_dir;
mod directory;
mod preparation;
mod serve_lock;
mod server;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::Mutex;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::StoreError;
use directory::Directory;
use server::Server;

pub use default_dir::default_data_dir;
pub use serve_lock::ServeLock;

/// One process's use of the private server of a data directory.
#[derive(Debug)]
pub struct LocalPostgres {
    directory: Arc<Directory>,
    options: PgConnectOptions,
    /// Held, shared with other processes, for as long as the server is used.
    users: std::sync::Mutex<Option<File>>,
    server: Arc<Mutex<Server>>,
    released: CancellationToken,
    _released_when_dropped: DropGuard,
}

impl LocalPostgres {
    /// Makes the server of a data directory if there is none, starts it if it
    /// does not run, and watches over it from now on.
    pub async fn start(data_dir: &Path) -> Result<Self, StoreError> {
        let directory = Arc::new(Directory::prepare(data_dir)?);
        let mut server = Server::new(Arc::clone(&directory));
        let users = {
            let starting = directory.lock_start().await?;
            let users = directory.lock_users()?;
            server.ensure_running(&starting).await?;
            users
        };
        let options = server.owner_options();
        let released = CancellationToken::new();
        let this = Self {
            directory,
            options,
            users: std::sync::Mutex::new(Some(users)),
            server: Arc::new(Mutex::new(server)),
            _released_when_dropped: released.clone().drop_guard(),
            released,
        };
        tokio::spawn(supervise(Arc::clone(&this.server), this.released.clone()));
        Ok(this)
    }

    /// Whether a data directory has a server already, running or not.
    pub fn exists(data_dir: &Path) -> bool {
        Directory::has_cluster(data_dir)
    }

    /// How to connect to the database as its owner.
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// The data directory, as an absolute path.
    pub fn data_dir(&self) -> &Path {
        self.directory.root()
    }

    /// The log file of the server.
    pub fn log_file(&self) -> PathBuf {
        self.directory.log_file()
    }

    /// Ends the use of the server. It stops if nobody else uses it; a second
    /// call does nothing.
    pub async fn release(&self) {
        self.released.cancel();
        let Some(users) = self
            .users
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
        else {
            return;
        };
        if let Err(error) = self.leave(users).await {
            tracing::warn!(%error, "the private PostgreSQL could not be stopped");
        }
    }

    async fn leave(&self, users: File) -> Result<(), StoreError> {
        let mut server = self.server.lock().await;
        // Nobody comes or goes meanwhile.
        let starting = self.directory.lock_start().await?;
        drop(users);
        if let Some(_alone) = self.directory.lock_users_alone()? {
            server.stop(&starting).await?;
        }
        Ok(())
    }
}

/// Starts the server again whenever it has died, until it is released.
async fn supervise(server: Arc<Mutex<Server>>, released: CancellationToken) {
    const CHECK_INTERVAL: Duration = Duration::from_secs(1);
    let work = async {
        loop {
            // A child of ours is waited for; another process's server is
            // looked at once a second.
            let exit = server.lock().await.exit_of_child();
            match exit {
                Some(exit) => exit.cancelled().await,
                None => tokio::time::sleep(CHECK_INTERVAL).await,
            }
            let mut server = server.lock().await;
            if server.is_alive() {
                continue;
            }
            tracing::warn!("the private PostgreSQL has died and is started again");
            if let Err(error) = server.start_again().await {
                tracing::error!(%error, "the private PostgreSQL could not be started again; it is tried once more");
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        }
    };
    released.run_until_cancelled(work).await;
}

//! The desk's database for as long as a command takes.

use std::time::Duration;

use anyhow::{Context, bail};
use event_store::{Access, Database, DatabaseSource, LocalPostgres, PoolSettings, StoreError};
use tokio::signal::unix::{SignalKind, signal};

/// An opened database of a desk that exists.
pub(crate) struct Session {
    database: Database,
}

impl Session {
    /// Opens the database, which must be there: a command that only looks
    /// makes no desk.
    pub(crate) async fn open(source: &DatabaseSource, access: Access) -> anyhow::Result<Self> {
        if let DatabaseSource::DataDir(directory) = source
            && !LocalPostgres::exists(directory)
        {
            bail!(
                "there is no desk in {}; name the directory that `docket serve` uses with \
                 --data-dir, or a server with --database-url",
                directory.display()
            );
        }
        let settings = PoolSettings {
            max_connections: 4,
            access,
            ..PoolSettings::default()
        };
        let opening = Database::open(source, settings);
        let opened = match source {
            // A private server may have much to recover first.
            DatabaseSource::DataDir(_) => opening.await,
            DatabaseSource::Url(_) => tokio::time::timeout(Self::PATIENCE, opening)
                .await
                .context("the server of --database-url does not answer; check its address")?,
        };
        let database = opened.map_err(Self::explain)?;
        Ok(Self { database })
    }

    /// How long a server may take to let somebody in.
    const PATIENCE: Duration = Duration::from_secs(30);

    fn explain(error: StoreError) -> anyhow::Error {
        match error {
            StoreError::Database(error) => anyhow::anyhow!(
                "the database cannot be opened: {error}; check that the server of --database-url \
                 (DATABASE_URL) runs, and the address, login and database name in it"
            ),
            other => other.into(),
        }
    }

    /// The database.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Lets go of the database; a private server that nobody else uses stops.
    pub(crate) async fn close(self) {
        self.database.close().await;
    }
}

/// Waits for a wish to end: Ctrl-C, or a polite kill.
pub(crate) async fn interruption() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

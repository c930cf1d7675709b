//! The PostgreSQL that everything is measured on: the desk's own private
//! server, as it starts it for everybody, with a database for each contender.

use std::path::{Path, PathBuf};

use event_store::{DatabaseSource, LocalPostgres};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

/// The server.
pub(crate) struct Server {
    local: LocalPostgres,
}

impl Server {
    /// Makes and starts a server in a directory.
    pub(crate) async fn start(directory: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            local: LocalPostgres::start(directory).await?,
        })
    }

    /// What it is and what it runs on, in a line.
    pub(crate) async fn describe(&self) -> anyhow::Result<String> {
        let version: String = self.ask("select current_setting('server_version')").await?;
        let fsync: String = self.ask("select current_setting('fsync')").await?;
        let cores = std::thread::available_parallelism()?;
        Ok(format!(
            "PostgreSQL {version}, fsync {fsync}, {cores} cores for everything together"
        ))
    }

    /// Makes an empty database that belongs to the log's owner.
    pub(crate) async fn create(&self, name: &str) -> anyhow::Result<PgConnectOptions> {
        self.run(&format!("create database {name} owner docket"))
            .await?;
        Ok(self.local.options().clone().database(name))
    }

    /// Removes a database, whoever still uses it.
    pub(crate) async fn remove(&self, name: &str) -> anyhow::Result<()> {
        self.run(&format!("drop database {name} with (force)"))
            .await
    }

    /// Writes out what is dirty, so that the next measurement does not pay for
    /// the one before it.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        self.run("checkpoint").await
    }

    /// What autovacuum does to a database within minutes.
    pub(crate) async fn vacuum(&self, database: &str) -> anyhow::Result<()> {
        let mut connection = self.superuser().database(database).connect().await?;
        connection.execute("vacuum (analyze)").await?;
        connection.close().await?;
        Ok(())
    }

    /// One of PostgreSQL's own programs.
    pub(crate) async fn program(&self, name: &str) -> anyhow::Result<PathBuf> {
        let directory: String = self
            .ask("select setting from pg_config where name = 'BINDIR'")
            .await?;
        Ok(Path::new(&directory).join(name))
    }

    /// How its superuser connects.
    pub(crate) fn superuser(&self) -> PgConnectOptions {
        self.local
            .options()
            .clone()
            .username("postgres")
            .database("postgres")
    }

    /// Stops it.
    pub(crate) async fn stop(&self) {
        self.local.release().await;
    }

    async fn run(&self, statement: &str) -> anyhow::Result<()> {
        let mut connection = self.connect().await?;
        connection.execute(statement).await?;
        connection.close().await?;
        Ok(())
    }

    async fn ask(&self, question: &str) -> anyhow::Result<String> {
        let mut connection = self.connect().await?;
        let answer = sqlx::query_scalar(question)
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(answer)
    }

    async fn connect(&self) -> anyhow::Result<PgConnection> {
        Ok(self.superuser().connect().await?)
    }
}

/// A database as the programs are told of it.
pub(crate) fn source(database: &PgConnectOptions) -> DatabaseSource {
    DatabaseSource::Url(database.to_url_lossy().to_string())
}

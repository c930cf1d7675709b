//! The service's way to its database: a server that somebody runs, or the
//! private one of a data directory.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};

use crate::{LocalPostgres, StoreError, database_url, local_postgres, schema};

/// The role that the service runs as; the log's first migration makes it.
const SERVICE_ROLE: &str = "docket_app";

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseSource {
    /// A server, by its URL. The login is the owner of the log.
    Url(String),
    /// The private server of a data directory, started if it does not run.
    DataDir(PathBuf),
}

impl DatabaseSource {
    /// The database that the options of a command line name: the server of the
    /// URL if there is one, else the private server of the directory, else that
    /// of the user's own data directory.
    ///
    /// Either option may come from the environment (`DATABASE_URL`,
    /// `DOCKET_DATA_DIR`). A directory that was named on the command line is
    /// not overruled by a URL that merely stands in the environment.
    pub fn choose(data_dir: Option<PathBuf>, url: Option<String>) -> Self {
        let environment = Environment {
            data_dir: std::env::var_os("DOCKET_DATA_DIR"),
            url: std::env::var_os("DATABASE_URL"),
        };
        Self::choose_beside(data_dir, url, &environment)
    }

    fn choose_beside(
        data_dir: Option<PathBuf>,
        url: Option<String>,
        environment: &Environment,
    ) -> Self {
        let is_said =
            |directory: &PathBuf| environment.data_dir.as_deref() != Some(directory.as_os_str());
        let is_ambient = |url: &String| environment.url.as_deref() == Some(OsStr::new(url));
        match (url, data_dir) {
            (Some(url), Some(directory)) if is_ambient(&url) && is_said(&directory) => {
                Self::DataDir(directory)
            }
            (Some(url), _) => Self::Url(url),
            (None, Some(directory)) => Self::DataDir(directory),
            (None, None) => Self::DataDir(local_postgres::default_data_dir()),
        }
    }
}

/// What stands in the environment whether or not anybody thinks of it.
#[derive(Debug, Default)]
struct Environment {
    data_dir: Option<OsString>,
    url: Option<OsString>,
}

/// Whether opening a database may change its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Migrate {
    /// Missing migrations are applied.
    Yes,
    /// A schema that is not current is refused.
    #[default]
    No,
}

/// What the connections of a pool may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// What the service may: add to the log, keep the read models.
    #[default]
    Service,
    /// Read, with the rights of the login itself and in transactions that
    /// refuse to write: for whoever checks the log and must not be able to
    /// change it.
    ReadOnly,
}

/// How a process uses its database.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// How many connections the pool may open.
    pub max_connections: u32,
    /// How long a caller waits for a connection.
    pub acquire_timeout: Duration,
    /// After how long the server gives up a statement; nothing for no limit.
    pub statement_timeout: Option<Duration>,
    /// Whether missing migrations are applied.
    pub migrate: Migrate,
    /// What the connections may do.
    pub access: Access,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: None,
            migrate: Migrate::No,
            access: Access::Service,
        }
    }
}

/// An opened database whose schema is current.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    owner: PgConnectOptions,
    server: Option<Arc<LocalPostgres>>,
}

impl Database {
    /// Finds the server, brings its schema up to date or checks that it is,
    /// and opens a pool whose connections run as the service's role, or only
    /// read.
    pub async fn open(source: &DatabaseSource, settings: PoolSettings) -> Result<Self, StoreError> {
        let (owner, server) = match source {
            DatabaseSource::Url(url) => (database_url::options_of(url)?, None),
            DatabaseSource::DataDir(directory) => {
                let server = LocalPostgres::start(directory).await?;
                (server.options().clone(), Some(Arc::new(server)))
            }
        };
        let owner = owner.application_name("docket");
        match Self::connect(&owner, &settings).await {
            Ok(pool) => Ok(Self {
                pool,
                owner,
                server,
            }),
            Err(error) => {
                if let Some(server) = server {
                    server.release().await;
                }
                Err(error)
            }
        }
    }

    async fn connect(
        owner: &PgConnectOptions,
        settings: &PoolSettings,
    ) -> Result<PgPool, StoreError> {
        if settings.migrate == Migrate::Yes {
            schema::migrate(owner).await?;
        }
        schema::check(owner).await?;

        let mut service = match settings.access {
            Access::Service => owner.clone().options([("role", SERVICE_ROLE)]),
            Access::ReadOnly => owner
                .clone()
                .options([("default_transaction_read_only", "on")]),
        };
        if let Some(timeout) = settings.statement_timeout {
            service = service.options([("statement_timeout", timeout.as_millis())]);
        }
        // Tried once outside of the pool, which would only say that it had
        // waited in vain.
        match service.connect().await {
            Ok(connection) => connection.close().await?,
            Err(error) => return Err(role_missing(error, owner.get_username())),
        }
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.acquire_timeout)
            .connect_with(service)
            .await?;
        Ok(pool)
    }

    /// The pool; its connections run as the service's role, or only read.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// How to connect as the owner of the log, who may migrate it.
    pub fn owner_options(&self) -> &PgConnectOptions {
        &self.owner
    }

    /// Closes the pool for all clones, and lets go of the private server,
    /// which stops if nobody else uses it.
    pub async fn close(self) {
        self.pool.close().await;
        if let Some(server) = self.server {
            server.release().await;
        }
    }
}

/// Says what to do where the login may not act as the service's role.
fn role_missing(error: sqlx::Error, login: &str) -> StoreError {
    const INVALID_PARAMETER: &str = "22023";
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        Some(INVALID_PARAMETER | INSUFFICIENT_PRIVILEGE) => StoreError::RoleMissing {
            login: login.to_owned(),
        },
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_comes_before_what_merely_stands_in_the_environment() {
        let ambient = Environment {
            data_dir: Some("/ambient".into()),
            url: Some("postgres://ambient".into()),
        };
        let choose = |data_dir: Option<&str>, url: Option<&str>, environment| {
            let url = url.map(ToOwned::to_owned);
            DatabaseSource::choose_beside(data_dir.map(PathBuf::from), url, environment)
        };
        let directory = |path: &str| DatabaseSource::DataDir(path.into());
        let server = |url: &str| DatabaseSource::Url(url.to_owned());
        let none = Environment::default();

        let (here, there) = (Some("/here"), Some("postgres://there"));
        assert_eq!(choose(here, None, &none), directory("/here"));
        assert_eq!(choose(None, there, &none), server("postgres://there"));
        assert_eq!(choose(here, there, &none), server("postgres://there"));
        // An option that is not given has the environment's value.
        let (ambient_dir, ambient_url) = (Some("/ambient"), Some("postgres://ambient"));
        assert_eq!(choose(here, ambient_url, &ambient), directory("/here"));
        assert_eq!(
            choose(ambient_dir, there, &ambient),
            server("postgres://there")
        );
        assert_eq!(
            choose(ambient_dir, ambient_url, &ambient),
            server("postgres://ambient")
        );
    }
}

//! A database of its own for each test.
//!
//! `DOCKET_TEST_POSTGRES_URL` names a server by a superuser's URL. Without it
//! the tests share a private server under the system's temporary directory,
//! which the last of them stops.

use std::str::FromStr;

use event_store::{Database, DatabaseSource, LocalPostgres, Migrate, PoolSettings};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use uuid::Uuid;

/// An empty, migrated database.
pub(crate) struct TestDatabase {
    superuser: PgConnectOptions,
    private: Option<LocalPostgres>,
    name: String,
    pub(crate) database: Database,
}

impl TestDatabase {
    pub(crate) async fn create() -> Self {
        let (superuser, private) = server().await;
        let name = format!("docket_projections_{}", Uuid::now_v7().simple());
        let mut connection = superuser.connect().await.unwrap();
        connection
            .execute(&*format!("create database {name}"))
            .await
            .unwrap();
        connection.close().await.unwrap();
        let url = superuser.clone().database(&name).to_url_lossy();
        let settings = PoolSettings {
            migrate: Migrate::Yes,
            max_connections: 8,
            ..PoolSettings::default()
        };
        let source = DatabaseSource::Url(url.into());
        let database = Database::open(&source, settings).await.unwrap();
        Self {
            superuser,
            private,
            name,
            database,
        }
    }

    /// A connection that may do anything.
    pub(crate) async fn superuser(&self) -> PgConnection {
        let options = self.superuser.clone().database(&self.name);
        options.connect().await.unwrap()
    }

    pub(crate) async fn drop(self) {
        self.database.close().await;
        let mut connection = self.superuser.connect().await.unwrap();
        let drop = format!("drop database {} with (force)", self.name);
        connection.execute(&*drop).await.unwrap();
        connection.close().await.unwrap();
        if let Some(private) = self.private {
            private.release().await;
        }
    }
}

async fn server() -> (PgConnectOptions, Option<LocalPostgres>) {
    #[expect(clippy::disallowed_methods, reason = "the edge of the tests")]
    let url = std::env::var("DOCKET_TEST_POSTGRES_URL");
    if let Ok(url) = url {
        return (PgConnectOptions::from_str(&url).unwrap(), None);
    }
    let user = nix::unistd::Uid::effective();
    let directory = std::env::temp_dir().join(format!("docket-test-postgres-{user}"));
    let private = LocalPostgres::start(&directory).await.unwrap();
    let superuser = private
        .options()
        .clone()
        .username("postgres")
        .database("postgres");
    (superuser, Some(private))
}

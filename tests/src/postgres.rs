//! Databases for tests: one each, on the server that the test run has started,
//! or on a private one where a test is run by itself.

use std::sync::Arc;

use api::seals::SealSettings;
use event_store::LocalPostgres;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use tempfile::TempDir;
use uuid::Uuid;

/// Where the test run has started a server: the URL of a superuser.
const SERVER: &str = "DOCKET_TEST_POSTGRES_URL";

/// A database of a test's own.
#[derive(Clone)]
pub struct TestDatabase {
    options: PgConnectOptions,
    /// The private keys that seal the database's log.
    seal_keys: Arc<TempDir>,
    _server: Option<Arc<(LocalPostgres, TempDir)>>,
}

impl TestDatabase {
    /// Creates an empty database.
    pub async fn create() -> Self {
        let (options, server) = server().await;
        if server.is_some() {
            // A private server has one database, and it is this test's own.
            return Self {
                options,
                seal_keys: seal_keys(),
                _server: server,
            };
        }
        let name = format!("docket_test_{}", Uuid::now_v7().simple());
        let mut connection = options.connect().await.expect("the server answers");
        connection
            .execute(format!("create database {name}").as_str())
            .await
            .expect("the database is created");
        connection.close().await.expect("the connection closes");
        Self {
            options: options.database(&name),
            seal_keys: seal_keys(),
            _server: server,
        }
    }

    /// The database's URL, as a user would give it.
    pub fn url(&self) -> String {
        self.options.to_url_lossy().to_string()
    }

    /// Where its server listens.
    pub fn server(&self) -> String {
        format!("{}:{}", self.options.get_host(), self.options.get_port())
    }

    /// The database's URL where its server is reached at another port of this
    /// machine.
    pub fn url_at(&self, port: u16) -> String {
        let options = self.options.clone().host("127.0.0.1").port(port);
        options.to_url_lossy().to_string()
    }

    /// How the database's log is sealed, unless a test wants it otherwise.
    pub fn seals(&self) -> SealSettings {
        SealSettings::with_keys(self.seal_keys.path().to_owned())
    }

    /// A connection of the database's administrator.
    pub async fn administrator(&self) -> PgConnection {
        self.options.connect().await.expect("the database answers")
    }

    /// Runs a statement as the database's administrator.
    pub async fn execute(&self, sql: &str) {
        let mut connection = self.administrator().await;
        connection
            .execute(sql)
            .await
            .expect("the statement is carried out");
        connection.close().await.expect("the connection closes");
    }

    /// Keeps everybody from a table, until it is released.
    pub async fn locks(&self, table: &str) -> Lock {
        let mut connection = self.administrator().await;
        connection
            .execute(format!("begin; lock table {table} in access exclusive mode").as_str())
            .await
            .expect("the table is locked");
        Lock {
            connection,
            database: self.clone(),
            table: table.to_owned(),
        }
    }

    /// One number, as the database's administrator sees it.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut connection = self.administrator().await;
        sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .expect("the query is answered")
    }
}

/// A table that everybody is kept from.
pub struct Lock {
    connection: PgConnection,
    database: TestDatabase,
    table: String,
}

impl Lock {
    /// Returns when somebody waits for the table to read it.
    pub async fn is_waited_for(&self) {
        let waiting = format!(
            "select count(*) from pg_locks where not granted and mode = 'AccessShareLock' \
             and relation = '{}'::regclass",
            self.table
        );
        while self.database.number(&waiting).await == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Lets everybody to the table again.
    pub async fn release(mut self) {
        self.connection
            .execute("commit")
            .await
            .expect("the table is released");
    }
}

fn seal_keys() -> Arc<TempDir> {
    Arc::new(TempDir::new().expect("a temporary directory"))
}

async fn server() -> (PgConnectOptions, Option<Arc<(LocalPostgres, TempDir)>>) {
    #[expect(
        clippy::disallowed_methods,
        reason = "how the test run names its server"
    )]
    let url = std::env::var(SERVER);
    if let Ok(url) = url {
        return (url.parse().expect("the URL of the test server"), None);
    }
    let directory = TempDir::new().expect("a temporary directory");
    let server = LocalPostgres::start(directory.path())
        .await
        .expect("PostgreSQL starts");
    (
        server.options().clone(),
        Some(Arc::new((server, directory))),
    )
}

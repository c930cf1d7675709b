//! A database of its own for each test.
//!
//! `DOCKET_TEST_POSTGRES_URL` names a server by a superuser's URL. Without it
//! the tests share a private server under the system's temporary directory,
//! which the last of them stops.

use std::str::FromStr;
use std::time::Duration;

use event_store::{
    Appended, Commit, Database, DatabaseSource, LocalPostgres, Log, LogSettings, Metadata, Migrate,
    NewEvent, PoolSettings, RecordedEvent, canonical_json, content_hash,
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, PgPool};
use uuid::Uuid;

/// A server on which tests make databases.
pub(crate) struct TestServer {
    pub(crate) superuser: PgConnectOptions,
    private: Option<LocalPostgres>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the edge of the tests")]
        let url = std::env::var("DOCKET_TEST_POSTGRES_URL");
        if let Ok(url) = url {
            return Self {
                superuser: PgConnectOptions::from_str(&url).unwrap(),
                private: None,
            };
        }
        let user = nix::unistd::Uid::effective();
        let directory = std::env::temp_dir().join(format!("docket-test-postgres-{user}"));
        let private = LocalPostgres::start(&directory).await.unwrap();
        Self {
            superuser: private
                .options()
                .clone()
                .username("postgres")
                .database("postgres"),
            private: Some(private),
        }
    }

    pub(crate) async fn run(&self, sql: &str) {
        let mut connection = self.superuser.connect().await.unwrap();
        connection.execute(sql).await.unwrap();
        connection.close().await.unwrap();
    }

    pub(crate) async fn stop(self) {
        if let Some(private) = self.private {
            private.release().await;
        }
    }
}

/// An empty log.
pub(crate) struct TestLog {
    pub(crate) server: TestServer,
    pub(crate) name: String,
    pub(crate) database: Database,
    pub(crate) log: Log,
    settings: LogSettings,
}

impl TestLog {
    pub(crate) async fn new() -> Self {
        Self::with(LogSettings::default()).await
    }

    pub(crate) async fn with(settings: LogSettings) -> Self {
        let server = TestServer::start().await;
        let name = format!("docket_es_{}", Uuid::now_v7().simple());
        server.run(&format!("create database {name}")).await;
        let url = server.superuser.clone().database(&name).to_url_lossy();
        let pool = PoolSettings {
            migrate: Migrate::Yes,
            max_connections: 8,
            ..PoolSettings::default()
        };
        let database = Database::open(&DatabaseSource::Url(url.into()), pool)
            .await
            .unwrap();
        let log = Log::open(database.pool().clone(), settings.clone())
            .await
            .unwrap();
        Self {
            server,
            name,
            database,
            log,
            settings,
        }
    }

    pub(crate) fn pool(&self) -> &PgPool {
        self.database.pool()
    }

    /// Another process's log on the same database.
    pub(crate) async fn replica(&self) -> Log {
        Log::open(self.pool().clone(), self.settings.clone())
            .await
            .unwrap()
    }

    /// A connection as the owner of the log, here a superuser.
    pub(crate) async fn owner(&self) -> PgConnection {
        self.database.owner_options().connect().await.unwrap()
    }

    /// All connections of the log's appenders are cut.
    pub(crate) async fn cut_appenders(&self) {
        let mut owner = self.owner().await;
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and application_name = 'docket appender'",
        )
        .execute(&mut owner)
        .await
        .unwrap();
    }

    /// Waits until so many appenders wait for the head's lock.
    pub(crate) async fn wait_for_blocked_appenders(&self, count: i64) {
        let mut owner = self.owner().await;
        loop {
            let blocked: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity
                 where datname = current_database() and application_name = 'docket appender'
                 and wait_event_type = 'Lock'",
            )
            .fetch_one(&mut owner)
            .await
            .unwrap();
            if blocked >= count {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn all_events(&self) -> Vec<RecordedEvent> {
        self.log
            .read(0, i64::MAX, &event_store::Filter::default())
            .await
            .unwrap()
    }

    pub(crate) async fn finish(self) {
        self.log.shutdown().await;
        self.database.close().await;
        self.server
            .run(&format!("drop database {} with (force)", self.name))
            .await;
        self.server.stop().await;
    }
}

/// A pool as the service's role, apart from the one of the fixture.
pub(crate) async fn pool_of(options: &PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(Duration::from_secs(20))
        .connect_with(options.clone().options([("role", "docket_app")]))
        .await
        .unwrap()
}

/// The envelope of an event by somebody, at a fixed time.
pub(crate) fn by(actor: &str) -> Metadata {
    Metadata::new("2026-03-02T08:30:00Z".parse().unwrap(), actor)
}

/// A commit of notes to one stream.
pub(crate) fn notes(stream: Uuid, expected_version: i64, texts: &[&str]) -> Commit {
    let events = texts.iter().map(|text| NewEvent {
        event_type: "NoteTaken".to_owned(),
        event_version: "1.0".to_owned(),
        payload: canonical_json(&serde_json::json!({ "type": "NoteTaken", "text": text })).unwrap(),
    });
    Commit {
        aggregate_type: "notebook",
        aggregate_id: stream,
        expected_version,
        command_id: Uuid::now_v7(),
        request_hash: content_hash(texts.iter().map(|text| text.as_bytes())),
        events: events.collect(),
        metadata: by("li.wei").to_canonical().unwrap(),
        reservations: Vec::new(),
        rests_on: Vec::new(),
    }
}

/// A commit of one note to a stream of its own.
pub(crate) fn note(text: &str) -> Commit {
    notes(Uuid::now_v7(), 0, &[text])
}

/// The positions that an answer covers.
pub(crate) fn positions(appended: &Appended) -> Vec<i64> {
    (appended.from..=appended.to).collect()
}

//! A desk for tests: the real service on a database of its own, and the verbs
//! of those who use it. Nothing is faked: requests go over HTTP, the database
//! is a PostgreSQL, tokens are real tokens.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on says so by panicking"
)]

pub mod answer;
pub mod hostile;
pub mod journey;
pub mod key_command;
pub mod postgres;
pub mod program;
pub mod schema;
pub mod served;
pub mod socket;
pub mod version_before;
pub mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use api::auth::issue_token;
use api::commands::Envelope;
use api::desk::{Desk, Projecting};
use api::http::Patience;
use api::seals::SealSettings;
use api::serve::Serving;
use chrono::{DateTime, Utc};
use domain::ids::PersonId;
use domain::{Actor, Channel, Role};
use event_store::{DatabaseSource, PoolSettings};
use serde_json::{Value, json};
use strum::IntoEnumIterator;

pub use answer::{Answer, Refusal};
pub use journey::{Incident, Team, identity as journey_id, last_step};
use postgres::TestDatabase;
use wire::Wire;

/// A file of the sample data, of which `DOCKET_SAMPLES` names the folder. Tests
/// that need one stand in a module called `samples`: `scripts/test` leaves
/// these out, and says so, where the data are not at hand.
pub fn sample(name: &str) -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the sample data lie is told by the environment"
    )]
    let folder = std::env::var("DOCKET_SAMPLES")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").to_owned());
    PathBuf::from(folder).join(name)
}

/// A desk that is being served, on a database of its own.
pub struct TestDesk {
    serving: Option<Serving>,
    database: TestDatabase,
    http: reqwest::Client,
}

/// Somebody who uses the desk, by their token.
#[derive(Clone)]
pub struct Person {
    /// The name that stands in the log.
    pub name: String,
    /// The secret of their token.
    pub token: String,
    address: SocketAddr,
    http: reqwest::Client,
}

impl TestDesk {
    /// Opens a new desk.
    pub async fn open() -> Self {
        Self::on(TestDatabase::create().await).await
    }

    /// Opens a new desk whose doors wait as long as they are told.
    pub async fn with_patience(patience: Patience) -> Self {
        let database = TestDatabase::create().await;
        let serving = serve_with(database.url(), &database.seals(), patience).await;
        Self {
            serving: Some(serving),
            database,
            http: reqwest::Client::new(),
        }
    }

    /// Opens the desk of a database, sealed in a way of its own.
    pub async fn sealed_as(database: TestDatabase, seals: &SealSettings) -> Self {
        let serving = serve(&database, seals).await;
        Self {
            serving: Some(serving),
            database,
            http: reqwest::Client::new(),
        }
    }

    /// Opens the desk of a database behind a wire that can be cut.
    pub async fn behind(database: TestDatabase, wire: &Wire) -> Self {
        let url = database.url_at(wire.port());
        let serving = serve_with(url, &database.seals(), Patience::default()).await;
        Self {
            serving: Some(serving),
            database,
            http: reqwest::Client::new(),
        }
    }

    /// Opens the desk of a database.
    pub async fn on(database: TestDatabase) -> Self {
        let seals = database.seals();
        Self::sealed_as(database, &seals).await
    }

    /// Closes the desk and opens it again on the same database.
    pub async fn reopened(mut self) -> Self {
        if let Some(serving) = self.serving.take() {
            serving.stop().await;
        }
        self.serving = Some(serve(&self.database, &self.database.seals()).await);
        self
    }

    /// Closes the desk; the database stays, for the command line.
    pub async fn close(mut self) -> TestDatabase {
        if let Some(serving) = self.serving.take() {
            serving.stop().await;
        }
        self.database.clone()
    }

    /// A second service on the same database.
    pub async fn replica(&self) -> Serving {
        serve(&self.database, &self.database.seals()).await
    }

    /// The database, for those who look at it as its administrator.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// The running service.
    pub fn serving(&self) -> &Serving {
        self.serving.as_ref().expect("the desk is open")
    }

    /// Where the desk listens.
    pub fn address(&self) -> SocketAddr {
        self.serving().address
    }

    /// An address of the desk.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The client that requests are sent with.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Waits until every read model shows all that is in the log.
    pub async fn settled(&self) {
        let desk = self.serving().desk();
        let head = desk.log().head().await.expect("the log answers").position;
        let names: Vec<_> = projections::ProjectionName::iter().collect();
        let projectors = desk.projectors().expect("the desk keeps read models");
        projectors
            .wait_for(&names, head, Duration::from_secs(60))
            .await
            .expect("the read models catch up");
    }

    /// Gives somebody a token of a role.
    pub async fn person(&self, name: &str, role: Role) -> Person {
        let administrator = Actor {
            id: PersonId::new("test").unwrap(),
            role: Role::Administrator,
            teams: Vec::new(),
        };
        let envelope = Envelope::new(administrator, Channel::Cli, api::clock::now());
        let desk = self.serving().desk();
        let token = issue_token(desk, PersonId::new(name).unwrap(), role, None, &envelope)
            .await
            .unwrap();
        Person {
            http: self.http.clone(),
            ..Person::new(name, &token.secret, self.address())
        }
    }

    /// Takes a step of an incident, as the coordinator, as if the desk had
    /// recorded it then: the windows which it opens have begun then, too.
    pub async fn lived_through(
        &self,
        incident: &Incident,
        command: impl Into<domain::incident::Command>,
        at: DateTime<Utc>,
    ) {
        let desk = self.serving().desk();
        live_through(
            desk,
            incident,
            ("coordinator", Role::Coordinator),
            command,
            at,
        )
        .await;
        self.settled().await;
    }

    /// A coordinator.
    pub async fn coordinator(&self) -> Person {
        self.person("coordinator", Role::Coordinator).await
    }
}

/// Takes a step of an incident as if the desk had recorded it then.
pub async fn live_through(
    desk: &Desk,
    incident: &Incident,
    (name, role): (&str, Role),
    command: impl Into<domain::incident::Command>,
    at: DateTime<Utc>,
) {
    let actor = Actor {
        id: PersonId::new(name).unwrap(),
        role,
        teams: Vec::new(),
    };
    let mut envelope = Envelope::new(actor, Channel::Api, at);
    envelope.known_at = at;
    let id = journey_id(&incident.id);
    api::commands::execute::<domain::incident::Incident>(desk, id, &command.into(), &envelope)
        .await
        .unwrap();
}

/// The desk of a database as the command line opens it: commands are taken,
/// and nothing happens by itself.
pub async fn quiet(database: &TestDatabase) -> Desk {
    let source = DatabaseSource::Url(database.url());
    Desk::open(&source, PoolSettings::default(), Projecting::No)
        .await
        .expect("the desk opens")
}

async fn serve(database: &TestDatabase, seals: &SealSettings) -> Serving {
    serve_with(database.url(), seals, Patience::default()).await
}

async fn serve_with(url: String, seals: &SealSettings, patience: Patience) -> Serving {
    let source = DatabaseSource::Url(url);
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Serving::start_with(&source, listen, None, seals, patience)
        .await
        .expect("the desk opens")
}

impl Person {
    /// Somebody with a token of a desk that listens at an address.
    pub fn new(name: &str, token: &str, address: SocketAddr) -> Self {
        Self {
            name: name.to_owned(),
            token: token.to_owned(),
            address,
            http: reqwest::Client::new(),
        }
    }

    /// Where the person's desk listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same person at another address: another replica, or the desk after
    /// a restart.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self {
            address,
            ..self.clone()
        }
    }

    /// The same way in with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// Sends a GraphQL request.
    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        let response = self
            .http
            .post(format!("http://{}/graphql", self.address))
            .bearer_auth(&self.token)
            .json(&json!({ "query": query, "variables": variables }))
            .send()
            .await
            .expect("the desk answers");
        Answer::read(response).await
    }

    /// Sends a query that must be answered, and returns its data.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        self.ask(query, variables).await.data()
    }

    /// Sends a mutation with what it returns about its object left to the
    /// usual fields.
    pub async fn mutate(&self, mutation: &str, input: Value) -> Answer {
        self.ask(&journey::document(mutation), json!({ "input": input }))
            .await
    }

    /// Sends a mutation that must be accepted, and returns its payload.
    pub async fn does(&self, mutation: &str, input: Value) -> Value {
        self.mutate(mutation, input).await.data()[mutation].clone()
    }

    /// Sends a mutation that must be refused.
    pub async fn is_refused(&self, mutation: &str, input: Value) -> Refusal {
        self.mutate(mutation, input).await.refusal()
    }
}

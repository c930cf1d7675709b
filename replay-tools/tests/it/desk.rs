//! A desk whose log comes from the domain's own decisions.
//!
//! `DOCKET_TEST_POSTGRES_URL` names a server by a superuser's URL. Without it
//! the tests share a private server under the system's temporary directory,
//! which the last of them stops.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use domain::audit::SealKeys;
use domain::configuration::{
    CategoryTree, Command as Configure, Configuration, Content, PriorityMatrix, Versions,
};
use domain::ids::{CategoryCode, PersonId, TeamId};
use domain::incident::{Command, Incident, upcasters};
use domain::organisation::{ApiToken, Team, TeamCommand, TokenCommand};
use domain::priority::{Impact, Urgency};
use domain::text::{Line, Text};
use domain::work_item::{
    Assignee, ContactChannel, ExternalReference, Intake, SupportLine, TeamRef, Visibility,
    WorkCommand,
};
use domain::{Actor, Channel, Context, Decider, Role};
use event_store::seal::{KeptHeads, ReviewSettings, Sealer, SealerSettings, SignerSource};
use event_store::{
    AggregateStore, Appended, Audit, CommandEnvelope, Database, DatabaseSource, LocalPostgres, Log,
    LogSettings, Metadata, Migrate, PoolSettings, Reservation, content_hash,
};
use projections::{ProjectionName, catch_up};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::program::{Ran, run};

/// A desk with its configuration, a team and a token.
pub(crate) struct Desk {
    superuser: PgConnectOptions,
    private: Option<LocalPostgres>,
    name: String,
    pub(crate) url: String,
    pub(crate) database: Database,
    pub(crate) log: Log,
    matrices: Arc<Versions<PriorityMatrix>>,
    categories: Arc<Versions<CategoryTree>>,
}

/// A minute of the desk's day.
pub(crate) fn at(time: &str) -> DateTime<Utc> {
    format!("2026-03-02T{time}:00Z").parse().unwrap()
}

pub(crate) fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

pub(crate) fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

fn person(name: &str) -> PersonId {
    PersonId::new(name).unwrap()
}

fn team() -> TeamRef {
    TeamRef {
        id: TeamId::from_code("network"),
        name: "网络组".to_owned(),
        line: SupportLine::Second,
        department: "IT".to_owned(),
    }
}

/// Assigning to the one team that there is.
pub(crate) fn assign() -> Command {
    let to = Assignee {
        team: team(),
        team_is_active: true,
        person: None,
        person_is_member: false,
    };
    WorkCommand::Assign { to }.into()
}

pub(crate) fn comment(words: &str) -> Command {
    let comment = WorkCommand::Comment {
        visibility: Visibility::Internal,
        text: text(words),
    };
    comment.into()
}

impl Desk {
    /// The positions that [`Desk::open`] takes: three for each of two
    /// configurations, one for the team, one for the token.
    pub(crate) const SETUP: i64 = 8;

    /// A database with a schema and nothing in it.
    pub(crate) async fn empty() -> Self {
        let (superuser, private) = server().await;
        let name = format!("docket_replay_{}", Uuid::now_v7().simple());
        let mut connection = superuser.connect().await.unwrap();
        let create = format!("create database {name}");
        connection.execute(&*create).await.unwrap();
        connection.close().await.unwrap();
        let url = String::from(superuser.clone().database(&name).to_url_lossy());
        let settings = PoolSettings {
            migrate: Migrate::Yes,
            ..PoolSettings::default()
        };
        let source = DatabaseSource::Url(url.clone());
        let database = Database::open(&source, settings).await.unwrap();
        let pool = database.pool().clone();
        Self {
            log: Log::open(pool, LogSettings::default()).await.unwrap(),
            superuser,
            private,
            name,
            url,
            database,
            matrices: Arc::default(),
            categories: Arc::default(),
        }
    }

    /// A desk that can take in incidents.
    pub(crate) async fn open() -> Self {
        let mut desk = Self::empty().await;
        desk.matrices = desk.publish(PriorityMatrix::initial()).await;
        desk.categories = desk.publish(CategoryTree::initial()).await;
        let found = TeamCommand::Found {
            code: line("network"),
            name: line("网络组"),
            line: SupportLine::Second,
            department: line("IT"),
        };
        let administrator = desk.context(Role::Administrator, "admin", "07:00");
        desk.execute::<Team>(team().id.0, &found, &administrator, None)
            .await;
        let issue = TokenCommand::Issue {
            name: person("li.wei"),
            role: Role::Agent,
            secret_sha256: "ab".repeat(32),
            expires_at: None,
        };
        desk.execute::<ApiToken>(Uuid::now_v7(), &issue, &administrator, None)
            .await;
        assert_eq!(desk.head().await, Self::SETUP);
        desk
    }

    async fn publish<C: Content>(&self, content: C) -> Arc<Versions<C>> {
        self.publish_from(content, DateTime::UNIX_EPOCH).await
    }

    async fn publish_from<C: Content>(
        &self,
        content: C,
        effective_from: DateTime<Utc>,
    ) -> Arc<Versions<C>> {
        let id = Configuration::<C>::id();
        for (who, command) in [
            ("author", Configure::SaveDraft(content)),
            ("reviewer", Configure::PassReview),
            ("reviewer", Configure::Publish { effective_from }),
        ] {
            let mut by = self.context(Role::Administrator, who, "07:00");
            by.channel = Channel::Process;
            self.execute::<Configuration<C>>(id, &command, &by, None)
                .await;
        }
        let store = self.store::<Configuration<C>>();
        Arc::clone(store.load(id).await.unwrap().state.versions())
    }

    /// Publishes a further version, which holds from the day of the tests on.
    pub(crate) async fn publish_next<C: Content>(&self, content: C) {
        self.publish_from(content, at("07:30")).await;
    }

    fn store<A: Aggregate + Clone + 'static>(&self) -> AggregateStore<A> {
        let pool = self.database.pool().clone();
        AggregateStore::new(self.log.clone(), pool, 0, upcasters())
    }

    fn context(&self, role: Role, who: &str, time: &str) -> Context {
        Context {
            actor: Actor {
                id: person(who),
                role,
                teams: Vec::new(),
            },
            effective_at: at(time),
            known_at: at(time),
            channel: Channel::Api,
            lines: Vec::new(),
            matrices: Arc::clone(&self.matrices),
            categories: Arc::clone(&self.categories),
            closed_teams: Arc::default(),
        }
    }

    async fn execute<A>(
        &self,
        id: Uuid,
        command: &A::Command,
        context: &Context,
        reservation: Option<Reservation>,
    ) -> Appended
    where
        A: Decider + 'static,
        A::Command: std::fmt::Debug,
        A::Event: DomainEvent + Serialize + DeserializeOwned,
    {
        let store = self.store::<A>();
        let loaded = store.load(id).await.unwrap();
        let events = loaded.state.decide(command, context).unwrap();
        let mut metadata = Metadata::new(context.effective_at, context.actor.id.as_str());
        metadata.role = Some(context.actor.role.as_ref().to_owned());
        metadata.channel = Some(context.channel.as_ref().to_owned());
        let envelope = CommandEnvelope {
            metadata: &metadata,
            command_id: Uuid::now_v7(),
            request_hash: content_hash([format!("{command:?}").as_bytes()]),
            reservations: reservation.into_iter().collect(),
            rests_on: Vec::new(),
        };
        store.append(&loaded, events, envelope).await.unwrap()
    }

    /// Registers an incident under a number, at 08:00.
    pub(crate) async fn register(&self, number: &str) -> Uuid {
        let id = Uuid::now_v7();
        let intake = Intake {
            number: number.to_owned(),
            summary: line("VPN 无法连接"),
            description: Some(text("Since this morning\nthe tunnel does not come up.")),
            requester: Some(person("chen.jie")),
            affected_person: None,
            contact_channel: ContactChannel::Phone,
            service: None,
            category: CategoryCode::new("network-vpn").unwrap(),
            impact: Impact::Medium,
            urgency: Urgency::Medium,
            cis: Vec::new(),
            external_references: vec![ExternalReference {
                system: line("ServiceNow"),
                reference: line(&format!("SN-{number}")),
            }],
        };
        let number = Reservation {
            scope: "incident.number",
            key: number.to_owned(),
        };
        let context = self.context(Role::Coordinator, "li.wei", "08:00");
        let command = Command::Register(Box::new(intake));
        self.execute::<Incident>(id, &command, &context, Some(number))
            .await;
        id
    }

    /// A coordinator gives a command, effective at a minute of the day.
    pub(crate) async fn command(&self, id: Uuid, time: &str, command: Command) -> Appended {
        let context = self.context(Role::Coordinator, "li.wei", time);
        self.execute::<Incident>(id, &command, &context, None).await
    }

    /// Registers an incident and lets it go through some steps; one of them is
    /// written down late.
    pub(crate) async fn journey(&self, number: &str) -> Uuid {
        let id = self.register(number).await;
        self.command(id, "10:00", assign()).await;
        self.command(id, "10:05", WorkCommand::Accept.into()).await;
        self.command(id, "09:00", comment("Called back at nine"))
            .await;
        let resolve = Command::Resolve {
            code: line("Fixed"),
            cause: Some(text("An expired certificate")),
            solution: text("Certificate renewed"),
            knowledge: None,
        };
        self.command(id, "11:00", resolve).await;
        id
    }

    pub(crate) async fn head(&self) -> i64 {
        self.log.head().await.unwrap().position
    }

    /// Brings every read model up to the head.
    pub(crate) async fn catch_up(&self) {
        for name in ProjectionName::iter() {
            catch_up(&self.log, self.database.pool(), name)
                .await
                .unwrap();
        }
    }

    /// What only a superuser can do: takes what protects the log away, and
    /// changes what is in it.
    pub(crate) async fn tamper(&self, sql: &str) {
        let options = self.superuser.clone().database(&self.name);
        let mut superuser = options.connect().await.unwrap();
        let unprotected = format!(
            "alter table events disable trigger user; alter table log_head disable trigger user; \
             alter table seal_tiles disable trigger user; \
             alter table seal_checkpoints disable trigger user; \
             alter table reservations disable trigger user; \
             alter table seal_cosignatures disable trigger user; {sql}"
        );
        superuser.execute(&*unprotected).await.unwrap();
        superuser.close().await.unwrap();
    }

    /// Seals the log as it is, with the keys of a directory, and returns the
    /// signed head.
    pub(crate) async fn seal(&self, keys: &Path) -> String {
        let options = self.database.pool().connect_options().as_ref().clone();
        let source = SignerSource::Directory(keys.to_owned());
        let settings = SealerSettings {
            source,
            origin: Some("desk.example/log".into()),
            kept: KeptHeads::new(keys.to_owned()),
            key_events: SealKeys::TYPE,
            review: ReviewSettings::default(),
        };
        let sealer = Sealer::start(&self.log, options, settings);
        let head = self.head().await;
        let mut heads = sealer.heads();
        let covered = heads.wait_for(|covered| covered.as_ref().is_some_and(|it| it.size == head));
        let waited = tokio::time::timeout(Duration::from_secs(30), covered).await;
        assert!(waited.is_ok(), "not sealed: {:?}", sealer.status());
        let note = waited.unwrap().unwrap().clone().unwrap().note;
        sealer.shutdown().await;
        note
    }

    /// The public key of the log.
    pub(crate) async fn key(&self) -> String {
        let keys = Audit::new(self.database.pool().clone())
            .seals()
            .keys()
            .await;
        keys.unwrap().pop().unwrap().verifier_key
    }

    /// Runs the binary on this desk.
    pub(crate) async fn replay(&self, arguments: &[&str]) -> Ran {
        run(&[arguments, &["--database-url", &self.url]].concat()).await
    }

    pub(crate) async fn close(self) {
        self.log.shutdown().await;
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

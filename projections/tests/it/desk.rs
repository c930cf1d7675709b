//! A desk whose events come from the domain's own decisions.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use domain::configuration::{self, CategoryTree, Configuration, Content, PriorityMatrix, Versions};
use domain::ids::{CategoryCode, PersonId, ServiceCode, TeamId};
use domain::incident::{Command, Incident, upcasters};
use domain::priority::{Impact, Urgency};
use domain::text::{Line, Text};
use domain::work_item::{
    Assignee, ContactChannel, ExternalReference, Intake, SupportLine, TeamRef, WorkCommand,
};
use domain::{Actor, Channel, Context, Decider, Role};
use event_store::{
    AggregateStore, Appended, CommandEnvelope, Commit, Database, Log, LogSettings, Metadata,
    NewEvent, RecordedEvent, canonical_json, content_hash,
};
use projections::{Pace, ProjectionName, Projectors, ReadModels, catch_up};
use sqlx::{PgConnection, PgPool};
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::server::TestDatabase;

/// An empty desk.
pub(crate) struct Desk {
    server: TestDatabase,
    pub(crate) log: Log,
    incidents: AggregateStore<Incident>,
    matrices: Arc<Versions<PriorityMatrix>>,
    categories: Arc<Versions<CategoryTree>>,
    minutes: AtomicI64,
    numbers: AtomicI64,
}

pub(crate) fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

pub(crate) fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

pub(crate) fn person(name: &str) -> PersonId {
    PersonId::new(name).unwrap()
}

/// A team of this name; names that begin alike are of one department.
pub(crate) fn team(name: &str, line: SupportLine) -> TeamRef {
    TeamRef {
        id: TeamId::from_code(name),
        name: name.to_owned(),
        line,
        department: name.split(' ').next().unwrap().to_owned(),
    }
}

pub(crate) fn to_team(team: TeamRef) -> Assignee {
    Assignee {
        team,
        team_is_active: true,
        person: None,
        person_is_member: false,
    }
}

/// What the first contact brings, unless a test says otherwise.
pub(crate) fn intake(number: i64) -> Intake {
    Intake {
        number: format!("INC{number:07}"),
        summary: line("VPN 无法连接 😀"),
        description: Some(text("Since this morning the tunnel does not come up.")),
        requester: Some(person("chen.jie")),
        affected_person: None,
        contact_channel: ContactChannel::Phone,
        service: Some(ServiceCode::new("remote-access").unwrap()),
        category: CategoryCode::new("network-vpn").unwrap(),
        impact: Impact::Medium,
        urgency: Urgency::Medium,
        cis: Vec::new(),
        external_references: Vec::new(),
    }
}

pub(crate) fn external(system: &str, reference: &str) -> ExternalReference {
    ExternalReference {
        system: line(system),
        reference: line(reference),
    }
}

/// A kind of configuration with its initial version published.
fn published<C: Content>(content: C) -> Arc<Versions<C>> {
    let mut configuration = Configuration::<C>::default();
    cqrs_es::Aggregate::apply(
        &mut configuration,
        configuration::Event::Published {
            version: 1,
            effective_from: DateTime::UNIX_EPOCH,
            content,
        },
    );
    Arc::clone(configuration.versions())
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let server = TestDatabase::create().await;
        let pool = server.database.pool().clone();
        let log = Log::open(pool.clone(), LogSettings::default())
            .await
            .unwrap();
        Self {
            incidents: AggregateStore::new(log.clone(), pool, 8 << 20, upcasters()),
            log,
            server,
            matrices: published(PriorityMatrix::initial()),
            categories: published(CategoryTree::initial()),
            minutes: AtomicI64::new(0),
            numbers: AtomicI64::new(0),
        }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.server.database
    }

    pub(crate) fn pool(&self) -> &PgPool {
        self.database().pool()
    }

    pub(crate) fn read(&self) -> ReadModels {
        ReadModels::new(self.pool().clone())
    }

    /// A connection that may do anything.
    pub(crate) async fn superuser(&self) -> PgConnection {
        self.server.superuser().await
    }

    /// Another process's projectors on the same log.
    pub(crate) fn projectors(&self, log: &Log) -> Projectors {
        let connect = (*self.pool().connect_options()).clone();
        Projectors::start(log.clone(), self.pool().clone(), connect, Pace::Live)
    }

    /// Another process's log.
    pub(crate) async fn replica(&self) -> Log {
        Log::open(self.pool().clone(), LogSettings::default())
            .await
            .unwrap()
    }

    /// Brings every read model up to the head.
    pub(crate) async fn catch_up(&self) {
        for name in ProjectionName::iter() {
            catch_up(&self.log, self.pool(), name).await.unwrap();
        }
    }

    /// The next minute of the desk's day.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-03-02T08:00:00Z".parse().unwrap();
        start + TimeDelta::minutes(self.minutes.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn context(&self, role: Role, who: &str, channel: Channel) -> Context {
        Context {
            actor: Actor {
                id: person(who),
                role,
                teams: Vec::new(),
            },
            effective_at: self.now(),
            known_at: self.now(),
            channel,
            lines: Vec::new(),
            matrices: Arc::clone(&self.matrices),
            categories: Arc::clone(&self.categories),
            closed_teams: Arc::default(),
        }
    }

    /// Registers an incident as a coordinator does it.
    pub(crate) async fn register(&self) -> Uuid {
        let number = self.next_number();
        self.register_as(intake(number)).await
    }

    pub(crate) fn next_number(&self) -> i64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) async fn register_as(&self, intake: Intake) -> Uuid {
        let id = Uuid::now_v7();
        self.coordinator(id, Command::Register(Box::new(intake)))
            .await;
        id
    }

    /// A coordinator gives a command that must be accepted.
    pub(crate) async fn coordinator(&self, id: Uuid, command: impl Into<Command>) -> Appended {
        let context = self.context(Role::Coordinator, "li.wei", Channel::Api);
        self.execute(id, command.into(), &context).await.unwrap()
    }

    /// The requester gives a command that must be accepted.
    pub(crate) async fn requester(&self, id: Uuid, command: impl Into<Command>) -> Appended {
        let context = self.context(Role::Requester, "chen.jie", Channel::Api);
        self.execute(id, command.into(), &context).await.unwrap()
    }

    /// Assigns to a team and has it accepted.
    pub(crate) async fn start_work(&self, id: Uuid, team_name: &str) {
        let to = to_team(team(team_name, SupportLine::Second));
        self.coordinator(id, WorkCommand::Assign { to }).await;
        self.coordinator(id, WorkCommand::Accept).await;
    }

    pub(crate) async fn resolve(&self, id: Uuid) {
        let command = Command::Resolve {
            code: line("Fixed"),
            cause: Some(text("An expired certificate")),
            solution: text("Certificate renewed"),
            knowledge: None,
        };
        self.coordinator(id, command).await;
    }

    pub(crate) async fn comment(&self, id: Uuid, words: &str) -> Appended {
        let command = WorkCommand::Comment {
            visibility: domain::work_item::Visibility::Public,
            text: text(words),
        };
        self.coordinator(id, command).await
    }

    /// Decides and appends; nothing when the domain refuses.
    pub(crate) async fn execute(
        &self,
        id: Uuid,
        command: Command,
        context: &Context,
    ) -> Option<Appended> {
        let loaded = self.incidents.load(id).await.unwrap();
        let events = loaded.state.decide(&command, context).ok()?;
        let mut metadata = Metadata::new(context.effective_at, context.actor.id.as_str());
        metadata.role = Some(context.actor.role.as_ref().to_owned());
        metadata.channel = Some(context.channel.as_ref().to_owned());
        let envelope = CommandEnvelope {
            metadata: &metadata,
            command_id: Uuid::now_v7(),
            request_hash: content_hash([format!("{command:?}").as_bytes()]),
            reservations: Vec::new(),
            rests_on: Vec::new(),
        };
        Some(
            self.incidents
                .append(&loaded, events, envelope)
                .await
                .unwrap(),
        )
    }

    /// Appends an event that no decision of today makes.
    pub(crate) async fn append_raw(
        &self,
        stream: (Uuid, i64),
        event_type: &str,
        event_version: &str,
        payload: &serde_json::Value,
    ) -> Appended {
        let (aggregate_id, expected_version) = stream;
        let commit = Commit {
            aggregate_type: "incident",
            aggregate_id,
            expected_version,
            command_id: Uuid::now_v7(),
            request_hash: content_hash([event_type.as_bytes()]),
            events: vec![NewEvent {
                event_type: event_type.to_owned(),
                event_version: event_version.to_owned(),
                payload: canonical_json(payload).unwrap(),
            }],
            metadata: Metadata::new(self.now(), "li.wei").to_canonical().unwrap(),
            reservations: Vec::new(),
            rests_on: Vec::new(),
        };
        self.incidents.forget(aggregate_id);
        self.log.append(commit).await.unwrap()
    }

    pub(crate) async fn stream(&self, id: Uuid) -> Vec<RecordedEvent> {
        self.log.read_stream("incident", id, None).await.unwrap()
    }

    pub(crate) async fn head(&self) -> i64 {
        self.log.head().await.unwrap().position
    }

    pub(crate) async fn close(self) {
        self.log.shutdown().await;
        self.server.drop().await;
    }
}

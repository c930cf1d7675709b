//! Years of a desk: incidents by the hundred thousand, each led through its
//! life by the domain's own decisions, and appended with everything that
//! happened to it in one commit. Which incident has which id, team and status
//! follows from its number, so that nothing has to be remembered.

use std::ops::Range;

use anyhow::{Context, bail};
use api::desk::{Desk, Projecting};
use chrono::{DateTime, Duration, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use domain::ids::{CategoryCode, PersonId, TeamId};
use domain::incident::{Command, Event, Incident, Status};
use domain::priority::{Impact, Urgency};
use domain::text::{Line, Text};
use domain::work_item::{Assignee, ContactChannel, Intake, SupportLine, TeamRef, WorkCommand};
use domain::{Actor, Channel, Decider, Role};
use event_store::{
    Commit, Database, DatabaseSource, Log, LogSettings, Metadata, NewEvent, PoolSettings,
    canonical_json, content_hash,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use sqlx::postgres::PgConnectOptions;
use tokio::time::Instant;
use uuid::{Builder, Uuid};

use crate::conversation::WORDS;
use crate::report::Figure;
use crate::server::source;
use crate::{Bench, say};

pub(crate) const DATABASE: &str = "bench_history";
/// How many events an incident has on average, about.
pub(crate) const EVENTS_AN_INCIDENT: u64 = 5;

const TEAMS: u64 = 12;
const CATEGORIES: [&str; 5] = [
    "desktop-printer",
    "application-error",
    "application-slow",
    "account-password",
    "mail",
];
const SUMMARIES: [&str; 5] = [
    "打印机卡纸",
    "保单查询页面报错 500",
    "The claims screen takes a minute to open",
    "域账号密码过期",
    "Mail with attachments is not delivered",
];

/// How far the life of an incident has come. Most of the incidents of a desk
/// are closed; many wait.
const LIVES: [Status; 10] = [
    Status::New,
    Status::Assigned,
    Status::InProgress,
    Status::InProgress,
    Status::InProgress,
    Status::Resolved,
    Status::Closed,
    Status::Closed,
    Status::Closed,
    Status::Closed,
];

/// The log of a desk with a long history, opened.
pub(crate) struct History {
    pub(crate) options: PgConnectOptions,
    pub(crate) database: Database,
    pub(crate) log: Log,
    pub(crate) incidents: u64,
    desks: Desks,
}

impl History {
    /// Appends a history to a new log.
    pub(crate) async fn load(bench: &mut Bench) -> anyhow::Result<Self> {
        let options = bench.server.create(DATABASE).await?;
        let desks = Desks::open(&source(&options)).await?;
        let database = Database::open(&source(&options), PoolSettings::default()).await?;
        let log = Log::open(database.pool().clone(), LogSettings::default()).await?;
        let incidents = bench.sizes.queue_incidents;
        say(&format!("history: {incidents} incidents are appended"));
        let started = Instant::now();
        append(&log, &desks, 0..incidents).await?;
        let events = log.head().await?.position as f64 / started.elapsed().as_secs_f64();
        bench.report.add(Figure::a_second(
            "appending a history, 5 events a commit: events",
            events,
        ));
        bench.server.settle().await?;
        Ok(Self {
            options,
            database,
            log,
            incidents,
            desks,
        })
    }

    /// Appends some more.
    pub(crate) async fn go_on(&mut self, more: u64) -> anyhow::Result<()> {
        append(
            &self.log,
            &self.desks,
            self.incidents..self.incidents + more,
        )
        .await?;
        self.incidents += more;
        Ok(())
    }

    /// Gives the disk back.
    pub(crate) async fn remove(self, bench: &Bench) -> anyhow::Result<()> {
        self.desks.close().await;
        self.log.shutdown().await;
        self.database.close().await;
        bench.server.remove(DATABASE).await
    }
}

/// The configuration by which incidents are judged: that of a new desk.
pub(crate) struct Desks(Desk);

impl Desks {
    /// Opens the desk of a database, and makes it one where it is new.
    pub(crate) async fn open(source: &DatabaseSource) -> anyhow::Result<Self> {
        Ok(Self(
            Desk::open(source, PoolSettings::default(), Projecting::No).await?,
        ))
    }

    pub(crate) async fn close(self) {
        self.0.close().await;
    }

    async fn context(&self) -> anyhow::Result<domain::Context> {
        let actor = Actor {
            id: PersonId::new("li.wei")?,
            role: Role::Coordinator,
            teams: Vec::new(),
        };
        Ok(self
            .0
            .context(
                actor,
                Channel::Api,
                DateTime::UNIX_EPOCH,
                DateTime::UNIX_EPOCH,
            )
            .await?)
    }
}

/// The identity of an incident: ordered by its first contact, and spread in
/// the rest, as a desk's are.
pub(crate) fn incident_id(number: u64) -> Uuid {
    let spread = Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes());
    let mut rest = [0; 10];
    rest.copy_from_slice(&spread.as_bytes()[..10]);
    let millis = u64::try_from(opened_at(number).timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
}

/// What an incident is called.
pub(crate) fn number_of(number: u64) -> String {
    format!("INC{:07}", 5_000_000 + number)
}

/// The team that gets an incident: some get many more than others.
fn team_of(number: u64) -> TeamId {
    let draw = scattered(number) % (TEAMS * TEAMS);
    TeamId::from_code(&format!("bench-{}", TEAMS - 1 - draw.isqrt()))
}

/// Where an incident stands in the end.
fn status_of(number: u64) -> Status {
    let draw = (scattered(number) >> 32) % LIVES.len() as u64;
    LIVES[usize::try_from(draw).unwrap_or_default()]
}

fn opened_at(number: u64) -> DateTime<Utc> {
    /// A million of them are three years.
    const SECONDS_APART: i64 = 95;
    let first = DateTime::from_timestamp(1_640_995_200, 0).unwrap_or_default();
    first + Duration::seconds(SECONDS_APART * i64::try_from(number).unwrap_or_default())
}

/// A number without a pattern, the same each time.
fn scattered(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// Appends incidents, with many commits in flight.
pub(crate) async fn append(log: &Log, desks: &Desks, incidents: Range<u64>) -> anyhow::Result<()> {
    const WRITERS: u64 = 4;
    const IN_FLIGHT: usize = 256;
    let context = desks.context().await?;
    let writers = (0..WRITERS).map(|writer| {
        let (log, mut context) = (log.clone(), context.clone());
        let step = usize::try_from(WRITERS).unwrap_or(1);
        let numbers = (incidents.start + writer..incidents.end).step_by(step);
        tokio::spawn(async move {
            let commits = numbers.map(|number| life(number, &mut context));
            stream::iter(commits)
                .map(|commit| {
                    let log = log.clone();
                    async move { anyhow::Ok(log.append(commit?).await?) }
                })
                .buffer_unordered(IN_FLIGHT)
                .try_for_each(|_| async { Ok(()) })
                .await
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await??;
    }
    Ok(())
}

/// The life of an incident, as one commit.
fn life(number: u64, context: &mut domain::Context) -> anyhow::Result<Commit> {
    let opened_at = opened_at(number);
    let mut incident = Incident::default();
    let mut events = Vec::new();
    for (hours, command) in (0..).zip(commands(number)?) {
        context.effective_at = opened_at + Duration::hours(hours);
        let decided = incident
            .decide(&command, context)
            .map_err(|refusal| anyhow::anyhow!("{number}: {refusal}"))?;
        for event in decided {
            events.push(stored(&event)?);
            incident.apply(event);
        }
    }
    if incident.status() != status_of(number) {
        bail!("incident {number} has become {:?}", incident.status());
    }
    let metadata = Metadata {
        role: Some("coordinator".to_owned()),
        channel: Some("api".to_owned()),
        ..Metadata::new(context.effective_at, context.actor.id.as_str())
    };
    let id = incident_id(number);
    Ok(Commit {
        aggregate_type: Incident::TYPE,
        aggregate_id: id,
        expected_version: 0,
        command_id: id,
        request_hash: content_hash([id.as_bytes().as_slice()]),
        events,
        metadata: metadata.to_canonical()?,
        // The numbers are unique as they are made.
        reservations: Vec::new(),
        rests_on: Vec::new(),
    })
}

fn stored(event: &Event) -> anyhow::Result<NewEvent> {
    Ok(NewEvent {
        event_type: event.event_type(),
        event_version: event.event_version(),
        payload: canonical_json(event)?,
    })
}

/// The steps from the first contact to where the incident stands.
fn commands(number: u64) -> anyhow::Result<Vec<Command>> {
    let choice = usize::try_from(scattered(number) >> 16)? % SUMMARIES.len();
    let intake = Intake {
        number: number_of(number),
        summary: Line::new(&format!("{} ({number})", SUMMARIES[choice]))?,
        description: Some(Text::new(WORDS)?),
        requester: Some(PersonId::new(&format!(
            "person.{}",
            scattered(number) % 5_000
        ))?),
        affected_person: None,
        contact_channel: ContactChannel::Phone,
        service: None,
        category: CategoryCode::new(CATEGORIES[choice])?,
        impact: Impact::Low,
        urgency: if number.is_multiple_of(3) {
            Urgency::Medium
        } else {
            Urgency::Low
        },
        cis: Vec::new(),
        external_references: Vec::new(),
    };
    let team = team_of(number);
    let to = Assignee {
        team: TeamRef {
            id: team,
            name: format!("Team {}", &team.to_string()[..4]),
            line: SupportLine::First,
            department: "head office".to_owned(),
        },
        team_is_active: true,
        person: None,
        person_is_member: false,
    };
    let resolve = Command::Resolve {
        code: Line::new("Fixed")?,
        cause: None,
        solution: Text::new("The part was replaced and the device tested.")?,
        knowledge: None,
    };
    let close = Command::Close {
        no_feedback_reason: Some(Text::new("Not reached, three times.")?),
    };
    let steps = [
        (Status::New, Command::Register(Box::new(intake))),
        (Status::Assigned, WorkCommand::Assign { to }.into()),
        (Status::InProgress, WorkCommand::Accept.into()),
        (Status::Resolved, resolve),
        (Status::Closed, close),
    ];
    let status = status_of(number);
    let place = steps
        .iter()
        .position(|(reached, _)| *reached == status)
        .context("a status without steps")?;
    Ok(steps
        .into_iter()
        .take(place + 1)
        .map(|(_, command)| command)
        .collect())
}

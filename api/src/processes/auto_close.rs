//! Closes resolved incidents that nobody confirmed or rejected in time
//! (INC-29). What follows from what is decided in
//! [`domain::policies::auto_close`]; here it is only run.

use std::time::Duration;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::ids::PersonId;
use domain::incident::Incident;
use domain::policies::auto_close::{self, RULE};
use domain::{Actor, Channel, Role};
use event_store::{Follower, RecordedEvent, StoreError};
use projections::timer::{Timer, TimerChange, apply_changes};
use projections::{DeskEvent, Lease, ReadError, decode, lease};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::commands::{CommandError, Envelope, execute};
use crate::desk::Desk;

/// The process manager's name, under which its lease, its checkpoint and its
/// timers are kept.
const NAME: &str = "auto_close";

/// Who stands in the log.
const ACTOR: &str = "docket:auto-close";

/// How many timers are acted upon before the log is looked at again.
const AT_ONCE: i64 = 100;

/// The pauses after failures: from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the lease could not be had: {0}")]
    Lease(String),
    #[error(transparent)]
    Decode(#[from] projections::DecodeError),
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Runs until stopped; after a failure it begins again where its checkpoint
/// is, with growing pauses.
pub(super) async fn run(desk: Desk, stop: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        let failure = tokio::select! {
            () = stop.cancelled() => return,
            failure = work(&desk) => failure,
        };
        match failure {
            Ok(never) => match never {},
            Err(Failure::Store(StoreError::Closed)) => return,
            Err(failure) => tracing::warn!(process = NAME, %failure, "begins again after a pause"),
        }
        if began.elapsed() > LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Follows the log and acts on timers; of several replicas one does.
async fn work(desk: &Desk) -> Result<std::convert::Infallible, Failure> {
    let options = desk.database().pool().connect_options();
    let mut lease = lease(&options, &format!("process:{NAME}"))
        .await
        .map_err(|error| Failure::Lease(error.to_string()))?;
    let timers = desk.read().timers();
    let mut follower = desk.log().follow(timers.position(NAME).await?);
    // What has happened since the standstill counts before what has become due
    // in it: an incident that was confirmed late is not closed as unanswered.
    let head = desk.log().head().await?.position;
    while follower.position() < head {
        read_on(&mut follower, &mut lease).await?;
    }
    loop {
        let next = timers.next_due(NAME).await?;
        tokio::select! {
            read = read_on(&mut follower, &mut lease) => read?,
            () = until(next) => act(desk).await?,
        }
    }
}

/// Waits until a moment of the world's clock; without one, for ever.
async fn until(due_at: Option<DateTime<Utc>>) {
    match due_at {
        // Once more at the latest after an hour: the clock may be set.
        Some(due_at) => {
            let wait = (due_at - crate::clock::now()).to_std().unwrap_or_default();
            tokio::time::sleep(wait.min(Duration::from_secs(3600))).await;
        }
        None => std::future::pending().await,
    }
}

/// Takes in the next events: their timers and the checkpoint in one step.
async fn read_on(follower: &mut Follower, lease: &mut Lease) -> Result<(), Failure> {
    let batch = follower.next().await?;
    let mut changes = Vec::new();
    for event in &batch {
        changes.extend(change(event)?);
    }
    apply_changes(lease, NAME, &changes, follower.position()).await?;
    Ok(())
}

/// What an event does to the timer of its incident.
fn change(recorded: &RecordedEvent) -> Result<Option<(Uuid, TimerChange)>, Failure> {
    if &*recorded.aggregate_type != Incident::TYPE {
        return Ok(None);
    }
    let DeskEvent::Incident(event) = decode(recorded)? else {
        return Ok(None);
    };
    let change = auto_close::on_event(&event).map(|change| match change {
        auto_close::TimerChange::Start { due_at } => TimerChange::Start {
            due_at,
            source_position: recorded.position,
        },
        auto_close::TimerChange::Stop => TimerChange::Stop,
        auto_close::TimerChange::TryAgain => TimerChange::TryAgain,
    });
    Ok(change.map(|change| (recorded.aggregate_id, change)))
}

/// Closes what is due.
async fn act(desk: &Desk) -> Result<(), Failure> {
    let timers = desk.read().timers();
    for timer in timers.due(NAME, crate::clock::now(), AT_ONCE).await? {
        match close(desk, &timer).await {
            Ok(()) => timers.clear(NAME, &timer).await?,
            // A review is due first, or the incident has gone on: the event
            // that ends that tells this process as well.
            Err(CommandError::Refused { code, .. }) => {
                tracing::info!(incident.id = %timer.key, code, "the desk may not close this incident");
                timers.park(NAME, &timer).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Closes one incident. The command's id derives from the event that set the
/// timer, and its effective time is when the window ended, however late that
/// is noticed.
async fn close(desk: &Desk, timer: &Timer) -> Result<(), CommandError> {
    let actor = Actor {
        id: PersonId::new(ACTOR).map_err(|refused| CommandError::refused(&refused))?,
        role: Role::Coordinator,
        teams: Vec::new(),
    };
    let mut envelope = Envelope::new(actor, Channel::Process, timer.due_at)
        .named(&format!("{NAME}:{}:close", timer.source_position));
    envelope.causation_id = Some(timer.source_position.to_string());
    envelope.rule = Some(RULE.to_owned());
    execute::<Incident>(desk, timer.key, &auto_close::on_due(), &envelope).await?;
    Ok(())
}

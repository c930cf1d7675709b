//! Closes resolved incidents that nobody confirmed or rejected in time
//! (INC-29). What follows from what is decided in
//! [`domain::policies::auto_close`]; here it is only run.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::ids::PersonId;
use domain::incident::Incident;
use domain::policies::auto_close::{self, RULE};
use domain::{Actor, Channel, Role};
use event_store::{RecordedEvent, StoreError};
use futures_util::{StreamExt, stream};
use projections::timer::{Timer, TimerChange, apply_changes};
use projections::{DeskEvent, ReadError, decode, lease};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::commands::{CommandError, Envelope, execute};
use crate::desk::{Desk, Keeps};

/// The process manager's name, under which its lease, its checkpoint and its
/// timers are kept.
const NAME: &str = "auto_close";

/// Who stands in the log.
const ACTOR: &str = "docket:auto-close";

/// How many timers are acted upon before the log is looked at again.
const AT_ONCE: i64 = 256;

/// How many incidents are closed at the same time, so that the log commits
/// them together.
const TOGETHER: usize = 32;

/// How long, and how many positions, the checkpoint may lag behind what has
/// been read, while that has changed no timer.
const UNSAVED_TIME: Duration = Duration::from_millis(250);
const UNSAVED_POSITIONS: i64 = 10_000;

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
        let changes = changes(&follower.next().await?)?;
        apply_changes(&mut lease, NAME, &changes, follower.position()).await?;
    }
    let mut saved = follower.position();
    let mut next = timers.next_due(NAME).await?;
    loop {
        // Only the waiting may be given up for something else. What has been
        // read is taken in to its end: the follower does not bring it again.
        tokio::select! {
            batch = follower.next() => {
                let changes = changes(&batch?)?;
                if changes.is_empty() && follower.position() - saved < UNSAVED_POSITIONS {
                    continue;
                }
                apply_changes(&mut lease, NAME, &changes, follower.position()).await?;
            }
            () = tokio::time::sleep(UNSAVED_TIME), if follower.position() > saved => {
                apply_changes(&mut lease, NAME, &[], follower.position()).await?;
            }
            () = until(next) => act(desk).await?,
        }
        saved = follower.position();
        next = timers.next_due(NAME).await?;
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

/// What events do to the timers of their incidents.
fn changes(events: &[Arc<RecordedEvent>]) -> Result<Vec<(Uuid, TimerChange)>, Failure> {
    events
        .iter()
        .filter_map(|event| change(event).transpose())
        .collect()
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

/// Closes what is due, several at a time.
async fn act(desk: &Desk) -> Result<(), Failure> {
    let timers = desk.read().timers();
    let due = timers.due(NAME, crate::clock::now(), AT_ONCE).await?;
    let mut tried = stream::iter(due)
        .map(|timer| async move { (close(desk, &timer).await, timer) })
        .buffer_unordered(TOGETHER);
    let (mut closed, mut refused, mut failure) = (Vec::new(), Vec::new(), None);
    while let Some((result, timer)) = tried.next().await {
        match result {
            Ok(()) => closed.push(timer),
            // A review is due first, or the incident has gone on: the event
            // that ends that tells this process as well.
            Err(CommandError::Refused { code, .. }) => {
                tracing::info!(incident.id = %timer.key, code, "the desk may not close this incident");
                refused.push(timer);
            }
            Err(error) => failure = Some(error),
        }
    }
    timers.clear(NAME, &closed).await?;
    timers.park(NAME, &refused).await?;
    failure.map_or(Ok(()), |error| Err(error.into()))
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
    let closed = execute::<Incident>(desk, timer.key, &auto_close::on_due(), &envelope).await;
    // Most likely nobody asks for it again.
    Keeps::<Incident>::store(desk).forget(timer.key);
    closed.map(drop)
}

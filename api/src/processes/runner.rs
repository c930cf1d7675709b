//! The loop of every process manager: it takes the lease, follows the log,
//! keeps timers and a checkpoint in one transaction, and acts on the timers
//! that are due, several at a time. What a process does is the process's own.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::PersonId;
use domain::policies;
use domain::{Actor, Channel, Role};
use event_store::{RecordedEvent, StoreError};
use futures_util::{StreamExt, stream};
use projections::timer::{Timer, TimerChange, apply_changes, begin_anew};
use projections::{Decoded, DeskEvent, ReadError, lease};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::commands::{CommandError, Envelope};
use crate::desk::Desk;

/// What a process manager is, apart from its loop.
pub(super) trait Process: Send + Sync + 'static {
    /// Under which its lease, its checkpoint and its timers are kept.
    const NAME: &'static str;

    /// Which version of its timers it keeps. Another one reads the log from
    /// its beginning.
    const VERSION: i32;

    /// Who stands in the log.
    const ACTOR: &'static str;

    /// The rule by which it acts, as it stands in the log.
    const RULE: &'static str;

    /// The events that it looks at, by their aggregates and their names; all
    /// others are passed over unread.
    const FOLLOWS: (&'static str, &'static [&'static str]);

    /// What an event means for the process's timers, each called by what it is
    /// about. A process that answers at once starts one that is due at the
    /// event's time.
    fn on_event(event: &Decoded) -> Vec<(Uuid, policies::TimerChange)>;

    /// Does what is due. A refusal is an answer, too: something has to happen
    /// first, and the event of that lets the process try again, or the other
    /// side has gone on, and the event of that has ended the timer.
    fn act(desk: &Desk, timer: &Timer) -> impl Future<Output = Result<(), CommandError>> + Send;
}

/// How many timers are acted upon before the log is looked at again.
const AT_ONCE: i64 = 256;

/// How many are acted upon at the same time, so that the log commits what they
/// bring together.
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

/// The envelope of what a process does about a timer: the command's id derives
/// from the event that set the timer and from what is done about it, so that
/// it has one effect however often it is sent.
pub(super) fn envelope<P: Process>(
    timer: &Timer,
    what: &str,
    effective_at: DateTime<Utc>,
) -> Result<Envelope, CommandError> {
    let actor = Actor {
        id: PersonId::new(P::ACTOR).map_err(|refused| CommandError::refused(&refused))?,
        role: Role::Coordinator,
        teams: Vec::new(),
    };
    let name = format!("{}:{}:{what}", P::NAME, timer.source_position);
    let mut envelope = Envelope::new(actor, Channel::Process, effective_at).named(&name);
    envelope.causation_id = Some(timer.source_position.to_string());
    envelope.rule = Some(P::RULE.to_owned());
    Ok(envelope)
}

/// What an event of an incident's means for the one timer that the incident has
/// with a process.
pub(super) fn of_incident(
    event: &Decoded,
    on_event: impl Fn(&domain::incident::Event) -> Option<policies::TimerChange>,
) -> Vec<(Uuid, policies::TimerChange)> {
    let DeskEvent::Incident(content) = &event.event else {
        return Vec::new();
    };
    let change = on_event(content).map(|change| (event.recorded.aggregate_id, change));
    change.into_iter().collect()
}

/// Runs a process until it is stopped; after a failure it begins again where
/// its checkpoint is, with growing pauses.
pub(super) async fn run<P: Process>(desk: Desk, stop: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        let failure = tokio::select! {
            () = stop.cancelled() => return,
            failure = work::<P>(&desk) => failure,
        };
        match failure {
            Ok(never) => match never {},
            Err(Failure::Store(StoreError::Closed)) => return,
            Err(failure) => {
                tracing::warn!(process = P::NAME, %failure, "begins again after a pause");
            }
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
async fn work<P: Process>(desk: &Desk) -> Result<Infallible, Failure> {
    let process = (P::NAME, P::VERSION);
    let options = desk.database().pool().connect_options();
    let mut lease = lease(&options, &format!("process:{}", P::NAME))
        .await
        .map_err(|error| Failure::Lease(error.to_string()))?;
    let timers = desk.read().timers();
    let position = timers.position(P::NAME, P::VERSION).await?;
    if position.is_none() {
        begin_anew(&mut lease, P::NAME).await?;
    }
    let mut follower = desk.log().follow(position.unwrap_or(0));
    // What has happened since the standstill counts before what has become due
    // in it: an incident that was confirmed late is not closed as unanswered.
    let head = desk.log().head().await?.position;
    while follower.position() < head {
        let changes = changes::<P>(&follower.next().await?)?;
        apply_changes(&mut lease, process, &changes, follower.position()).await?;
    }
    let mut saved = follower.position();
    let mut next = timers.next_due(P::NAME).await?;
    loop {
        // Only the waiting may be given up for something else. What has been
        // read is taken in to its end: the follower does not bring it again.
        tokio::select! {
            batch = follower.next() => {
                let changes = changes::<P>(&batch?)?;
                if changes.is_empty() && follower.position() - saved < UNSAVED_POSITIONS {
                    continue;
                }
                apply_changes(&mut lease, process, &changes, follower.position()).await?;
            }
            () = tokio::time::sleep(UNSAVED_TIME), if follower.position() > saved => {
                apply_changes(&mut lease, process, &[], follower.position()).await?;
            }
            () = until(next) => act::<P>(desk).await?,
        }
        saved = follower.position();
        next = timers.next_due(P::NAME).await?;
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

/// What events do to the timers of a process.
fn changes<P: Process>(events: &[Arc<RecordedEvent>]) -> Result<Vec<(Uuid, TimerChange)>, Failure> {
    let mut all = Vec::new();
    let (aggregate, names) = P::FOLLOWS;
    let followed = events.iter().filter(|event| {
        &*event.aggregate_type == aggregate && names.contains(&event.event_type.as_str())
    });
    for recorded in followed {
        let event = Decoded::new(Arc::clone(recorded))?;
        for (key, change) in P::on_event(&event) {
            let change = match change {
                policies::TimerChange::Start { due_at } => TimerChange::Start {
                    due_at,
                    source_position: recorded.position,
                },
                policies::TimerChange::Stop => TimerChange::Stop,
                policies::TimerChange::TryAgain => TimerChange::TryAgain {
                    at: event.metadata.effective_at,
                },
            };
            all.push((key, change));
        }
    }
    Ok(all)
}

/// Acts on what is due, several at a time.
async fn act<P: Process>(desk: &Desk) -> Result<(), Failure> {
    let timers = desk.read().timers();
    let due = timers.due(P::NAME, crate::clock::now(), AT_ONCE).await?;
    let mut tried = stream::iter(due)
        .map(|timer| async move { (P::act(desk, &timer).await, timer) })
        .buffer_unordered(TOGETHER);
    let (mut done, mut refused, mut failure) = (Vec::new(), Vec::new(), None);
    while let Some((result, timer)) = tried.next().await {
        let outcome = match result {
            Ok(()) => {
                done.push(timer);
                "done"
            }
            Err(CommandError::Refused { code, .. }) => {
                tracing::info!(
                    process = P::NAME,
                    key = %timer.key,
                    code,
                    "what was due is refused: something has to happen first, or has happened"
                );
                refused.push(timer);
                "refused"
            }
            Err(error) => {
                failure = Some(error);
                "failed"
            }
        };
        metrics::counter!("docket_process_actions_total", "process" => P::NAME, "outcome" => outcome)
            .increment(1);
    }
    timers.clear(P::NAME, &done).await?;
    timers.park(P::NAME, &refused).await?;
    failure.map_or(Ok(()), |error| Err(error.into()))
}

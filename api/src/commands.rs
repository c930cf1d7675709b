//! The way of a command: wait for the turn on the aggregate, load it, let it
//! decide, append what it decided. A conflict with another replica's command is
//! decided anew on the fresh state, a repeated command gets its first answer.

mod resting;

use std::time::Duration;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::ids::PersonId;
use domain::{Actor, Channel, Context, Decider, Refusal};
use event_store::{
    AppendError, CommandEnvelope, Loaded, Metadata, Reservation, StoreError, StreamVersion,
};
use projections::ReadError;
use tokio::time::Instant;
use uuid::Uuid;

use crate::desk::{Desk, Keeps};

pub(crate) use resting::{Assigning, Connecting, Deciding, Unlinking, holder_of};

/// How long a command waits for its turn, and is decided anew when other
/// replicas are faster.
const PATIENCE: Duration = Duration::from_secs(10);

/// What stands around a command: who, when, why, and how it is told apart
/// from its repetitions.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The same id twice is the same command twice.
    pub command_id: Uuid,
    /// Hash of the command's content.
    pub request_hash: [u8; 16],
    /// Who acts.
    pub actor: Actor,
    /// For whom, where that is somebody else.
    pub on_behalf_of: Option<PersonId>,
    /// The door it came through.
    pub channel: Channel,
    /// When it was so in the world.
    pub effective_at: DateTime<Utc>,
    /// Whether whoever commands has named that time. One that is merely the
    /// present moment never lies before the aggregate's last step, whatever
    /// the clocks of several services say.
    pub is_dated: bool,
    /// When it becomes known: when the desk records it, or as it happened for a
    /// history that is taken over.
    pub known_at: DateTime<Utc>,
    /// What ties together all that follows from one cause.
    pub correlation_id: Option<String>,
    /// The event or command that directly caused this one.
    pub causation_id: Option<String>,
    /// The rule by which a machine acts.
    pub rule: Option<String>,
    /// The version that the one who commands has seen.
    pub expected_version: Option<i64>,
    /// Keys that the aggregate claims with this command.
    pub reservations: Vec<Reservation>,
}

impl Envelope {
    /// The least that a command must say.
    pub fn new(actor: Actor, channel: Channel, effective_at: DateTime<Utc>) -> Self {
        Self {
            command_id: crate::clock::new_id(),
            request_hash: [0; 16],
            actor,
            on_behalf_of: None,
            channel,
            effective_at,
            is_dated: true,
            known_at: match channel {
                Channel::Import => effective_at,
                Channel::Api | Channel::Cli | Channel::Process => crate::clock::now(),
            },
            correlation_id: None,
            causation_id: None,
            rule: None,
            expected_version: None,
            reservations: Vec::new(),
        }
    }

    /// Names the command by what it does, so that doing it again is the same
    /// command: the way of imports, set-ups and process managers.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.command_id = command_id(name);
        self.request_hash = event_store::content_hash([name.as_bytes()]);
        self
    }

    /// When the command takes effect on an aggregate.
    fn effective_on<A: Decider>(&self, state: &A) -> DateTime<Utc> {
        match state.last_step_at() {
            Some(last) if !self.is_dated => self.effective_at.max(last),
            _ => self.effective_at,
        }
    }

    fn metadata(&self, effective_at: DateTime<Utc>) -> Metadata {
        Metadata {
            role: Some(self.actor.role.as_ref().to_ascii_lowercase()),
            on_behalf_of: self.on_behalf_of.as_ref().map(ToString::to_string),
            channel: Some(self.channel.as_ref().to_owned()),
            correlation_id: self.correlation_id.clone(),
            causation_id: self.causation_id.clone(),
            rule: self.rule.clone(),
            ..Metadata::new(effective_at, self.actor.id.as_str())
        }
    }
}

/// The id of the command that is called this.
pub fn command_id(name: &str) -> Uuid {
    Uuid::new_v5(&domain::ids::DESK_NAMESPACE, name.as_bytes())
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The aggregate.
    pub id: Uuid,
    /// The position of the command's last event.
    pub position: i64,
    /// The aggregate's version after it.
    pub version: i64,
    /// Whether the command had been carried out before.
    pub duplicate: bool,
}

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A rule of the domain forbids it.
    #[error("{message}")]
    Refused {
        /// The rule's stable code.
        code: String,
        /// The rule in words.
        message: String,
        /// The input field at fault.
        field: Option<&'static str>,
        /// What else the refusal says, by name.
        facts: Vec<(&'static str, String)>,
    },
    /// The aggregate is not as the one who commands has seen it, or others
    /// were faster every time.
    #[error("the object has changed: it is at version {current}")]
    Conflict {
        /// The version it is at.
        current: i64,
    },
    /// The id was used for another command.
    #[error("this command id was already used for another command")]
    CommandIdReused,
    /// A key is taken.
    #[error("{key} is taken already")]
    KeyTaken {
        /// The key.
        key: String,
    },
    /// No answer in time; sending the command again under its id settles it.
    #[error(
        "no answer in time: the command may have been carried out or not; send it again under the same command id"
    )]
    Unknown,
    /// The desk is shutting down.
    #[error("the desk is shutting down; nothing was stored")]
    ShuttingDown,
    /// A fact that the command needs could not be looked up.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log or the database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommandError {
    /// A refusal of the domain.
    pub fn refused(refusal: &impl Refusal) -> Self {
        Self::Refused {
            code: refusal.code(),
            message: refusal.to_string(),
            field: refusal.field(),
            facts: refusal.facts(),
        }
    }

    /// What to call this in a metric.
    fn outcome(&self) -> &'static str {
        match self {
            Self::Refused { .. } | Self::KeyTaken { .. } => "refused",
            Self::Conflict { .. } => "conflict",
            Self::CommandIdReused => "command_id_reused",
            Self::Unknown => "unknown",
            Self::ShuttingDown | Self::Read(_) | Self::Store(_) => "failed",
        }
    }
}

/// Carries out a command on one aggregate.
pub async fn execute<A>(
    desk: &Desk,
    id: Uuid,
    command: &A::Command,
    envelope: &Envelope,
) -> Result<Outcome, CommandError>
where
    A: Decider + 'static,
    A::Command: Sync,
    Desk: Keeps<A>,
{
    execute_by(desk, id, envelope, |state: &A, context: &Context| {
        state
            .decide(command, context)
            .map_err(|refusal| CommandError::refused(&refusal))
    })
    .await
}

/// What is decided about one aggregate in one commit. It is asked for anew, on
/// the fresh state, where others were faster.
pub trait Decision<A: Aggregate>: Send {
    /// Reads what the decision rests on beside the aggregate itself, and names
    /// the versions that it has read.
    fn look_up(
        &mut self,
        _: &Desk,
    ) -> impl Future<Output = Result<Vec<StreamVersion>, CommandError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// The events that follow.
    fn decide(&mut self, state: &A, context: &Context) -> Result<Vec<A::Event>, CommandError>;
}

/// A decision that rests on the aggregate alone.
struct Alone<F>(F);

impl<A, F> Decision<A> for Alone<F>
where
    A: Aggregate,
    F: FnMut(&A, &Context) -> Result<Vec<A::Event>, CommandError> + Send,
{
    fn decide(&mut self, state: &A, context: &Context) -> Result<Vec<A::Event>, CommandError> {
        (self.0)(state, context)
    }
}

/// Carries out several decisions on one aggregate in one commit. What is to be
/// decided may depend on how the aggregate stands.
pub async fn execute_by<A>(
    desk: &Desk,
    id: Uuid,
    envelope: &Envelope,
    decide: impl FnMut(&A, &Context) -> Result<Vec<A::Event>, CommandError> + Send,
) -> Result<Outcome, CommandError>
where
    A: Decider + 'static,
    Desk: Keeps<A>,
{
    execute_decision(desk, id, envelope, Alone(decide)).await
}

/// Carries out a decision on one aggregate.
pub async fn execute_decision<A>(
    desk: &Desk,
    id: Uuid,
    envelope: &Envelope,
    decision: impl Decision<A>,
) -> Result<Outcome, CommandError>
where
    A: Decider + 'static,
    Desk: Keeps<A>,
{
    let result = attempts(desk, id, envelope, decision).await;
    let outcome = match &result {
        Ok(Outcome {
            duplicate: true, ..
        }) => "duplicate",
        Ok(_) => "accepted",
        Err(error) => error.outcome(),
    };
    metrics::counter!("docket_commands_total", "aggregate" => A::TYPE, "outcome" => outcome)
        .increment(1);
    result
}

async fn attempts<A>(
    desk: &Desk,
    id: Uuid,
    envelope: &Envelope,
    mut decision: impl Decision<A>,
) -> Result<Outcome, CommandError>
where
    A: Decider + 'static,
    Desk: Keeps<A>,
{
    let deadline = Instant::now() + PATIENCE;
    let turn = tokio::time::timeout_at(deadline, desk.turns().wait(A::TYPE, id)).await;
    let mut current = desk.store().load(id).await?.version;
    if turn.is_err() {
        return Err(CommandError::Conflict { current });
    }
    while Instant::now() < deadline {
        let rests_on = decision.look_up(desk).await?;
        let loaded = desk.store().load(id).await?;
        current = loaded.version;
        let events = match decided(desk, &loaded, envelope, &mut decision).await? {
            Ok(events) => events,
            // The cache may be older than what another replica has appended,
            // and what is refused now may be what succeeded the first time.
            Err(error) => {
                if !desk.store().is_current(&loaded).await? || !desk.are_current(&rests_on).await? {
                    continue;
                }
                // Nothing is said of an object that does not exist for the actor.
                let exists = loaded.version > 0 && loaded.state.admits(&envelope.actor).is_ok();
                let first = if exists {
                    first_answer::<A>(desk, id, envelope).await?
                } else {
                    None
                };
                return first.ok_or(error);
            }
        };
        let metadata = envelope.metadata(envelope.effective_on(&*loaded.state));
        let envelope = CommandEnvelope {
            metadata: &metadata,
            command_id: envelope.command_id,
            request_hash: envelope.request_hash,
            reservations: envelope.reservations.clone(),
            rests_on: rests_on.clone(),
        };
        match desk.store().append(&loaded, events, envelope).await {
            Ok(appended) => {
                return Ok(Outcome {
                    id,
                    position: appended.to,
                    version: appended.version,
                    duplicate: appended.duplicate,
                });
            }
            Err(AppendError::Conflict { current: now }) => {
                current = now;
                desk.forget(&rests_on);
            }
            Err(AppendError::CommandIdReused) => return Err(CommandError::CommandIdReused),
            Err(AppendError::KeyTaken { key, .. }) => return Err(CommandError::KeyTaken { key }),
            Err(AppendError::Unknown(error)) => {
                tracing::error!(%error, "the log gave no answer in time");
                return Err(CommandError::Unknown);
            }
            Err(AppendError::Closed) => return Err(CommandError::ShuttingDown),
            Err(AppendError::Store(error)) => return Err(error.into()),
            Err(error) => {
                return Err(StoreError::NoAnswer {
                    detail: error.to_string(),
                }
                .into());
            }
        }
    }
    Err(CommandError::Conflict { current })
}

/// The events that follow, or why none do.
async fn decided<A>(
    desk: &Desk,
    loaded: &Loaded<A>,
    envelope: &Envelope,
    decision: &mut impl Decision<A>,
) -> Result<Result<Vec<A::Event>, CommandError>, StoreError>
where
    A: Decider,
{
    if let Err(refusal) = loaded.state.admits(&envelope.actor) {
        return Ok(Err(CommandError::refused(&refusal)));
    }
    let expected = envelope.expected_version.unwrap_or(loaded.version);
    let conflict = CommandError::Conflict {
        current: loaded.version,
    };
    if expected != loaded.version && loaded.version > 0 {
        return Ok(Err(conflict));
    }
    let context = desk
        .context(
            envelope.actor.clone(),
            envelope.channel,
            envelope.effective_on(&*loaded.state),
            envelope.known_at,
        )
        .await?;
    // What does not exist says so first, whatever version was expected of it.
    let events = decision.decide(&loaded.state, &context);
    Ok(if expected == loaded.version {
        events
    } else {
        events.and(Err(conflict))
    })
}

/// The answer that the command had when it came the first time, if it did.
async fn first_answer<A: Aggregate>(
    desk: &Desk,
    id: Uuid,
    envelope: &Envelope,
) -> Result<Option<Outcome>, CommandError> {
    let Some(known) = desk.log().find_command(envelope.command_id).await? else {
        return Ok(None);
    };
    let same = known.aggregate_type == A::TYPE
        && known.aggregate_id == id
        && known.request_hash == envelope.request_hash;
    if !same {
        return Err(CommandError::CommandIdReused);
    }
    Ok(Some(Outcome {
        id,
        position: known.appended.to,
        version: known.appended.version,
        duplicate: true,
    }))
}

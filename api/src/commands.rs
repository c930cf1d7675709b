//! The way of a command: load the aggregate, let it decide, append what it
//! decided. A conflict with somebody else's command is decided anew on the
//! fresh state, a repeated command gets its first answer.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::ids::PersonId;
use domain::{Actor, Channel, Context, Decider, Refusal};
use event_store::{AppendError, CommandEnvelope, Loaded, Metadata, Reservation, StoreError};
use projections::ReadError;
use uuid::Uuid;

use crate::desk::{Desk, Keeps};

/// How often a command is decided anew when others are faster.
const ATTEMPTS: usize = 4;

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

    fn metadata(&self) -> Metadata {
        Metadata {
            role: Some(self.actor.role.as_ref().to_ascii_lowercase()),
            on_behalf_of: self.on_behalf_of.as_ref().map(ToString::to_string),
            channel: Some(self.channel.as_ref().to_owned()),
            correlation_id: self.correlation_id.clone(),
            causation_id: self.causation_id.clone(),
            rule: self.rule.clone(),
            ..Metadata::new(self.effective_at, self.actor.id.as_str())
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
    execute_by::<A>(desk, id, envelope, |state, context| {
        state
            .decide(command, context)
            .map_err(|refusal| CommandError::refused(&refusal))
    })
    .await
}

/// Carries out several decisions on one aggregate in one commit. What is to be
/// decided may depend on how the aggregate stands: it is asked for anew on the
/// fresh state where others were faster.
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
    let result = attempts(desk, id, envelope, decide).await;
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
    mut decide: impl FnMut(&A, &Context) -> Result<Vec<A::Event>, CommandError> + Send,
) -> Result<Outcome, CommandError>
where
    A: Decider + 'static,
    Desk: Keeps<A>,
{
    let metadata = envelope.metadata();
    let mut current = 0;
    for _ in 0..ATTEMPTS {
        let loaded = desk.store().load(id).await?;
        current = loaded.version;
        let events = match decided(desk, &loaded, envelope, &mut decide).await? {
            Ok(events) => events,
            // The cache may be older than what another replica has appended,
            // and what is refused now may be what succeeded the first time.
            Err(error) => {
                if !desk.store().is_current(&loaded).await? {
                    continue;
                }
                return match first_answer::<A>(desk, id, envelope).await? {
                    Some(outcome) => Ok(outcome),
                    None => Err(error),
                };
            }
        };
        let envelope = CommandEnvelope {
            metadata: &metadata,
            command_id: envelope.command_id,
            request_hash: envelope.request_hash,
            reservations: envelope.reservations.clone(),
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
            Err(AppendError::Conflict { current: now }) => current = now,
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
    decide: &mut (impl FnMut(&A, &Context) -> Result<Vec<A::Event>, CommandError> + Send),
) -> Result<Result<Vec<A::Event>, CommandError>, StoreError>
where
    A: Decider,
{
    if envelope
        .expected_version
        .is_some_and(|expected| expected != loaded.version)
    {
        return Ok(Err(CommandError::Conflict {
            current: loaded.version,
        }));
    }
    let context = desk
        .context(
            envelope.actor.clone(),
            envelope.channel,
            envelope.effective_at,
        )
        .await?;
    Ok(decide(&loaded.state, &context))
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

//! 封印密钥: the keys that seal the log, one handing over to the next. The
//! log's first key is adopted by the desk itself, the others by whoever
//! rotates them.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, VariantNames};
use uuid::Uuid;

use crate::context::Role;
use crate::ids::DESK_NAMESPACE;
use crate::text::Text;
use crate::{Channel, Context, Decider, Refusal};

/// What decisions about the keys read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealKeys {
    current: Option<String>,
}

impl SealKeys {
    /// The one set of keys that a log has.
    pub fn id() -> Uuid {
        Uuid::new_v5(&DESK_NAMESPACE, b"seal keys")
    }
}

/// What can be asked of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealKeysCommand {
    /// Records the first key.
    Adopt {
        /// The public key under the log's name (C2SP signed-note).
        verifier_key: String,
    },
    /// Records that another key has taken over.
    Rotate {
        /// The key that has taken over.
        to: String,
        /// How many events the key before has sealed.
        from_size: i64,
    },
    /// Records that events which were sealed are lost, and that the log goes on
    /// without them.
    AcceptLoss {
        /// How many events the head covers that was kept of them.
        lost_size: i64,
        /// The root over those events, in base64.
        lost_root: String,
        /// How many events are left under the last head.
        sealed_size: i64,
        /// Why that is accepted.
        reason: Text,
    },
}

/// What happens to the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, AsRefStr, VariantNames)]
#[serde(tag = "type")]
pub enum SealKeysEvent {
    /// The log has its first key.
    SealKeyAdopted {
        /// The public key under the log's name.
        verifier_key: String,
    },
    /// Another key has taken over, endorsed by the one before.
    SealKeyRotated {
        /// The key before.
        from: String,
        /// The key that has taken over.
        to: String,
        /// How many events the key before has sealed.
        from_size: i64,
    },
    /// Events that were sealed are lost, and the log goes on without them:
    /// heads that were kept of them contradict it from here on.
    LossAccepted {
        /// How many events the head covers that was kept of them.
        lost_size: i64,
        /// The root over those events, in base64.
        lost_root: String,
        /// How many events are left under the last head.
        sealed_size: i64,
        /// Why that is accepted.
        reason: Text,
    },
}

/// Why a step of the keys is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, AsRefStr, VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", prefix = "SEAL_KEYS_")]
pub enum SealKeysRefusal {
    /// A log has one first key.
    #[error("the log has a key already; rotate it")]
    AlreadyAdopted,
    /// There is nothing to rotate.
    #[error("the log has no key yet")]
    NotAdopted,
    /// The key is the one that signs already.
    #[error("this key signs already")]
    SameKey,
    /// The log has all events of the head that was kept.
    #[error("the log is as long as the head that was kept: nothing is lost")]
    NothingLost,
    /// Only an administrator, the command line or the desk handles keys.
    #[error("only an administrator may do this")]
    NotAdministrator,
}

impl Refusal for SealKeysRefusal {
    fn code(&self) -> String {
        self.as_ref().to_owned()
    }
}

impl DomainEvent for SealKeysEvent {
    fn event_type(&self) -> String {
        self.as_ref().to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Decider for SealKeys {
    fn decide(
        &self,
        command: &SealKeysCommand,
        context: &Context,
    ) -> Result<Vec<SealKeysEvent>, SealKeysRefusal> {
        let by_the_desk = matches!(context.channel, Channel::Cli | Channel::Process);
        if context.actor.role != Role::Administrator && !by_the_desk {
            return Err(SealKeysRefusal::NotAdministrator);
        }
        let event = match (&self.current, command) {
            (None, SealKeysCommand::Adopt { verifier_key }) => SealKeysEvent::SealKeyAdopted {
                verifier_key: verifier_key.clone(),
            },
            (Some(_), SealKeysCommand::Adopt { .. }) => {
                return Err(SealKeysRefusal::AlreadyAdopted);
            }
            (None, SealKeysCommand::Rotate { .. } | SealKeysCommand::AcceptLoss { .. }) => {
                return Err(SealKeysRefusal::NotAdopted);
            }
            (Some(from), SealKeysCommand::Rotate { to, .. }) if from == to => {
                return Err(SealKeysRefusal::SameKey);
            }
            (Some(from), SealKeysCommand::Rotate { to, from_size }) => {
                SealKeysEvent::SealKeyRotated {
                    from: from.clone(),
                    to: to.clone(),
                    from_size: *from_size,
                }
            }
            (
                Some(_),
                SealKeysCommand::AcceptLoss {
                    lost_size,
                    lost_root,
                    sealed_size,
                    reason,
                },
            ) => {
                if lost_size <= sealed_size {
                    return Err(SealKeysRefusal::NothingLost);
                }
                SealKeysEvent::LossAccepted {
                    lost_size: *lost_size,
                    lost_root: lost_root.clone(),
                    sealed_size: *sealed_size,
                    reason: reason.clone(),
                }
            }
        };
        Ok(vec![event])
    }
}

impl Aggregate for SealKeys {
    const TYPE: &'static str = "seal_keys";
    type Command = SealKeysCommand;
    type Event = SealKeysEvent;
    type Error = SealKeysRefusal;
    type Services = Context;

    async fn handle(
        &mut self,
        command: SealKeysCommand,
        context: &Context,
        sink: &EventSink<Self>,
    ) -> Result<(), SealKeysRefusal> {
        for event in self.decide(&command, context)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: SealKeysEvent) {
        match event {
            SealKeysEvent::SealKeyAdopted { verifier_key: key }
            | SealKeysEvent::SealKeyRotated { to: key, .. } => self.current = Some(key),
            SealKeysEvent::LossAccepted { .. } => {}
        }
    }
}

//! 访问令牌: a secret by which a program, or a person until sign-in comes,
//! acts at the desk. The log holds its hash and never the secret.

use chrono::{DateTime, Utc};
use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, VariantNames};

use crate::context::Role;
use crate::ids::PersonId;
use crate::{Channel, Context, Decider, Refusal};

/// What decisions about a token read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    issued: bool,
    revoked: bool,
}

/// What can be asked of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenCommand {
    /// Makes the token known.
    Issue {
        /// What it is for, and the name that stands in the log when it acts.
        name: PersonId,
        /// What it may do.
        role: Role,
        /// The SHA-256 of the secret, in hexadecimal.
        secret_sha256: String,
        /// When it ends by itself.
        expires_at: Option<DateTime<Utc>>,
    },
    /// Ends it.
    Revoke,
}

/// What happens to a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, AsRefStr, VariantNames)]
#[serde(tag = "type")]
pub enum TokenEvent {
    /// The token may be used.
    TokenIssued {
        /// The name that stands in the log when it acts.
        name: PersonId,
        /// What it may do.
        role: Role,
        /// The SHA-256 of the secret, in hexadecimal.
        secret_sha256: String,
        /// When it ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
    },
    /// The token may no longer be used.
    TokenRevoked {},
}

/// Why a step of a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, AsRefStr, VariantNames)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", prefix = "TOKEN_")]
pub enum TokenRefusal {
    /// There is no such token.
    #[error("there is no such token")]
    NotFound,
    /// A token is issued once.
    #[error("this token was issued already")]
    AlreadyIssued,
    /// It has ended.
    #[error("this token was revoked already")]
    AlreadyRevoked,
    /// Nobody could act by it.
    #[error("the token would have ended already, at {at}")]
    EndedAlready {
        /// When it would have ended.
        at: DateTime<Utc>,
    },
    /// Only an administrator, or the command line, handles tokens.
    #[error("only an administrator may do this")]
    NotAdministrator,
}

impl Refusal for TokenRefusal {
    fn code(&self) -> String {
        self.as_ref().to_owned()
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::EndedAlready { .. } => Some("expiresAt"),
            _ => None,
        }
    }
}

impl DomainEvent for TokenEvent {
    fn event_type(&self) -> String {
        self.as_ref().to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Decider for ApiToken {
    fn decide(
        &self,
        command: &TokenCommand,
        context: &Context,
    ) -> Result<Vec<TokenEvent>, TokenRefusal> {
        if context.actor.role != Role::Administrator && context.channel != Channel::Cli {
            return Err(TokenRefusal::NotAdministrator);
        }
        let event = match (self.issued, self.revoked, command) {
            (
                false,
                _,
                TokenCommand::Issue {
                    expires_at: Some(at),
                    ..
                },
            ) if *at <= context.known_at => return Err(TokenRefusal::EndedAlready { at: *at }),
            (
                false,
                _,
                TokenCommand::Issue {
                    name,
                    role,
                    secret_sha256,
                    expires_at,
                },
            ) => TokenEvent::TokenIssued {
                name: name.clone(),
                role: *role,
                secret_sha256: secret_sha256.clone(),
                expires_at: *expires_at,
            },
            (true, _, TokenCommand::Issue { .. }) => return Err(TokenRefusal::AlreadyIssued),
            (false, _, TokenCommand::Revoke) => return Err(TokenRefusal::NotFound),
            (true, true, TokenCommand::Revoke) => return Err(TokenRefusal::AlreadyRevoked),
            (true, false, TokenCommand::Revoke) => TokenEvent::TokenRevoked {},
        };
        Ok(vec![event])
    }
}

impl Aggregate for ApiToken {
    const TYPE: &'static str = "api_token";
    type Command = TokenCommand;
    type Event = TokenEvent;
    type Error = TokenRefusal;
    type Services = Context;

    async fn handle(
        &mut self,
        command: TokenCommand,
        context: &Context,
        sink: &EventSink<Self>,
    ) -> Result<(), TokenRefusal> {
        for event in self.decide(&command, context)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: TokenEvent) {
        match event {
            TokenEvent::TokenIssued { .. } => self.issued = true,
            TokenEvent::TokenRevoked {} => self.revoked = true,
        }
    }
}

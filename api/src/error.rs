//! The one place where what went wrong becomes what a client reads: a message
//! for people, a stable `code` for programs, and never the inside of the
//! service.

use async_graphql::{Error, ErrorExtensions};
use domain::Refusal;
use event_store::{StoreError, is_out_of_reach};
use uuid::Uuid;

use crate::commands::CommandError;

/// The codes that do not come from a rule of the domain.
pub(crate) mod code {
    /// No valid token.
    pub(crate) const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// The role may not do this.
    pub(crate) const FORBIDDEN: &str = "FORBIDDEN";
    /// There is no such object, or it is not for this actor to see.
    pub(crate) const NOT_FOUND: &str = "NOT_FOUND";
    /// An id that is none, or of another type.
    pub(crate) const ID_INVALID: &str = "ID_INVALID";
    /// A cursor that was not given out by this list.
    pub(crate) const CURSOR_INVALID: &str = "CURSOR_INVALID";
    /// Paging arguments that contradict each other or ask for too much.
    pub(crate) const PAGE_INVALID: &str = "PAGE_INVALID";
    /// Input fields that contradict each other.
    pub(crate) const INPUT_INVALID: &str = "INPUT_INVALID";
    /// Links lead over so many items that no further one is taken.
    pub(crate) const TOO_MANY_LINKED: &str = "TOO_MANY_LINKED";
    /// A position that the log has not reached.
    pub(crate) const POSITION_NOT_REACHED: &str = "POSITION_NOT_REACHED";
    /// A time in the future.
    pub(crate) const EFFECTIVE_AT_INVALID: &str = "EFFECTIVE_AT_INVALID";
    /// The object has changed.
    pub(crate) const CONFLICT: &str = "CONFLICT";
    /// The command id belongs to another command.
    pub(crate) const COMMAND_ID_REUSED: &str = "COMMAND_ID_REUSED";
    /// A key that must be unique is taken.
    pub(crate) const KEY_TAKEN: &str = "KEY_TAKEN";
    /// No answer in time; send the command again under its id.
    pub(crate) const OUTCOME_UNKNOWN: &str = "OUTCOME_UNKNOWN";
    /// The desk is shutting down or its database cannot be reached.
    pub(crate) const UNAVAILABLE: &str = "UNAVAILABLE";
    /// The read models have not caught up in time.
    pub(crate) const READ_MODEL_BEHIND: &str = "READ_MODEL_BEHIND";
    /// The request took too long.
    pub(crate) const TIMEOUT: &str = "TIMEOUT";
    /// There are too many operations on one socket.
    pub(crate) const TOO_MANY_OPERATIONS: &str = "TOO_MANY_OPERATIONS";
    /// The request is too large.
    pub(crate) const REQUEST_TOO_LARGE: &str = "REQUEST_TOO_LARGE";
    /// The request is no GraphQL request.
    pub(crate) const BAD_REQUEST: &str = "BAD_REQUEST";
    /// The document cannot be parsed.
    pub(crate) const GRAPHQL_PARSE_FAILED: &str = "GRAPHQL_PARSE_FAILED";
    /// The document does not fit the schema, or is deeper or more complex than
    /// is allowed.
    pub(crate) const GRAPHQL_VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";
    /// What is asked for lies behind the last signed head of the log.
    pub(crate) const NOT_SEALED: &str = "NOT_SEALED";
    /// An entry of the log does not fit into a bundle.
    pub(crate) const ENTRY_TOO_LARGE: &str = "ENTRY_TOO_LARGE";
    /// Something that is not the client's fault.
    pub(crate) const INTERNAL: &str = "INTERNAL";
}

/// An error with a code.
pub(crate) fn coded(code: &str, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

/// An error with a code that one input field is to blame for.
pub(crate) fn at_field(code: &str, message: impl Into<String>, field: &str) -> Error {
    coded(code, message).extend_with(|_, extensions| extensions.set("field", field))
}

/// A value that a rule of the domain does not take.
pub(crate) fn refused_at(refusal: &impl Refusal, field: &str) -> Error {
    at_field(&refusal.code(), format!("{field} {refusal}"), field)
}

/// Something that is not the client's fault: logged once with an id, which is
/// all that the client learns. Where the database is out of reach, the client
/// may ask again.
pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Error {
    if is_out_of_reach(error) {
        tracing::error!(error = %chain(error), "the database cannot be reached");
        return coded(
            code::UNAVAILABLE,
            "the desk cannot reach its database at present; send the same again, a command under \
             its command id",
        );
    }
    let correlation_id = Uuid::now_v7();
    tracing::error!(%correlation_id, error = %chain(error), "a request failed");
    coded(
        code::INTERNAL,
        "something went wrong on our side; it has been logged under the correlation id",
    )
    .extend_with(|_, extensions| extensions.set("correlationId", correlation_id.to_string()))
}

/// An error and what caused it, in one line for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// What a client reads of a command that had no effect.
pub(crate) fn of_command(error: &CommandError) -> Error {
    let message = error.to_string();
    match error {
        CommandError::Refused {
            code, field, facts, ..
        } => {
            let refused = match field {
                Some(field) => at_field(code, message, field),
                None => coded(code, message),
            };
            let tell = |error: Error, (name, fact): &(&'static str, String)| {
                error.extend_with(|_, extensions| extensions.set(*name, fact.as_str()))
            };
            facts.iter().fold(refused, tell)
        }
        CommandError::Conflict { current } => coded(code::CONFLICT, message)
            .extend_with(|_, extensions| extensions.set("currentVersion", *current)),
        CommandError::CommandIdReused => at_field(code::COMMAND_ID_REUSED, message, "commandId"),
        CommandError::KeyTaken { .. } => coded(code::KEY_TAKEN, message),
        CommandError::Unknown => coded(code::OUTCOME_UNKNOWN, message),
        CommandError::ShuttingDown => coded(code::UNAVAILABLE, message),
        CommandError::Read(error) => internal(error),
        CommandError::Store(error) => of_store(error),
    }
}

/// What a client reads of a failure of the log.
pub(crate) fn of_store(error: &StoreError) -> Error {
    match error {
        StoreError::InexactNumber { .. } => coded(code::INPUT_INVALID, error.to_string()),
        StoreError::TimedOut | StoreError::NoAnswer { .. } | StoreError::Closed => {
            tracing::error!(error = %chain(error), "the log cannot be reached");
            coded(
                code::UNAVAILABLE,
                "the desk cannot reach its log at present; nothing was stored",
            )
        }
        error => internal(error),
    }
}

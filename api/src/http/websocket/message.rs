//! What is said on a socket: the messages of `graphql-transport-ws`, and the
//! codes that a socket is closed with.

use std::borrow::Cow;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The longest reason that a close frame has room for, in bytes.
const MAX_REASON: usize = 123;

/// What a client says.
#[derive(Debug)]
pub(super) enum ClientMessage<'m> {
    /// It shows its token.
    ConnectionInit(Option<&'m RawValue>),
    /// It asks whether the service is there.
    Ping(Option<&'m RawValue>),
    /// It is there.
    Pong,
    /// It asks for an operation.
    Subscribe {
        /// What it calls the operation.
        id: String,
        /// The request.
        request: &'m RawValue,
    },
    /// It wants no more of an operation.
    Complete {
        /// The operation.
        id: String,
    },
}

#[derive(Deserialize)]
struct Envelope<'m> {
    #[serde(rename = "type")]
    kind: Cow<'m, str>,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'m RawValue>,
}

impl<'m> ClientMessage<'m> {
    /// Reads a message; nothing where it is none of the protocol.
    pub(super) fn read(text: &'m str) -> Option<Self> {
        let Envelope { kind, id, payload } = serde_json::from_str(text).ok()?;
        // A payload is an object wherever there is one.
        if payload.is_some_and(|payload| !payload.get().starts_with('{')) {
            return None;
        }
        match &*kind {
            "connection_init" => Some(Self::ConnectionInit(payload)),
            "ping" => Some(Self::Ping(payload)),
            "pong" => Some(Self::Pong),
            "subscribe" => Some(Self::Subscribe {
                id: id.filter(|id| !id.is_empty())?,
                request: payload?,
            }),
            "complete" => Some(Self::Complete {
                id: id.filter(|id| !id.is_empty())?,
            }),
            _ => None,
        }
    }
}

/// The client has shown a valid token.
pub(super) fn connection_ack() -> Message {
    text(&json!({ "type": "connection_ack" }))
}

/// The service is there.
pub(super) fn pong(payload: Option<&RawValue>) -> Message {
    match payload {
        None => text(&json!({ "type": "pong" })),
        Some(payload) => Message::text(format!(r#"{{"type":"pong","payload":{payload}}}"#)),
    }
}

/// An answer of an operation.
pub(super) fn next(id: &str, payload: &Value) -> Message {
    text(&json!({ "id": id, "type": "next", "payload": payload }))
}

/// Nothing of an operation was carried out.
pub(super) fn error(id: &str, errors: &Value) -> Message {
    text(&json!({ "id": id, "type": "error", "payload": errors }))
}

/// There is no more of an operation.
pub(super) fn complete(id: &str) -> Message {
    text(&json!({ "id": id, "type": "complete" }))
}

fn text(message: &Value) -> Message {
    Message::text(message.to_string())
}

/// Why a socket is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Close {
    code: u16,
    reason: Cow<'static, str>,
}

impl Close {
    const fn new(code: u16, reason: &'static str) -> Self {
        Self {
            code,
            reason: Cow::Borrowed(reason),
        }
    }

    /// The service is stopping.
    pub(super) const GOING_AWAY: Self = Self::new(1001, "the desk closes");
    /// The client has not answered for too long.
    pub(super) const SILENT: Self = Self::new(1008, "no answer to a ping");
    /// A message is larger than is read.
    pub(super) const TOO_LARGE: Self = Self::new(1009, "a message is too large");
    /// The token cannot be checked at present.
    pub(super) const TRY_AGAIN: Self = Self::new(1013, "the token cannot be checked at present");
    /// What the client said is no message of the protocol.
    pub(super) const INVALID_MESSAGE: Self = Self::new(4400, "Invalid message");
    /// The client asks for something before it has shown a token.
    pub(super) const UNAUTHORIZED: Self = Self::new(4401, "Unauthorized");
    /// The client has no valid token, or has none any longer.
    pub(super) const FORBIDDEN: Self = Self::new(4403, "Forbidden");
    /// The client does not speak the protocol.
    pub(super) const NO_PROTOCOL: Self = Self::new(4406, "Subprotocol not acceptable");
    /// The client has not shown a token in time.
    pub(super) const NOT_INITIALISED: Self = Self::new(4408, "Connection initialisation timeout");
    /// The client shows a token twice.
    pub(super) const INITIALISED_TWICE: Self = Self::new(4429, "Too many initialisation requests");

    /// The client asks for a second operation under the id of one that is
    /// under way.
    pub(super) fn id_in_use(id: &str) -> Self {
        let (before, after) = ("Subscriber for ", " already exists");
        let mut room = (MAX_REASON - before.len() - after.len()).min(id.len());
        while !id.is_char_boundary(room) {
            room -= 1;
        }
        Self {
            code: 4409,
            reason: Cow::Owned(format!("{before}{}{after}", &id[..room])),
        }
    }
}

impl From<Close> for Message {
    fn from(close: Close) -> Self {
        Self::Close(Some(CloseFrame {
            code: close.code,
            reason: Utf8Bytes::from(close.reason.into_owned()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_room_in_a_close_frame_whatever_the_id() {
        for id in ["1", "长".repeat(200).as_str(), "x".repeat(124).as_str()] {
            let close = Close::id_in_use(id);
            assert!(close.reason.len() <= MAX_REASON, "{}", close.reason);
            assert!(close.reason.ends_with("already exists"));
        }
    }

    #[test]
    fn what_is_no_message_is_not_taken_for_one() {
        for text in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"type":"start","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","payload":{}}"#,
            r#"{"type":"subscribe","id":"","payload":{}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":[]}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"ping","payload":1}"#,
        ] {
            assert!(ClientMessage::read(text).is_none(), "{text}");
        }
    }
}

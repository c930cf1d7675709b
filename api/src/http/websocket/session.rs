//! One client at a socket, from its first message to its last.
//!
//! The session looks at the client's right before everything that it does,
//! and is woken when the right ends: nothing is answered or pushed under a
//! token that was revoked or has ended.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::message::{self, ClientMessage, Close};
use super::operation::{Addressed, Operation, Pushed};
use crate::auth::find_token;
use crate::error::code;
use crate::graphql::Viewer;
use crate::graphql::limits::{self, LIMITS};
use crate::http::Doors;
use crate::http::answer::{answered, refused};
use crate::http::graphql::secret_in;
use crate::http::request::{Unserved, from_fields, parsed};

/// How many answers wait for a slow client before its operations do.
const WAITING: usize = 16;

/// How long a client may take to read one message.
const SLOWEST_READER: Duration = Duration::from_secs(10);

/// How long a client has to say goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a session ends.
enum End {
    /// The client has gone.
    Gone,
    /// The service closes the socket.
    Closed(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Closed(close)
    }
}

/// A client at a socket.
pub(super) struct Session {
    doors: Doors,
    socket: WebSocket,
    /// Who the client is, once it has shown a token.
    viewer: Option<Viewer>,
    operations: HashMap<String, Operation>,
    started: u64,
    pushed: mpsc::Receiver<Pushed>,
    push: mpsc::Sender<Pushed>,
}

impl Session {
    pub(super) fn new(doors: Doors, socket: WebSocket) -> Self {
        let (push, pushed) = mpsc::channel(WAITING);
        Self {
            doors,
            socket,
            viewer: None,
            operations: HashMap::new(),
            started: 0,
            pushed,
            push,
        }
    }

    /// Serves the client until it goes or has to go.
    pub(super) async fn run(mut self, secret: Option<String>) {
        let Err(end) = self.talk(secret.as_deref()).await;
        self.operations.clear();
        let End::Closed(close) = end else { return };
        // What the client still says is read: a socket that is closed over
        // unread messages takes the close frame with it.
        let farewell = async {
            if self.socket.send(close.into()).await.is_ok() {
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        let _ = timeout(FAREWELL, farewell).await;
    }

    async fn talk(&mut self, secret: Option<&str>) -> Result<std::convert::Infallible, End> {
        if self.socket.protocol().is_none() {
            return Err(Close::NO_PROTOCOL.into());
        }
        let stop = self.doors.stop.clone();
        let initialised_by = Instant::now() + self.doors.patience.connection_init;
        let silence = self.doors.patience.silence;
        let (mut heard, mut is_pinged) = (Instant::now(), false);
        loop {
            let silent_at = heard + if is_pinged { silence * 2 } else { silence };
            tokio::select! {
                biased;
                () = stop.cancelled(), if !self.has_commands() => {
                    return Err(Close::GOING_AWAY.into());
                }
                () = lost(self.viewer.as_ref()) => return Err(Close::FORBIDDEN.into()),
                () = sleep_until(initialised_by), if self.viewer.is_none() => {
                    return Err(Close::NOT_INITIALISED.into());
                }
                message = self.socket.recv() => {
                    (heard, is_pinged) = (Instant::now(), false);
                    match message {
                        None => return Err(End::Gone),
                        Some(Ok(message)) => self.hear(message, secret).await?,
                        Some(Err(error)) => return Err(unreadable(&error).into()),
                    }
                }
                Some(pushed) = self.pushed.recv() => self.pass_on(pushed).await?,
                () = sleep_until(silent_at) => {
                    if is_pinged {
                        return Err(Close::SILENT.into());
                    }
                    is_pinged = true;
                    self.say(Message::Ping(Vec::new().into())).await?;
                }
            }
        }
    }

    /// Whether a command is under way: a desk that closes still answers it.
    fn has_commands(&self) -> bool {
        self.operations
            .values()
            .any(|operation| operation.is_command)
    }

    async fn hear(&mut self, message: Message, secret: Option<&str>) -> Result<(), End> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Close::INVALID_MESSAGE.into()),
            // Answered by the WebSocket itself; after a close there is no more.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => return Ok(()),
        };
        match ClientMessage::read(&text).ok_or(Close::INVALID_MESSAGE)? {
            ClientMessage::ConnectionInit(payload) => self.admit(payload, secret).await,
            ClientMessage::Ping(payload) => self.say(message::pong(payload)).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, request } => self.subscribe(id, request).await,
            ClientMessage::Complete { id } => {
                self.operations.remove(&id);
                Ok(())
            }
        }
    }

    /// Lets a client in that shows a valid token.
    async fn admit(
        &mut self,
        payload: Option<&RawValue>,
        from_header: Option<&str>,
    ) -> Result<(), End> {
        if self.viewer.is_some() {
            return Err(Close::INITIALISED_TWICE.into());
        }
        let payload: Value = payload.map_or(Ok(Value::Null), |payload| {
            parsed(payload.get(), "the payload").map_err(|_| Close::INVALID_MESSAGE)
        })?;
        let from_payload = payload
            .as_object()
            .and_then(|fields| {
                fields
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
            })
            .and_then(|(_, value)| value.as_str())
            .and_then(secret_in);
        let secret = from_payload.or(from_header).ok_or(Close::FORBIDDEN)?;
        let found = find_token(&self.doors.desk, secret);
        let found = match timeout(self.doors.patience.connection_init, found).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::error!(%error, "a token could not be checked");
                return Err(Close::TRY_AGAIN.into());
            }
            Err(_) => return Err(Close::TRY_AGAIN.into()),
        };
        let token = found.ok_or(Close::FORBIDDEN)?;
        self.viewer = Some(Viewer::new(&self.doors.desk, token));
        self.say(message::connection_ack()).await
    }

    async fn subscribe(&mut self, id: String, request: &RawValue) -> Result<(), End> {
        let viewer = self.viewer.clone().ok_or(Close::UNAUTHORIZED)?;
        if self.doors.stop.is_cancelled() {
            let message = "the desk closes; nothing was stored";
            return self.refuse(&id, message, code::UNAVAILABLE).await;
        }
        if self.operations.contains_key(&id) {
            return Err(Close::id_in_use(&id).into());
        }
        if self.operations.len() >= LIMITS.operations {
            let message = format!(
                "there are at most {} operations on one socket",
                LIMITS.operations
            );
            return self.refuse(&id, &message, code::TOO_MANY_OPERATIONS).await;
        }
        let read = parsed(request.get(), "the payload").and_then(|payload| match payload {
            Value::Object(fields) => from_fields(fields),
            _ => Err(Unserved::bad("the payload must be an object")),
        });
        let mut request = match read {
            Ok(request) => request,
            Err(unserved) if unserved.code == code::REQUEST_TOO_LARGE => {
                return self.refuse(&id, &unserved.message, unserved.code).await;
            }
            Err(_) => return Err(Close::INVALID_MESSAGE.into()),
        };
        let kind = match limits::check(&mut request) {
            Ok(kind) => kind,
            Err(error) => return self.answer(&id, refused(error)).await.map(|_| ()),
        };
        self.started += 1;
        let to = Addressed {
            id: id.clone(),
            serial: self.started,
            session: self.push.clone(),
        };
        let operation = Operation::start(self.doors.clone(), viewer, kind, request, to);
        self.operations.insert(id, operation);
        Ok(())
    }

    /// Passes on what an operation says, unless it was given up meanwhile.
    async fn pass_on(&mut self, pushed: Pushed) -> Result<(), End> {
        let id = pushed.id;
        let known = self.operations.get(&id);
        if known.is_none_or(|operation| operation.serial != pushed.serial) {
            return Ok(());
        }
        let is_over = if let Some(answer) = pushed.answer {
            self.answer(&id, answer).await?
        } else {
            self.say(message::complete(&id)).await?;
            true
        };
        if is_over {
            self.operations.remove(&id);
        }
        Ok(())
    }

    /// Says an answer, and whether it was the last one because nothing was
    /// executed.
    async fn answer(&mut self, id: &str, answer: async_graphql::Response) -> Result<bool, End> {
        let answered = match answered(answer) {
            Ok(answered) => answered,
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                let message = "something went wrong on our side";
                self.refuse(id, message, code::INTERNAL).await?;
                return Ok(true);
            }
        };
        let message = if answered.is_request_error {
            message::error(id, &answered.body["errors"])
        } else {
            message::next(id, &answered.body)
        };
        self.say(message).await?;
        Ok(answered.is_request_error)
    }

    async fn refuse(&mut self, id: &str, message: &str, code: &str) -> Result<(), End> {
        let errors = serde_json::json!([{ "message": message, "extensions": { "code": code } }]);
        self.say(message::error(id, &errors)).await
    }

    /// Says something to a client that may still hear it and does listen.
    async fn say(&mut self, message: Message) -> Result<(), End> {
        tokio::select! {
            biased;
            () = lost(self.viewer.as_ref()) => Err(Close::FORBIDDEN.into()),
            said = timeout(SLOWEST_READER, self.socket.send(message)) => match said {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(End::Gone),
            }
        }
    }
}

/// Returns when the right of a client has ended; never while there is none.
async fn lost(viewer: Option<&Viewer>) {
    match viewer {
        Some(viewer) => viewer.lost().await,
        None => std::future::pending().await,
    }
}

/// Why a message could not be read. What is no WebSocket any longer does not
/// hear the answer.
fn unreadable(error: &axum::Error) -> Close {
    if error.to_string().contains("too long") {
        Close::TOO_LARGE
    } else {
        Close::INVALID_MESSAGE
    }
}

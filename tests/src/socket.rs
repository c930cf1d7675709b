//! A client of the desk's WebSocket.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::{Person, TestDesk};

/// An open WebSocket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What comes out of a socket.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A message.
    Said(Value),
    /// The desk has closed the socket, with this code and reason.
    Closed(u16, String),
    /// The connection has ended without a word.
    Cut,
}

impl Socket {
    /// Opens a socket with a sub-protocol, and says nothing on it.
    pub async fn dial(address: SocketAddr, protocol: &str) -> Self {
        let mut request = format!("ws://{address}/graphql")
            .into_client_request()
            .expect("an address");
        let protocol = protocol.parse().expect("a header");
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", protocol);
        let (stream, _) = tokio_tungstenite::connect_async(request)
            .await
            .expect("the desk opens a socket");
        Self(stream)
    }

    /// Opens a socket of the desk, and says nothing on it.
    pub async fn silent(desk: &TestDesk) -> Self {
        Self::dial(desk.address(), "graphql-transport-ws").await
    }

    /// Opens a socket for somebody.
    pub async fn of(desk: &TestDesk, person: &Person) -> Self {
        Self::at(desk.address(), person).await
    }

    /// Opens a socket for somebody at an address.
    pub async fn at(address: SocketAddr, person: &Person) -> Self {
        let mut socket = Self::dial(address, "graphql-transport-ws").await;
        socket.init(&person.token).await;
        assert_eq!(
            socket.hears().await,
            Heard::Said(json!({ "type": "connection_ack" }))
        );
        socket
    }

    /// Shows a token.
    pub async fn init(&mut self, token: &str) {
        let payload = json!({ "Authorization": format!("Bearer {token}") });
        self.send(json!({ "type": "connection_init", "payload": payload }))
            .await;
    }

    /// Asks for an operation under an id.
    pub async fn asks(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(json!({ "id": id, "type": "subscribe", "payload": payload }))
            .await;
    }

    /// Asks for an operation.
    pub async fn subscribe(&mut self, query: &str, variables: Value) {
        self.asks("1", query, variables).await;
    }

    /// Says something.
    pub async fn send(&mut self, message: Value) {
        self.frame(Message::text(message.to_string())).await;
    }

    /// Says something on a socket that the desk may have closed.
    pub async fn try_send(&mut self, message: Value) -> bool {
        let message = Message::text(message.to_string());
        self.0.send(message).await.is_ok()
    }

    /// Sends a frame as it is.
    pub async fn frame(&mut self, message: Message) {
        self.0.send(message).await.expect("the socket is open");
    }

    /// What comes next.
    pub async fn hears(&mut self) -> Heard {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Heard::Said(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Heard::Closed(frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Heard::Cut,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message; none where the desk has closed the socket.
    pub async fn next(&mut self) -> Option<Value> {
        match self.hears().await {
            Heard::Said(message) => Some(message),
            Heard::Closed(..) | Heard::Cut => None,
        }
    }

    /// The code that the desk closes the socket with, whatever it says before.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.hears().await {
                Heard::Said(_) => {}
                Heard::Closed(code, _) => return code,
                Heard::Cut => return 0,
            }
        }
    }

    /// The data of the next answer, which has no errors.
    pub async fn data(&mut self) -> Value {
        let message = self.next().await.expect("the socket is open");
        assert_eq!(message["type"], "next", "{message}");
        assert!(
            message["payload"]
                .get("errors")
                .is_none_or(|errors| errors == &json!([])),
            "{message}"
        );
        message["payload"]["data"].clone()
    }

    /// The first error of the next message, which says that nothing of an
    /// operation was carried out.
    pub async fn error(&mut self) -> Value {
        let message = self.next().await.expect("the socket is open");
        assert_eq!(message["type"], "error", "{message}");
        message["payload"][0].clone()
    }
}

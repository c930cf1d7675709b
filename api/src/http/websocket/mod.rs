//! GraphQL over WebSocket with the sub-protocol `graphql-transport-ws`, to its
//! letter. The token comes in the upgrade's `Authorization` header or, for
//! browsers, which cannot set one, in the payload of `connection_init` as
//! `{"Authorization": "Bearer TOKEN"}`.
//!
//! `message.rs` has what is said, `session.rs` who says it when, and
//! `operation.rs` what is carried out meanwhile.

mod message;
mod operation;
mod session;

use axum::extract::{FromRequestParts, Request, WebSocketUpgrade};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::{Doors, MAX_BODY_BYTES};
use session::Session;

/// The sub-protocol that is spoken.
const PROTOCOL: &str = "graphql-transport-ws";

/// What is read or written at once, in bytes: what every open socket costs.
const BUFFER: usize = 8 * 1024;

/// Whether the request asks for a WebSocket.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Opens the WebSocket. Nothing is served on it before somebody has shown a
/// valid token.
pub(super) async fn upgrade(doors: Doors, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let secret = super::graphql::bearer(&parts.headers).map(str::to_owned);
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(MAX_BODY_BYTES)
        .max_frame_size(MAX_BODY_BYTES)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .on_upgrade(move |socket| {
            let work = doors.work.clone();
            work.track_future(Session::new(doors, socket).run(secret))
        })
}

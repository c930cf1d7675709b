//! Subscriptions: GraphQL over WebSocket with the sub-protocol
//! `graphql-transport-ws`. The token comes in the upgrade's `Authorization`
//! header or, for browsers, which cannot set one, in the payload of
//! `connection_init` as `{"Authorization": "Bearer TOKEN"}`.

use async_graphql::Data;
use async_graphql::http::ALL_WEBSOCKET_PROTOCOLS;
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::{FromRequestParts, Request, WebSocketUpgrade};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Doors;
use crate::auth::authenticate;
use crate::desk::Desk;
use crate::error::{code, coded, of_store};
use crate::graphql::{Loaders, Viewer};

/// Whether the request asks for a WebSocket.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// The secret in the value of an `Authorization` header.
pub(super) fn bearer(value: &str) -> Option<&str> {
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// Opens the WebSocket. Nothing is served on it before somebody has shown a
/// valid token.
pub(super) async fn upgrade(doors: Doors, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let protocol = match GraphQLProtocol::from_request_parts(&mut parts, &()).await {
        Ok(protocol) => protocol,
        Err(status) => return status.into_response(),
    };
    let from_header = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(bearer)
        .map(str::to_owned);
    let socket = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(socket) => socket,
        Err(rejection) => return rejection.into_response(),
    };
    socket
        .protocols(ALL_WEBSOCKET_PROTOCOLS)
        .max_message_size(super::MAX_BODY_BYTES)
        .on_upgrade(move |stream| {
            let desk = doors.desk.clone();
            GraphQLWebSocket::new(stream, doors.schema, protocol)
                .on_connection_init(move |payload| admit(desk, from_header, payload))
                .serve()
        })
}

async fn admit(
    desk: Desk,
    from_header: Option<String>,
    payload: Value,
) -> async_graphql::Result<Data> {
    let from_payload = payload
        .as_object()
        .and_then(|fields| {
            fields
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        })
        .and_then(|(_, value)| value.as_str())
        .and_then(bearer);
    let secret = from_payload
        .or(from_header.as_deref())
        .ok_or_else(|| coded(code::UNAUTHENTICATED, "a token is needed"))?;
    let actor = authenticate(&desk, secret)
        .await
        .map_err(|error| of_store(&error))?
        .ok_or_else(|| {
            coded(
                code::UNAUTHENTICATED,
                "this token is unknown, has ended or was revoked",
            )
        })?;
    let mut data = Data::default();
    data.insert(Viewer(actor));
    data.insert(Loaders::new(desk));
    Ok(data)
}

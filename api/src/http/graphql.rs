//! GraphQL over HTTP, to the letter of its specification: which requests are
//! understood, and which status and media type answer them.

use async_graphql::Response as GraphqlResponse;
use async_graphql::parser::types::OperationType;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::answer::{answered, refused};
use super::execution::{GivenUp, carry_out};
use super::negotiation::Answer;
use super::request::{Unserved, from_body, from_query};
use super::{Doors, body, websocket};
use crate::auth::find_token;
use crate::error::code;
use crate::graphql::{Viewer, limits};

/// Answers `/graphql`: a WebSocket where one is asked for, else one request.
pub(super) async fn graphql(
    State(doors): State<Doors>,
    request: axum::extract::Request,
) -> Response {
    if websocket::is_asked_for(request.headers()) {
        return websocket::upgrade(doors, request).await;
    }
    let (method, uri, headers) = (
        request.method().clone(),
        request.uri().clone(),
        request.headers().clone(),
    );
    // Read whatever the answer will be: a client that is still sending does not
    // listen.
    let body = body::read(&headers, request.into_body(), doors.patience.request).await;
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    let Some(answer) = Answer::from_accept(accept) else {
        let message = "answers come as application/graphql-response+json or application/json";
        let unserved = Unserved::new(StatusCode::NOT_ACCEPTABLE, code::BAD_REQUEST, message);
        return refuse(Answer::Json, &unserved);
    };
    match serve(&doors, &method, &uri, &headers, body, answer).await {
        Ok(response) => response,
        Err(unserved) => refuse(answer, &unserved),
    }
}

async fn serve(
    doors: &Doors,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Result<Vec<u8>, Unserved>,
    answer: Answer,
) -> Result<Response, Unserved> {
    let mut request = match *method {
        Method::GET => from_query(uri)?,
        Method::POST => from_body(headers, body)?,
        _ => {
            let message = "GraphQL requests are sent with GET or POST";
            return Err(Unserved::new(
                StatusCode::METHOD_NOT_ALLOWED,
                code::BAD_REQUEST,
                message,
            ));
        }
    };
    let viewer = viewer(doors, headers).await?;
    let kind = match limits::check(&mut request) {
        Ok(kind) => kind,
        Err(error) => return Ok(respond(answer, refused(error))),
    };
    taken_over_http(kind, method)?;
    let response = carry_out(doors, &viewer, kind, request).await?;
    Ok(respond(answer, response))
}

impl From<GivenUp> for Unserved {
    fn from(given_up: GivenUp) -> Self {
        let status = match given_up {
            GivenUp::TooLong => StatusCode::GATEWAY_TIMEOUT,
            GivenUp::Withdrawn => StatusCode::UNAUTHORIZED,
            GivenUp::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, given_up.code(), given_up.message())
    }
}

fn broken() -> Unserved {
    let message = "something went wrong on our side";
    Unserved::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, message)
}

/// Refuses what does not go over plain HTTP, or not with this method.
fn taken_over_http(kind: Option<OperationType>, method: &Method) -> Result<(), Unserved> {
    match kind {
        Some(OperationType::Mutation) if method == Method::GET => Err(Unserved::new(
            StatusCode::METHOD_NOT_ALLOWED,
            code::BAD_REQUEST,
            "mutations are sent with POST",
        )),
        Some(OperationType::Subscription) => Err(Unserved::bad(
            "subscriptions go over WebSocket, with graphql-transport-ws",
        )),
        _ => Ok(()),
    }
}

/// The secret of the one who sends a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(secret_in)
}

/// The secret in the value of an `Authorization` header.
pub(super) fn secret_in(value: &str) -> Option<&str> {
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// Who sends the request; without a valid token nothing is answered.
async fn viewer(doors: &Doors, headers: &HeaderMap) -> Result<Viewer, Unserved> {
    let unauthenticated =
        |message: &str| Unserved::new(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, message);
    let secret = bearer(headers)
        .ok_or_else(|| unauthenticated("a token is needed: Authorization: Bearer TOKEN"))?;
    match find_token(&doors.desk, secret).await {
        Ok(Some(token)) => Ok(Viewer::new(&doors.desk, token)),
        Ok(None) => Err(unauthenticated(
            "this token is unknown, has ended or was revoked",
        )),
        Err(error) => {
            tracing::error!(%error, "a token could not be checked");
            let message = "the token cannot be checked at present";
            Err(Unserved::new(
                StatusCode::SERVICE_UNAVAILABLE,
                code::UNAVAILABLE,
                message,
            ))
        }
    }
}

/// The answer of the schema.
fn respond(answer: Answer, response: GraphqlResponse) -> Response {
    let answered = match answered(response) {
        Ok(answered) => answered,
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            return refuse(answer, &broken());
        }
    };
    let status = match answer {
        Answer::GraphqlResponse if answered.is_request_error => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    (
        status,
        [(header::CONTENT_TYPE, answer.content_type())],
        answered.body.to_string(),
    )
        .into_response()
}

fn refuse(answer: Answer, unserved: &Unserved) -> Response {
    let body = serde_json::json!({
        "errors": [{ "message": unserved.message, "extensions": { "code": unserved.code } }],
    });
    let mut response = (
        unserved.status,
        [(header::CONTENT_TYPE, answer.content_type())],
        body.to_string(),
    )
        .into_response();
    let headers = response.headers_mut();
    match unserved.status {
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(header::ALLOW, header::HeaderValue::from_static("GET, POST"));
        }
        StatusCode::UNAUTHORIZED => {
            headers.insert(
                header::WWW_AUTHENTICATE,
                header::HeaderValue::from_static("Bearer"),
            );
        }
        _ => {}
    }
    response
}

//! GraphQL over HTTP, to the letter of its specification: which requests are
//! understood, and which status and media type answer them.

use async_graphql::Response as GraphqlResponse;
use async_graphql::parser::types::OperationType;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::answer::{answered, refused};
use super::execution::{GivenUp, carry_out};
use super::negotiation::Answer;
use super::request::{Unserved, from_body, from_query};
use super::{Doors, websocket};
use crate::auth::authenticate;
use crate::error::code;
use crate::graphql::{Loaders, Viewer, limits};

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
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    let Some(answer) = Answer::from_accept(accept) else {
        let message = "answers come as application/graphql-response+json or application/json";
        let unserved = Unserved::new(StatusCode::NOT_ACCEPTABLE, code::BAD_REQUEST, message);
        return refuse(Answer::Json, &unserved);
    };
    let body = Bytes::from_request(request, &()).await;
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
    body: Result<Bytes, BytesRejection>,
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
    let request = request.data(viewer).data(Loaders::new(doors.desk.clone()));
    let response = carry_out(doors, kind, request).await?;
    Ok(respond(answer, response))
}

impl From<GivenUp> for Unserved {
    fn from(given_up: GivenUp) -> Self {
        match given_up {
            GivenUp::TooLong => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                code::TIMEOUT,
                "the request took too long; commands in it may have been carried out",
            ),
            GivenUp::Panicked => broken(),
        }
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
        .and_then(super::websocket::bearer)
}

/// Who sends the request; without a valid token nothing is answered.
async fn viewer(doors: &Doors, headers: &HeaderMap) -> Result<Viewer, Unserved> {
    let unauthenticated =
        |message: &str| Unserved::new(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, message);
    let secret = bearer(headers)
        .ok_or_else(|| unauthenticated("a token is needed: Authorization: Bearer TOKEN"))?;
    match authenticate(&doors.desk, secret).await {
        Ok(Some(actor)) => Ok(Viewer(actor)),
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

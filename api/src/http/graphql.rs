//! GraphQL over HTTP, to the letter of its specification: which requests are
//! understood, and which status and media type answer them.

use std::collections::HashMap;

use async_graphql::parser::types::{DocumentOperations, OperationType};
use async_graphql::{Request, Response as GraphqlResponse, ServerError, Variables};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::negotiation::Answer;
use super::{Doors, MAX_BODY_BYTES, REQUEST_LIMIT, websocket};
use crate::auth::authenticate;
use crate::error::code;
use crate::graphql::{LIMITS, Viewer};

/// A request that never reaches the schema.
struct Unserved {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Unserved {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::BAD_REQUEST, message)
    }
}

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
    if let Err(error) = check_document(&mut request, method)? {
        return Ok(respond(answer, &request_error(error)));
    }
    let request = request
        .data(viewer)
        .data(crate::graphql::Loaders::new(doors.desk.clone()));
    // A task of its own: a client that hangs up does not cancel its command.
    let schema = doors.schema.clone();
    let execution = tokio::spawn(async move { schema.execute(request).await });
    let response = match tokio::time::timeout(REQUEST_LIMIT, execution).await {
        Ok(Ok(response)) => response,
        Ok(Err(panicked)) => {
            tracing::error!(%panicked, "a request panicked");
            let message = "something went wrong on our side";
            return Err(Unserved::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                code::INTERNAL,
                message,
            ));
        }
        Err(_) => {
            let message = "the request took too long; commands in it may have been carried out";
            return Err(Unserved::new(
                StatusCode::GATEWAY_TIMEOUT,
                code::TIMEOUT,
                message,
            ));
        }
    };
    Ok(respond(answer, &response))
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

fn from_query(uri: &Uri) -> Result<Request, Unserved> {
    let Query(mut parameters) = Query::<HashMap<String, String>>::try_from_uri(uri)
        .map_err(|error| Unserved::bad(format!("the query string cannot be read: {error}")))?;
    let json = |text: Option<String>, name: &str| match text.filter(|text| !text.is_empty()) {
        None => Ok(Value::Null),
        Some(text) => serde_json::from_str(&text)
            .map_err(|error| Unserved::bad(format!("{name} is no JSON: {error}"))),
    };
    let mut fields = serde_json::Map::new();
    fields.insert(
        "variables".to_owned(),
        json(parameters.remove("variables"), "variables")?,
    );
    fields.insert(
        "extensions".to_owned(),
        json(parameters.remove("extensions"), "extensions")?,
    );
    for name in ["query", "operationName"] {
        if let Some(value) = parameters.remove(name) {
            fields.insert(name.to_owned(), Value::String(value));
        }
    }
    from_fields(fields)
}

fn from_body(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Request, Unserved> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(is_json) {
        let message = "the body must be application/json in UTF-8";
        return Err(Unserved::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code::BAD_REQUEST,
            message,
        ));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("a request has at most {MAX_BODY_BYTES} bytes");
            Unserved::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                code::REQUEST_TOO_LARGE,
                message,
            )
        }
        _ => Unserved::bad("the body could not be read"),
    })?;
    let text = std::str::from_utf8(&body).map_err(|_| Unserved::bad("the body is not UTF-8"))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => from_fields(fields),
        Ok(_) => Err(Unserved::bad("the body must be one JSON object")),
        Err(error) => Err(Unserved::bad(format!("the body is no JSON: {error}"))),
    }
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase());
    let is_json = parts.next().as_deref() == Some("application/json");
    is_json
        && parts.all(|parameter| match parameter.strip_prefix("charset=") {
            Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
            None => true,
        })
}

fn from_fields(mut fields: serde_json::Map<String, Value>) -> Result<Request, Unserved> {
    let Some(Value::String(query)) = fields.remove("query") else {
        return Err(Unserved::bad("query must be a string"));
    };
    let mut request = Request::new(query);
    match fields.remove("operationName") {
        None | Some(Value::Null) => {}
        Some(Value::String(name)) if name.is_empty() => {}
        Some(Value::String(name)) => request = request.operation_name(name),
        Some(_) => return Err(Unserved::bad("operationName must be a string")),
    }
    match fields.remove("variables") {
        None | Some(Value::Null) => {}
        Some(variables @ Value::Object(_)) => {
            request = request.variables(Variables::from_json(variables));
        }
        Some(_) => return Err(Unserved::bad("variables must be an object")),
    }
    match fields.remove("extensions") {
        None | Some(Value::Null | Value::Object(_)) => Ok(request),
        Some(_) => Err(Unserved::bad("extensions must be an object")),
    }
}

/// Refuses what a document may not do before anything of it is executed: a
/// mutation or a subscription that comes with GET, a subscription over plain
/// HTTP, fields at the root by the thousand.
fn check_document(
    request: &mut Request,
    method: &Method,
) -> Result<Result<(), ServerError>, Unserved> {
    let name = request.operation_name.clone();
    let document = match request.parsed_query() {
        Ok(document) => document,
        Err(error) => return Ok(Err(with_code(error, code::GRAPHQL_PARSE_FAILED))),
    };
    let operation = match (&document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name.as_str()),
        (DocumentOperations::Multiple(_), None) => None,
    };
    // Which operation is meant is the schema's question.
    let Some(operation) = operation else {
        return Ok(Ok(()));
    };
    match operation.node.ty {
        OperationType::Mutation if method == Method::GET => {
            let message = "mutations are sent with POST";
            return Err(Unserved::new(
                StatusCode::METHOD_NOT_ALLOWED,
                code::BAD_REQUEST,
                message,
            ));
        }
        OperationType::Subscription => {
            return Err(Unserved::bad(
                "subscriptions go over WebSocket, with graphql-transport-ws",
            ));
        }
        OperationType::Query | OperationType::Mutation => {}
    }
    let fields = operation.node.selection_set.node.items.len();
    if fields > LIMITS.root_fields {
        let message = format!(
            "an operation has at most {} fields at its root, this one has {fields}",
            LIMITS.root_fields
        );
        return Ok(Err(with_code(
            ServerError::new(message, None),
            code::GRAPHQL_VALIDATION_FAILED,
        )));
    }
    Ok(Ok(()))
}

fn with_code(mut error: ServerError, code: &str) -> ServerError {
    error.extensions.get_or_insert_default().set("code", code);
    error
}

fn request_error(error: ServerError) -> GraphqlResponse {
    GraphqlResponse::from_errors(vec![error])
}

/// The answer of the schema. A request error, which is one that no field is to
/// blame for, has no `data` at all.
fn respond(answer: Answer, response: &GraphqlResponse) -> Response {
    let is_request_error = !response.errors.is_empty()
        && response.data == async_graphql::Value::Null
        && response.errors.iter().all(|error| error.path.is_empty());
    let status = match answer {
        Answer::GraphqlResponse if is_request_error => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let mut body = match serde_json::to_value(response) {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            let message = "something went wrong on our side";
            let unserved =
                Unserved::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, message);
            return refuse(answer, &unserved);
        }
    };
    if is_request_error && let Some(body) = body.as_object_mut() {
        body.remove("data");
    }
    if let Some(errors) = body.get_mut("errors").and_then(Value::as_array_mut) {
        for error in errors {
            let Some(error) = error.as_object_mut() else {
                continue;
            };
            let extensions = error
                .entry("extensions")
                .or_insert_with(|| Value::Object(serde_json::Map::new()));
            if let Some(extensions) = extensions.as_object_mut() {
                extensions
                    .entry("code")
                    .or_insert_with(|| Value::String(code::GRAPHQL_VALIDATION_FAILED.to_owned()));
            }
        }
    }
    (
        status,
        [(header::CONTENT_TYPE, answer.content_type())],
        body.to_string(),
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

//! GraphQL requests as they come: from a body, from a query string, or from
//! the payload of a message.

use std::collections::HashMap;

use async_graphql::{Request, Variables};
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use serde_json::Value;

use crate::error::code;
use crate::graphql::limits::values_within_limit;

/// A request that never reaches the schema.
pub(super) struct Unserved {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Unserved {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::BAD_REQUEST, message)
    }
}

pub(super) fn from_query(uri: &Uri) -> Result<Request, Unserved> {
    let Query(mut parameters) = Query::<HashMap<String, String>>::try_from_uri(uri)
        .map_err(|error| Unserved::bad(format!("the query string cannot be read: {error}")))?;
    let json = |text: Option<String>, name: &str| match text.filter(|text| !text.is_empty()) {
        None => Ok(Value::Null),
        Some(text) => parsed(&text, name),
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

pub(super) fn from_body(
    headers: &HeaderMap,
    body: Result<Vec<u8>, Unserved>,
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
    let body = body?;
    let text = std::str::from_utf8(&body).map_err(|_| Unserved::bad("the body is not UTF-8"))?;
    match parsed(text, "the body")? {
        Value::Object(fields) => from_fields(fields),
        _ => Err(Unserved::bad("the body must be one JSON object")),
    }
}

/// A JSON text with no more values than a request may have.
pub(super) fn parsed(text: &str, what: &str) -> Result<Value, Unserved> {
    values_within_limit(text.as_bytes()).map_err(|too_many| {
        Unserved::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            code::REQUEST_TOO_LARGE,
            too_many.to_string(),
        )
    })?;
    serde_json::from_str(text).map_err(|error| Unserved::bad(format!("{what} is no JSON: {error}")))
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

pub(super) fn from_fields(mut fields: serde_json::Map<String, Value>) -> Result<Request, Unserved> {
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

//! The schema's answers as they are sent.

use async_graphql::{Response, ServerError};
use serde_json::Value;

use crate::error::code;

/// How many errors of a document are told. One that is wrong everywhere is
/// understood from the first of them.
const ERRORS_TOLD: usize = 20;

/// An answer of the schema.
pub(super) struct Answered {
    /// What is sent.
    pub(super) body: Value,
    /// Whether nothing of the request was executed: no field is to blame, and
    /// there is no `data` at all.
    pub(super) is_request_error: bool,
}

/// The answer to a request of which nothing was executed.
pub(super) fn refused(error: ServerError) -> Response {
    Response::from_errors(vec![error])
}

/// An answer in the form in which it is sent: each error with a code.
pub(super) fn answered(mut response: Response) -> serde_json::Result<Answered> {
    let is_request_error = !response.errors.is_empty()
        && response.data == async_graphql::Value::Null
        && response.errors.iter().all(|error| error.path.is_empty());
    if is_request_error {
        response.errors.truncate(ERRORS_TOLD);
    }
    let mut body = serde_json::to_value(&response)?;
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
    Ok(Answered {
        body,
        is_request_error,
    })
}

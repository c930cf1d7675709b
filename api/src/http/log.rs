//! The seals over HTTP, as C2SP tlog-tiles has them: the last signed head, the
//! tiles of hashes, and, for those who may read the log, its entries.
//!
//! Heads and hashes tell nobody what happened, and outsiders must be able to
//! hold the desk to them: they are served without a token.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use event_store::seal::{SealError, SealedTree, TileId, entry_of};
use serde_json::json;

use super::Doors;
use super::graphql::bearer;
use crate::auth::authenticate;
use crate::auth::policy::{Action, permits};
use crate::error::code;

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// What never changes may be kept for ever.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_NOBODY: &str = "private, max-age=31536000, immutable";
const FOR_A_MOMENT: &str = "no-cache";

/// The last signed head, with the signatures of the witnesses that have seen
/// it.
pub(super) async fn checkpoint(State(doors): State<Doors>) -> Response {
    let tree = tree(&doors);
    let note = async {
        match tree.latest().await? {
            Some(latest) => tree.cosigned_note(&latest).await.map(Some),
            None => Ok(None),
        }
    };
    match note.await {
        Ok(Some(note)) => found(TEXT, FOR_A_MOMENT, note.into_bytes()),
        Ok(None) => not_found("the log is not sealed yet"),
        Err(error) => failed(&error),
    }
}

/// A tile of hashes, or the entries of one.
pub(super) async fn tile(
    State(doors): State<Doors>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(number) = path.strip_prefix("entries/") {
        return entries(&doors, number, &headers).await;
    }
    let Ok(tile) = path.parse::<TileId>() else {
        return not_found("this is no path of a tile, such as 0/x001/234 or 0/x001/235.p/17");
    };
    match tree(&doors).tile(tile).await {
        Ok(Some(hashes)) => {
            let bytes = hashes.iter().flat_map(|hash| hash.0).collect();
            found(BYTES, FOR_EVER, bytes)
        }
        Ok(None) => not_found("the sealed log does not have this tile"),
        Err(error) => failed(&error),
    }
}

/// The entries of a tile of level 0, each behind its length.
async fn entries(doors: &Doors, number: &str, headers: &HeaderMap) -> Response {
    if let Err(refused) = may_read(doors, headers).await {
        return refused;
    }
    let Ok(tile) = TileId::parse_number(0, number) else {
        return not_found("this is no path of entries, such as entries/x001/234");
    };
    let events = match tree(doors).events_of(tile).await {
        Ok(Some(events)) => events,
        Ok(None) => return not_found("the sealed log does not have these entries"),
        Err(error) => return failed(&error),
    };
    let mut bytes = Vec::new();
    for event in &events {
        let entry = entry_of(event);
        let Ok(length) = u16::try_from(entry.len()) else {
            let message = format!(
                "the entry at position {} has {} bytes, and a bundle carries up to 65,535: \
                 take it from an export or from the GraphQL API",
                event.position,
                entry.len()
            );
            return refuse(StatusCode::NOT_FOUND, code::ENTRY_TOO_LARGE, &message);
        };
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry.as_bytes());
    }
    found(BYTES, FOR_NOBODY, bytes)
}

/// Whether the one who asks may read the log itself.
async fn may_read(doors: &Doors, headers: &HeaderMap) -> Result<(), Response> {
    let unauthenticated =
        |message: &str| refuse(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, message);
    let secret = bearer(headers)
        .ok_or_else(|| unauthenticated("a token is needed: Authorization: Bearer TOKEN"))?;
    match authenticate(&doors.desk, secret).await {
        Ok(Some(actor)) if permits(actor.role, Action::ReadLog) => Ok(()),
        Ok(Some(actor)) => {
            let message = format!(
                "the role {} may not do this",
                actor.role.as_ref().to_lowercase()
            );
            Err(refuse(StatusCode::FORBIDDEN, code::FORBIDDEN, &message))
        }
        Ok(None) => Err(unauthenticated(
            "this token is unknown, has ended or was revoked",
        )),
        Err(error) => {
            tracing::error!(%error, "a token could not be checked");
            let message = "the token cannot be checked at present";
            Err(refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                code::UNAVAILABLE,
                message,
            ))
        }
    }
}

fn tree(doors: &Doors) -> SealedTree {
    SealedTree::new(doors.desk.database().pool().clone())
}

fn found(kind: &'static str, keep: &'static str, body: Vec<u8>) -> Response {
    const NO_SNIFFING: HeaderName = header::X_CONTENT_TYPE_OPTIONS;
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, keep),
        (NO_SNIFFING, "nosniff"),
    ];
    (headers, body).into_response()
}

fn not_found(message: &str) -> Response {
    refuse(StatusCode::NOT_FOUND, code::NOT_FOUND, message)
}

fn failed(error: &SealError) -> Response {
    tracing::error!(%error, "a seal could not be read");
    let message = "the seals cannot be read at present";
    refuse(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, message)
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "error": { "code": code, "message": message } });
    (status, Json(body)).into_response()
}

//! The body of a request, as far as it is read.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::MAX_BODY_BYTES;
use super::request::Unserved;
use crate::error::code;

/// How much of a body that is too large is read and thrown away, in bytes, and
/// for how long. Most clients listen only when they have said all; to those
/// that say more than this the connection is closed.
const READ_ON: usize = 256 * 1024 * 1024;
const READ_ON_FOR: Duration = Duration::from_secs(10);

/// Reads a body that is not too large and comes in time.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    patience: Duration,
) -> Result<Vec<u8>, Unserved> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    // Who asks before sending has not begun to.
    if headers.contains_key(header::EXPECT) && declared.is_some_and(|bytes| bytes > MAX_BODY_BYTES)
    {
        return Err(too_large());
    }
    let mut chunks = body.into_data_stream();
    let mut read = Vec::new();
    let reading = async {
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Unserved::bad("the body could not be read"))?;
            if read.len() + chunk.len() > MAX_BODY_BYTES {
                return Ok(false);
            }
            read.extend_from_slice(&chunk);
        }
        Ok(true)
    };
    match timeout(patience, reading).await {
        Ok(Ok(true)) => Ok(read),
        Ok(Ok(false)) => {
            drop(read);
            read_on(chunks).await;
            Err(too_large())
        }
        Ok(Err(unserved)) => Err(unserved),
        Err(_) => {
            let message = "the body did not come in time";
            Err(Unserved::new(
                StatusCode::REQUEST_TIMEOUT,
                code::TIMEOUT,
                message,
            ))
        }
    }
}

/// Reads the rest of a body and throws it away, so that the client hears why
/// it is refused.
async fn read_on(mut chunks: BodyDataStream) {
    let reading = async {
        let mut bytes = 0;
        while let Some(Ok(chunk)) = chunks.next().await {
            bytes += chunk.len();
            if bytes > READ_ON {
                return;
            }
        }
    };
    // Whoever is slower than this hears nothing.
    let _ = timeout(READ_ON_FOR, reading).await;
}

fn too_large() -> Unserved {
    Unserved::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        code::REQUEST_TOO_LARGE,
        format!("a request has at most {MAX_BODY_BYTES} bytes"),
    )
}

//! A place in a list, as its readers hold it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use event_store::{canonical_json, content_hash};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{OrderBy, WorkQueueRow};
use crate::ReadError;

/// A place in a list of work items: what the list is ordered by, and the item.
///
/// As text it is opaque: canonical JSON behind a check sum, in base64url. The
/// check sum keeps out what was cut short or changed by hand; it is no secret,
/// since a cursor gives no right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// What the list is ordered by, with the item's value.
    #[serde(rename = "k")]
    pub(super) key: Key,
    /// The item.
    #[serde(rename = "i")]
    pub(super) item_id: Uuid,
}

/// The value that an item has in an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Key {
    /// When it was opened.
    #[serde(rename = "o")]
    OpenedAt(DateTime<Utc>),
    /// When it last changed.
    #[serde(rename = "u")]
    UpdatedAt(DateTime<Utc>),
    /// How important it is, and when it was opened.
    #[serde(rename = "p")]
    Priority(i16, DateTime<Utc>),
    /// What it is called.
    #[serde(rename = "n")]
    Number(String),
    /// Where it stands.
    #[serde(rename = "s")]
    Status(String),
}

const CHECK_BYTES: usize = 6;

impl Cursor {
    /// The place of a row in an order.
    pub fn of(row: &WorkQueueRow, by: OrderBy) -> Self {
        let key = match by {
            OrderBy::OpenedAt => Key::OpenedAt(row.opened_at),
            OrderBy::UpdatedAt => Key::UpdatedAt(row.updated_at),
            OrderBy::Priority => Key::Priority(row.priority, row.opened_at),
            OrderBy::Number => Key::Number(row.number.clone()),
            OrderBy::Status => Key::Status(row.status.clone()),
        };
        Self {
            key,
            item_id: row.item_id,
        }
    }

    /// The order that the cursor was given out for.
    pub(super) fn order_by(&self) -> OrderBy {
        match self.key {
            Key::OpenedAt(_) => OrderBy::OpenedAt,
            Key::UpdatedAt(_) => OrderBy::UpdatedAt,
            Key::Priority(..) => OrderBy::Priority,
            Key::Number(_) => OrderBy::Number,
            Key::Status(_) => OrderBy::Status,
        }
    }

    /// The cursor as text.
    pub fn encode(&self) -> String {
        // A time, two texts and a UUID can always be written.
        let json = canonical_json(self).unwrap_or_default();
        let hash = content_hash([json.as_bytes()]);
        let bytes = [&hash[..CHECK_BYTES], json.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::encode`] wrote, and refuses everything else.
    pub fn decode(text: &str) -> Result<Self, ReadError> {
        const LONGEST: usize = 2_000;
        if text.len() > LONGEST {
            return Err(ReadError::CursorInvalid);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| ReadError::CursorInvalid)?;
        let (check, json) = bytes
            .split_at_checked(CHECK_BYTES)
            .ok_or(ReadError::CursorInvalid)?;
        if content_hash([json])[..CHECK_BYTES] != *check {
            return Err(ReadError::CursorInvalid);
        }
        serde_json::from_slice(json).map_err(|_| ReadError::CursorInvalid)
    }
}

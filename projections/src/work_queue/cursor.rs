//! A place in a list, as its readers hold it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::{canonical_json, content_hash};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::order::Value;
use super::{OrderBy, WorkQueueRow};
use crate::ReadError;

/// A place in a list of work items: what the list is ordered by, and the item.
///
/// As text it is opaque: canonical JSON behind a check sum, in base64url. The
/// check sum keeps out what was cut short or changed by hand; it is no secret,
/// since a cursor gives no right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// What the list is ordered by.
    #[serde(rename = "o")]
    pub(super) by: OrderBy,
    /// The item's values in that order.
    #[serde(rename = "k")]
    pub(super) values: Vec<Option<Value>>,
    /// The item.
    #[serde(rename = "i")]
    pub(super) item_id: Uuid,
}

const CHECK_BYTES: usize = 6;

impl Cursor {
    /// The place of a row in an order.
    pub fn of(row: &WorkQueueRow, by: OrderBy) -> Self {
        Self {
            by,
            values: by.values(row),
            item_id: row.item_id,
        }
    }

    /// Whether the cursor was given out for an order.
    pub(super) fn is_of(&self, by: OrderBy) -> bool {
        self.by == by && self.values.len() == by.keys().len()
    }

    /// The cursor as text.
    pub fn encode(&self) -> String {
        // Times, numbers, texts and a UUID can always be written.
        let json = canonical_json(self).unwrap_or_default();
        let hash = content_hash([json.as_bytes()]);
        let bytes = [&hash[..CHECK_BYTES], json.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::encode`] wrote, and refuses everything else.
    pub fn decode(text: &str) -> Result<Self, ReadError> {
        const LONGEST: usize = 16_000;
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

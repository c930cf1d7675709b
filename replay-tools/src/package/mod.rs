//! An export as it lies on a disk: which files it has, what is in them, and
//! how they are read again. The events are in canonical form, so that other
//! people's tools can hash them; the manifest says what was asked for and what
//! there is; the signed head says what must come out.

mod manifest;
mod parquet_file;
mod reader;

use std::path::Path;

use anyhow::{Context, bail};
use event_store::seal::{Checkpoint, Hash, KeyRow, SignedNote};

pub(crate) use manifest::{FileEntry, Manifest, Selection};
pub(crate) use parquet_file::{ParquetEvents, ParquetWriter};
pub(crate) use reader::{Lines, Package, bare};

/// The events, one canonical `CloudEvent` a line.
pub(crate) const EVENTS_NDJSON: &str = "events.ndjson";
/// The events as a Parquet file.
pub(crate) const EVENTS_PARQUET: &str = "events.parquet";
/// The hashes of all events of the sealed log, 32 bytes each, in order.
pub(crate) const LEAVES: &str = "leaves.bin";
/// The signed head.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// The public keys of the log, each with how the one before hands over to it.
pub(crate) const KEYS: &str = "keys.json";
/// What is in the other files. Written last: an export without it is none.
pub(crate) const MANIFEST: &str = "manifest.json";
/// How to verify all that, in words.
pub(crate) const VERIFY: &str = "VERIFY.md";

/// A key of the log, as the file of keys has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyEntry {
    pub(crate) number: i32,
    pub(crate) verifier_key: String,
    pub(crate) from_size: i64,
    pub(crate) endorsement: Option<String>,
    pub(crate) adopted_at: chrono::DateTime<chrono::Utc>,
}

impl From<KeyRow> for KeyEntry {
    fn from(row: KeyRow) -> Self {
        Self {
            number: row.number,
            verifier_key: row.verifier_key,
            from_size: row.from_size,
            endorsement: row.endorsement,
            adopted_at: row.adopted_at,
        }
    }
}

impl From<KeyEntry> for KeyRow {
    fn from(entry: KeyEntry) -> Self {
        Self {
            number: entry.number,
            verifier_key: entry.verifier_key,
            from_size: entry.from_size,
            endorsement: entry.endorsement,
            adopted_at: entry.adopted_at,
        }
    }
}

/// Reads a small text that others have had in their hands: of an export, or
/// what was kept. A byte order mark before it says nothing.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// A signed head, read: the note and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) note: SignedNote,
    pub(crate) checkpoint: Checkpoint,
}

impl Head {
    /// Reads the only head of a text.
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let mut heads = Self::read_all(text)?;
        match (heads.pop(), heads.is_empty()) {
            (Some(head), true) => Ok(head),
            _ => bail!("it is not one head"),
        }
    }

    /// Reads all heads of a text.
    pub(crate) fn read_all(text: &str) -> anyhow::Result<Vec<Self>> {
        let notes = SignedNote::parse_all(text)?.into_iter();
        let heads = notes.map(|note| {
            let checkpoint = note.text.parse()?;
            Ok(Self { note, checkpoint })
        });
        heads.collect()
    }

    /// How many events it covers.
    pub(crate) fn size(&self) -> anyhow::Result<i64> {
        i64::try_from(self.checkpoint.size).context("the head is larger than any log")
    }

    /// The root over them.
    pub(crate) fn root(&self) -> Hash {
        self.checkpoint.root
    }
}

//! Heads, proofs and keys as the schema shows them.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use event_store::seal::{Cosignature, Hash, KeyRow, StoredCheckpoint};

use crate::graphql::scalars::Long;

/// A signed head of the log: how many events it had, and the hash over all of
/// them (RFC 6962).
#[derive(SimpleObject)]
pub(crate) struct LogCheckpoint {
    /// How many events it covers: all up to this position.
    size: Long,
    /// The root hash over them, in base64.
    root_hash: String,
    /// The signed note, byte for byte (C2SP tlog-checkpoint).
    note: String,
    /// When it was signed.
    signed_at: DateTime<Utc>,
}

impl From<StoredCheckpoint> for LogCheckpoint {
    fn from(stored: StoredCheckpoint) -> Self {
        Self {
            size: Long(stored.size),
            root_hash: stored.root.to_base64(),
            note: stored.note,
            signed_at: stored.signed_at,
        }
    }
}

/// The proof that an event is in the log of a size (RFC 6962, section 2.1.1).
#[derive(SimpleObject)]
pub(crate) struct InclusionProof {
    /// The event's position; its index as a leaf is one less.
    pub(super) position: Long,
    /// The size of the tree.
    pub(super) size: Long,
    /// The hash of the event's entry, in base64.
    pub(super) leaf_hash: String,
    /// The entry that was hashed: the event as canonical CloudEvents JSON.
    pub(super) entry: String,
    /// The hashes from the leaf's neighbour upwards, in base64.
    pub(super) hashes: Vec<String>,
    /// The root hash of the tree, in base64.
    pub(super) root_hash: String,
}

/// The proof that the log of one size is the beginning of that of another one
/// (RFC 6962, section 2.1.2).
#[derive(SimpleObject)]
pub(crate) struct ConsistencyProof {
    /// The smaller size.
    pub(super) from_size: Long,
    /// The larger size.
    pub(super) to_size: Long,
    /// The hashes of the proof, in base64.
    pub(super) hashes: Vec<String>,
    /// The root hash of the smaller tree, in base64.
    pub(super) from_root_hash: String,
    /// The root hash of the larger tree, in base64.
    pub(super) to_root_hash: String,
}

/// A key that heads of the log are signed with.
#[derive(SimpleObject)]
pub(crate) struct LogKey {
    /// Place in the order, from 1; the last one signs.
    number: i32,
    /// The public key as verifiers are given it (C2SP signed-note).
    verifier_key: String,
    /// How many events were sealed when it was adopted.
    from_size: Long,
    /// The note by which the key before hands over to it; null for the first.
    endorsement: Option<String>,
    /// When it was adopted.
    adopted_at: DateTime<Utc>,
}

impl From<KeyRow> for LogKey {
    fn from(row: KeyRow) -> Self {
        Self {
            number: row.number,
            verifier_key: row.verifier_key,
            from_size: Long(row.from_size),
            endorsement: row.endorsement,
            adopted_at: row.adopted_at,
        }
    }
}

/// The last head that somebody outside has seen.
#[derive(SimpleObject)]
pub(crate) struct WitnessedCheckpoint {
    /// Who: the name of a witness's key, a mail address, or a file.
    witness: String,
    /// The size of the head.
    size: Long,
    /// The witness's signature line; null where heads are merely kept.
    cosignature: Option<String>,
    /// Since when that is known.
    received_at: DateTime<Utc>,
}

impl From<Cosignature> for WitnessedCheckpoint {
    fn from(seen: Cosignature) -> Self {
        Self {
            witness: seen.witness,
            size: Long(seen.size),
            cosignature: (!seen.line.is_empty()).then_some(seen.line),
            received_at: seen.received_at,
        }
    }
}

pub(super) fn base64(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| hash.to_base64()).collect()
}

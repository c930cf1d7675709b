//! Seals: the log as an RFC 6962 Merkle tree whose heads are signed, so that
//! whoever holds one signed head can be shown that nothing before it was
//! altered, and whoever holds two, that nothing was taken away in between.
//!
//! Leaf *n* of the tree is the event at position *n + 1*, in its canonical
//! CloudEvents form. The hashes are kept as tiles (C2SP tlog-tiles), the heads
//! as checkpoints (C2SP tlog-checkpoint), which are signed notes (C2SP
//! signed-note). One sealer, of however many replicas there are, follows the
//! log, extends the tree and signs.

mod checkpoint;
mod entry;
mod kept;
mod keys;
mod note;
mod proof;
mod review;
mod sealed;
mod sealer;
mod signer;
mod standing;
pub(crate) mod storage;
mod tile;
mod tree;

pub use checkpoint::Checkpoint;
pub use entry::{Entry, EntryError, entry_of, leaf_of};
pub use kept::{KeptHead, KeptHeadError, KeptHeads};
pub use keys::{KeyChain, KeyRow, rotation_text};
pub use note::{NoteError, Signature, SignatureKind, SignedNote, VerifierKey};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use review::ReviewSettings;
pub use sealed::{Loss, SealError, SealedTree};
pub use sealer::{SealStatus, Sealed, Sealer, SealerSettings};
pub use signer::{Signer, SignerError, SignerSource};
pub use storage::{Cosignature, StoredCheckpoint};
pub use tile::{TILE_WIDTH, TileId, TilePathError};
pub use tree::{FullTile, Hash, Tree, leaf_hash, node_hash, root_of};

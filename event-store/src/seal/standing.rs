//! How a log stands before somebody goes on with its seals: whether it was ever
//! sealed, by which keys, and whether the last head that is stored follows from
//! the one that was kept outside of the database.
//!
//! A log that was ever sealed is never begun anew. Two things outside of the
//! tables of the seals say that it was: the events of the keys, which stand in
//! the log itself, and the head that is kept beside the private key.

use sqlx::PgConnection;

use super::checkpoint::Checkpoint;
use super::kept::{KeptHead, KeptHeads};
use super::keys::KeyChain;
use super::note::{SignedNote, VerifierKey};
use super::proof::verify_consistency;
use super::sealed::{SealError, consistency_proof, grown};
use super::storage::{self, StoredCheckpoint};
use super::tree::Tree;

/// The seals of a log, held against what was signed.
pub(super) struct Standing {
    pub(super) keys: KeyChain,
    pub(super) last: Option<StoredCheckpoint>,
    /// The tree under the last head.
    pub(super) tree: Tree,
    /// The head that was kept outside.
    pub(super) kept: Option<KeptHead>,
}

impl Standing {
    /// Looks at a log, and holds it against the events of its keys: the last
    /// stored head must be signed, and be the head of the events and tiles that
    /// are stored. A new log is to have the given name.
    pub(super) async fn of(
        connection: &mut PgConnection,
        kept: &KeptHeads,
        origin: Option<&str>,
        key_events: &str,
    ) -> Result<Self, SealError> {
        let keys = KeyChain::check(&storage::keys(&mut *connection).await?)?;
        let last = storage::last_checkpoint(&mut *connection).await?;
        let kept = match keys.current().map(VerifierKey::name).or(origin) {
            Some(name) => kept.of(name)?,
            // A name is to be drawn: this may be any of the logs whose heads
            // were kept here.
            None => kept.all()?.into_iter().next(),
        };
        let Some(stored) = &last else {
            never_sealed(connection, kept.as_ref(), key_events).await?;
            return Ok(Self {
                keys,
                last,
                tree: Tree::default(),
                kept,
            });
        };
        signed(&keys, stored)?;
        let tree = grown(connection, u64::try_from(stored.size).unwrap_or_default()).await?;
        if tree.root() != stored.root {
            let problem = format!(
                "the events up to position {} and the tiles over them do not have the root that \
                 was signed",
                stored.size
            );
            return Err(SealError::broken(0, problem));
        }
        Ok(Self {
            keys,
            last,
            tree,
            kept,
        })
    }

    /// How many events are sealed.
    pub(super) fn size(&self) -> i64 {
        self.last.as_ref().map_or(0, |last| last.size)
    }

    /// The head that was kept, where the log goes no further than before it:
    /// its newer heads were removed, or it was brought back from an older
    /// state.
    pub(super) fn lost(&self) -> Option<&KeptHead> {
        let kept = self.kept.as_ref();
        kept.filter(|kept| kept.size() > self.size())
    }

    /// Proves that the log goes on from the head that was kept.
    pub(super) async fn goes_on(&self, connection: &mut PgConnection) -> Result<(), SealError> {
        let (Some(kept), Some(last)) = (&self.kept, &self.last) else {
            return Ok(());
        };
        let path = kept.path.display();
        if let Some(lost) = self.lost() {
            let problem = format!(
                "a head of {} events was signed and is kept in {path}, and the last one that is \
                 stored has {}: heads were removed, or the log was brought back from an older \
                 backup. If events are lost for good, `docket seal accept-loss` records that",
                lost.size(),
                last.size
            );
            return Err(SealError::broken(last.size + 1, problem));
        }
        self.keys.verify(&kept.note, kept.size()).map_err(|error| {
            let problem =
                format!("the head that is kept in {path} is not one of its keys: {error}");
            SealError::broken(0, problem)
        })?;
        let size = u64::try_from(last.size).unwrap_or_default();
        let proof = consistency_proof(connection, kept.size(), size).await?;
        let old = &kept.checkpoint;
        verify_consistency(old.size, old.root, size, last.root, &proof).map_err(|error| {
            let problem = format!(
                "the head of {} events that is kept in {path} is not the beginning of that of \
                 {size}: {error}",
                old.size
            );
            SealError::broken(0, problem)
        })
    }
}

/// Nothing may say of a log without heads that it had some.
async fn never_sealed(
    connection: &mut PgConnection,
    kept: Option<&KeptHead>,
    key_events: &str,
) -> Result<(), SealError> {
    if let Some(position) = storage::first_event_of(connection, key_events).await? {
        let problem = format!(
            "the event at position {position} says that the log was sealed, and none of its \
             signed heads is there"
        );
        return Err(SealError::broken(position, problem));
    }
    let Some(kept) = kept else { return Ok(()) };
    let problem = format!(
        "a head of {} events of {} was signed and is kept in {}, and this log has no signed head. \
         If this is another log, give it a name (--seal-origin) or a directory of keys of its own",
        kept.size(),
        kept.checkpoint.origin,
        kept.path.display()
    );
    Err(SealError::broken(1, problem))
}

/// The last head must say what its row says, and be signed by a key of the log.
fn signed(keys: &KeyChain, last: &StoredCheckpoint) -> Result<(), SealError> {
    let said = last.note.parse::<SignedNote>().and_then(|note| {
        keys.verify(&note, last.size)?;
        note.text.parse::<Checkpoint>()
    });
    let is_said = said
        .as_ref()
        .is_ok_and(|said| i64::try_from(said.size) == Ok(last.size) && said.root == last.root);
    match said {
        Ok(_) if is_said => Ok(()),
        Ok(_) => {
            let problem = format!(
                "what was signed as the head of {} events says something else",
                last.size
            );
            Err(SealError::broken(0, problem))
        }
        Err(error) => {
            let problem = format!(
                "the last head, of {} events, is not signed by a key of the log: {error}",
                last.size
            );
            Err(SealError::broken(0, problem))
        }
    }
}

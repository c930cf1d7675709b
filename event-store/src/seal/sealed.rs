//! The tree as it is kept: heads, tiles, and proofs made of them.

use std::collections::{BTreeSet, HashMap};

use chrono::DateTime;
use sqlx::{PgConnection, PgPool};

use super::kept::{KeptHead, KeptHeadError, KeptHeads};
use super::keys::{KeyChain, KeyRow, rotation_text};
use super::note::{NoteError, SignedNote};
use super::proof::{self, Span};
use super::signer::{Signer, SignerError};
use super::standing::Standing;
use super::storage::{self, Cosignature, StoredCheckpoint};
use super::tile::{TILE_WIDTH, TileId};
use super::tree::{FullTile, Hash, Tree, root_of};
use crate::{Filter, RecordedEvent, StoreError, reading};

/// Why there is no seal, or no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The log or its database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key that signs.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The head that is kept outside of the database.
    #[error(transparent)]
    Kept(#[from] KeptHeadError),
    /// A stored note or key is none.
    #[error("what is stored of the seals cannot be read: {0}")]
    Note(#[from] NoteError),
    /// What is asked for lies behind the last head that was signed.
    #[error("the log is sealed up to position {sealed}, and this lies behind it")]
    NotSealed {
        /// How many events are sealed.
        sealed: i64,
    },
    /// Another key has taken over while this one was about to sign.
    #[error("the log has been handed over to another key")]
    HandedOver,
    /// The size or the position is none that a proof can be about.
    #[error("{0}")]
    NoProof(&'static str),
    /// What is stored contradicts what was signed: somebody has altered it.
    #[error("the log contradicts what was signed: {problem}")]
    Broken {
        /// About where, if that is known.
        position: Option<i64>,
        /// What is wrong.
        problem: String,
    },
}

impl SealError {
    pub(crate) fn broken(position: i64, problem: impl Into<String>) -> Self {
        Self::Broken {
            position: (position > 0).then_some(position),
            problem: problem.into(),
        }
    }
}

/// That a log ends before a head that was signed and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The head that was kept.
    pub kept: KeptHead,
    /// How many events the last head covers that is stored.
    pub sealed: i64,
}

/// The tree of the log, for whoever reads it. Clones are cheap.
#[derive(Debug, Clone)]
pub struct SealedTree {
    pool: PgPool,
}

impl SealedTree {
    /// The tree in the schema that is current in the pool's connections.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The last head that was signed; nothing for a log that was never sealed.
    pub async fn latest(&self) -> Result<Option<StoredCheckpoint>, SealError> {
        storage::last_checkpoint(&self.pool).await
    }

    /// Up to `limit` heads behind a size, in order.
    pub async fn checkpoints(
        &self,
        after: i64,
        limit: i64,
    ) -> Result<Vec<StoredCheckpoint>, SealError> {
        storage::checkpoints(&self.pool, after, limit).await
    }

    /// A head with the signatures of those outsiders who have seen it.
    pub async fn cosigned_note(&self, checkpoint: &StoredCheckpoint) -> Result<String, SealError> {
        let mut note = checkpoint.note.clone();
        for seen in storage::cosignatures(&self.pool, checkpoint.size).await? {
            if !seen.line.is_empty() {
                note.push_str(&seen.line);
                note.push('\n');
            }
        }
        Ok(note)
    }

    /// The last head that each outsider has seen.
    pub async fn witnessed(&self) -> Result<Vec<Cosignature>, SealError> {
        Ok(storage::last_cosignatures(&self.pool).await?)
    }

    /// Writes down that an outsider has seen a head, with the signature line
    /// that it gave, if it gave one.
    pub async fn add_cosignature(
        &self,
        witness: &str,
        size: i64,
        line: &str,
    ) -> Result<(), SealError> {
        Ok(storage::add_cosignature(&self.pool, witness, size, line).await?)
    }

    /// The keys of the log as they are kept.
    pub async fn keys(&self) -> Result<Vec<KeyRow>, SealError> {
        Ok(storage::keys(&self.pool).await?)
    }

    /// Whether the log ends before the head that was kept. Everything else in
    /// it must be as it was signed: an alteration is no loss.
    pub async fn loss(
        &self,
        kept: &KeptHeads,
        key_events: &str,
    ) -> Result<Option<Loss>, SealError> {
        let mut connection = self.connection().await?;
        let standing = Standing::of(&mut connection, kept, None, key_events).await?;
        if standing.lost().is_none() {
            standing.goes_on(&mut connection).await?;
        }
        Ok(standing.lost().map(|kept| Loss {
            kept: kept.clone(),
            sealed: standing.size(),
        }))
    }

    /// Hands over from one key to the next, at the size that is sealed: the
    /// first endorses the second, and both sign that. Returns the size.
    pub async fn hand_over(
        &self,
        from: &Signer,
        to: &Signer,
        kept: &KeptHeads,
        key_events: &str,
    ) -> Result<i64, SealError> {
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        storage::lock_head(&mut transaction).await?;
        let standing = Standing::of(&mut transaction, kept, None, key_events).await?;
        standing.goes_on(&mut transaction).await?;
        let size = match standing.size() {
            0 => return Err(SealError::NotSealed { sealed: 0 }),
            size => size,
        };
        let mut keys = storage::keys(&mut *transaction).await?;
        let mut endorsement = SignedNote::new(rotation_text(from.key(), to.key(), size));
        from.sign(&mut endorsement).await?;
        to.sign(&mut endorsement).await?;
        let row = KeyRow {
            number: keys.last().map_or(1, |last| last.number + 1),
            verifier_key: to.key().to_string(),
            from_size: size,
            endorsement: Some(endorsement.to_string()),
            adopted_at: DateTime::UNIX_EPOCH,
        };
        keys.push(row.clone());
        KeyChain::check(&keys)?;
        storage::add_key(&mut *transaction, &row).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(size)
    }

    /// The hashes of a tile; nothing where the sealed log does not have it.
    pub async fn tile(&self, tile: TileId) -> Result<Option<Vec<Hash>>, SealError> {
        let mut connection = self.connection().await?;
        let sealed = sealed(&mut connection).await?;
        if tile.needs_leaves().is_none_or(|needed| needed > sealed) {
            return Ok(None);
        }
        if !tile.is_full() {
            return storage::partial_tile(&mut connection, tile).await.map(Some);
        }
        match storage::full_tiles(&mut *connection, &[tile]).await?.pop() {
            Some(tile) => Ok(Some(tile.hashes)),
            None => Err(SealError::broken(0, format!("tile {tile} is missing"))),
        }
    }

    /// Some full tiles as they are stored; those that are not there are left
    /// out.
    pub async fn stored_tiles(&self, tiles: &[TileId]) -> Result<Vec<FullTile>, SealError> {
        storage::full_tiles(&self.pool, tiles).await
    }

    /// The events of a tile of level 0; nothing where the sealed log does not
    /// have it.
    pub async fn events_of(&self, tile: TileId) -> Result<Option<Vec<RecordedEvent>>, SealError> {
        let mut connection = self.connection().await?;
        let sealed = sealed(&mut connection).await?;
        if tile.level != 0 || tile.needs_leaves().is_none_or(|needed| needed > sealed) {
            return Ok(None);
        }
        let first = tile.number * TILE_WIDTH as u64;
        let after = i64::try_from(first).unwrap_or(i64::MAX);
        let limit = i64::from(tile.width);
        let events = reading::page(&mut *connection, after, limit, &Filter::default()).await?;
        Ok(Some(events))
    }

    /// The root over the first events of the sealed log.
    pub async fn root(&self, size: i64) -> Result<Hash, SealError> {
        let mut connection = self.connection().await?;
        let size = within(size, sealed(&mut connection).await?)?;
        root(&mut connection, size).await
    }

    /// The hashes that prove that the event at a position is in the log of
    /// that size, from its neighbour upwards.
    pub async fn inclusion_proof(&self, position: i64, size: i64) -> Result<Vec<Hash>, SealError> {
        let mut connection = self.connection().await?;
        let size = within(size, sealed(&mut connection).await?)?;
        let index = u64::try_from(position - 1)
            .ok()
            .filter(|index| *index < size)
            .ok_or(SealError::NoProof(
                "a proof of inclusion is about a position from 1 up to the size of the tree",
            ))?;
        hashes(&mut connection, size, &proof::inclusion(index, size)).await
    }

    /// The hashes that prove that the log of the old size is the beginning of
    /// that of the new size.
    pub async fn consistency_proof(
        &self,
        old_size: i64,
        new_size: i64,
    ) -> Result<Vec<Hash>, SealError> {
        let mut connection = self.connection().await?;
        let new_size = within(new_size, sealed(&mut connection).await?)?;
        consistency_proof(&mut connection, old_size, new_size).await
    }

    async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, SealError> {
        Ok(self.pool.acquire().await.map_err(StoreError::from)?)
    }
}

/// How many events are sealed.
async fn sealed(connection: &mut PgConnection) -> Result<u64, SealError> {
    let last = storage::last_checkpoint(connection).await?;
    Ok(last.map_or(0, |last| u64::try_from(last.size).unwrap_or_default()))
}

fn within(size: i64, sealed: u64) -> Result<u64, SealError> {
    match u64::try_from(size) {
        Ok(0) | Err(_) => Err(SealError::NoProof("a size is a number from 1 on")),
        Ok(size) if size > sealed => Err(SealError::NotSealed {
            sealed: i64::try_from(sealed).unwrap_or(i64::MAX),
        }),
        Ok(size) => Ok(size),
    }
}

pub(super) async fn consistency_proof(
    connection: &mut PgConnection,
    old_size: i64,
    new_size: u64,
) -> Result<Vec<Hash>, SealError> {
    let old_size = u64::try_from(old_size)
        .ok()
        .filter(|old| (1..=new_size).contains(old))
        .ok_or(SealError::NoProof(
            "a proof of consistency is about an old size from 1 up to the new one",
        ))?;
    hashes(
        connection,
        new_size,
        &proof::consistency(old_size, new_size),
    )
    .await
}

/// The root over the first events.
pub(super) async fn root(connection: &mut PgConnection, size: u64) -> Result<Hash, SealError> {
    let whole = Span {
        start: 0,
        end: size,
    };
    let mut hashes = hashes(connection, size, &[whole]).await?;
    hashes
        .pop()
        .ok_or(SealError::NoProof("a size is a number from 1 on"))
}

/// A tree that goes on from what is stored.
pub(super) async fn grown(connection: &mut PgConnection, size: u64) -> Result<Tree, SealError> {
    let mut edge = vec![Vec::new(); TileId::edge_widths(size).len()];
    for tile in TileId::edge(size) {
        edge[usize::from(tile.level)] = storage::partial_tile(connection, tile).await?;
    }
    Tree::from_edge(size, edge)
        .ok_or_else(|| SealError::broken(0, "the edge of the tree is not that of its size"))
}

/// The hashes over some spans of the tree of a size: the tiles that they need
/// are read together, those at the edge one by one.
async fn hashes(
    connection: &mut PgConnection,
    size: u64,
    spans: &[Span],
) -> Result<Vec<Hash>, SealError> {
    let place = |(height, index)| {
        TileId::of_subtree(height, index, size)
            .ok_or_else(|| SealError::broken(0, "a subtree lies outside of the tree"))
    };
    let places = spans
        .iter()
        .map(|span| span.subtrees().into_iter().map(place).collect())
        .collect::<Result<Vec<Vec<_>>, _>>()?;
    let wanted: BTreeSet<TileId> = places.iter().flatten().map(|(tile, _, _)| *tile).collect();
    let (full, partial): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|tile| tile.is_full());
    let mut tiles: HashMap<TileId, Vec<Hash>> = storage::full_tiles(&mut *connection, &full)
        .await?
        .into_iter()
        .map(|tile| (tile.id, tile.hashes))
        .collect();
    for tile in partial {
        tiles.insert(tile, storage::partial_tile(connection, tile).await?);
    }
    let subtree = |(tile, offset, count): &(TileId, u64, u64)| {
        let hashes = tiles
            .get(tile)
            .ok_or_else(|| SealError::broken(0, format!("tile {tile} is missing")))?;
        let start = usize::try_from(*offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(*count).unwrap_or(usize::MAX));
        hashes
            .get(start..end)
            .map(root_of)
            .ok_or_else(|| SealError::broken(0, format!("tile {tile} is too short")))
    };
    places
        .iter()
        .map(|places| {
            let hashes = places.iter().map(subtree).collect::<Result<Vec<_>, _>>()?;
            Span::hash(&hashes).ok_or_else(|| SealError::broken(0, "a span is empty"))
        })
        .collect()
}

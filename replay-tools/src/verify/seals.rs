//! The log against its seals: every leaf computed anew, held against the
//! stored tiles, the signed heads, and those that were kept outside.

use std::collections::{HashMap, VecDeque};

use event_store::seal::{
    Checkpoint, FullTile, Hash, KeyChain, SealedTree, SignedNote, StoredCheckpoint, TILE_WIDTH,
    Tree,
};

use super::Finding;
use crate::package::Head;

/// Takes the leaves of the log, in their order.
pub(super) struct Seals {
    tree: Tree,
    chain: KeyChain,
    /// Where heads and tiles are stored; nothing for an export.
    stored: Option<SealedTree>,
    /// Heads that are still ahead, the smallest first.
    heads: VecDeque<StoredCheckpoint>,
    /// The last head that was asked for.
    asked: i64,
    /// The last head that was reached.
    reached: i64,
    /// How many events are sealed.
    sealed: i64,
    /// Heads that were kept outside and are still ahead.
    witnessed: VecDeque<Head>,
}

impl Seals {
    /// Heads that are read at once.
    const PAGE: i64 = 1_000;

    /// The seals of a database, up to a last head.
    pub(super) fn stored(
        chain: KeyChain,
        stored: SealedTree,
        sealed: i64,
        witnessed: Vec<Head>,
    ) -> Self {
        Self {
            tree: Tree::default(),
            chain,
            stored: Some(stored),
            heads: VecDeque::new(),
            asked: 0,
            reached: 0,
            sealed,
            witnessed: witnessed.into(),
        }
    }

    /// The one head of an export.
    pub(super) fn of_export(
        chain: KeyChain,
        head: &Head,
        witnessed: Vec<Head>,
    ) -> anyhow::Result<Self> {
        let size = head.size()?;
        let stored = StoredCheckpoint {
            size,
            root: head.root(),
            note: head.note.to_string(),
            leaves: Vec::new(),
            previous: None,
            signed_at: chrono::DateTime::UNIX_EPOCH,
        };
        Ok(Self {
            tree: Tree::default(),
            chain,
            stored: None,
            heads: VecDeque::from([stored]),
            asked: size,
            reached: 0,
            sealed: size,
            witnessed: witnessed.into(),
        })
    }

    /// How many leaves have been taken.
    pub(super) fn size(&self) -> i64 {
        i64::try_from(self.tree.size()).unwrap_or(i64::MAX)
    }

    /// The root over the leaves so far.
    pub(super) fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Goes on by some leaves; says what is wrong at the first position.
    pub(super) async fn take(&mut self, leaves: &[Hash]) -> anyhow::Result<Option<Finding>> {
        let mut found = None;
        for leaf in leaves {
            self.tree.push(*leaf);
            if self.heads.is_empty() && self.asked < self.sealed {
                self.ask().await?;
            }
            found = Finding::first(found, self.at_head());
            found = Finding::first(found, self.at_witnessed());
        }
        let full = self.tree.take_full();
        let tiles = self.against_tiles(full).await?;
        Ok(Finding::first(found, tiles))
    }

    async fn ask(&mut self) -> anyhow::Result<()> {
        let Some(stored) = &self.stored else {
            return Ok(());
        };
        let page = stored.checkpoints(self.asked, Self::PAGE).await?;
        self.asked = page.last().map_or(self.sealed, |last| last.size);
        self.heads.extend(page);
        Ok(())
    }

    fn at_head(&mut self) -> Option<Finding> {
        if self.heads.front()?.size > self.size() {
            return None;
        }
        let head = self.heads.pop_front()?;
        let out_of_row = out_of_row(&head, self.reached);
        self.reached = head.size;
        Finding::first(out_of_row, self.not_as_signed(&head))
    }

    /// What is wrong with a head of the size that the tree has.
    fn not_as_signed(&self, head: &StoredCheckpoint) -> Option<Finding> {
        let size = head.size;
        let first = size - i64::try_from(head.leaves.len()).unwrap_or_default();
        let edge = self.tree.edge_leaves_after(first);
        if let Some(place) = differs(edge, &head.leaves) {
            let place = i64::try_from(place).unwrap_or_default();
            return Some(altered(first + 1 + place));
        }
        let root = self.tree.root();
        if head.root != root {
            return Some(Finding::new(
                size,
                format!("the head of {size} events was signed with another root than they have"),
            ));
        }
        let signed = head.note.parse::<SignedNote>().and_then(|note| {
            self.chain.verify(&note, size)?;
            note.text.parse::<Checkpoint>()
        });
        match signed {
            Err(error) => Some(Finding::new(
                size,
                format!("the head of {size} events is not signed by the log's key: {error}"),
            )),
            Ok(said) if said.size != self.tree.size() || said.root != root => Some(Finding::new(
                size,
                format!("what was signed as the head of {size} events says something else"),
            )),
            Ok(_) => None,
        }
    }

    fn at_witnessed(&mut self) -> Option<Finding> {
        let size = self.tree.size();
        let mut found = None;
        // Several may have been kept of one size, from several witnesses.
        while self
            .witnessed
            .front()
            .is_some_and(|head| head.checkpoint.size <= size)
        {
            let head = self.witnessed.pop_front()?;
            if head.checkpoint.size == size && head.root() != self.tree.root() {
                found = Some(Finding::new(
                    self.size(),
                    format!("the first {size} events are not those of the head that was kept"),
                ));
            } else if self.size() > self.sealed {
                let problem = format!(
                    "a head of {size} events was signed and kept, and the last one that is stored \
                     has {}: heads were removed",
                    self.sealed
                );
                found = found.or(Some(Finding::new(self.sealed + 1, problem)));
            }
        }
        found
    }

    /// Holds full tiles against the stored ones.
    async fn against_tiles(&self, full: Vec<FullTile>) -> anyhow::Result<Option<Finding>> {
        let Some(stored) = &self.stored else {
            return Ok(None);
        };
        let is_sealed = |tile: &FullTile| {
            let needed = tile
                .id
                .needs_leaves()
                .and_then(|size| i64::try_from(size).ok());
            needed.is_some_and(|needed| needed <= self.sealed)
        };
        let full: Vec<FullTile> = full.into_iter().filter(is_sealed).collect();
        let ids: Vec<_> = full.iter().map(|tile| tile.id).collect();
        let known: HashMap<_, _> = stored
            .stored_tiles(&ids)
            .await?
            .into_iter()
            .map(|tile| (tile.id, tile))
            .collect();
        let mut found = None;
        for tile in &full {
            found = Finding::first(found, against_tile(tile, known.get(&tile.id)));
        }
        Ok(found)
    }

    /// What was signed of events that are not there.
    pub(super) async fn finish(&mut self) -> anyhow::Result<Option<Finding>> {
        let size = self.size();
        // What is left may be altered as well, before the place where it ends.
        if let Some(head) = self.heads.front() {
            let first = head.size - i64::try_from(head.leaves.len()).unwrap_or_default();
            let edge = self.tree.edge_leaves_after(first);
            let place = edge
                .iter()
                .zip(&head.leaves)
                .position(|(one, other)| one != other);
            if let Some(place) = place {
                return Ok(Some(altered(first + 1 + i64::try_from(place)?)));
            }
        }
        let gone = |signed: i64, what: &str| {
            Finding::new(
                size + 1,
                format!(
                    "the log was cut: {what} says that it had {signed} events, and it ends at \
                     position {size}"
                ),
            )
        };
        if let Some(head) = self.witnessed.pop_back() {
            return Ok(Some(gone(head.size()?, "a head that was kept")));
        }
        if self.sealed > size {
            return Ok(Some(gone(self.sealed, "its last signed head")));
        }
        Ok(None)
    }
}

/// Whether a head was signed after another one than stands before it.
fn out_of_row(head: &StoredCheckpoint, before: i64) -> Option<Finding> {
    let previous = head.previous.filter(|previous| *previous != before)?;
    Some(Finding::new(
        previous.max(before),
        format!(
            "the head of {} events was signed after one of {previous}, and stands behind one of \
             {before}: a head was removed or put in",
            head.size
        ),
    ))
}

fn against_tile(tile: &FullTile, stored: Option<&FullTile>) -> Option<Finding> {
    let first = first_position(tile);
    let Some(stored) = stored else {
        let problem = format!("the tile {} of hashes is missing", tile.id);
        return Some(Finding::new(first, problem));
    };
    match differs(&tile.hashes, &stored.hashes) {
        Some(place) if tile.id.level == 0 => {
            Some(altered(first + i64::try_from(place).unwrap_or_default()))
        }
        Some(_) => Some(Finding::new(
            first,
            format!(
                "the tile {} does not have the hashes of the tiles below it",
                tile.id
            ),
        )),
        None => (tile.root != stored.root).then(|| {
            let problem = format!("the hash over the tile {} is another one", tile.id);
            Finding::new(first, problem)
        }),
    }
}

/// The first position under a tile.
fn first_position(tile: &FullTile) -> i64 {
    let leaves = tile.id.needs_leaves().unwrap_or_default();
    let width = (TILE_WIDTH as u64).pow(u32::from(tile.id.level) + 1);
    i64::try_from(leaves - width.min(leaves)).map_or(1, |before| before + 1)
}

/// The first place at which two lists of hashes differ.
fn differs(one: &[Hash], other: &[Hash]) -> Option<usize> {
    let place = one.iter().zip(other).position(|(one, other)| one != other);
    place.or((one.len() != other.len()).then(|| one.len().min(other.len())))
}

/// What is said of an event that is not the one that was sealed.
pub(super) fn altered(position: i64) -> Finding {
    Finding::new(
        position,
        format!("the event at position {position} is not the one that was sealed"),
    )
}

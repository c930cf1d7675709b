//! The hashes of RFC 6962, section 2.1, and a tree that grows leaf by leaf.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::tile::{TILE_WIDTH, TileId};

/// A SHA-256 hash: of a leaf, of a node, or of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of the tree without leaves (RFC 6962: the hash of nothing).
    pub fn of_empty_tree() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// The hash as its checkpoint writes it.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads what [`Hash::to_base64`] wrote; a hash of another length is none.
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        Self::try_from(&*bytes).ok()
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The hash of a leaf: of 0x00 and its bytes.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(entry);
    Hash(hasher.finalize().into())
}

/// The hash of a node: of 0x01 and the hashes of both its children.
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut message = [1; 65];
    message[1..33].copy_from_slice(&left.0);
    message[33..].copy_from_slice(&right.0);
    Hash(Sha256::digest(message).into())
}

/// The root over some hashes of one level, taken as if they were leaves: the
/// left subtree has the largest power of two that is smaller than their number.
///
/// The last one may stand for a subtree that is not full: the split is then
/// the same as that of the leaves beneath.
pub fn root_of(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Hash::of_empty_tree(),
        [only] => *only,
        more => {
            let left = more.len().next_power_of_two() / 2;
            let (left, right) = more.split_at(left);
            node_hash(root_of(left), root_of(right))
        }
    }
}

/// A tile that has become full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    /// Which one.
    pub id: TileId,
    /// The hash of the subtree that it stands for.
    pub root: Hash,
    /// Its hashes.
    pub hashes: Vec<Hash>,
}

/// A tree that grows at its right edge, of which only the edge is in memory:
/// the tiles that are not full yet, one a level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The hashes of the partial tile of each level, level 0 first.
    edge: Vec<Vec<Hash>>,
    full: Vec<FullTile>,
}

impl Tree {
    /// A tree that goes on from an edge, which holds as many hashes at each
    /// level as a tree of this size has there; nothing where it does not.
    pub(crate) fn from_edge(size: u64, edge: Vec<Vec<Hash>>) -> Option<Self> {
        let widths = TileId::edge_widths(size);
        let fits = edge.len() == widths.len()
            && edge
                .iter()
                .zip(&widths)
                .all(|(hashes, width)| hashes.len() == *width);
        fits.then_some(Self {
            size,
            edge,
            full: Vec::new(),
        })
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf, by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        self.size += 1;
        let mut below = self.size;
        for level in 0_u8.. {
            let index = usize::from(level);
            if self.edge.len() == index {
                self.edge.push(Vec::with_capacity(TILE_WIDTH));
            }
            self.edge[index].push(hash);
            if self.edge[index].len() < TILE_WIDTH {
                return;
            }
            let hashes = std::mem::replace(&mut self.edge[index], Vec::with_capacity(TILE_WIDTH));
            hash = root_of(&hashes);
            below /= TILE_WIDTH as u64;
            self.full.push(FullTile {
                id: TileId::new(level, below - 1),
                root: hash,
                hashes,
            });
        }
    }

    /// The root of the tree as it is.
    pub fn root(&self) -> Hash {
        let mut right: Option<Hash> = None;
        for hashes in &self.edge {
            let mut all = hashes.clone();
            all.extend(right);
            if !all.is_empty() {
                right = Some(root_of(&all));
            }
        }
        right.unwrap_or_else(Hash::of_empty_tree)
    }

    /// The hashes of the leaves behind a size, as far as no full tile holds
    /// them.
    pub fn edge_leaves_after(&self, size: i64) -> &[Hash] {
        let leaves = self.edge.first().map_or(&[][..], Vec::as_slice);
        let behind = i64::try_from(self.size).unwrap_or(i64::MAX) - size;
        let wanted = usize::try_from(behind).unwrap_or_default();
        &leaves[leaves.len().saturating_sub(wanted)..]
    }

    /// The tiles that have become full since the last time somebody asked.
    pub fn take_full(&mut self) -> Vec<FullTile> {
        std::mem::take(&mut self.full)
    }

    /// How many full tiles wait to be taken.
    pub(crate) fn full_tiles(&self) -> usize {
        self.full.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    #[test]
    fn the_empty_tree_and_the_empty_leaf_are_those_of_the_rfc() {
        assert_eq!(
            Tree::default().root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            leaf_hash(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn a_tree_that_grows_has_the_root_of_all_its_leaves() {
        let leaves = leaves(70_000);
        let mut tree = Tree::default();
        for (size, leaf) in (1..).zip(&leaves) {
            tree.push(*leaf);
            if size < 600 || size % 4_099 == 0 || [65_535, 65_536, 65_537, 70_000].contains(&size) {
                assert_eq!(tree.root(), root_of(&leaves[..size]), "of {size} leaves");
            }
        }
        let full = tree.take_full();
        assert_eq!(
            full.len(),
            273 + 1,
            "70,000 leaves fill 273 tiles and one above"
        );
        let widths: Vec<usize> = tree.edge.iter().map(Vec::len).collect();
        assert_eq!(widths, TileId::edge_widths(70_000));
        assert_eq!(widths, [112, 17, 1]);
    }

    #[test]
    fn a_tree_goes_on_from_its_edge() {
        let leaves = leaves(1_000);
        let (mut whole, mut first) = (Tree::default(), Tree::default());
        for (place, leaf) in leaves.iter().enumerate() {
            whole.push(*leaf);
            if place < 700 {
                first.push(*leaf);
            }
        }
        let mut again = Tree::from_edge(700, first.edge.clone()).unwrap();
        for leaf in &leaves[700..] {
            again.push(*leaf);
        }
        assert_eq!(again.root(), whole.root());
        assert_eq!(Tree::from_edge(701, first.edge), None);
    }
}

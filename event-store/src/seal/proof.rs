//! Proofs of RFC 6962: that a leaf is in a tree, and that one tree is the
//! beginning of another. Which hashes they are made of is arithmetic; checking
//! one needs nothing but the proof (RFC 9162, sections 2.1.3.2 and 2.1.4.2).

use super::tree::{Hash, node_hash};

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf lies behind the end of the tree.
    #[error("the leaf lies outside of the tree")]
    OutsideOfTree,
    /// An earlier tree is larger than a later one.
    #[error("the earlier tree is larger than the later one")]
    Shrunk,
    /// Everything is consistent with the tree without leaves, which says
    /// nothing and needs no proof.
    #[error("consistency with the empty tree cannot be proved: it says nothing")]
    FromNothing,
    /// It has too few or too many hashes.
    #[error("the proof has the wrong number of hashes")]
    WrongLength,
    /// Its hashes lead to another root.
    #[error("the proof leads to another root")]
    OtherRoot,
}

/// Checks that a leaf stands at an index of the tree with this root.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutsideOfTree);
    }
    let (mut place, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if place % 2 == 1 || place == last {
            hash = node_hash(*sibling, hash);
            while place % 2 == 0 && place != 0 {
                place /= 2;
                last /= 2;
            }
        } else {
            hash = node_hash(hash, *sibling);
        }
        place /= 2;
        last /= 2;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    if hash == root {
        Ok(())
    } else {
        Err(ProofError::OtherRoot)
    }
}

/// Checks that the tree of the old size and root is the beginning of that of
/// the new size and root.
pub fn verify_consistency(
    old_size: u64,
    old_root: Hash,
    new_size: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::Shrunk);
    }
    if old_size == 0 {
        return Err(ProofError::FromNothing);
    }
    if old_size == new_size {
        return match proof {
            [] if old_root == new_root => Ok(()),
            [] => Err(ProofError::OtherRoot),
            _ => Err(ProofError::WrongLength),
        };
    }
    // An old tree that is full is a node of the new one: its root is known.
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(ProofError::WrongLength)?;
        (*first, rest)
    };
    let (mut place, mut last) = (old_size - 1, new_size - 1);
    while place % 2 == 1 {
        place /= 2;
        last /= 2;
    }
    let (mut old, mut new) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if place % 2 == 1 || place == last {
            old = node_hash(*sibling, old);
            new = node_hash(*sibling, new);
            while place % 2 == 0 && place != 0 {
                place /= 2;
                last /= 2;
            }
        } else {
            new = node_hash(new, *sibling);
        }
        place /= 2;
        last /= 2;
    }
    if last != 0 {
        return Err(ProofError::WrongLength);
    }
    if old == old_root && new == new_root {
        Ok(())
    } else {
        Err(ProofError::OtherRoot)
    }
}

/// Some neighbouring leaves, of which a proof has the one hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The first leaf.
    pub(super) start: u64,
    /// Behind the last leaf.
    pub(super) end: u64,
}

impl Span {
    /// Its full subtrees from left to right, as height and index among those
    /// of that height: the hash over the span is that over their hashes.
    pub(super) fn subtrees(self) -> Vec<(u32, u64)> {
        let mut subtrees = Vec::new();
        let mut start = self.start;
        while start < self.end {
            let fits = (self.end - start).ilog2();
            let height = fits.min(start.trailing_zeros().min(63));
            subtrees.push((height, start >> height));
            start += 1 << height;
        }
        subtrees
    }

    /// The hash over the span, from the hashes of its full subtrees.
    pub(super) fn hash(hashes: &[Hash]) -> Option<Hash> {
        let (last, rest) = hashes.split_last()?;
        Some(
            rest.iter()
                .rev()
                .fold(*last, |right, left| node_hash(*left, right)),
        )
    }
}

/// How many leaves the left subtree has, of a tree with more than one.
fn left_part(leaves: u64) -> u64 {
    leaves.next_power_of_two() / 2
}

/// The spans whose hashes prove that a leaf is in a tree (RFC 6962, section
/// 2.1.1), from the leaf's neighbour upwards.
pub(super) fn inclusion(index: u64, size: u64) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + left_part(end - start);
        if index < middle {
            spans.push(Span { start: middle, end });
            end = middle;
        } else {
            spans.push(Span { start, end: middle });
            start = middle;
        }
    }
    spans.reverse();
    spans
}

/// The spans whose hashes prove that the tree of the old size is the beginning
/// of that of the new size (RFC 6962, section 2.1.2).
pub(super) fn consistency(old_size: u64, new_size: u64) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut start, mut end) = (0, new_size);
    let mut is_whole_old_tree = true;
    while old_size < end {
        let middle = start + left_part(end - start);
        if old_size <= middle {
            spans.push(Span { start: middle, end });
            end = middle;
        } else {
            spans.push(Span { start, end: middle });
            start = middle;
            is_whole_old_tree = false;
        }
    }
    if !is_whole_old_tree {
        spans.push(Span { start, end });
    }
    spans.reverse();
    spans
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seal::tree::{leaf_hash, root_of};

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    fn hashes(leaves: &[Hash], spans: &[Span]) -> Vec<Hash> {
        let hash = |span: &Span| {
            let subtrees = span.subtrees().into_iter().map(|(height, index)| {
                let start = usize::try_from(index << height).unwrap();
                root_of(&leaves[start..start + (1 << height)])
            });
            Span::hash(&subtrees.collect::<Vec<_>>()).unwrap()
        };
        spans.iter().map(hash).collect()
    }

    fn root(leaves: &[Hash], size: u64) -> Hash {
        root_of(&leaves[..usize::try_from(size).unwrap()])
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proved_and_no_other() {
        let leaves = leaves(70);
        for size in 1..=70 {
            let root = root(&leaves, size);
            for index in 0..size {
                let proof = hashes(&leaves, &inclusion(index, size));
                let leaf = leaves[usize::try_from(index).unwrap()];
                assert_eq!(verify_inclusion(leaf, index, size, &proof, root), Ok(()));
                let other = leaf_hash(b"other");
                let verdict = verify_inclusion(other, index, size, &proof, root);
                assert_eq!(verdict, Err(ProofError::OtherRoot));
            }
            let verdict = verify_inclusion(leaves[0], size, size, &[], root);
            assert_eq!(verdict, Err(ProofError::OutsideOfTree));
        }
    }

    #[test]
    fn every_small_tree_is_proved_to_be_the_beginning_of_each_larger_one() {
        let leaves = leaves(70);
        for new in 1..=70 {
            for old in 1..=new {
                let proof = hashes(&leaves, &consistency(old, new));
                let (old_root, new_root) = (root(&leaves, old), root(&leaves, new));
                assert_eq!(
                    verify_consistency(old, old_root, new, new_root, &proof),
                    Ok(())
                );
                let other = leaf_hash(b"other");
                assert!(verify_consistency(old, other, new, new_root, &proof).is_err());
                assert!(verify_consistency(old, old_root, new, other, &proof).is_err());
            }
        }
    }

    proptest! {
        #[test]
        fn a_changed_proof_proves_nothing(
            new in 2_u64..300, old in 1_u64..300, place in any::<prop::sample::Index>(), bit in 0_u8..8,
        ) {
            let old = old.min(new - 1);
            let leaves = leaves(new);
            let (old_root, new_root) = (root(&leaves, old), root(&leaves, new));
            let mut proof = hashes(&leaves, &consistency(old, new));
            prop_assert!(!proof.is_empty());
            let place = place.index(proof.len());
            proof[place].0[3] ^= 1 << bit;
            prop_assert!(verify_consistency(old, old_root, new, new_root, &proof).is_err());
            proof[place].0[3] ^= 1 << bit;
            proof.pop();
            prop_assert!(verify_consistency(old, old_root, new, new_root, &proof).is_err());
        }
    }
}

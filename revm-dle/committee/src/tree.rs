//! The tree of archive groups: a group that has grown splits in two, and each half keeps one half of the chains.
//!
//! ```text
//! group 1 ─┬─ left:  chains whose first bit is 0 ─┬─ …    at depth d the bit d decides, the most significant first
//!          └─ right: chains whose first bit is 1 ─┴─ …    (`IArchiveGroups`; white paper, *Archive Node Cluster Group*)
//! ```
//!
//! Which chains a group keeps follows from their ids. In which group a participant waits to be drawn follows from the
//! seeds that divided the groups above it, so that it waits in one, and nobody knew in which when it joined: the first
//! bit of keccak256("CoNET waits" ‖ seed ‖ node id) at each split. Its places in chains stay where they are.
//!
//! Epochs are numbered anew in every group. Here they count on: `depth << 40 | number`, as `verifyLateFor` ranks them, so
//! that along the line from the first group to any other each epoch has a higher one than those before. The first
//! group's are the main chain's.

use std::ops::RangeInclusive;

use alloy::primitives::{B256, keccak256};
use serde::{Deserialize, Serialize};

use crate::keys::NodeId;

/// How many bits an epoch's number has.
const NUMBER_BITS: u32 = 40;

/// The group that all others descend from, as `IArchiveGroups` numbers it.
pub const ROOT: u32 = 1;

/// How often groups can split one below the other, as on the main chain.
pub const DEPTH_MAX: usize = 32;

/// The number that the main chain gives an epoch in its group.
#[must_use]
pub const fn epoch_number(epoch: u64) -> u64 {
    epoch & ((1 << NUMBER_BITS) - 1)
}

/// Whether an epoch is a group's first after the one above it split.
#[must_use]
pub const fn follows_split(epoch: u64) -> bool {
    epoch >> NUMBER_BITS > 0 && epoch_number(epoch) == 1
}

/// One split, and the half that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fork {
    /// The seed that divided the nodes.
    pub seed: B256,
    /// Whether it is the right half, whose chains have a 1.
    pub is_right: bool,
}

/// Whether a participant waits in the right half of a group that this seed divided.
#[must_use]
pub fn waits_right(seed: B256, node: NodeId) -> bool {
    let mut preimage = b"CoNET waits".to_vec();
    preimage.extend(seed);
    preimage.extend(node.0.to_be_bytes());
    bit(keccak256(preimage), 0)
}

/// Where a group stands in the tree: the splits on the way to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Branch(Vec<Fork>);

impl Branch {
    /// By the splits above a group, the first one first.
    #[must_use]
    pub const fn new(forks: Vec<Fork>) -> Self {
        Self(forks)
    }

    /// How many splits there are above it.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.0.len()
    }

    /// Whether it is the first group.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a chain falls here.
    #[must_use]
    pub fn keeps(&self, chain: B256) -> bool {
        self.0.iter().enumerate().all(|(depth, fork)| bit(chain, depth) == fork.is_right)
    }

    /// The chains that fall here: from which id to which.
    #[must_use]
    pub fn range(&self) -> RangeInclusive<B256> {
        let (mut first, mut last) = (B256::ZERO, B256::repeat_byte(0xff));
        for (depth, fork) in self.0.iter().enumerate() {
            let (byte, mask) = (depth / 8, 0x80 >> (depth % 8));
            let (first, last) = (first.0.get_mut(byte), last.0.get_mut(byte));
            match fork.is_right {
                true => first.into_iter().for_each(|byte| *byte |= mask),
                false => last.into_iter().for_each(|byte| *byte &= !mask),
            }
        }
        first..=last
    }

    /// Whether a participant waits here.
    #[must_use]
    pub fn admits(&self, node: NodeId) -> bool {
        self.0.iter().all(|fork| waits_right(fork.seed, node) == fork.is_right)
    }

    /// Whether a group stands above another one.
    #[must_use]
    pub fn is_above(&self, other: &Self) -> bool {
        self.depth() < other.depth() && other.0.starts_with(&self.0)
    }

    /// Whether the split below so many others went right.
    #[must_use]
    pub fn side_at(&self, depth: usize) -> Option<bool> {
        self.0.get(depth).map(|fork| fork.is_right)
    }

    /// Whether every split went left: the first such group that works is asked for the seeds that place nodes.
    #[must_use]
    pub fn is_leftmost(&self) -> bool {
        self.0.iter().all(|fork| !fork.is_right)
    }

    /// An epoch of a group here, by its number on the main chain.
    #[must_use]
    pub const fn epoch(&self, number: u64) -> u64 {
        (self.0.len() as u64) << NUMBER_BITS | number
    }
}

/// A bit of a hash, the most significant first.
fn bit(hash: B256, at: usize) -> bool {
    hash.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fork(seed: u8, is_right: bool) -> Fork {
        Fork { seed: B256::repeat_byte(seed), is_right }
    }

    fn starting(byte: u8) -> B256 {
        let mut chain = B256::repeat_byte(0xff);
        chain.0[0] = byte;
        chain
    }

    #[test]
    fn the_chains_that_fall_somewhere_are_a_range() {
        let fork = |is_right| Fork { seed: B256::repeat_byte(1), is_right };
        for forks in [vec![], vec![true], vec![false, true], vec![true, false, true, true]] {
            let branch = Branch::new(forks.into_iter().map(fork).collect());
            for byte in 0..=u8::MAX {
                let chain = B256::repeat_byte(byte);
                assert_eq!(branch.range().contains(&chain), branch.keeps(chain), "{chain}");
            }
            let (first, last) = branch.range().into_inner();
            assert!(branch.keeps(first) && branch.keeps(last));
        }
    }

    #[test]
    fn every_chain_falls_into_one_half() {
        let right_left = Branch::new(vec![fork(1, true), fork(2, false)]);
        assert!(right_left.keeps(starting(0b1000_0000)));
        assert!(right_left.keeps(starting(0b1011_1111)));
        assert!(!right_left.keeps(starting(0b1100_0000)));
        assert!(!right_left.keeps(starting(0b0000_0000)));
        assert!(Branch::default().keeps(starting(0b0101_0101)));
    }

    #[test]
    fn every_node_waits_in_one_half_and_a_seed_says_in_which() {
        let [left, right, other] = [(1, false), (1, true), (2, false)]
            .map(|(seed, side)| Branch::new(vec![fork(seed, side)]));
        let admitted = |branch: &Branch| {
            (1..=1_000).filter(|id| branch.admits(NodeId(*id))).collect::<Vec<_>>()
        };
        let (in_left, in_right) = (admitted(&left), admitted(&right));
        assert_eq!(in_left.len() + in_right.len(), 1_000);
        assert!(in_left.iter().all(|id| !in_right.contains(id)));
        assert!((400..600).contains(&in_left.len()), "{}", in_left.len());
        assert_ne!(in_left, admitted(&other));
    }

    #[test]
    fn epochs_grow_along_a_line() {
        let (root, child) = (Branch::default(), Branch::new(vec![fork(1, false)]));
        assert_eq!(root.epoch(7), 7);
        assert!(child.epoch(1) > root.epoch((1 << 40) - 1));
        assert_eq!(epoch_number(child.epoch(3)), 3);
        assert!(root.is_above(&child) && !child.is_above(&child) && !child.is_above(&root));
        assert!(child.is_leftmost() && !Branch::new(vec![fork(1, true)]).is_leftmost());
    }
}

//! Where archive nodes and chains belong: the tree of archive groups, as the contract `ArchiveGroups` keeps it (white
//! paper, *The Archive Node Cluster Group*). Nodes read theirs on the main chain; this is for who works out a whole tree.
//!
//! Chains and joiners fall down the tree by a hash of 256 bits: at depth d, bit d says left (0) or right (1), the most
//! significant bit first. A chain's hash is its id, a joiner's comes from a seed: nobody chooses its group. A group
//! that has grown to twice the smallest size splits, its chains by the next bit, and nothing else moves.

use std::collections::BTreeMap;

use alloy::{
    primitives::{B256, U256, keccak256},
    sol_types::SolValue as _,
};

use crate::{
    keys::NodeId,
    tree::{DEPTH_MAX, ROOT},
};

/// Why the tree does not split so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacementError {
    /// No group with this number, or one that split before.
    #[error("expected a group that works, found group {group}")]
    NotWorking {
        /// The group.
        group: u32,
    },
    /// Too few nodes for two groups.
    #[error("expected at least {needed} nodes to split, found {found}")]
    TooFew {
        /// Twice the smallest size of a group.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// No more bits are used.
    #[error("expected a depth below {DEPTH_MAX}, found it for group {group}")]
    TooDeep {
        /// The group.
        group: u32,
    },
}

/// How many nodes make a group of at least `seats_min` split.
#[must_use]
pub const fn splits_at(seats_min: usize) -> usize {
    2 * seats_min
}

/// A node's hash under a seed.
#[must_use]
pub fn node_hash(seed: B256, node: NodeId) -> B256 {
    keccak256((seed, U256::from(node.0)).abi_encode())
}

/// Halves a group's nodes: sorted by the first 24 bytes of their hashes, then by id, the lower half (rounded down)
/// goes left. Each half ascends.
#[must_use]
pub fn divide(seed: B256, nodes: &[NodeId]) -> (Vec<NodeId>, Vec<NodeId>) {
    let mut keyed: Vec<_> = nodes.iter().map(|node| (node_hash(seed, *node), *node)).collect();
    keyed.sort_unstable_by(|(a, first), (b, second)| {
        let prefixes = a.first_chunk::<24>().cmp(&b.first_chunk::<24>());
        prefixes.then(first.cmp(second))
    });
    let half = keyed.len() / 2;
    let mut left: Vec<_> = keyed.iter().take(half).map(|(_, node)| *node).collect();
    let mut right: Vec<_> = keyed.iter().skip(half).map(|(_, node)| *node).collect();
    left.sort_unstable();
    right.sort_unstable();
    (left, right)
}

/// Whether a hash goes right at this depth.
#[must_use]
pub fn goes_right(hash: B256, depth: u8) -> bool {
    let byte = hash.get(usize::from(depth / 8)).copied().unwrap_or_default();
    byte >> (7 - depth % 8) & 1 == 1
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    depth: u8,
    /// Left and right, once it split.
    children: Option<(u32, u32)>,
}

/// The tree of groups: those that split, and those that work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTree {
    groups: BTreeMap<u32, Group>,
}

impl Default for GroupTree {
    fn default() -> Self {
        Self { groups: BTreeMap::from([(ROOT, Group { depth: 0, children: None })]) }
    }
}

impl GroupTree {
    /// Only the root group.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A group splits. Numbers are given in the order of splits, the left one first.
    ///
    /// # Errors
    /// [`PlacementError::NotWorking`], [`PlacementError::TooDeep`].
    pub fn split(&mut self, group: u32) -> Result<(u32, u32), PlacementError> {
        let left = self.groups.keys().next_back().map_or(ROOT, |last| last + 1);
        let children = (left, left + 1);
        let parent = self.groups.get_mut(&group);
        let parent = parent.filter(|parent| parent.children.is_none());
        let parent = parent.ok_or(PlacementError::NotWorking { group })?;
        if usize::from(parent.depth) == DEPTH_MAX {
            return Err(PlacementError::TooDeep { group });
        }
        let depth = parent.depth + 1;
        parent.children = Some(children);
        self.groups.insert(children.0, Group { depth, children: None });
        self.groups.insert(children.1, Group { depth, children: None });
        Ok(children)
    }

    /// The group that works for a hash that began in group `home`: a chain's keeper. None when there is no such home.
    #[must_use]
    pub fn fall(&self, home: u32, hash: B256) -> Option<u32> {
        let mut number = home;
        loop {
            let group = self.groups.get(&number)?;
            let Some((left, right)) = group.children else { return Some(number) };
            number = if goes_right(hash, group.depth) { right } else { left };
        }
    }

    /// The group that a joiner is placed in, by the first seed after it asked for the first time.
    #[must_use]
    pub fn place(&self, seed: B256, node: NodeId) -> Option<u32> {
        self.fall(ROOT, node_hash(seed, node))
    }

    /// The groups that work, ascending.
    pub fn working(&self) -> impl Iterator<Item = u32> + '_ {
        let working = self.groups.iter().filter(|(_, group)| group.children.is_none());
        working.map(|(number, _)| *number)
    }
}

/// The two groups that a group's nodes make, once there are enough.
///
/// # Errors
/// [`PlacementError::TooFew`].
pub fn halves(
    seats_min: usize,
    seed: B256,
    nodes: &[NodeId],
) -> Result<(Vec<NodeId>, Vec<NodeId>), PlacementError> {
    let (needed, found) = (splits_at(seats_min), nodes.len());
    if found < needed {
        return Err(PlacementError::TooFew { needed, found });
    }
    Ok(divide(seed, nodes))
}

#[cfg(test)]
mod tests;

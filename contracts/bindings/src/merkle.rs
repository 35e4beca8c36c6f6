//! Merkle trees as the contracts verify them: an inner node is keccak256 of its two children, the smaller first, and a
//! lone node moves up unchanged. Pinned by `contracts/test/vectors/cash.json` and `merkle.json`, which Foundry checks
//! too.

use alloy::primitives::{B256, keccak256};

/// A tree over the hashes of leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The leaves first, the root alone last.
    levels: Vec<Vec<B256>>,
}

impl Tree {
    /// Over these, in this order.
    #[must_use]
    pub fn new(leaves: Vec<B256>) -> Self {
        let mut levels = Vec::new();
        let mut level = leaves;
        while level.len() > 1 {
            let above = level.chunks(2).map(parent).collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        levels.push(level);
        Self { levels }
    }

    /// The root; zero when there are no leaves.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.levels.last().and_then(|top| top.first()).copied().unwrap_or_default()
    }

    /// The siblings from a leaf up. `None` when there is no such leaf.
    #[must_use]
    pub fn proof(&self, index: usize) -> Option<Vec<B256>> {
        self.levels.first()?.get(index)?;
        let siblings = self.levels.iter().enumerate();
        let siblings = siblings.filter_map(|(up, level)| level.get((index >> up) ^ 1).copied());
        Some(siblings.collect())
    }
}

/// Whether a proof leads from a leaf's hash to a root.
#[must_use]
pub fn verify(root: B256, leaf: B256, proof: &[B256]) -> bool {
    proof.iter().fold(leaf, |node, sibling| pair(node, *sibling)) == root
}

fn parent(children: &[B256]) -> B256 {
    match children {
        [a, b] => pair(*a, *b),
        alone => alone.first().copied().unwrap_or_default(),
    }
}

fn pair(a: B256, b: B256) -> B256 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    keccak256([low, high].concat())
}

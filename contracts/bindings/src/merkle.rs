//! Merkle trees as OpenZeppelin's `MerkleProof` and solady's `MerkleProofLib` read them: each pair is hashed in sorted
//! order, so that a proof needs no left and right. A lone node moves up unchanged.
//!
//! A leaf must never have a preimage of 64 bytes, else an inner node could pass for one: callers hash twice, or hash
//! something longer. Pinned by `contracts/test/vectors/cash.json` and `merkle.json`, which Foundry checks too.

use alloy::primitives::{B256, Keccak256};

/// What stands above two nodes.
#[must_use]
pub fn parent(a: B256, b: B256) -> B256 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let mut hasher = Keccak256::new();
    hasher.update(low);
    hasher.update(high);
    hasher.finalize()
}

/// Where a proof leads from a leaf.
#[must_use]
pub fn root_of(leaf: B256, proof: &[B256]) -> B256 {
    proof.iter().fold(leaf, |node, sibling| parent(node, *sibling))
}

/// Whether a proof leads from a leaf's hash to a root.
#[must_use]
pub fn verify(root: B256, leaf: B256, proof: &[B256]) -> bool {
    root_of(leaf, proof) == root
}

/// A tree with all its nodes, for who has to give proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The leaves, then what stands above them, up to the root.
    levels: Vec<Vec<B256>>,
}

impl Tree {
    /// The tree over these leaves, in this order.
    #[must_use]
    pub fn new(leaves: Vec<B256>) -> Self {
        let mut levels = Vec::new();
        let mut level = leaves;
        while level.len() > 1 {
            let above = level.chunks(2).map(above).collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        levels.push(level);
        Self { levels }
    }

    /// The root: zero when there are no leaves, the leaf when there is one.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.levels.last().and_then(|top| top.first()).copied().unwrap_or_default()
    }

    /// The leaves.
    #[must_use]
    pub fn leaves(&self) -> &[B256] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// The siblings from a leaf up; none when there is no such leaf.
    #[must_use]
    pub fn proof(&self, index: usize) -> Option<Vec<B256>> {
        self.leaves().get(index)?;
        let levels = self.levels.iter().enumerate();
        // A lone node has no sibling, and takes no step.
        Some(levels.filter_map(|(up, nodes)| nodes.get(index >> up ^ 1).copied()).collect())
    }
}

fn above(nodes: &[B256]) -> B256 {
    match nodes {
        [left, right] => parent(*left, *right),
        // `chunks` gives no empty chunk.
        lone => lone.first().copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::keccak256;

    use super::*;

    fn leaves(count: usize) -> Vec<B256> {
        (0..count).map(|index| keccak256(index.to_be_bytes())).collect()
    }

    #[test]
    fn every_proof_leads_to_the_root_and_no_other_leaf_takes_its_place() {
        for count in 1..=40 {
            let tree = Tree::new(leaves(count));
            assert_eq!(tree.leaves(), leaves(count));
            for (index, leaf) in leaves(count).into_iter().enumerate() {
                let proof = tree.proof(index).unwrap();
                assert!(proof.len() <= count.next_power_of_two().ilog2() as usize);
                assert_eq!(root_of(leaf, &proof), tree.root());
                assert_ne!(root_of(keccak256("stranger"), &proof), tree.root());
            }
            assert_eq!(tree.proof(count), None);
        }
    }

    #[test]
    fn small_trees() {
        assert_eq!(Tree::new(Vec::new()).root(), B256::ZERO);
        assert_eq!(Tree::new(Vec::new()).proof(0), None);
        let [a, b, c] = [1, 2, 3].map(B256::repeat_byte);
        assert_eq!(Tree::new(vec![a]).root(), a);
        assert_eq!(Tree::new(vec![a]).proof(0), Some(Vec::new()));
        assert_eq!(Tree::new(vec![b, a, c]).root(), parent(c, parent(a, b)));
        assert_eq!(Tree::new(vec![a, b, c]).proof(2), Some(vec![parent(a, b)]));
    }
}

//! How the main chain divides the nodes of a group that splits: `ArchiveGroups._divide`.

use alloy::{
    primitives::{B256, U256, keccak256},
    sol_types::SolValue as _,
};
use conet_committee::keys::NodeId;

/// Both halves, the left one first, each ascending: the lower ones by the hash of seed and id.
pub(crate) fn divide(seed: B256, nodes: &[NodeId]) -> [Vec<NodeId>; 2] {
    let key = |node: &NodeId| {
        let drawn: U256 = keccak256((seed, U256::from(node.0)).abi_encode()).into();
        // Where hashes agree but for their last 8 bytes the id decides.
        ((drawn >> 64) << 64) | U256::from(node.0)
    };
    let mut left = nodes.to_vec();
    left.sort_by_key(key);
    let mut right = left.split_off(nodes.len() / 2);
    left.sort_unstable();
    right.sort_unstable();
    [left, right]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_in_one_half_and_the_seed_says_in_which() {
        let nodes: Vec<_> = (1..=9).map(NodeId).collect();
        let [left, right] = divide(B256::repeat_byte(1), &nodes);
        assert_eq!((left.len(), right.len()), (4, 5));
        assert!(left.is_sorted() && right.is_sorted());
        let mut all = [left.clone(), right].concat();
        all.sort_unstable();
        assert_eq!(all, nodes);
        let others = (2..20).map(|seed| divide(B256::repeat_byte(seed), &nodes));
        assert!(others.filter(|[other, _]| *other == left).count() < 5);
    }
}

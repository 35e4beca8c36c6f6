use proptest::prelude::*;

use super::*;

fn nodes(ids: impl IntoIterator<Item = u64>) -> Vec<NodeId> {
    ids.into_iter().map(NodeId).collect()
}

/// Computed from the contract's definition by other code.
#[test]
fn pinned() {
    let seed = B256::repeat_byte(0x5e);
    let hash = "0x7be7b407e269ad536cb498206879db84617791923cef5b08a187d5578b534dc8";
    assert_eq!(node_hash(seed, NodeId(7)), hash.parse::<B256>().unwrap());
    let (left, right) = halves(10, seed, &nodes((1..=20).chain([u64::MAX]))).unwrap();
    assert_eq!(left, nodes([1, 2, 3, 5, 6, 8, 9, 13, 19, 20]));
    assert_eq!(right, nodes([4, 7, 10, 11, 12, 14, 15, 16, 17, 18, u64::MAX]));
    assert_eq!(
        halves(10, seed, &nodes(1..20)),
        Err(PlacementError::TooFew { needed: 20, found: 19 })
    );
}

#[test]
fn bits_count_from_the_most_significant() {
    let hash = B256::from(U256::from(0b101) << 253);
    let path: Vec<_> = (0..4).map(|depth| goes_right(hash, depth)).collect();
    assert_eq!(path, [true, false, true, false]);
    assert!(goes_right(B256::from(U256::from(1)), 255));
}

#[test]
fn only_groups_that_work_split() {
    let mut tree = GroupTree::new();
    assert_eq!(tree.split(ROOT), Ok((2, 3)));
    assert_eq!(tree.split(3), Ok((4, 5)));
    for group in [0, 1, 3, 9] {
        assert_eq!(tree.split(group), Err(PlacementError::NotWorking { group }));
    }
    assert_eq!(tree.working().collect::<Vec<_>>(), [2, 4, 5]);
    let hash = B256::from(U256::from(1) << 254);
    assert_eq!(tree.fall(ROOT, hash), Some(2));
    assert_eq!(tree.fall(3, hash), Some(5));
    assert_eq!(tree.fall(9, hash), None);
    for depth in 1..DEPTH_MAX as u32 {
        let (left, _) = tree.split(if depth == 1 { 2 } else { 4 + 2 * (depth - 1) }).unwrap();
        assert_eq!(left, 4 + 2 * depth);
    }
    let group = 4 + 2 * (DEPTH_MAX as u32 - 1);
    assert_eq!(tree.split(group), Err(PlacementError::TooDeep { group }));
}

proptest! {
    #[test]
    fn halves_are_large_enough_and_lose_nobody(
        seed: [u8; 32],
        ids in prop::collection::btree_set(any::<u64>(), 20..40),
    ) {
        let all = nodes(ids);
        let (left, right) = halves(10, seed.into(), &all).unwrap();
        prop_assert!(left.len() >= 10 && right.len() - left.len() <= 1);
        prop_assert!(left.is_sorted() && right.is_sorted());
        let mut both = [left, right].concat();
        both.sort_unstable();
        prop_assert_eq!(both, all);
    }

    /// A split moves the chains of the group that split, half of them each way, and no others.
    #[test]
    fn nothing_else_moves(splits in prop::collection::vec(any::<prop::sample::Index>(), 1..12)) {
        let mut tree = GroupTree::new();
        let hashes: Vec<_> = (0_u64..200).map(|n| keccak256(n.to_be_bytes())).collect();
        for index in splits {
            let working: Vec<_> = tree.working().collect();
            let group = working[index.index(working.len())];
            let before: Vec<_> = hashes.iter().map(|h| tree.fall(1, *h).unwrap()).collect();
            let (left, right) = tree.split(group).unwrap();
            for (hash, kept) in hashes.iter().zip(before) {
                let keeper = tree.fall(1, *hash).unwrap();
                if kept == group {
                    prop_assert!([left, right].contains(&keeper));
                    prop_assert_eq!(tree.fall(group, *hash), Some(keeper));
                } else {
                    prop_assert_eq!(keeper, kept);
                }
            }
        }
    }

    /// Whatever ids joiners have, half of them fall each way: nobody gains by choosing one.
    #[test]
    fn joiners_do_not_choose(seed: [u8; 32], first in 0..u64::MAX - 4_000, step in 1..8_u64) {
        let mut tree = GroupTree::new();
        let (left, _) = tree.split(ROOT).unwrap();
        let joiners = (0..400).map(|n| NodeId(first.wrapping_add(n * step)));
        let went_left = joiners.filter(|node| tree.place(seed.into(), *node) == Some(left)).count();
        // Six standard deviations.
        prop_assert!((140..=260).contains(&went_left), "{}", went_left);
    }
}

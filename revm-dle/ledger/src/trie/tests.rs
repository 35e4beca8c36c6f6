//! Against `alloy-trie`'s roots, with keys that share long prefixes, too, and on bytes of all sorts.

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::keccak256;
use alloy_trie::HashBuilder;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, PartialEq)]
struct Raw(Vec<u8>);

impl Leaf for Raw {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn decode(bytes: &[u8]) -> alloy_rlp::Result<Self> {
        Ok(Self(bytes.to_vec()))
    }
}

/// What was met of one trie, as the source of another.
#[derive(Debug, Default)]
struct Met(HashMap<B256, Bytes>);

impl Nodes for Met {
    type Error = Infallible;

    fn node(&mut self, hash: B256) -> Result<Option<Bytes>, Infallible> {
        Ok(self.0.get(&hash).cloned())
    }

    fn met(&mut self, hash: B256, rlp: &dyn Fn() -> Vec<u8>) {
        self.0.entry(hash).or_insert_with(|| {
            let rlp = rlp();
            assert_eq!(keccak256(&rlp), hash);
            rlp.into()
        });
    }
}

fn expected_root(entries: &BTreeMap<B256, Vec<u8>>) -> B256 {
    let mut builder = HashBuilder::default();
    for (key, value) in entries {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    builder.root()
}

/// Few different nibbles, so that keys meet deep in the trie, where nodes are shorter than their hashes.
fn key() -> impl Strategy<Value = B256> {
    let close = (0_usize..32, 0_u8..4).prop_map(|(at, byte)| {
        let mut key = B256::ZERO;
        key[at] = byte << (at % 2 * 4);
        key
    });
    let last = (0_u8..=255).prop_map(B256::with_last_byte);
    prop_oneof![
        close,
        last,
        any::<[u8; 32]>().prop_map(B256::from),
        (0_u8..40).prop_map(keccak256_of)
    ]
}

fn keccak256_of(byte: u8) -> B256 {
    keccak256([byte])
}

type Step = (B256, Option<Vec<u8>>);

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let value = prop::option::weighted(0.7, prop::collection::vec(1_u8.., 1..40));
    prop::collection::vec((key(), value), 0..most)
}

fn apply<N: Nodes>(
    trie: &mut Trie<Raw>,
    steps: &[Step],
    nodes: &mut N,
) -> Result<(), StateError<N::Error>> {
    for (key, value) in steps {
        match value {
            Some(value) => trie.insert(*key, Raw(value.clone()), nodes)?,
            None => trie.remove(*key, nodes)?,
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn roots_are_those_of_alloy_trie(steps in steps(60), roots_between: bool) {
        let (mut trie, mut entries) = (Trie::default(), BTreeMap::new());
        for (key, value) in steps {
            apply(&mut trie, &[(key, value.clone())], &mut InMemory).unwrap();
            match value {
                Some(value) => entries.insert(key, value),
                None => entries.remove(&key),
            };
            if roots_between {
                prop_assert_eq!(trie.root(), expected_root(&entries));
            }
            let found = trie.get(key, &mut InMemory).unwrap();
            prop_assert_eq!(found.map(|leaf| &leaf.0), entries.get(&key));
        }
        prop_assert_eq!(trie.root(), expected_root(&entries));
        let leaves: Vec<_> = trie.leaves().unwrap().into_iter().map(|leaf| &leaf.0).collect();
        prop_assert_eq!(leaves, entries.values().collect::<Vec<_>>());
    }

    #[test]
    fn what_was_met_is_enough_to_do_the_same_and_no_less_is(
        before in steps(60), reads in prop::collection::vec(key(), 0..5), change in steps(8), drop_at: prop::sample::Index,
    ) {
        let mut full = Trie::default();
        apply(&mut full, &before, &mut InMemory).unwrap();
        let root = full.root();
        let kept = full.clone();

        let mut met = Met::default();
        let read: Vec<_> =
            reads.iter().map(|key| full.get(*key, &mut met).unwrap().cloned()).collect();
        apply(&mut full, &change, &mut met).unwrap();
        prop_assert_eq!(kept.root(), root);

        let mut partial = Trie::at(root);
        for (key, expected) in reads.iter().zip(&read) {
            prop_assert_eq!(partial.get(*key, &mut met).unwrap(), expected.as_ref());
        }
        apply(&mut partial, &change, &mut met).unwrap();
        prop_assert_eq!(partial.root(), full.root());

        if met.0.is_empty() {
            return Ok(());
        }
        let gone = *met.0.keys().nth(drop_at.index(met.0.len())).unwrap();
        met.0.remove(&gone);
        let mut partial = Trie::at(root);
        let again = reads.iter().try_for_each(|key| partial.get(*key, &mut met).map(drop));
        let again = again.and_then(|()| apply(&mut partial, &change, &mut met));
        prop_assert_eq!(again, Err(StateError::Missing(gone)));
    }

    /// Under a root that nobody vouches for, anything can be.
    #[test]
    fn no_bytes_panic(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8),
        shapes in prop::collection::vec((0_u8..6, any::<prop::sample::Index>(), 0_u8..16), 1..24),
        change in steps(6),
    ) {
        let (root, mut nodes) = forged(&chunks, &shapes);
        let mut trie = Trie::<Raw>::at(root);
        for step in &change {
            let _ = trie.get(step.0, &mut nodes);
            if apply(&mut trie, std::slice::from_ref(step), &mut nodes).is_err() {
                break;
            }
            let _ = trie.root();
        }
    }
}

/// Nodes that name each other in ways in which no trie does.
fn forged(chunks: &[Vec<u8>], shapes: &[(u8, prop::sample::Index, u8)]) -> (B256, Met) {
    use alloy_rlp::Encodable as _;
    use alloy_trie::TrieMask;
    use alloy_trie::nodes::{BranchNodeRef, ExtensionNodeRef, LeafNodeRef, RlpNode};

    let mut met = Met::default();
    let mut references: Vec<RlpNode> =
        chunks.iter().filter_map(|chunk| RlpNode::from_raw(chunk)).collect();
    references.push(RlpNode::from_rlp(&[0x80]));
    let mut root = B256::ZERO;
    for (shape, which, nibble) in shapes {
        let child = which.get(&references).clone();
        let path = Nibbles::from_nibbles(vec![*nibble; usize::from(*shape) * 3]);
        let mut rlp = Vec::new();
        match shape {
            0 => LeafNodeRef::new(&path, which.get::<Vec<u8>>(chunks)).encode(&mut rlp),
            1 => LeafNodeRef::new(&Nibbles::from_nibbles([*nibble; 63]), &[1]).encode(&mut rlp),
            2 | 3 => ExtensionNodeRef::new(&path, &child).encode(&mut rlp),
            4 => BranchNodeRef::new(&vec![child; 16], TrieMask::new(u16::MAX)).encode(&mut rlp),
            _ => rlp.clone_from(which.get::<Vec<u8>>(chunks)),
        }
        root = keccak256(&rlp);
        references.push(RlpNode::from_rlp(&rlp));
        met.0.insert(root, rlp.into());
    }
    (root, met)
}

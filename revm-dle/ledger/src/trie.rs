//! Merkle-Patricia tries, as Ethereum's: same nodes, same roots.
//!
//! `alloy-trie` computes the root of a sorted list. This one is changed in place, hashes only what changed, and need
//! not be complete: a node may be known by its hash alone, and is asked for at [`Nodes`] when it is met. So one
//! implementation is the state of a chain, the state that a store holds, and what a validator has, who was sent but
//! the nodes that a block meets.
//!
//! Nodes are shared: a copy of a trie costs nothing, and changing it leaves the other as it was. Keys have 32 bytes.

mod change;
mod node;
#[cfg(test)]
mod tests;

use std::convert::Infallible;

use alloy::primitives::{B256, Bytes};
use alloy_trie::Nibbles;

use crate::error::StateError;
use node::Node;

/// Where nodes come from that a trie knows by their hashes only.
pub trait Nodes {
    /// What can go wrong there.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The RLP of the node with this hash; None when there is no such node.
    ///
    /// # Errors
    /// The store failed.
    fn node(&mut self, hash: B256) -> Result<Option<Bytes>, Self::Error>;

    /// Called with each node that is met and that was there when the root was last computed: what a witness consists
    /// of. A node that is part of another node's bytes is not told.
    fn met(&mut self, hash: B256, rlp: &dyn Fn() -> Vec<u8>) {
        let _ = (hash, rlp);
    }
}

impl<N: Nodes> Nodes for &mut N {
    type Error = N::Error;

    fn node(&mut self, hash: B256) -> Result<Option<Bytes>, N::Error> {
        (**self).node(hash)
    }

    fn met(&mut self, hash: B256, rlp: &dyn Fn() -> Vec<u8>) {
        (**self).met(hash, rlp);
    }
}

/// For tries that are in memory as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InMemory;

impl Nodes for InMemory {
    type Error = Infallible;

    fn node(&mut self, _: B256) -> Result<Option<Bytes>, Infallible> {
        Ok(None)
    }
}

/// Takes a node's hash and what gives its RLP. Whether to go on below it.
pub type Visit<'a> = dyn FnMut(B256, &dyn Fn() -> Vec<u8>) -> bool + 'a;

/// What a trie keeps under a key.
pub(crate) trait Leaf: Clone {
    /// Appends the value's bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// From the value's bytes.
    fn decode(bytes: &[u8]) -> alloy_rlp::Result<Self>;

    /// Shows the nodes of a trie that is in it.
    fn visit(&self, visit: &mut Visit<'_>) {
        let _ = visit;
    }
}

/// A trie.
#[derive(Debug, Clone)]
pub(crate) struct Trie<L> {
    root: Node<L>,
}

impl<L> Default for Trie<L> {
    fn default() -> Self {
        Self { root: Node::Empty }
    }
}

impl<L: Leaf> Trie<L> {
    /// The trie with this root, of which nothing is known yet.
    pub(crate) fn at(root: B256) -> Self {
        if root == alloy_trie::EMPTY_ROOT_HASH {
            return Self::default();
        }
        Self { root: Node::unknown(root) }
    }

    /// The root, hashing what changed.
    pub(crate) fn root(&self) -> B256 {
        self.root.root()
    }

    /// What is under a key.
    ///
    /// # Errors
    /// [`StateError`].
    pub(crate) fn get<N: Nodes>(
        &self,
        key: B256,
        nodes: &mut N,
    ) -> Result<Option<&L>, StateError<N::Error>> {
        self.root.get(&Nibbles::unpack(key), nodes)
    }

    /// Puts a value under a key.
    ///
    /// # Errors
    /// [`StateError`]; the trie is then good for nothing.
    pub(crate) fn insert<N: Nodes>(
        &mut self,
        key: B256,
        leaf: L,
        nodes: &mut N,
    ) -> Result<(), StateError<N::Error>> {
        change::insert(&mut self.root, &Nibbles::unpack(key), leaf, nodes)
    }

    /// Removes what is under a key, if there is something.
    ///
    /// # Errors
    /// [`StateError`]; the trie is then good for nothing.
    pub(crate) fn remove<N: Nodes>(
        &mut self,
        key: B256,
        nodes: &mut N,
    ) -> Result<(), StateError<N::Error>> {
        change::remove(&mut self.root, &Nibbles::unpack(key), nodes).map(drop)
    }

    /// Shows all nodes in memory, from the top, those below one only if `visit` says so.
    pub(crate) fn visit(&self, visit: &mut Visit<'_>) {
        self.root.visit(visit);
    }

    /// All values, in the order of their keys; None when some are known by their hashes only.
    pub(crate) fn leaves(&self) -> Option<Vec<&L>> {
        let mut leaves = Vec::new();
        self.root.leaves(&mut leaves).then_some(leaves)
    }
}

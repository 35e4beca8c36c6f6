//! What a validator needs of the state to execute one block: the trie nodes that the block meets, and no others.
//!
//! Nodes are named by their hashes, from the parent's state root down, so a forged one is never found. Code is not in
//! it: validators have the code book.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use alloy::primitives::{B256, Bytes, keccak256};
use alloy_rlp::{Decodable, Encodable, Header};

use crate::limits::{WITNESS_BYTES_MAX, WITNESS_NODES_MAX};
use crate::trie::Nodes;

/// Trie nodes, as RLP, in the order in which they are met first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witness {
    nodes: Vec<Bytes>,
}

impl Witness {
    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Bytes] {
        &self.nodes
    }

    /// Whether nobody would read it.
    #[must_use]
    pub fn too_long(&self) -> bool {
        self.nodes.len() > WITNESS_NODES_MAX || self.length() > WITNESS_BYTES_MAX
    }

    /// To execute with it.
    #[must_use]
    pub fn index(&self) -> WitnessNodes {
        let nodes = self.nodes.iter().map(|node| (keccak256(node), node.clone())).collect();
        WitnessNodes { nodes }
    }
}

impl Encodable for Witness {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        self.nodes.encode(out);
    }

    fn length(&self) -> usize {
        self.nodes.length()
    }
}

impl Decodable for Witness {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let mut payload = Header::decode_bytes(buf, true)?;
        if payload.len() > WITNESS_BYTES_MAX {
            return Err(alloy_rlp::Error::Custom("expected fewer bytes in a witness"));
        }
        let mut nodes = Vec::new();
        while !payload.is_empty() {
            if nodes.len() == WITNESS_NODES_MAX {
                return Err(alloy_rlp::Error::Custom("expected fewer nodes in a witness"));
            }
            nodes.push(Bytes::decode(&mut payload)?);
        }
        Ok(Self { nodes })
    }
}

/// A witness as the source of nodes.
#[derive(Debug, Clone)]
pub struct WitnessNodes {
    nodes: HashMap<B256, Bytes>,
}

impl Nodes for WitnessNodes {
    type Error = Infallible;

    fn node(&mut self, hash: B256) -> Result<Option<Bytes>, Infallible> {
        Ok(self.nodes.get(&hash).cloned())
    }
}

/// Keeps what is met, on the way to where nodes come from.
#[derive(Debug, Clone, Default)]
pub struct Recorder<N> {
    source: N,
    seen: HashSet<B256>,
    witness: Witness,
}

impl<N> Recorder<N> {
    /// Nothing was met yet.
    #[must_use]
    pub fn new(source: N) -> Self {
        Self { source, seen: HashSet::new(), witness: Witness::default() }
    }

    /// What was met.
    #[must_use]
    pub fn into_witness(self) -> Witness {
        self.witness
    }
}

impl<N: Nodes> Nodes for Recorder<N> {
    type Error = N::Error;

    fn node(&mut self, hash: B256) -> Result<Option<Bytes>, N::Error> {
        self.source.node(hash)
    }

    fn met(&mut self, hash: B256, rlp: &dyn Fn() -> Vec<u8>) {
        if self.seen.insert(hash) {
            self.witness.nodes.push(rlp().into());
        }
    }
}

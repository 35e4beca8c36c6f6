//! Seeds for simulations: as unique as real ones and as many seats needed, but anybody who holds the key's secret could
//! make them alone. It costs a hash where a real seed costs milliseconds.

use std::collections::BTreeSet;

use alloy::primitives::{B256, Bytes, Keccak256};
use conet_bindings::certificate::quorum;

use super::seed::{Partial, Seed, SeedError, SeedKey, SeedPoint, SeedSigner};
use crate::keys::NodeId;

/// A group's key. Whoever has it can make every seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToyKey {
    secret: B256,
    nodes: BTreeSet<NodeId>,
}

impl ToyKey {
    /// A key that these nodes share.
    #[must_use]
    pub fn new(secret: B256, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        Self { secret, nodes: nodes.into_iter().collect() }
    }

    /// A node's share of it.
    #[must_use]
    pub const fn share(&self, node: NodeId) -> ToyShare {
        ToyShare { secret: self.secret, node }
    }

    fn is_good(&self, point: &SeedPoint, partial: &Partial) -> bool {
        self.verify_partial(point, partial).is_ok()
    }
}

/// A node's share of a [`ToyKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToyShare {
    secret: B256,
    node: NodeId,
}

impl SeedSigner for ToyShare {
    fn sign(&self, point: &SeedPoint) -> Partial {
        Partial { node: self.node, signature: keyed(self.secret, point, Some(self.node)) }
    }
}

impl SeedKey for ToyKey {
    fn needed(&self) -> usize {
        quorum(self.nodes.len())
    }

    fn has_seat(&self, node: NodeId) -> bool {
        self.nodes.contains(&node)
    }

    fn verify_partial(&self, point: &SeedPoint, partial: &Partial) -> Result<(), SeedError> {
        let node = partial.node;
        if !self.has_seat(node) {
            return Err(SeedError::NoSeat { node });
        }
        if partial.signature != keyed(self.secret, point, Some(node)) {
            return Err(SeedError::PartialInvalid { point: *point, node });
        }
        Ok(())
    }

    fn combine(&self, point: &SeedPoint, partials: &[Partial]) -> Result<Seed, SeedError> {
        let good = partials.iter().filter(|partial| self.is_good(point, partial));
        let found = good.map(|partial| partial.node).collect::<BTreeSet<_>>().len();
        let (point, needed) = (*point, self.needed());
        if found < needed {
            return Err(SeedError::QuorumMissing { point, needed, found });
        }
        Ok(Seed { point, signature: keyed(self.secret, &point, None) })
    }

    fn verify(&self, seed: &Seed) -> Result<(), SeedError> {
        let point = seed.point;
        if seed.signature != keyed(self.secret, &point, None) {
            return Err(SeedError::SeedInvalid { point });
        }
        Ok(())
    }
}

fn keyed(secret: B256, point: &SeedPoint, node: Option<NodeId>) -> Bytes {
    let mut hasher = Keccak256::new();
    hasher.update(secret);
    hasher.update(point.message());
    if let Some(NodeId(node)) = node {
        hasher.update(node.to_be_bytes());
    }
    hasher.finalize().into()
}

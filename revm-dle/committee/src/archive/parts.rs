//! In which chains each node has a part.

use alloy::primitives::B256;
use imbl::OrdSet;

use super::{chain::Chain, state::State};
use crate::keys::NodeId;

/// A node's chains. They are named by the beginnings of their ids: a million chains have seven members each and more, and
/// ids would take four times as much. Who makes two chains whose ids begin alike finds both under one name.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    /// How many chains there are.
    count: usize,
    heads: OrdSet<u64>,
}

/// How an id begins.
fn head(id: B256) -> u64 {
    id.0.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// The lowest id that begins so.
fn first(head: u64) -> B256 {
    let mut id = B256::ZERO;
    if let Some(first) = id.0.first_chunk_mut() {
        *first = head.to_be_bytes();
    }
    id
}

impl State {
    /// In how many chains a node has a part.
    pub(super) fn serves(&self, node: NodeId) -> usize {
        self.parts.get(&node).map_or(0, |part| part.count)
    }

    /// The chains in which a node has a part, by their ids.
    #[must_use]
    pub fn chains_of(&self, node: NodeId) -> Vec<B256> {
        let heads = self.parts.get(&node).into_iter().flat_map(|part| &part.heads);
        let named = heads.flat_map(|name| self.beginning_with(*name));
        named.filter(|chain| chain.involves(node)).map(|chain| chain.id).collect()
    }

    fn beginning_with(&self, name: u64) -> impl Iterator<Item = &Chain> {
        let range = self.chains.range(first(name)..);
        range.take_while(move |(id, _)| head(**id) == name).map(|(_, chain)| &**chain)
    }

    /// A node has a part in a chain in which it had none.
    pub(super) fn come(&mut self, node: NodeId, chain: B256) {
        let part = self.parts.entry(node).or_default();
        part.count += 1;
        part.heads.insert(head(chain));
    }

    /// A node has no part any more in a chain in which it had one.
    pub(super) fn leave(&mut self, node: NodeId, chain: B256) {
        let name = head(chain);
        let mut others = self.beginning_with(name).filter(|other| other.id != chain);
        let is_shared = others.any(|other| other.involves(node));
        drop(others);
        let Some(part) = self.parts.get_mut(&node) else { return };
        part.count = part.count.saturating_sub(1);
        if !is_shared {
            part.heads.remove(&name);
        }
        if part.count == 0 {
            self.parts.remove(&node);
        }
    }
}

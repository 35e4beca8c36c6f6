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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        archive::{Rules, item::Opening, testing::AnySeed},
        log::tests::voting,
        seats::Seats,
    };

    fn chain(id: [u8; 2], creator: u64) -> Chain {
        let mut whole = B256::repeat_byte(id[0]);
        whole.0[31] = id[1];
        Chain::new(&Opening {
            chain: whole,
            series: 1,
            genesis: whole,
            height: 0,
            creator: Some(NodeId(creator)),
            witnesses: 0,
            validators: 0,
            quorum: 0,
            paid_through_s: 0,
            gas_price: 0,
        })
    }

    #[test]
    fn chains_whose_ids_begin_alike_are_told_apart() {
        let seats = Arc::new(Seats::new(1, 1, 1, (1..=4).map(NodeId).collect()));
        let voting = Arc::new(voting(1));
        let mut state = State::new(seats, Rules::default(), voting, Some(Arc::new(AnySeed)), 0);
        let (first, second, third) = (chain([7, 1], 11), chain([7, 2], 11), chain([7, 3], 12));
        for chain in [&first, &second, &third, &chain([8, 1], 11)] {
            state.put(chain.clone());
        }
        assert_eq!(state.serves(NodeId(11)), 3);
        let of = |state: &State, node| {
            state.chains_of(NodeId(node)).iter().map(|id| [id.0[0], id.0[31]]).collect::<Vec<_>>()
        };
        assert_eq!(of(&state, 11), [[7, 1], [7, 2], [8, 1]]);
        let left = |chain: &Chain| Chain { creator: Some(NodeId(12)), ..chain.clone() };
        state.put(left(&first));
        assert_eq!((of(&state, 11), state.serves(NodeId(11))), (vec![[7, 2], [8, 1]], 2));
        assert_eq!(of(&state, 12), [[7, 1], [7, 3]]);
        state.put(left(&second));
        assert_eq!((of(&state, 11), state.serves(NodeId(11))), (vec![[8, 1]], 1));
        let thawed = state.thaw(&state.freeze()).unwrap();
        for node in [11, 12] {
            assert_eq!(of(&thawed, node), of(&state, node));
            assert_eq!(thawed.serves(NodeId(node)), state.serves(NodeId(node)));
        }
    }
}

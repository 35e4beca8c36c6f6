//! Chains begin, nodes wait, and places are drawn.

use alloy::primitives::{B256, U256, keccak256};

use super::{
    chain::Chain,
    item::{Joining, Opening, SeedOf},
    state::{ItemError, Result, State},
};
use crate::keys::NodeId;

impl State {
    /// A chain begins: its group is drawn.
    pub(super) fn open(&mut self, opening: &Opening) -> Result<()> {
        if self.chains.contains_key(&opening.chain) {
            return Err(ItemError::Chain { chain: opening.chain });
        }
        if let Some(creator) = opening.creator.filter(|creator| self.barred.contains(creator)) {
            return Err(ItemError::NotEntitled { node: creator });
        }
        self.put(Chain::new(opening));
        Ok(())
    }

    /// A node waits.
    pub(super) fn join(&mut self, joining: &Joining) -> Result<()> {
        let node = joining.node;
        if self.barred.contains(&node) || self.seats.contains(node) {
            return Err(ItemError::NotEntitled { node });
        }
        if joining.number <= self.pool.number(node) {
            return Err(ItemError::Nothing);
        }
        let signed = Joining::struct_hash(self.seats.log, node, joining.number);
        if !self.voting.signed(node, signed, &joining.signature) {
            return Err(ItemError::Signature { node });
        }
        if self.pool.join(node, joining.number) { Ok(()) } else { Err(ItemError::Nothing) }
    }

    /// Draws all places that were asked for early enough.
    pub(super) fn draw(&mut self, seed: &SeedOf) -> Result<()> {
        let refused =
            ItemError::Seed { after: self.seed_height, before: self.height, found: seed.height };
        if seed.height <= self.seed_height || seed.height >= self.height {
            return Err(refused);
        }
        let value = self.seeds.value(seed.height, &seed.signature).ok_or(refused)?;
        self.seed_height = seed.height;
        let due = self.requests.iter().copied();
        let due: Vec<_> =
            due.take_while(|(logged, _)| logged + self.rules.draw_delay <= seed.height).collect();
        for (logged, id) in due {
            self.draw_for(id, logged, value);
        }
        Ok(())
    }

    fn draw_for(&mut self, id: B256, logged: u64, seed: B256) {
        let Some(chain) = self.chains.get(&id) else { return };
        let mut chain = Chain::clone(chain);
        let places: Vec<_> = chain
            .requested
            .iter()
            .filter(|(_, at)| **at == logged)
            .map(|(place, _)| *place)
            .collect();
        for place in places {
            // Who was drawn for one place is not there for the next.
            let fit = self
                .pool
                .waiting()
                .filter(|node| !self.barred.contains(node) && !chain.involves(*node));
            let candidates: Vec<_> = fit.collect();
            let Some(node) = choose(seed, id, place.draw_for(chain.height + 1), &candidates) else {
                continue;
            };
            self.pool.take(node);
            chain.seat(place, node);
        }
        self.put(chain);
    }
}

/// Draws one of those who wait.
fn choose(
    seed: B256,
    chain: B256,
    (height, seat): (u64, u64),
    candidates: &[NodeId],
) -> Option<NodeId> {
    let count = U256::from(candidates.len());
    if count.is_zero() {
        return None;
    }
    let limit = U256::MAX - U256::MAX % count;
    let mut preimage = b"CoNET draw".to_vec();
    preimage.extend(seed);
    preimage.extend(chain);
    preimage.extend(height.to_be_bytes());
    preimage.extend(seat.to_be_bytes());
    let mut drawn = U256::from_be_bytes(keccak256(preimage).0);
    while drawn >= limit {
        drawn = U256::from_be_bytes(keccak256(drawn.to_be_bytes::<32>()).0);
    }
    let index = usize::try_from(drawn % count).ok()?;
    candidates.get(index).copied()
}

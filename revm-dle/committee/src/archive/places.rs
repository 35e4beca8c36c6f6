//! Chains begin, and places are drawn.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_bindings::roles;

use super::{
    chain::{Chain, Place},
    error::{ItemError, Result},
    item::{Opening, SeedOf},
    state::{SeedTurn, State},
};
use crate::{
    keys::NodeId,
    roulette::{
        request::{Request, SEED_DELAY},
        selection::{Drawing, Turn},
    },
};

impl State {
    /// A chain begins: its group is drawn.
    pub(super) fn open(&mut self, opening: &Opening) -> Result<()> {
        if self.chains.contains_key(&opening.chain) {
            return Err(ItemError::Chain { chain: opening.chain });
        }
        if !self.seats.branch.keeps(opening.chain) {
            return Err(ItemError::NotKept { group: self.seats.group, chain: opening.chain });
        }
        if let Some(creator) = opening.creator.filter(|creator| self.barred.contains(creator)) {
            return Err(ItemError::NotEntitled { node: creator });
        }
        self.put(Chain::new(opening));
        Ok(())
    }

    /// Draws for all that was asked for in one entry, by the seed that those requests name. In the order in which it was
    /// asked for: whom one draw takes the next one passes over, so a leader that knows several seeds could choose.
    pub(super) fn draw(&mut self, seed: &SeedOf) -> Result<()> {
        let refused = ItemError::Seed { height: seed.height };
        let logged = seed.height.checked_sub(SEED_DELAY).ok_or(refused)?;
        let (first, lineup) = self.lineups.get_min().cloned().ok_or(refused)?;
        if first != logged || seed.height >= self.height {
            return Err(refused);
        }
        let value = self.seed_value(seed.height, &seed.signature).ok_or(refused)?;
        self.lineups.remove(&logged);
        self.light(logged, value);
        let turn = Turn { entry: self.height, seed_height: seed.height, seed: value };
        let due = self.requests.range((logged, B256::ZERO)..).take_while(|(at, _)| *at == logged);
        let due: Vec<_> = due.map(|(_, id)| *id).collect();
        let (mut head, mut pool) = (self.selected, self.pool.clone());
        let mut drawing = Drawing::new(&mut head, &mut pool, turn);
        let (digest, drawn_before) = (drawing.before(), self.selections.len());
        let mut drawn = Vec::new();
        for id in due {
            let Some(chain) = self.chains.get(&id) else { continue };
            let (mut chain, mut is_short) = (Chain::clone(chain), false);
            for (places, request) in requests(&mut chain, logged, lineup.digest()) {
                // A request that this state makes is a good one.
                if let Ok(selection) = drawing.draw(request, &lineup) {
                    is_short |= selection.members().len() < places.len();
                    for (place, node) in places.into_iter().zip(selection.members()) {
                        chain.seat(place, *node);
                    }
                    self.selections.push(selection);
                }
            }
            drawn.push((chain, is_short));
        }
        let draws = self.selections.len() - drawn_before;
        let before = std::mem::replace(&mut self.pool, pool);
        self.turns.push(SeedTurn { seed: seed.clone(), pool: before, digest, draws });
        self.selected = head;
        // Who joined since was not among those that were drawn from. Who was drawn now joins the line below.
        let is_stale = self.pool.newest() > lineup.waiting().iter().map(|it| it.place).max();
        for (mut chain, is_short) in drawn {
            let is_filled = is_short && self.fill_from_ahead(&mut chain);
            if is_short && !is_stale && !is_filled { self.starve(chain) } else { self.put(chain) }
        }
        Ok(())
    }

    /// When nobody who waits fits a place that the next block needs, those who were drawn for later blocks of the chain
    /// take it, the last ones first: in a small network they are all that is left, and would wait for a block that never
    /// comes. Says whether any did.
    fn fill_from_ahead(&self, chain: &mut Chain) -> bool {
        let before = chain.clone();
        let mut is_filled = false;
        while let Some(place) = chain.next_blocks_place() {
            let (role, _) = place.drawn_as(chain.height + 1);
            let fit = |node: NodeId| {
                let offers = self.offers(node).is_some_and(|offer| offer.roles & role != 0);
                // Who waits in the other half, since the group split, offers nothing here but to go on as it is.
                let goes_on = role == roles::VALIDATOR && !self.seats.branch.admits(node);
                goes_on && !self.barred.contains(&node) || offers && self.may_follow(node, &before)
            };
            let Some(node) = chain.take_from_ahead(fit) else { break };
            chain.seat(place, node);
            is_filled = true;
        }
        is_filled
    }
}

/// Takes the places that a chain asked for in one entry, as requests: one for each role and height.
fn requests(chain: &mut Chain, logged: u64, pool: B256) -> Vec<(Vec<Place>, Request)> {
    let mut places: BTreeMap<(u16, u64), Vec<Place>> = BTreeMap::new();
    for (place, at) in chain.requested.iter() {
        if *at == logged {
            places.entry(place.drawn_as(chain.height + 1)).or_default().push(*place);
        }
    }
    let mut requests = Vec::new();
    for ((role, height), places) in places {
        places.iter().for_each(|place| {
            chain.requested.remove(place);
        });
        let request = Request {
            chain: chain.id,
            height,
            role,
            seats: u16::try_from(places.len()).unwrap_or(u16::MAX),
            standbys: 0,
            weighted: true,
            members: chain.members().collect(),
            logged_at: logged,
            seed_height: logged + SEED_DELAY,
            pool,
        };
        requests.push((places, request));
    }
    requests
}

#[cfg(test)]
mod tests;

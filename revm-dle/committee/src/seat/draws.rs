//! What a seat keeps for whoever wants to draw again: see [`crate::roulette::selection::Evidence`].

use alloy::primitives::B256;

use super::desk::Desk;
use crate::{
    archive::{SeedTurn, State},
    outbox::Outbox,
    roulette::{
        pool::Pool,
        seed::{Seed, SeedPoint},
        selection::Evidence,
    },
};

impl Desk {
    /// What an entry that is final has drawn, what from, and who can be drawn for what it asked for. The first pool is told
    /// whole; so it is in each epoch, and after draws that were not seen here.
    pub(super) fn tell_draws(&mut self, state: &State, out: &mut Outbox) {
        self.tell_key(state, out);
        let mut selections = state.selections.iter();
        for SeedTurn { seed, pool, digest, draws } in &state.turns {
            // A seed may be for the main chain alone.
            let drawn: Vec<_> = selections.by_ref().take(*draws).collect();
            if drawn.is_empty() {
                continue;
            }
            self.tell_pool(pool, *digest, out);
            let (group, epoch) = (self.seats.group, self.seats.epoch);
            let point = SeedPoint { group, epoch, height: seed.height };
            out.drawn(Evidence::Seed(Seed { point, signature: seed.signature.clone() }));
            for selection in drawn {
                out.drawn(Evidence::Selection(Box::new(selection.clone())));
            }
        }
        if let Some((pool, digest)) = state.asked_of() {
            self.tell_pool(pool, digest, out);
        }
    }

    fn tell_key(&mut self, state: &State, out: &mut Outbox) {
        let epoch = self.seats.epoch;
        let key = state.ceremony().and_then(|ceremony| ceremony.key.as_ref());
        if let Some(key) = key.filter(|_| self.told_key != Some(epoch)) {
            self.told_key = Some(epoch);
            out.drawn(Evidence::Key { epoch, key: key.public().encode() });
        }
    }

    fn tell_pool(&mut self, pool: &Pool, digest: B256, out: &mut Outbox) {
        let told = self.told_pool.as_ref();
        if told.is_some_and(|(_, told)| *told == digest) {
            return;
        }
        let step = pool.step_from(told.map(|(before, told)| (before, *told)), digest);
        out.drawn(Evidence::Pool(Box::new(step)));
        self.told_pool = Some((pool.clone(), digest));
    }
}

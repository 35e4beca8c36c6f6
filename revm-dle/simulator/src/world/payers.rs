//! Who pays: as the members of chains, but outside of the group.

use std::sync::Arc;

use alloy::primitives::B256;
use conet_committee::{keys::NodeId, message::Message};
use rand::Rng as _;

use super::{Actor, Happening, World};
use crate::scenario::Planned;

/// How often a payer asks again.
const RETRY_MS: u64 = 2_000;

/// How often who pays more than he has asks again.
const BAD_RETRIES_MAX: u64 = 3;

impl World<'_> {
    /// Brings a payment to the chain's creator; to all who may help when that did not do, one of the seats among them.
    pub(super) fn pay(&mut self, index: usize) {
        let Some(planned) = self.scenario.payments.get(index).copied() else { return };
        if self.is_made(&planned) && !planned.is_bad {
            return;
        }
        let tells_all = self.now_ms > planned.at_ms || self.scenario.tells_witnesses;
        self.timeline.see_paid(self.now_ms, (planned.chain, index));
        let helpers = self.helpers(planned.chain, tells_all);
        let nonce = if planned.is_bad {
            self.oracle.paid(planned.chain, planned.payment.from)
        } else {
            planned.nonce
        };
        let transaction = planned.payment.transaction(planned.chain, nonce);
        for to in helpers {
            let message =
                Message::Transaction { chain: planned.chain, transaction: transaction.clone() };
            let from = NodeId(0);
            let message = Arc::new(message);
            for delay in self.scenario.network.arrivals(&mut self.rng, from, to) {
                self.at(self.now_ms + delay, Happening::Arrives(from, to, message.clone()));
            }
        }
        let gives_up = planned.at_ms + BAD_RETRIES_MAX * RETRY_MS;
        if !planned.is_bad || self.now_ms < gives_up {
            self.at(self.now_ms + RETRY_MS, Happening::Pays(index));
        }
    }

    /// Whether a payment is made; one that cannot be need not be.
    pub(super) fn is_made(&self, planned: &Planned) -> bool {
        planned.is_bad || self.oracle.paid(planned.chain, planned.payment.from) > planned.nonce
    }

    fn helpers(&mut self, chain: B256, all: bool) -> Vec<NodeId> {
        let honest = self.scenario.archives.iter().filter(|seat| self.oracle.is_honest(**seat));
        let states = honest.filter_map(|seat| match self.nodes.get(seat).map(|node| &node.actor) {
            Some(Actor::Seat(seat)) => Some(seat.state()),
            _ => None,
        });
        // After a split the newest is with the half that keeps it.
        let known = states.filter_map(|state| Some((state, state.chains.get(&chain)?)));
        let Some((state, chain)) = known.max_by_key(|(state, _)| state.height) else {
            return Vec::new();
        };
        if !all {
            return chain.group().take(1).collect();
        }
        let place = self.rng.random_range(0..state.seats.count());
        chain.group().chain(state.seats.nodes().get(place).copied()).collect()
    }
}

//! What tests of the log's state have in common.

use alloy::primitives::{B256, Bytes};

use super::{
    Item, Seeds, State,
    item::{Joining, Opening, SeedOf},
};
use crate::{log::tests::voting, roulette::pool::Offer};

/// Takes every seed.
pub(super) struct AnySeed;

impl Seeds for AnySeed {
    fn value(&self, height: u64, _signature: &[u8]) -> Option<B256> {
        Some(B256::left_padding_from(&height.to_be_bytes()))
    }
}

/// The seed of an entry.
pub(super) fn seed(height: u64) -> Item {
    Item::Seed(SeedOf { height, signature: Bytes::new() })
}

/// A wish that its node signs.
pub(super) fn wish(log: B256, offer: Offer, number: u64) -> Item {
    let signed = Joining::struct_hash(log, &offer, number, B256::ZERO);
    let signature = voting(offer.node.0).sign(signed);
    Item::Join(Joining { offer, number, trap: B256::ZERO, signature })
}

/// A chain begins whose whole group is drawn.
pub(super) fn opening(chain: B256, witnesses: u8, validators: u8) -> Item {
    Item::Open(Opening {
        chain,
        series: 1,
        genesis: chain,
        height: 0,
        creator: None,
        witnesses,
        validators,
        quorum: 0,
        paid_through_s: 0,
        gas_price: 0,
    })
}

/// The state after an entry with these items, a tick later.
pub(super) fn after(state: &State, items: &[Item]) -> State {
    let mut next = state.begin(state.height + 1, state.time_ms + 50);
    items.iter().for_each(|item| next.apply(item).unwrap());
    next.finish();
    next
}

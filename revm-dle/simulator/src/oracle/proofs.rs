//! What seats told of chains, with proof: they can prove it again after each restart, however long ago that was.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{keys::NodeId, message::Message, seat::Seat};

use super::Violation;

/// The heights of the newest entries of which nodes told, by node and chain.
#[derive(Debug, Default)]
pub(super) struct Proofs(BTreeMap<NodeId, BTreeMap<B256, u64>>);

impl Proofs {
    pub(super) fn see_sent(&mut self, from: NodeId, message: &Message) {
        if let Message::Notice(proven) = message {
            let told = self.0.entry(from).or_default().entry(proven.notice.chain).or_default();
            *told = (*told).max(proven.headers.first().map_or(0, |first| first.height));
        }
    }

    pub(super) fn check(
        &self,
        node: NodeId,
        seat: &Seat,
        keeps: impl Fn(B256) -> bool,
    ) -> Result<(), Violation> {
        let told = self.0.get(&node).into_iter().flatten();
        for (chain, told) in told.filter(|(chain, _)| keeps(**chain)) {
            let known = seat.notice(*chain);
            if known.is_none_or(|proven| proven.entry() < *told) {
                return Err(Violation::ProofLost { node, chain: *chain });
            }
        }
        Ok(())
    }
}

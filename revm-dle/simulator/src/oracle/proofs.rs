//! What seats told of chains, with proof: they can prove it again after each restart, until an epoch is over. The first
//! entry of the next one tells of all chains anew, and no member takes an older one's proofs.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_bindings::merkle;
use conet_committee::{archive::ProvenNotice, keys::NodeId, message::Message, seat::Seat};

use super::Violation;

/// The epochs and heights of the newest entries of which nodes told, by node and chain.
#[derive(Debug, Default)]
pub(super) struct Proofs(BTreeMap<NodeId, BTreeMap<B256, (u64, u64)>>);

impl Proofs {
    pub(super) fn see_sent(&mut self, from: NodeId, message: &Message) {
        if let Message::Notice(proven) = message {
            let told = self.0.entry(from).or_default().entry(proven.notice.chain).or_default();
            let entry = proven.proof.headers.first();
            *told = (*told).max(entry.map_or((0, 0), |entry| (entry.epoch, entry.height)));
        }
    }

    pub(super) fn check(
        &self,
        node: NodeId,
        seat: &Seat,
        keeps: impl Fn(B256) -> bool,
    ) -> Result<(), Violation> {
        let told = self.0.get(&node).into_iter().flatten();
        let epoch = seat.state().seats.epoch;
        let told = told.filter(|(chain, told)| told.0 == epoch && keeps(**chain));
        for (chain, told) in told {
            let known = seat.notice(*chain);
            let proves = |proven: &ProvenNotice| {
                let entry = proven.proof.headers.first();
                let root = merkle::root_of(proven.notice.leaf(), &proven.path);
                entry.is_some_and(|entry| entry.height >= told.1 && entry.notices_root == root)
            };
            if !known.is_some_and(|proven| proves(&proven)) {
                return Err(Violation::ProofLost { node, chain: *chain });
            }
        }
        Ok(())
    }
}

//! Signing: once a tick for all chains, at once when there is little to do.

use alloy::primitives::B256;
use conet_bindings::ledger::Vote;
use conet_ledger::block::Outcome;

use super::{Member, creator::Made, part::Asked};
use crate::{archive::item::Word, keys::NodeId, outbox::Outbox};

/// What waits for a signature.
pub(super) enum Unsigned {
    /// This member's own block.
    Made(Box<Made>),
    /// What it got of somebody else's.
    Found(NodeId, Asked, Outcome),
}

impl Member {
    /// When the next signature may be made, if there is something to sign.
    pub(super) fn signs_ms(&self) -> u64 {
        if self.due.is_empty() { u64::MAX } else { self.signed_ms + self.config.timing.tick_ms }
    }

    /// Signs all that there is to sign by now.
    pub(super) fn sign_due(&mut self, out: &mut Outbox) {
        if self.due.is_empty() || self.now_ms < self.signs_ms() && self.signed_ms > 0 {
            return;
        }
        let mut unsigned: Vec<(B256, Vote, Unsigned)> = Vec::new();
        for chain in std::mem::take(&mut self.due) {
            // Nothing begins in a chain without its being due.
            self.busy.insert(chain);
            self.look_at_held(chain, &mut unsigned, out);
            self.make_block(chain, &mut unsigned);
        }
        if unsigned.is_empty() {
            return;
        }
        self.signed_ms = self.now_ms;
        let ballots =
            self.config.voting.cast_all(unsigned.iter().map(|(_, vote, _)| *vote).collect());
        for ((chain, _, unsigned), ballot) in unsigned.into_iter().zip(ballots) {
            match unsigned {
                Unsigned::Made(made) => self.propose(*made, ballot, out),
                Unsigned::Found(from, asked, outcome) => {
                    self.say(from, chain, &asked, Word { ballot, outcome: Some(outcome) }, out);
                }
            }
        }
    }
}

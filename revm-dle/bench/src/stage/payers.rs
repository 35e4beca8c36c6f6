//! Who pays with a note: again as soon as the last payment is final.

use std::sync::Arc;

use alloy::primitives::B256;
use conet_committee::{keys::NodeId, message::Message};

use super::{Happening, PAYER, Stage};
use crate::note::Live;

/// One note's payments.
pub(super) struct Payer {
    note: Arc<Live>,
    /// How many are final.
    made: u64,
    /// When the one under way was sent.
    sent_ms: Option<u64>,
}

impl Payer {
    pub(super) const fn new(note: Arc<Live>) -> Self {
        Self { note, made: 0, sent_ms: None }
    }
}

impl Stage {
    /// Sends the next payment to the chain's creator, unless one is under way.
    pub(super) fn send_next(&mut self, chain: B256) {
        let Some(creator) = self.creator(chain) else { return };
        let now_ms = self.now_ms;
        let Some(payer) = self.payers.get_mut(&chain).filter(|payer| payer.sent_ms.is_none())
        else {
            return;
        };
        payer.sent_ms = Some(now_ms);
        let transaction = self.mint.transfer(&payer.note.chain, payer.made);
        let message = Arc::new(Message::Transaction { chain, transaction });
        self.at(now_ms + self.delay_ms, Happening::Arrives(PAYER, creator, message));
    }

    fn creator(&self, chain: B256) -> Option<NodeId> {
        self.state()?.chains.get(&chain)?.creator
    }

    /// What a seat says first about a block that is final.
    pub(super) fn see(&mut self, message: &Message) {
        let Message::Notice(proven) = message else { return };
        let (chain, height) = (proven.notice.chain, proven.notice.height);
        let Some(payer) = self.payers.get_mut(&chain).filter(|payer| payer.made < height) else {
            return;
        };
        let Some(sent_ms) = payer.sent_ms.take() else { return };
        payer.made = height;
        self.finals.push(self.now_ms - sent_ms);
        self.send_next(chain);
    }
}

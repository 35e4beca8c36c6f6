//! Transactions that users handed in at this seat: when no block of their chain comes, it complains. Members complain of
//! each other, but nobody does when the creator and all witnesses are gone.

use alloy::primitives::{B256, Bytes};
use conet_ledger::block::{Body, SignedTransaction};

use super::desk::Desk;
use crate::{
    archive::{Chain, item::Complaint},
    keys::{Compact, NodeId},
    message::Message,
    outbox::Outbox,
};

/// The most chains with a transaction that waits. One of each: any block answers a complaint.
const SUBMITTED_MAX: usize = 4_096;

/// For how long a chain may stand still before this seat complains: longer than its witnesses wait.
const PATIENCE_MS: u64 = 3_000;

/// For how long a transaction is remembered: its sender hands it in again.
const REMEMBERED_MS: u64 = 60_000;

/// How many chains it complains about at once.
const AT_ONCE_MAX: usize = 16;

/// A transaction that waits.
#[derive(Debug)]
pub(super) struct Submitted {
    transaction: SignedTransaction,
    since_ms: u64,
    /// The height and view in which its chain stands.
    stands: (u64, u64),
    /// Since when, or since it was complained about.
    waits_ms: u64,
}

impl Desk {
    /// A user handed a transaction in that may come.
    pub(super) fn take_submitted(&mut self, chain: B256, transaction: SignedTransaction) {
        let Some(known) = self.state.chains.get(&chain).filter(|_| !self.is_retired) else {
            return;
        };
        if self.submitted.len() < SUBMITTED_MAX {
            let stands = (known.height, known.view);
            let (since_ms, waits_ms) = (self.now_ms, self.now_ms);
            let submitted = Submitted { transaction, since_ms, stands, waits_ms };
            self.submitted.entry(chain).or_insert(submitted);
        }
    }

    /// Complains about creators who keep users waiting.
    pub(super) fn watch_submitted(&mut self, out: &mut Outbox) {
        let (state, ledgers, now_ms) = (&self.state, &self.ledgers, self.now_ms);
        self.submitted.retain(|chain, submitted| {
            let Some(known) = state.chains.get(chain) else { return false };
            let stands = (known.height, known.view);
            if submitted.stands != stands {
                (submitted.stands, submitted.waits_ms) = (stands, now_ms);
            }
            now_ms < submitted.since_ms + REMEMBERED_MS
                && ledgers.may_come(known.hash, &submitted.transaction)
        });
        let all = self.submitted.iter_mut();
        let late = all.filter(|(_, it)| now_ms >= it.waits_ms + PATIENCE_MS).take(AT_ONCE_MAX);
        let late = late.map(|(chain, it)| {
            it.waits_ms = now_ms;
            (*chain, it.transaction.clone())
        });
        for (chain, transaction) in late.collect::<Vec<_>>() {
            self.complain(chain, transaction, out);
        }
    }

    fn complain(&mut self, chain: B256, transaction: SignedTransaction, out: &mut Outbox) {
        let Some(known) = self.state.chains.get(&chain) else { return };
        let Some(accused) = whom_to_accuse(known) else { return };
        let complaint = Complaint {
            chain,
            height: known.height + 1,
            view: known.view,
            accused,
            by: self.voting.me,
            block: None,
            signature: Compact::ZERO,
        };
        let complaint = complaint.signed(&self.voting);
        let body = Body { transactions: vec![transaction], ..Body::default() };
        // Told to others only if a block could hold it.
        self.take_complaint(self.voting.me, complaint.clone(), (body.clone(), Bytes::new()), out);
        if self.charges.has(&complaint) {
            let message = Message::Complaint(Box::new(complaint), body, Bytes::new());
            out.send_all(self.seats.nodes(), message);
        }
    }
}

/// The creator, unless it was accused before, or waits for the seats itself.
fn whom_to_accuse(chain: &Chain) -> Option<NodeId> {
    let is_free = chain.pending.is_none() && chain.accused.is_empty();
    chain.creator.filter(|_| is_free)
}

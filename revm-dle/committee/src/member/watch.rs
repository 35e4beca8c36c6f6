//! Who waits for whom, and for how long.

use alloy::primitives::{B256, Bytes};
use conet_ledger::block::{Body, SignedTransaction};

use super::{Member, TRANSACTIONS_MAX};
use crate::{
    archive::item::Complaint,
    keys::{Compact, NodeId},
    message::Message,
    outbox::Outbox,
};

impl Member {
    /// A transaction for a chain. A creator puts it into a block; a witness watches that the creator does.
    pub(super) fn take_transaction(
        &mut self,
        from: NodeId,
        chain: B256,
        transaction: SignedTransaction,
        out: &mut Outbox,
    ) {
        let (me, now_ms) = (self.me(), self.now_ms);
        let Some(part) = self.parts.get_mut(&chain) else {
            // Somebody believes that this member has a part in it: the seats know.
            self.groups.tell(chain, Message::FetchNotice { chain }, out);
            return;
        };
        let notice = part.notice();
        let (creator, is_witness) = (notice.creator, notice.witnesses.contains(&me));
        if creator != Some(me) && !is_witness {
            return;
        }
        let is_known = part.transactions.iter().any(|(known, _)| *known == transaction);
        if is_known {
            return;
        }
        if part.transactions.len() >= TRANSACTIONS_MAX {
            // What a seat brings is held against who makes no block of it.
            if !self.groups.of(chain).is_some_and(|seats| seats.contains(from)) {
                return;
            }
            part.transactions.remove(0);
        }
        part.transactions.push((transaction.clone(), now_ms));
        if let Some(creator) = creator {
            out.send(creator, Message::Transaction { chain, transaction });
        }
        self.due.insert(chain);
    }

    /// Transactions that final blocks hold or rule out wait no more.
    pub(super) fn forget_spent(&mut self, chain: B256) {
        let Some(part) = self.parts.get_mut(&chain) else { return };
        let hash = part.notice().hash;
        if self.ledgers.has(hash) {
            let ledgers = &self.ledgers;
            part.transactions.retain(|(transaction, _)| ledgers.may_come(hash, transaction));
        }
    }

    /// Complains about who kept this member waiting.
    pub(super) fn watch(&mut self, chain: B256, out: &mut Outbox) {
        for silent in self.silent_signers(chain) {
            self.complain_about_signer(chain, silent, out);
        }
        self.complain_about_creator(chain, out);
    }

    fn complain_about_signer(&self, chain: B256, accused: NodeId, out: &mut Outbox) {
        let Some(part) = self.parts.get(&chain) else { return };
        let height = part.notice().height + 1;
        let Some(making) = part.making.get(&height) else { return };
        let proposed = &making.proposed;
        let block = Some((proposed.header.clone(), proposed.create.clone()));
        let complaint = self.complaint(chain, (height, part.notice().view), accused, block);
        let message =
            Message::Complaint(Box::new(complaint), proposed.body.clone(), making.witness.clone());
        self.groups.tell(chain, message, out);
    }

    /// Complains only for a transaction that a block could hold now: no creator can do anything about others.
    fn complain_about_creator(&mut self, chain: B256, out: &mut Outbox) {
        let Some(part) = self.parts.get(&chain) else { return };
        let notice = part.notice();
        let Some(accused) = notice.creator.filter(|_| notice.witnesses.contains(&self.me())) else {
            return;
        };
        let patience = self.config.timing.block_timeout_ms;
        let is_late = |since: u64| self.now_ms >= since.max(part.moved_ms) + patience;
        let late = part.transactions.iter().filter(|(_, since)| is_late(*since));
        let mut late: Vec<_> = late.map(|(transaction, _)| transaction.clone()).collect();
        let draft = self.frame(part, notice.height + 1, notice.hash);
        let Some(draft) = draft.filter(|_| !late.is_empty()) else { return };
        let (height, view) = (draft.height, draft.view);
        let Some(built) = self.ledgers.build(draft, &mut late) else { return };
        let complaint = self.complaint(chain, (height, view), accused, None);
        let body = Body { transactions: built.body.transactions, ..Body::default() };
        self.groups.tell(chain, Message::Complaint(Box::new(complaint), body, Bytes::new()), out);
    }

    fn complaint(
        &self,
        chain: B256,
        (height, view): (u64, u64),
        accused: NodeId,
        block: Option<(conet_ledger::block::Header, crate::vote::Ballot)>,
    ) -> Complaint {
        let signature = Compact::ZERO;
        let by = self.me();
        Complaint { chain, height, view, accused, by, block, signature }.signed(&self.config.voting)
    }
}

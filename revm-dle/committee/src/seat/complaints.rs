//! Complaints about silence. Nobody loses a place for one unless it was brought what it shall answer:
//!
//! ```text
//! who waits ── Complaint, with the block or the transactions ──► seats: could it be voted on, could it be made?
//! each seat ── Propose, Validate, Transaction ──► the accused ── Answer, or a block
//! leader ── the Complaint, whole, before the entry that has it ──► seats: they vote for the entry once they have both
//!          (a large one after an entry without it; it is for that leader's next turn)
//! ```
//!
//! A seat votes for no entry with a complaint whose block or transactions it has not: else a liar could tell one lying
//! leader alone of it, and draw a chain's group anew, place after place, until it likes it. As more than two thirds vote,
//! the accused hears of it from more than a third of the seats that are honest.

use std::collections::BTreeSet;

use alloy::primitives::{B256, Bytes};
use conet_ledger::block::{Body, SignedTransaction};

use super::{
    charges::{TRIED_MAX, Unmade, Unsigned},
    desk::Desk,
};
use crate::{
    archive::{
        Chain, Item, Notice,
        item::{Complaint, Disagreement, Word},
    },
    keys::NodeId,
    ledger::ExecuteError,
    message::Message,
    outbox::Outbox,
    vote::{Ballot, Phase},
};

impl Desk {
    /// Notes a complaint, and brings the accused what it should answer.
    pub(super) fn take_complaint(
        &mut self,
        from: NodeId,
        mut complaint: Complaint,
        (body, witness): (Body, Bytes),
        out: &mut Outbox,
    ) {
        let Complaint { chain, accused, by, .. } = complaint;
        let Some(about) = self.state.chains.get(&chain) else { return };
        let may_complain = by != accused && (self.seats.contains(by) || about.involves(by));
        let is_entitled = may_complain && about.involves(accused);
        if !is_entitled || !self.voting.signed(by, complaint.struct_hash(), &complaint.signature) {
            return;
        }
        let place = (chain, complaint.height, complaint.view);
        let is_kept = match &mut complaint.block {
            None => self.keep_unmade(from, &complaint, body.transactions),
            Some((header, create)) => {
                let it = &header.proposal;
                let is_of_it = (it.chain, it.height, it.view) == place;
                let (header, told) = (header.clone(), create.clone());
                let block = Unsigned { header, body, create: told, witness };
                // The creator's vote is not signed with the complaint: a known block's is the one that was checked.
                let checked = is_of_it.then(|| self.keep_unsigned(from, block, out)).flatten();
                checked.map(|checked| *create = checked).is_some()
            }
        };
        if is_kept && from != self.voting.me && self.seats.contains(from) {
            self.spreading.heard(&complaint, self.now_ms);
        }
        // Who is known to be accused is brought the block again and again anyway: nobody's complaints speed that up.
        if is_kept && self.queue(Item::Complaint(Box::new(complaint))) {
            self.bring(chain, accused, out);
        }
    }

    /// Keeps what it takes to vote on a block; returns its creator's vote. None: nobody could vote on it, with this body or
    /// this state witness.
    fn keep_unsigned(&mut self, from: NodeId, block: Unsigned, out: &mut Outbox) -> Option<Ballot> {
        let Unsigned { header, body, create, witness } = &block;
        let (hash, about) = (header.hash(), &header.proposal);
        if let Some(known) = self.charges.block(hash) {
            return Some(known.create.clone());
        }
        if self.charges.is_paused(from, self.now_ms) {
            return None;
        }
        self.state.check_accusation(about.chain, header, create).ok()?;
        self.saw(create, out);
        if let Some(first) = self.charges.beside(about) {
            // Both were checked: who makes two blocks of one height and view is out.
            self.convict(first.create.clone(), create.clone(), out);
            return None;
        }
        let genesis = self.state.chains.get(&about.chain).map(|chain| chain.genesis)?;
        if !self.charges.has_room_for(&block) || body.hash() != about.body_hash {
            return None;
        }
        match self.ledgers.validate(genesis, about, body, witness) {
            Ok(_) => {
                let create = create.clone();
                self.charges.keep(hash, block);
                Some(create)
            }
            // What came to nothing was work all the same.
            Err(ExecuteError::Bad) => {
                self.charges.pause(from, self.now_ms);
                None
            }
            Err(_) => None,
        }
    }

    /// Forgets what nobody is accused of any more, nor will be by what waits here.
    pub(super) fn forget_charges(&mut self) {
        let complaints = self.items.iter().filter_map(|item| match item {
            Item::Complaint(complaint) => Some((complaint.chain, complaint.height, complaint.view)),
            _ => None,
        });
        let logged = self.state.under_way().filter(|chain| !chain.accused.is_empty());
        let logged = logged.map(|chain| (chain.id, chain.height + 1, chain.view));
        let needed: BTreeSet<_> = complaints.chain(logged).collect();
        self.charges.retain(|place| needed.contains(&place));
        self.spreading.retain(|place| needed.contains(&place));
    }

    /// What is too large to go before an entry.
    pub(super) fn show_following(&mut self, out: &mut Outbox) {
        for message in self.spreading.take_following() {
            out.send_all(self.seats.nodes(), message);
        }
    }

    /// Keeps transactions that a block could hold now. False: there are none, or their chain's state is not here.
    fn keep_unmade(
        &mut self,
        from: NodeId,
        complaint: &Complaint,
        mut candidates: Vec<SignedTransaction>,
    ) -> bool {
        if self.charges.has(complaint) {
            return true;
        }
        let Some(chain) = self.state.chains.get(&complaint.chain) else { return false };
        let (height, view) = (chain.height + 1, chain.view);
        let is_now = (complaint.height, complaint.view) == (height, view);
        let is_creators = chain.creator == Some(complaint.accused);
        let is_own = from == self.voting.me;
        let may_try = is_own || !self.charges.is_paused(from, self.now_ms);
        let can_tell = may_try && self.ledgers.has(chain.hash);
        if !is_now || !is_creators || !can_tell {
            return false;
        }
        candidates.truncate(TRIED_MAX);
        // The creator knows no newer time than this.
        let told_ms = self.ledgers.notice(chain.id).map(|proven| proven.time_ms());
        let time_ms = told_ms.unwrap_or(self.state.time_ms);
        let frame = Notice::of(chain).frame(height, chain.hash, self.seats.epoch, time_ms);
        // Nobody can make a block while somebody is to be drawn.
        let Some(frame) = frame else { return false };
        let Some(built) = self.ledgers.build(frame, &mut candidates) else {
            self.charges.pause(from, self.now_ms);
            return false;
        };
        let unmade = Unmade { height, view, transactions: built.body.transactions };
        self.charges.keep_unmade(complaint.chain, unmade);
        true
    }

    /// Brings to all who are accused of silence what they should answer, once however many complain.
    pub(super) fn bring_all(&self, out: &mut Outbox) {
        let complaints = self.items.iter().filter_map(|item| match item {
            Item::Complaint(complaint) => Some((complaint.chain, complaint.accused)),
            _ => None,
        });
        let logged = self.state.under_way();
        let logged = logged.flat_map(|chain| chain.accused.keys().map(|node| (chain.id, *node)));
        let accused: BTreeSet<_> = complaints.chain(logged).collect();
        for (chain, accused) in accused {
            self.bring(chain, accused, out);
        }
    }

    /// An entry says where a chain stands: the time of those whom it accuses runs.
    pub(super) fn bring_to_accused(&self, chain: B256, out: &mut Outbox) {
        let Some(chain) = self.state.chains.get(&chain) else { return };
        for accused in chain.accused.keys() {
            self.bring(chain.id, *accused, out);
        }
    }

    fn bring(&self, chain: B256, accused: NodeId, out: &mut Outbox) {
        let Some(chain) = self.state.chains.get(&chain) else { return };
        if chain.creator == Some(accused) {
            return self.bring_transactions(chain, accused, out);
        }
        for block in self.charges.blocks() {
            let about = &block.header.proposal;
            if about.chain == chain.id && about.view == chain.view {
                let signers = chain.signers(about.height);
                let phase = signers.and_then(|signers| signers.phase(accused));
                if let Some(question) = phase.and_then(|phase| block.question(phase)) {
                    out.send(accused, question);
                }
            }
        }
    }

    fn bring_transactions(&self, chain: &Chain, creator: NodeId, out: &mut Outbox) {
        let Some(unmade) = self.charges.unmade_of(chain.id) else { return };
        if unmade.view == chain.view {
            for transaction in &unmade.transactions {
                let transaction = transaction.clone();
                out.send(creator, Message::Transaction { chain: chain.id, transaction });
            }
        }
    }

    /// The accused votes: its vote goes into the log, and to the creator. Another outcome is a disagreement.
    pub(super) fn take_answer(&mut self, word: Word, out: &mut Outbox) {
        let agrees = |block: &Unsigned| {
            let phases = [Phase::Witness, Phase::Validate];
            phases.iter().find_map(|phase| word.agrees(&block.header, *phase))
        };
        let found = self.charges.blocks().find_map(|known| Some((agrees(known)?, known.clone())));
        let Some((agrees, block)) = found else { return };
        if !self.voting.is_valid(&word.ballot) {
            return;
        }
        self.saw(&word.ballot, out);
        let Unsigned { header, body, create, .. } = block;
        if agrees {
            out.send(create.voter, Message::Vote(word.clone()));
            self.queue(Item::Answer(word.ballot));
        } else {
            self.take_disagreement(Disagreement { header, create, other: word }, body, out);
        }
    }
}

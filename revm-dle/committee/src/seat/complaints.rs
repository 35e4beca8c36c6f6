//! Complaints about silence. Nobody loses a place for one unless it was brought what it shall answer:
//!
//! ```text
//! who waits ── Complaint, with the block or the transactions ──► seats: could it be voted on, could it be made?
//! each seat ── Propose, Validate, Transaction ──► the accused ── Answer, or a block
//! leader ── the Complaint, whole, before the entry that has it ──► seats: they vote for the entry once they have both
//! ```
//!
//! A seat votes for no entry with a complaint whose block or transactions it has not: else a liar could tell one lying
//! leader alone of it, and draw a chain's group anew, place after place, until it likes it. As more than two thirds vote,
//! the accused hears of it from more than a third of the seats that are honest.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{B256, Bytes};
use conet_ledger::block::{Body, Header, SignedTransaction};

use super::desk::{CASES_MAX, Desk};
use crate::{
    archive::{
        Chain, Item, Notice,
        item::{Complaint, Disagreement, Word},
    },
    keys::NodeId,
    message::{Message, Proposed},
    outbox::Outbox,
    vote::{Ballot, Phase},
};

/// What the accused are brought.
#[derive(Debug, Default)]
pub(super) struct Charges {
    /// Blocks that somebody does not vote on, by hash.
    blocks: BTreeMap<B256, Unsigned>,
    /// Of a chain: transactions that its creator makes no block of.
    unmade: BTreeMap<B256, Unmade>,
}

/// A block, with what it takes to vote on it.
#[derive(Debug, Clone)]
struct Unsigned {
    header: Header,
    body: Body,
    create: Ballot,
    witness: Bytes,
}

/// Transactions that the block of this height and view could hold.
#[derive(Debug)]
struct Unmade {
    height: u64,
    view: u64,
    transactions: Vec<SignedTransaction>,
}

impl Charges {
    /// Forgets what decides nothing any more.
    pub(super) fn retain(&mut self, is_open: impl Fn(B256, u64, u64) -> bool) {
        self.blocks.retain(|_, block| {
            let about = &block.header.proposal;
            is_open(about.chain, about.height, about.view)
        });
        self.unmade.retain(|chain, unmade| is_open(*chain, unmade.height, unmade.view));
    }

    /// What a complaint is about, if it is here: a body, and the block's state witness.
    fn of(&self, complaint: &Complaint) -> Option<(Body, Bytes)> {
        if let Some((header, _)) = &complaint.block {
            let block = self.blocks.get(&header.hash())?;
            return Some((block.body.clone(), block.witness.clone()));
        }
        let unmade = self.unmade.get(&complaint.chain)?;
        let is_it = (unmade.height, unmade.view) == (complaint.height, complaint.view);
        let transactions = unmade.transactions.clone();
        is_it.then(|| (Body { transactions, ..Body::default() }, Bytes::new()))
    }

    pub(super) fn has(&self, complaint: &Complaint) -> bool {
        self.of(complaint).is_some()
    }
}

impl Desk {
    /// Notes a complaint, and brings the accused what it should answer.
    pub(super) fn take_complaint(
        &mut self,
        mut complaint: Complaint,
        body: Body,
        witness: Bytes,
        out: &mut Outbox,
    ) {
        let Complaint { chain, accused, by, .. } = complaint;
        let Some(about) = self.state.chains.get(&chain) else { return };
        let may_complain = self.seats.contains(by) || about.involves(by);
        let is_entitled = may_complain && about.involves(accused);
        if !is_entitled || !self.voting.signed(by, complaint.struct_hash(), &complaint.signature) {
            return;
        }
        let is_kept = match &mut complaint.block {
            None => self.keep_unmade(&complaint, body.transactions),
            Some((header, create)) if header.proposal.chain == chain => {
                let (header, told) = (header.clone(), create.clone());
                let kept =
                    self.keep_unsigned(Unsigned { header, body, create: told, witness }, out);
                // The creator's vote is not signed with the complaint: a known block's is the one that was checked.
                kept.map(|checked| *create = checked).is_some()
            }
            Some(_) => false,
        };
        // Who is known to be accused is brought the block again and again anyway: nobody's complaints speed that up.
        if is_kept && self.queue(Item::Complaint(Box::new(complaint))) {
            self.bring(chain, accused, out);
        }
    }

    /// Keeps what it takes to vote on a block; returns its creator's vote. None: nobody could vote on it, with this body or
    /// this state witness.
    fn keep_unsigned(&mut self, block: Unsigned, out: &mut Outbox) -> Option<Ballot> {
        let Unsigned { header, body, create, witness } = &block;
        let (hash, about) = (header.hash(), &header.proposal);
        if let Some(known) = self.charges.blocks.get(&hash) {
            return Some(known.create.clone());
        }
        self.state.check_accusation(about.chain, header, create).ok()?;
        self.saw(create, out);
        let genesis = self.state.chains.get(&about.chain).map(|chain| chain.genesis)?;
        let has_room = self.charges.blocks.len() < CASES_MAX;
        let fits = has_room && body.hash() == about.body_hash;
        if !fits || self.ledgers.validate(genesis, about, body, witness).is_err() {
            return None;
        }
        let create = create.clone();
        self.charges.blocks.insert(hash, block);
        Some(create)
    }

    /// Keeps the transactions that a block could hold now. False: there are none, or their chain's state is not here.
    fn keep_unmade(
        &mut self,
        complaint: &Complaint,
        mut candidates: Vec<SignedTransaction>,
    ) -> bool {
        if self.charges.has(complaint) {
            return true;
        }
        let Some(chain) = self.state.chains.get(&complaint.chain) else { return false };
        let (height, view) = (chain.height + 1, chain.view);
        let is_now = (complaint.height, complaint.view) == (height, view);
        if !is_now || chain.creator != Some(complaint.accused) {
            return false;
        }
        let (epoch, time_ms) = (self.seats.epoch, self.state.time_ms);
        let frame = Notice::of(chain).frame(height, chain.hash, epoch, time_ms);
        let Some(built) = frame.and_then(|frame| self.ledgers.build(frame, &mut candidates)) else {
            return false;
        };
        let unmade = Unmade { height, view, transactions: built.body.transactions };
        self.charges.unmade.insert(complaint.chain, unmade);
        true
    }

    /// Shows all seats what the accused of an entry are brought: they vote for no entry without it.
    pub(super) fn show_charges(&self, items: &[Item], out: &mut Outbox) {
        for item in items {
            if let Item::Complaint(complaint) = item
                && let Some((body, witness)) = self.charges.of(complaint)
            {
                let whole = Message::Complaint(complaint.clone(), body, witness);
                out.send_all(self.seats.nodes(), whole);
            }
        }
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

    fn bring(&self, chain: B256, accused: NodeId, out: &mut Outbox) {
        let Some(chain) = self.state.chains.get(&chain) else { return };
        if chain.creator == Some(accused) {
            return self.bring_transactions(chain, accused, out);
        }
        for block in self.charges.blocks.values() {
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
        let Some(unmade) = self.charges.unmade.get(&chain.id) else { return };
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
        let found =
            self.charges.blocks.values().find_map(|known| Some((agrees(known)?, known.clone())));
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

impl Unsigned {
    /// What a witness or validator is asked.
    fn question(&self, phase: Phase) -> Option<Message> {
        let Self { header, body, create, witness } = self.clone();
        match phase {
            Phase::Witness => {
                let proposed = Proposed { header, body, create, parent: None };
                Some(Message::Propose(Box::new(proposed)))
            }
            Phase::Validate => {
                let proposal = Box::new(header.proposal);
                Some(Message::Validate { proposal, body, witness, parent: None })
            }
            _ => None,
        }
    }
}

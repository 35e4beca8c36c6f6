//! What reaches a seat, besides the log's own messages.

use std::collections::BTreeSet;

use alloy::primitives::{B256, Bytes};
use conet_ledger::block::{Body, Header};

use super::{
    blocks::Grounds,
    desk::{CASES_MAX, Desk},
};
use crate::{
    archive::{
        Item, ProvenNotice,
        item::{Complaint, Disagreement, Joining, Returning, Word},
    },
    keys::NodeId,
    message::{Message, Proposed},
    outbox::Outbox,
    vote::{Ballot, Phase},
};

/// A block that somebody does not vote on, with what it takes to do so.
#[derive(Debug, Clone)]
pub(super) struct Accusation {
    pub(super) header: Header,
    pub(super) body: Body,
    pub(super) create: Ballot,
    pub(super) witness: Bytes,
}

impl Desk {
    pub(super) fn receive(&mut self, from: NodeId, message: Message, out: &mut Outbox) {
        match message {
            Message::Word(word, hash) => self.take_word(from, word, hash, out),
            Message::SeedPart { height, part } => self.take_seed_part(from, height, part),
            Message::Return(returning) => self.take_return(returning),
            Message::Certified(block, body) => {
                let header = block.header.clone();
                self.open_case(header, body, Grounds::Certified(block), out);
            }
            Message::Complaint(complaint, body, witness) => {
                self.take_complaint(*complaint, body, witness, out)
            }
            Message::Answer(word) => self.take_answer(word, out),
            Message::Disagreement(disagreement, body) => {
                self.take_disagreement(*disagreement, body, out)
            }
            Message::Evidence(first, second) => self.take_evidence(first, second, out),
            Message::Caught(caught) => self.take_caught(*caught, out),
            Message::Join(joining) => self.take_wish(joining, out),
            Message::FetchNotice { chain } => self.show_notice(from, chain, out),
            Message::FetchBlock { hash } => self.answer_block(from, hash, out),
            Message::FetchState { hash } => self.answer_state(from, hash, out),
            Message::Member(announced) => self.take_member(*announced),
            Message::Dealing(dealing) if self.seats.contains(from) => {
                self.take_dealing(*dealing, out);
            }
            Message::Ack(ack) if self.seats.contains(from) => self.take_ack(&ack, out),
            Message::Transcript(transcript) if self.seats.contains(from) => {
                self.take_transcript(*transcript);
            }
            Message::State(header, state) => self.take_exported(*header, &state, out),
            // Not for seats, or not without being asked for.
            _ => {}
        }
    }

    fn show_notice(&self, to: NodeId, chain: B256, out: &mut Outbox) {
        if let Some(proven) = self.notice(chain) {
            out.send(to, Message::Notice(Box::new(ProvenNotice::clone(&proven))));
        }
    }

    /// A node's wish. It says again and again the one that it believes to stand, and learns here when it does not.
    fn take_wish(&mut self, joining: Joining, out: &mut Outbox) {
        let node = joining.offer.node;
        let last = self.state.wish(node);
        if joining.number == last && self.state.offers(node).is_some() {
            return;
        }
        // What is not signed is not kept: else whoever likes could fill the list. Of a node's wishes the last one is.
        let Joining { offer, number, trap, .. } = &joining;
        let signed = Joining::struct_hash(self.seats.log, offer, *number, *trap);
        let is_newer = |item: &Item| matches!(item, Item::Join(known) if known.offer.node == node && known.number >= joining.number);
        if self.items.iter().any(is_newer) || !self.voting.signed(node, signed, &joining.signature)
        {
            return;
        }
        // Nothing is left of what it takes back.
        let is_void = joining.offer.is_nothing() && self.state.offers(node).is_none();
        if joining.number <= last || is_void {
            for chain in self.state.chains_of(node) {
                self.show_notice(node, chain, out);
            }
            // After the notices: who lost a place learns that first.
            out.send(node, Message::Used { number: joining.number });
            return;
        }
        self.items.retain(|item| !matches!(item, Item::Join(known) if known.offer.node == node));
        self.queue(Item::Join(joining));
    }

    fn take_return(&mut self, returning: Returning) {
        let (node, since) = (returning.node, returning.since);
        let signed = Returning::struct_hash(self.seats.log, node, since);
        let is_newer = |item: &Item| matches!(item, Item::Return(known) if known.node == node && known.since >= since);
        if self.items.iter().any(is_newer)
            || !self.voting.signed(node, signed, &returning.signature)
        {
            return;
        }
        self.items.retain(|item| !matches!(item, Item::Return(known) if known.node == node));
        self.queue(Item::Return(returning));
    }

    /// Notes a complaint, and brings the accused what it should vote on.
    fn take_complaint(
        &mut self,
        complaint: Complaint,
        body: Body,
        witness: Bytes,
        out: &mut Outbox,
    ) {
        let Complaint { chain, height, view, accused, by, .. } = complaint;
        let signed = Complaint::struct_hash(chain, (height, view), accused);
        let may_complain = self.seats.contains(by)
            || self.state.chains.get(&chain).is_some_and(|chain| chain.involves(by));
        if !may_complain || !self.voting.signed(by, signed, &complaint.signature) {
            return;
        }
        if let Some((header, create)) = complaint.block.clone() {
            if !self.keep_accusation(Accusation { header, body, create, witness }) {
                return;
            }
        } else if let Some(chain) = self.state.chains.get(&complaint.chain) {
            for transaction in body.transactions {
                if let Some(creator) = chain.creator {
                    let chain = complaint.chain;
                    out.send(creator, Message::Transaction { chain, transaction });
                }
            }
        }
        // Who is known to be accused is brought the block again and again anyway: nobody's complaints speed that up.
        if self.queue(Item::Complaint(Box::new(complaint))) {
            self.relay(chain, accused, out);
        }
    }

    /// Keeps what it takes to vote on a block. False: nobody could, with this body or this state witness.
    fn keep_accusation(&mut self, accusation: Accusation) -> bool {
        let Accusation { header, body, create, witness } = &accusation;
        let (hash, about) = (header.hash(), &header.proposal);
        if self.accusations.contains_key(&hash) {
            return true;
        }
        if self.state.check_accusation(header, create).is_err() {
            return false;
        }
        let genesis = self.state.chains.get(&about.chain).map(|chain| chain.genesis);
        let can_be_done = |genesis| self.ledgers.validate(genesis, about, body, witness).is_ok();
        let fits = body.hash() == about.body_hash && self.accusations.len() < CASES_MAX;
        if !fits || !genesis.is_some_and(can_be_done) {
            return false;
        }
        self.accusations.insert(hash, accusation);
        true
    }

    /// Brings to all who are accused of silence what they should vote on, once however many complain.
    pub(super) fn relay_accusations(&self, out: &mut Outbox) {
        let complaints = self.items.iter().filter_map(|item| match item {
            Item::Complaint(complaint) => Some((complaint.chain, complaint.accused)),
            _ => None,
        });
        let logged = self.state.under_way();
        let logged = logged.flat_map(|chain| chain.accused.keys().map(|node| (chain.id, *node)));
        let accused: BTreeSet<_> = complaints.chain(logged).collect();
        for (chain, accused) in accused {
            self.relay(chain, accused, out);
        }
    }

    fn relay(&self, chain: B256, accused: NodeId, out: &mut Outbox) {
        let Some(chain) = self.state.chains.get(&chain) else { return };
        for accusation in self.accusations.values() {
            let Accusation { header, body, create, witness } = accusation;
            let about = &header.proposal;
            let phase = chain.signers(about.height).and_then(|signers| signers.phase(accused));
            if about.chain != chain.id || about.view != chain.view {
                continue;
            }
            match phase {
                Some(Phase::Witness) => {
                    let (header, body, create) = (header.clone(), body.clone(), create.clone());
                    let proposed = Proposed { header, body, create, parent: None };
                    out.send(accused, Message::Propose(Box::new(proposed)));
                }
                Some(Phase::Validate) => {
                    let (proposal, body) = (Box::new(about.clone()), body.clone());
                    out.send(
                        accused,
                        Message::Validate {
                            proposal,
                            body,
                            witness: witness.clone(),
                            parent: None,
                        },
                    );
                }
                _ => {}
            }
        }
    }

    /// The accused votes: its vote goes into the log, and to the creator. Another outcome is a disagreement.
    fn take_answer(&mut self, word: Word, out: &mut Outbox) {
        let agrees = |accusation: &Accusation| {
            let phases = [Phase::Witness, Phase::Validate];
            phases.iter().find_map(|phase| word.agrees(&accusation.header, *phase))
        };
        let found =
            self.accusations.values().find_map(|known| Some((agrees(known)?, known.clone())));
        let Some((agrees, accusation)) = found else { return };
        if !self.voting.is_valid(&word.ballot) {
            return;
        }
        self.saw(&word.ballot, out);
        let Accusation { header, body, create, .. } = accusation;
        if agrees {
            out.send(create.voter, Message::Vote(word.clone()));
            self.queue(Item::Answer(word.ballot));
        } else {
            self.take_disagreement(Disagreement { header, create, other: word }, body, out);
        }
    }

    fn take_disagreement(&mut self, disagreement: Disagreement, body: Body, out: &mut Outbox) {
        let header = disagreement.header.clone();
        self.open_case(header, body, Grounds::Disputed(Box::new(disagreement)), out);
    }

    fn answer_block(&self, from: NodeId, hash: B256, out: &mut Outbox) {
        let Some(case) = self.cases.get(&hash) else { return };
        let message = match &case.grounds {
            Grounds::Certified(block) => Message::Certified(block.clone(), case.body.clone()),
            Grounds::Disputed(why) => Message::Disagreement(why.clone(), case.body.clone()),
        };
        out.send(from, message);
    }

    fn answer_state(&self, from: NodeId, hash: B256, out: &mut Outbox) {
        if let Some((header, state)) = self.ledgers.export(hash) {
            out.send(from, Message::State(Box::new(header), state));
        }
    }

    fn take_exported(&mut self, header: Header, state: &[u8], out: &mut Outbox) {
        let (chain, hash) = (header.proposal.chain, header.hash());
        let Some(genesis) = self.state.chains.get(&chain).map(|known| known.genesis) else {
            return;
        };
        let is_missing = self.missing.get(&chain) == Some(&hash);
        if is_missing && self.ledgers.import(genesis, &header, state) {
            self.ledgers.finalized(chain, hash);
            self.found_missing(chain, out);
            self.consider_all(out);
        }
    }

    /// Asks for blocks that are judged and not here.
    pub(super) fn ask_for_pending(&self, out: &mut Outbox) {
        for chain in self.state.under_way() {
            let Some(pending) = &chain.pending else { continue };
            if !self.cases.contains_key(&pending.hash) {
                out.send_all(self.seats.nodes(), Message::FetchBlock { hash: pending.hash });
            }
        }
    }

    /// A seat that was taken for silent says that it is not.
    pub(super) fn ask_to_return(&mut self, out: &mut Outbox) {
        let me = self.voting.me;
        if !self.state.suspended.contains_key(&me) || self.state.barred.contains(&me) {
            return;
        }
        let since = self.state.height;
        let signature = self.voting.sign(Returning::struct_hash(self.seats.log, me, since));
        let returning = Returning { node: me, since, signature };
        self.items.retain(|item| !matches!(item, Item::Return(known) if known.node == me));
        self.queue(Item::Return(returning.clone()));
        out.send_all(self.seats.nodes(), Message::Return(returning));
    }
}

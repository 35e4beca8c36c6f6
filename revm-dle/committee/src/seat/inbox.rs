//! What reaches a seat, besides the log's own messages.

use alloy::primitives::B256;
use conet_ledger::block::{Body, Header};

use super::{blocks::Grounds, desk::Desk};
use crate::{
    archive::{
        Item, ProvenNotice,
        item::{Disagreement, Joining, Returning},
    },
    keys::NodeId,
    message::Message,
    outbox::Outbox,
};

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
                self.take_complaint(from, *complaint, (body, witness), out)
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

    pub(super) fn take_disagreement(
        &mut self,
        disagreement: Disagreement,
        body: Body,
        out: &mut Outbox,
    ) {
        let header = disagreement.header.clone();
        self.open_case(header, body, Grounds::Disputed(Box::new(disagreement)), out);
    }

    /// What nobody has decided on yet is the seats' and the chain's own.
    fn answer_block(&self, from: NodeId, hash: B256, out: &mut Outbox) {
        let Some(case) = self.cases.get(&hash) else { return };
        let chain = self.state.chains.get(&case.header.proposal.chain);
        if !self.seats.contains(from) && !chain.is_some_and(|chain| chain.involves(from)) {
            return;
        }
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

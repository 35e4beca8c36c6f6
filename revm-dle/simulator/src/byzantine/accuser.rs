//! Wants others out of its chains, for no reason. As a creator it hides its blocks from one signer, and tells lying seats
//! alone that it got no vote. As a witness it accuses the creator of doing nothing, with nothing to do or what was done long
//! ago, and others of not voting on a block of another chain. Its seats keep to themselves what the accused should be
//! brought.

use std::collections::BTreeMap;

use alloy::primitives::{B256, Bytes};
use conet_committee::{
    Action,
    archive::{Notice, item::Complaint},
    keys::{Compact, NodeId},
    message::{Message, Proposed},
};
use conet_ledger::block::{Body, SignedTransaction};
use rand::Rng as _;

use super::{Behaviour, Liar};

#[derive(Default)]
pub(crate) struct Accuser {
    notices: BTreeMap<B256, Notice>,
    /// A block of each chain that it is a witness of.
    proposed: BTreeMap<B256, Proposed>,
    /// The first transaction of each chain that it heard of.
    first: BTreeMap<B256, SignedTransaction>,
}

impl Behaviour for Accuser {
    fn twist(&mut self, mut actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let is_seat = liar.state.is_some();
        actions.retain(|action| match action {
            Action::Send(to, Message::Complaint(complaint, ..)) => {
                !is_seat && (complaint.block.is_none() || liar.friends.contains(to))
            }
            Action::Send(to, Message::Propose(proposed)) => {
                !is_seat && self.victim(proposed.header.proposal.chain, liar) != Some(*to)
            }
            Action::Send(_, Message::Validate { .. }) => !is_seat,
            _ => true,
        });
        if !is_seat && liar.rng.random_ratio(1, 8) {
            let lies = self.accuse_creator(liar).into_iter().chain(self.accuse_with_another(liar));
            for (complaint, body) in lies {
                let message = Message::Complaint(Box::new(complaint), body, Bytes::new());
                let all = liar.seats.nodes().iter();
                actions.extend(all.map(|seat| Action::Send(*seat, message.clone())));
            }
        }
        actions
    }

    fn hear(&mut self, message: &Message) {
        match message {
            Message::Notice(proven) => {
                let notice = &proven.notice;
                let known = self.notices.get(&notice.chain);
                let stands = |notice: &Notice| (notice.view, notice.height);
                if known.is_none_or(|known| stands(known) <= stands(notice)) {
                    self.notices.insert(notice.chain, notice.clone());
                }
            }
            Message::Transaction { chain, transaction } => {
                self.first.entry(*chain).or_insert_with(|| transaction.clone());
            }
            Message::Propose(proposed) => {
                let chain = proposed.header.proposal.chain;
                self.proposed.insert(chain, (**proposed).clone());
            }
            _ => {}
        }
    }
}

impl Accuser {
    /// Whom it wants out of a chain: its first witness that does not lie.
    fn victim(&self, chain: B256, liar: &Liar<'_>) -> Option<NodeId> {
        let mut witnesses = self.notices.get(&chain)?.witnesses.iter();
        witnesses.find(|it| **it != liar.voting.me && !liar.friends.contains(it)).copied()
    }

    /// The creator has done nothing, as there is nothing to do, or all is done.
    fn accuse_creator(&self, liar: &mut Liar<'_>) -> Option<(Complaint, Body)> {
        let notice = self.somewhere(liar)?;
        let accused = notice.creator.filter(|creator| *creator != liar.voting.me)?;
        let first = self.first.get(&notice.chain).filter(|_| liar.rng.random_bool(0.5));
        let transactions = first.cloned().into_iter().collect();
        let body = Body { transactions, ..Body::default() };
        Some((complaint(notice, accused, None, liar), body))
    }

    /// A witness has not voted, on what is another chain's.
    fn accuse_with_another(&self, liar: &mut Liar<'_>) -> Option<(Complaint, Body)> {
        let notice = self.somewhere(liar)?;
        let accused = self.victim(notice.chain, liar)?;
        let mut others = self.proposed.values();
        let other = others.find(|it| it.header.proposal.chain != notice.chain)?;
        let complaint = complaint(notice, accused, Some(other), liar);
        Some((complaint, other.body.clone()))
    }

    /// One of the chains that it is a witness of.
    fn somewhere(&self, liar: &mut Liar<'_>) -> Option<&Notice> {
        let me = liar.voting.me;
        let mine: Vec<_> =
            self.notices.values().filter(|notice| notice.witnesses.contains(&me)).collect();
        let place = liar.rng.random_range(0..mine.len().max(1));
        mine.get(place).copied()
    }
}

fn complaint(
    notice: &Notice,
    accused: NodeId,
    block: Option<&Proposed>,
    liar: &Liar<'_>,
) -> Complaint {
    let (chain, height, view) = (notice.chain, notice.height + 1, notice.view);
    let block = block.map(|it| (it.header.clone(), it.create.clone()));
    let (by, signature) = (liar.voting.me, Compact::ZERO);
    Complaint { chain, height, view, accused, by, block, signature }.signed(liar.voting)
}

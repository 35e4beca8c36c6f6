//! What an honest seat would say after a restart: it must not say another thing on a block than before. A liar who knows
//! what the seat wrote down would try that at once; in a run hardly anybody comes at the right moment.

use conet_committee::{
    Action, Record,
    archive::item::{CertifiedHeader, Word, block_vote},
    keys::NodeId,
    log::Timing,
    message::Message,
    seat::{Event, Seat},
};
use conet_ledger::block::{Body, Header};

use super::{Actor, Violation, World, voting};
use crate::oracle::place;

/// So many twins of a block are tried until one goes before it.
const TWINS_MAX: u64 = 64;

/// The same block of another time, with the lower hash: of two blocks a seat speaks on that first.
fn twin(header: &Header) -> Option<Header> {
    let hash = header.hash();
    let at = |less| {
        let mut twin = header.clone();
        twin.proposal.time_ms = twin.proposal.time_ms.saturating_sub(less);
        twin
    };
    (1..=TWINS_MAX).map(at).find(|twin| twin.hash() < hash)
}

impl World<'_> {
    /// Restores the seat once more from its journal, aside, and shows it a twin of each block that it gave its word on.
    pub(super) fn probe(&self, id: NodeId) -> Result<(), Violation> {
        let Some(node) = self.nodes.get(&id).filter(|_| self.oracle.is_honest(id)) else {
            return Ok(());
        };
        let Actor::Seat(seat) = &node.actor else { return Ok(()) };
        let words: Vec<_> =
            node.disk.records().filter_map(|record| open_word(seat, record)).collect();
        let on = |header: &Header| {
            let about = &header.proposal;
            words.iter().any(|word| {
                let vote = &word.ballot.vote;
                (vote.chain, vote.height, vote.view) == (about.chain, about.height, about.view)
            })
        };
        let blocks = node.disk.records().filter_map(|record| match record {
            Record::Block(block, body) if on(&block.header) => Some((&block.header, body)),
            _ => None,
        });
        for (header, body) in blocks {
            let Some(message) = certified_twin(seat, header, body) else { continue };
            let journal = node.disk.records().cloned().collect();
            let ledgers = node.ledgers.apart();
            let Actor::Seat(mut aside) = self.actor(id, ledgers, Some(journal)) else { continue };
            let from = seat.state().seats.leader(id.0 + 1);
            let mut actions = aside.step(self.now_ms, Event::Message(from, Box::new(message)));
            let later_ms = self.now_ms + Timing::default().tick_ms;
            actions.extend(aside.step(later_ms, Event::Tick));
            check(id, &words, &actions)?;
        }
        Ok(())
    }
}

/// The seat's own word on a block that may still become final.
fn open_word<'a>(seat: &Seat, record: &'a Record) -> Option<&'a Word> {
    let Record::Word(word) = record else { return None };
    let (state, vote) = (seat.state(), &word.ballot.vote);
    let chain = state.chains.get(&vote.chain)?;
    let is_open = (vote.epoch, vote.view) == (state.seats.epoch, chain.view);
    (seat.is_seated() && is_open && vote.height > chain.height).then_some(word)
}

/// A twin that its whole group signed: all of them lie.
fn certified_twin(seat: &Seat, header: &Header, body: &Body) -> Option<Message> {
    let chain = seat.state().chains.get(&header.proposal.chain)?;
    let (twin, signers) = (twin(header)?, chain.signers(header.proposal.height)?);
    let sign = |(signer, phase)| voting(signer).cast(block_vote(&twin, phase, twin.hash()));
    let ballots = signers.iter().map(sign).collect();
    Some(Message::Certified(Box::new(CertifiedHeader { header: twin, ballots }), body.clone()))
}

fn check(node: NodeId, words: &[&Word], actions: &[Action]) -> Result<(), Violation> {
    for action in actions {
        let (Action::Persist(Record::Word(said)) | Action::Send(_, Message::Word(said, _))) =
            action
        else {
            continue;
        };
        let vote = place(&said.ballot);
        let differs = |word: &&&Word| {
            place(&word.ballot) == vote && word.ballot.vote.block != said.ballot.vote.block
        };
        if said.ballot.voter == node && words.iter().any(|word| differs(&word)) {
            return Err(Violation::TwoVotes { node, vote });
        }
    }
    Ok(())
}

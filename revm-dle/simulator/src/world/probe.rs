//! What an honest node would say after a restart: it must not say another thing on a block than before. A liar who knows
//! what the node wrote down would try that at once; in a run hardly anybody comes at the right moment.

use conet_committee::{
    Action, Record,
    archive::{
        Notice,
        item::{CertifiedHeader, Word, block_vote},
    },
    keys::NodeId,
    log::Timing,
    member::{Member, MemberTiming},
    message::{Message, Proposed},
    seat::{Event, Seat},
    vote::Phase,
};
use conet_ledger::block::{Body, Header};

use super::{Actor, Violation, World, node::Node, voting};
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
    /// Restores the node once more from its journal, aside, and shows it a twin of each block that it spoke on.
    pub(super) fn probe(&self, id: NodeId) -> Result<(), Violation> {
        let Some(node) = self.nodes.get(&id).filter(|_| self.oracle.is_honest(id)) else {
            return Ok(());
        };
        match &node.actor {
            Actor::Seat(seat) => self.probe_seat((id, node), seat),
            Actor::Member(member) => self.probe_member((id, node), member),
            Actor::Down => Ok(()),
        }
    }

    fn probe_seat(&self, (id, node): (NodeId, &Node), seat: &Seat) -> Result<(), Violation> {
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

    /// As a witness: a creator that lies made two blocks.
    fn probe_member(&self, (id, node): (NodeId, &Node), member: &Member) -> Result<(), Violation> {
        let words: Vec<_> = node.disk.records().filter_map(own_vote).collect();
        for word in &words {
            let proven = member.notices().find(|it| it.notice.chain == word.ballot.vote.chain);
            let block = self.oracle.blocks_sent().get(&word.ballot.vote.block);
            let twin = proven
                .zip(block)
                .and_then(|(proven, (header, body))| proposed_twin(&proven.notice, header, body));
            let Some(proposed) = twin else { continue };
            let journal = node.disk.records().cloned().collect();
            let ledgers = node.ledgers.apart();
            let Actor::Member(mut aside) = self.actor(id, ledgers, Some(journal)) else { continue };
            let from = proposed.create.voter;
            let message = Box::new(Message::Propose(Box::new(proposed)));
            let mut actions = aside.step(self.now_ms, Event::Message(from, message));
            let later_ms = self.now_ms + MemberTiming::default().tick_ms;
            actions.extend(aside.step(later_ms, Event::Tick));
            check(id, &words, &actions)?;
        }
        Ok(())
    }
}

/// A member's own vote as a witness.
fn own_vote(record: &Record) -> Option<&Word> {
    let Record::MemberVote(word) = record else { return None };
    (word.ballot.vote.phase == Phase::Witness.number()).then_some(word)
}

/// A twin of a chain's next block.
fn proposed_twin(notice: &Notice, header: &Header, body: &Body) -> Option<Proposed> {
    let about = &header.proposal;
    let is_next = (about.height, about.view) == (notice.height + 1, notice.view);
    let (creator, twin) = (notice.creator.filter(|_| is_next)?, twin(header)?);
    let create = voting(creator).cast(block_vote(&twin, Phase::Create, twin.hash()));
    Some(Proposed { header: twin, body: body.clone(), create, parent: None })
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
        let said = match action {
            Action::Persist(Record::Word(said) | Record::MemberVote(said))
            | Action::Send(_, Message::Word(said, _) | Message::Vote(said)) => said,
            _ => continue,
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

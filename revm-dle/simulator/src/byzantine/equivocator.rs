//! Votes for one thing before some, and for another before others; or for the other when the epoch is over.

use alloy::primitives::{B256, keccak256};
use conet_committee::{
    Action,
    keys::NodeId,
    log::LogMessage,
    message::Message,
    vote::{Ballot, Phase},
};
use rand::Rng as _;

use super::{Behaviour, Liar};

/// How many votes it keeps for the next epoch.
const HELD_MAX: usize = 16;

#[derive(Default)]
pub(crate) struct Equivocator {
    /// Second votes that it gives when their epoch is over.
    held: Vec<(NodeId, Ballot)>,
    /// Whether it does nothing else: who cheats at once is out before an epoch ends.
    waits: Option<bool>,
}

impl Behaviour for Equivocator {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let waits = *self.waits.get_or_insert_with(|| liar.rng.random_ratio(1, 3));
        let mut twisted = Vec::new();
        for action in actions {
            if let Action::Send(to, Message::Log(LogMessage::Vote(ballot))) = &action
                && self.held.len() < HELD_MAX
                && waits
                && liar.rng.random_ratio(1, 12)
            {
                self.held.push((*to, other(ballot, liar)));
                twisted.push(action);
            } else if waits {
                twisted.push(action);
            } else {
                twisted.extend(twist(action, liar));
            }
        }
        let epoch = liar.seats.epoch;
        for (to, ballot) in self.held.extract_if(.., |(_, ballot)| ballot.vote.epoch < epoch) {
            twisted.push(Action::Send(to, Message::Log(LogMessage::Vote(ballot))));
        }
        twisted
    }
}

fn twist(action: Action, liar: &mut Liar<'_>) -> Vec<Action> {
    if !liar.rng.random_ratio(1, 6) {
        return vec![action];
    }
    match action {
        Action::Send(to, Message::Log(LogMessage::Vote(ballot))) => {
            let other = Message::Log(LogMessage::Vote(other(&ballot, liar)));
            both(to, Message::Log(LogMessage::Vote(ballot)), other, liar)
        }
        Action::Send(to, Message::Log(LogMessage::Propose(entry, ballot))) => {
            // Another entry for the same view: nothing happens in it.
            let mut second = (*entry).clone();
            second.items.clear();
            second.header.items_hash = conet_committee::archive::Item::hash_all(&second.items);
            let mut vote = ballot.vote;
            vote.block = second.id();
            let twin = LogMessage::Propose(Box::new(second), liar.voting.cast(vote));
            both(to, Message::Log(LogMessage::Propose(entry, ballot)), Message::Log(twin), liar)
        }
        Action::Send(to, Message::Word(word, hash)) => {
            let twin = liar.refusal(&word, hash).unwrap_or_else(|| word.clone());
            both(to, Message::Word(word, hash), Message::Word(twin, hash), liar)
        }
        Action::Send(to, Message::Vote(word)) => {
            let block = word.ballot.vote.block;
            let twin = liar.refusal(&word, block).unwrap_or_else(|| word.clone());
            both(to, Message::Vote(word), Message::Vote(twin), liar)
        }
        Action::Send(to, Message::Answer(word)) => {
            let block = word.ballot.vote.block;
            let twin = liar.refusal(&word, block).unwrap_or_else(|| word.clone());
            both(to, Message::Answer(word), Message::Answer(twin), liar)
        }
        Action::Send(to, Message::Propose(proposed)) => {
            let mut twin = (*proposed).clone();
            twin.header.proposal.time_ms = twin.header.proposal.time_ms.saturating_sub(1);
            let mut vote = twin.create.vote;
            vote.block = twin.header.hash();
            twin.create = liar.voting.cast(vote);
            both(to, Message::Propose(proposed), Message::Propose(Box::new(twin)), liar)
        }
        action => vec![action],
    }
}

/// The other vote: none instead of a block, one of the air instead of none.
fn other(ballot: &Ballot, liar: &Liar<'_>) -> Ballot {
    let mut vote = ballot.vote;
    let notarizes = vote.phase == Phase::Notarize.number();
    vote.block = if vote.block.is_zero() || notarizes { keccak256(vote.block) } else { B256::ZERO };
    liar.voting.cast(vote)
}

/// One of two, or both.
fn both(to: NodeId, first: Message, second: Message, liar: &mut Liar<'_>) -> Vec<Action> {
    match liar.rng.random_range(0..3) {
        0 => vec![Action::Send(to, first), Action::Send(to, second)],
        1 => vec![Action::Send(to, second)],
        _ => vec![Action::Send(to, first)],
    }
}

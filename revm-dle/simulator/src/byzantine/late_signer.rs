//! Refuses a block, lets it be voided, and then releases its signature for it.

use conet_committee::{Action, message::Message, vote::Ballot};
use rand::Rng as _;

use super::{Behaviour, Liar};

#[derive(Default)]
pub(crate) struct LateSigner {
    held: Vec<(u64, Ballot, alloy::primitives::B256)>,
}

impl Behaviour for LateSigner {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let mut twisted = Vec::new();
        let mut everybody = Vec::new();
        for action in actions {
            match action {
                Action::Send(to, Message::Word(ballot, hash)) if !ballot.is_refusal() => {
                    everybody.push(to);
                    let mut vote = ballot.vote;
                    let is_new = !self.held.iter().any(|(_, held, _)| held.vote == ballot.vote);
                    if is_new {
                        let due = liar.now_ms + liar.rng.random_range(500..5_000);
                        self.held.push((due, ballot, hash));
                    }
                    vote.block = alloy::primitives::B256::ZERO;
                    twisted.push(Action::Send(to, Message::Word(liar.voting.cast(vote), hash)));
                }
                Action::Send(to, message) => {
                    everybody.push(to);
                    twisted.push(Action::Send(to, message));
                }
                action => twisted.push(action),
            }
        }
        everybody.sort_unstable();
        everybody.dedup();
        for (_, ballot, hash) in self.held.iter().filter(|(due, ..)| *due <= liar.now_ms) {
            for to in &everybody {
                twisted.push(Action::Send(*to, Message::Word(ballot.clone(), *hash)));
            }
        }
        twisted
    }
}

//! Signs whatever a friend made, and never says anything against one.

use alloy::primitives::B256;
use conet_committee::{Action, message::Message};

use super::{Behaviour, Liar};

pub(crate) struct Colluder;

impl Behaviour for Colluder {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let mut twisted = Vec::new();
        for action in actions {
            match action {
                Action::Send(to, Message::Word(ballot, hash)) if ballot.is_refusal() => {
                    let mut vote = ballot.vote;
                    vote.block = hash;
                    twisted.push(Action::Send(to, Message::Word(liar.voting.cast(vote), hash)));
                }
                // Its refusal names no block: the friend's creator knows which one it wants signed.
                Action::Send(to, Message::Vote(ballot))
                    if ballot.is_refusal() && liar.friends.contains(&to) => {}
                Action::Send(_, Message::Disagreement(disagreement, _))
                    if liar.friends.contains(&disagreement.create.voter) =>
                {
                    let mut vote = disagreement.other.vote;
                    vote.block = disagreement.header.hash();
                    if vote.block != B256::ZERO {
                        let ballot = liar.voting.cast(vote);
                        twisted
                            .push(Action::Send(disagreement.create.voter, Message::Vote(ballot)));
                    }
                }
                Action::Send(_, Message::Evidence(first, _))
                    if liar.friends.contains(&first.voter) => {}
                action => twisted.push(action),
            }
        }
        twisted
    }
}

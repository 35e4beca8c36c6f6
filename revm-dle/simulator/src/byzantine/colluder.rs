//! Signs whatever a friend made, and never says anything against one.

use conet_committee::{Action, archive::item::Word, message::Message};

use super::{Behaviour, Liar};

pub(crate) struct Colluder;

impl Behaviour for Colluder {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let agree = |word: &Word, block| {
            let mut vote = word.ballot.vote;
            vote.block = block;
            Word { ballot: liar.voting.cast(vote), outcome: None }
        };
        let mut twisted = Vec::new();
        for action in actions {
            match action {
                Action::Send(to, Message::Word(word, hash)) if word.outcome.is_some() => {
                    twisted.push(Action::Send(to, Message::Word(agree(&word, hash), hash)));
                }
                Action::Send(to, Message::Disagreement(disagreement, body)) => {
                    let creator = disagreement.create.voter;
                    if liar.friends.contains(&creator) {
                        let word = agree(&disagreement.other, disagreement.header.hash());
                        twisted.push(Action::Send(creator, Message::Vote(word)));
                    } else {
                        twisted.push(Action::Send(to, Message::Disagreement(disagreement, body)));
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

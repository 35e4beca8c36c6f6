//! Refuses a block, lets it be voided, and then releases its signature for it.

use alloy::primitives::B256;
use conet_committee::{Action, archive::item::Word, message::Message};
use rand::Rng as _;

use super::{Behaviour, Liar};

/// How many signatures it keeps back.
const HELD_MAX: usize = 8;

#[derive(Default)]
pub(crate) struct LateSigner {
    held: Vec<(u64, Word, B256)>,
}

impl Behaviour for LateSigner {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let (mut twisted, mut everybody) = (Vec::new(), Vec::new());
        for action in actions {
            match action {
                Action::Send(to, Message::Word(word, hash)) if word.outcome.is_none() => {
                    everybody.push(to);
                    let is_new =
                        !self.held.iter().any(|(_, held, _)| held.ballot.vote == word.ballot.vote);
                    if is_new && self.held.len() < HELD_MAX {
                        let due = liar.now_ms + liar.rng.random_range(500..5_000);
                        self.held.push((due, word.clone(), hash));
                    }
                    let word = liar.refusal(&word, hash).unwrap_or(word);
                    twisted.push(Action::Send(to, Message::Word(word, hash)));
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
        for (_, word, hash) in self.held.iter().filter(|(due, ..)| *due <= liar.now_ms) {
            for to in &everybody {
                twisted.push(Action::Send(*to, Message::Word(word.clone(), *hash)));
            }
        }
        twisted
    }
}

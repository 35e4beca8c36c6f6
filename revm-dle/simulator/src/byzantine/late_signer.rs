//! Keeps its word on a block back, refusing it or saying nothing, lets the block be voided, and then releases its
//! signature for it. Where nothing voids the block, it does so some seconds later.

use alloy::primitives::B256;
use conet_committee::{Action, archive::item::Word, message::Message};
use rand::Rng as _;

use super::{Behaviour, Liar};

/// How many signatures it keeps back.
const HELD_MAX: usize = 8;

/// A signature that it keeps back.
struct Held {
    word: Word,
    hash: B256,
    /// When it releases it, whatever became of the block.
    due_ms: u64,
    /// Whether the block was void by then.
    is_void: bool,
}

#[derive(Default)]
pub(crate) struct LateSigner {
    held: Vec<Held>,
}

impl Behaviour for LateSigner {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let (mut twisted, mut everybody) = (Vec::new(), Vec::new());
        for action in actions {
            match action {
                Action::Send(to, Message::Word(word, hash)) if word.outcome.is_none() => {
                    everybody.push(to);
                    self.hold(&word, hash, liar);
                    // Which of both, all must see alike: else it is an equivocator.
                    if word.ballot.vote.height.is_multiple_of(2) {
                        let word = liar.refusal(&word, hash).unwrap_or(word);
                        twisted.push(Action::Send(to, Message::Word(word, hash)));
                    }
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
        for held in &mut self.held {
            held.is_void |= is_void(held, liar);
        }
        for held in self.held.iter().filter(|held| held.is_void || held.due_ms <= liar.now_ms) {
            for to in &everybody {
                let message = Message::Word(held.word.clone(), held.hash);
                twisted.push(Action::Send(*to, message));
            }
        }
        twisted
    }

    fn released(&self) -> usize {
        self.held.iter().filter(|held| held.is_void).count()
    }
}

impl LateSigner {
    fn hold(&mut self, word: &Word, hash: B256, liar: &mut Liar<'_>) {
        let is_new = !self.held.iter().any(|held| held.word.ballot.vote == word.ballot.vote);
        if is_new && self.held.len() < HELD_MAX {
            let due_ms = liar.now_ms + liar.rng.random_range(500..5_000);
            self.held.push(Held { word: word.clone(), hash, due_ms, is_void: false });
        }
    }
}

/// Whether the view is over in which the block could become final, and it did not.
fn is_void(held: &Held, liar: &Liar<'_>) -> bool {
    let vote = &held.word.ballot.vote;
    let chain = liar.state.and_then(|state| state.chains.get(&vote.chain));
    chain.is_some_and(|chain| chain.view > vote.view && chain.height < vote.height)
}

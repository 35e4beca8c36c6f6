//! Says again what it or others said long ago.

use conet_committee::{Action, message::Message};
use rand::Rng as _;

use super::{Behaviour, Liar};

/// How many messages it keeps.
const KEPT_MAX: usize = 256;

#[derive(Default)]
pub(crate) struct Replayer {
    kept: Vec<Message>,
    counted: usize,
}

impl Replayer {
    fn keep(&mut self, message: &Message) {
        self.counted += 1;
        // Some of all times: the first ones, and every seventh later on in the place of an older one.
        if self.kept.len() < KEPT_MAX {
            self.kept.push(message.clone());
        } else if self.counted.is_multiple_of(7)
            && let Some(old) = self.kept.get_mut(self.counted / 7 % KEPT_MAX)
        {
            *old = message.clone();
        }
    }
}

impl Behaviour for Replayer {
    fn twist(&mut self, mut actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        for action in &actions {
            if let Action::Send(_, message) = action {
                self.keep(message);
            }
        }
        while !self.kept.is_empty() && liar.rng.random_ratio(1, 5) {
            let message = self.kept.get(liar.rng.random_range(0..self.kept.len()));
            if let Some(message) = message.cloned() {
                actions.push(Action::Send(liar.somebody(), message));
            }
        }
        actions
    }

    fn hear(&mut self, message: &Message) {
        self.keep(message);
    }
}

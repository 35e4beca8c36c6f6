//! Says nothing for a while, or never again, to all or to some.

use conet_committee::Action;
use rand::Rng as _;

use super::{Behaviour, Liar};

#[derive(Default)]
pub(crate) struct Silent {
    until_ms: u64,
    half: bool,
}

impl Behaviour for Silent {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        if liar.now_ms >= self.until_ms && liar.rng.random_ratio(1, 100) {
            let lasts_ms = liar.rng.random_range(500..8_000);
            let is_dead = liar.rng.random_ratio(1, 6);
            self.until_ms = if is_dead { u64::MAX } else { liar.now_ms + lasts_ms };
            self.half = liar.rng.random_bool(0.5);
        }
        if liar.now_ms >= self.until_ms {
            return actions;
        }
        let half = self.half;
        let heard = |action: &Action| match action {
            Action::Send(to, _) => half && to.0.is_multiple_of(2),
            _ => true,
        };
        actions.into_iter().filter(heard).collect()
    }
}

/// Says nothing at all, ever.
pub(crate) struct Dead;

impl Behaviour for Dead {
    fn twist(&mut self, _actions: Vec<Action>, _liar: &mut Liar<'_>) -> Vec<Action> {
        Vec::new()
    }
}

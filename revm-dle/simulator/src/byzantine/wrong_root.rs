//! Makes blocks that say something wrong of what they give: its ledgers lie (see `ToyLedgers::lies`), its messages do not.

use conet_committee::Action;

use super::{Behaviour, Liar};

pub(crate) struct WrongRoot;

impl Behaviour for WrongRoot {
    fn twist(&mut self, actions: Vec<Action>, _liar: &mut Liar<'_>) -> Vec<Action> {
        actions
    }
}

//! States of final blocks that are not here: a few are asked for at a time.
//!
//! A newcomer lacks the states of all chains. It asks for [`ASKED_MAX`] of them, and for another one whenever one comes.
//! Where no answer comes for a while the next seat is asked in the next turn, and with it one of those who left and one of
//! the chain's own group: all seats may have lost it. What nobody has is in nobody's way: the turn goes on to other chains.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
};

use alloy::primitives::B256;

use super::desk::Desk;
use crate::{keys::NodeId, message::Message, outbox::Outbox};

/// The most states that are asked for at a time.
pub(super) const ASKED_MAX: usize = 64;

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Asking {
    /// The chain that was asked for last: those after it are next.
    last: Option<B256>,
    /// How many were asked for in this turn, and have not come.
    open: usize,
    /// How often each was asked for.
    tries: BTreeMap<B256, usize>,
    /// Some came since the turn began: those that did not are still on their way.
    is_answered: bool,
}

impl Asking {
    /// When nothing comes any more, what was not answered is asked for again, after all others.
    fn begin_turn(&mut self, missing: &BTreeMap<B256, B256>) {
        if std::mem::take(&mut self.is_answered) {
            return;
        }
        self.open = 0;
        self.tries.retain(|chain, _| missing.contains_key(chain));
        let is_last = |last| missing.range((Excluded(last), Unbounded)).next().is_none();
        self.last = self.last.filter(|last| !is_last(*last));
    }

    /// The next state to ask for: of which chain, after which block, and how often it was asked for before.
    fn next(&mut self, missing: &BTreeMap<B256, B256>) -> Option<(B256, B256, usize)> {
        if self.open >= ASKED_MAX {
            return None;
        }
        let from = self.last.map_or(Unbounded, Excluded);
        let (chain, hash) = missing.range((from, Unbounded)).next()?;
        (self.last, self.open) = (Some(*chain), self.open + 1);
        let tries = self.tries.entry(*chain).or_default();
        let before = *tries;
        *tries = before.wrapping_add(1);
        Some((*chain, *hash, before))
    }

    fn found(&mut self, chain: B256) {
        self.is_answered = true;
        self.open = self.open.saturating_sub(1);
        self.tries.remove(&chain);
    }
}

impl Desk {
    /// Asks for states that are not here: also when it has no seat any more, for those who sit now may ask it for them.
    pub(super) fn ask_for_missing(&mut self, out: &mut Outbox) {
        self.asking.begin_turn(&self.missing);
        self.ask_for_more(out);
    }

    /// A state has come.
    pub(super) fn found_missing(&mut self, chain: B256, out: &mut Outbox) {
        self.missing.remove(&chain);
        self.asking.found(chain);
        self.ask_for_more(out);
    }

    fn ask_for_more(&mut self, out: &mut Outbox) {
        while let Some((chain, hash, tries)) = self.asking.next(&self.missing) {
            for node in self.whom_to_ask(chain, tries) {
                out.send(node, Message::FetchState { hash });
            }
        }
    }

    /// Not all chains begin with the same seat.
    fn whom_to_ask(&self, chain: B256, tries: usize) -> Vec<NodeId> {
        let me = self.voting.me;
        let others = |nodes: &[NodeId]| -> Vec<_> {
            nodes.iter().copied().filter(|node| *node != me).collect()
        };
        let at =
            |nodes: Vec<NodeId>, place: usize| nodes.get(place.checked_rem(nodes.len())?).copied();
        let of_chain = chain.last().copied().map_or(0, usize::from);
        let first = of_chain.wrapping_add(usize::try_from(me.0).unwrap_or_default());
        let seat = at(others(self.seats.nodes()), first.wrapping_add(tries));
        let Some(again) = tries.checked_sub(1) else { return seat.into_iter().collect() };
        let group = self.state.chains.get(&chain).into_iter().flat_map(|chain| chain.group());
        let group: Vec<_> = group.collect();
        let more = [at(others(&self.left), again), at(others(&group), again)];
        seat.into_iter().chain(more.into_iter().flatten()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(count: u64) -> BTreeMap<B256, B256> {
        let chain = |number: u64| B256::left_padding_from(&number.to_be_bytes());
        (0..count).map(|number| (chain(number), chain(number + count))).collect()
    }

    fn all(asking: &mut Asking, missing: &BTreeMap<B256, B256>) -> Vec<(B256, usize)> {
        std::iter::from_fn(|| asking.next(missing))
            .map(|(chain, _, tries)| (chain, tries))
            .collect()
    }

    #[test]
    fn ten_thousand_states_come_in_one_turn_and_never_more_than_some_are_open() {
        let (mut missing, mut asking) = (missing(10_000), Asking::default());
        asking.begin_turn(&missing);
        let mut open = all(&mut asking, &missing);
        let mut asked = open.len();
        while let Some((chain, tries)) = open.pop() {
            assert!(open.len() < ASKED_MAX && tries == 0);
            missing.remove(&chain);
            asking.found(chain);
            let more = all(&mut asking, &missing);
            asked += more.len();
            open.extend(more);
        }
        assert_eq!((asked, missing.len(), asking.tries.len()), (10_000, 0, 0));
    }

    #[test]
    fn what_nobody_has_is_asked_for_by_turns() {
        let (missing, mut asking) = (missing(150), Asking::default());
        let mut turn = || {
            asking.begin_turn(&missing);
            all(&mut asking, &missing)
        };
        let (first, second, third, fourth) = (turn(), turn(), turn(), turn());
        assert_eq!([first.len(), second.len(), third.len()], [ASKED_MAX, ASKED_MAX, 22]);
        let once: std::collections::BTreeSet<_> =
            first.iter().chain(&second).chain(&third).map(|(chain, _)| *chain).collect();
        assert_eq!(once.len(), 150);
        assert!(fourth.iter().zip(&first).all(|(again, before)| again == &(before.0, 1)));
    }
}

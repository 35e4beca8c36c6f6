//! Who gave two votes that exclude each other, and before whom.

use std::collections::BTreeSet;

use conet_bindings::ledger::Vote;
use conet_committee::{archive::State, keys::NodeId, message::Message, seats::Seats};

use super::{Key, Oracle, Violation, key, votes::shown_ballots};

impl Oracle {
    /// A message reached an honest seat: the votes in it are known there. It keeps first votes only as long as they may
    /// count, but knows second ones whenever it sees them.
    pub(crate) fn see_delivered(&mut self, seat: NodeId, state: &State, message: &Message) {
        if let Message::Evidence(first, second) = message {
            let signed = [first, second].map(|ballot| self.is_signed(key(ballot), ballot));
            if key(first) == key(second)
                && first.vote.block != second.vote.block
                && signed == [true; 2]
            {
                self.see_cheat(seat, state, key(first));
            }
        }
        for ballot in shown_ballots(message) {
            let key = key(ballot);
            let first = self.shown.get(&seat).and_then(|shown| shown.get(&key)).copied();
            // Anybody may put anybody's name on a vote.
            if first == Some(ballot.vote.block) || !self.is_signed(key, ballot) {
                continue;
            }
            match first {
                None if !is_open(state, &ballot.vote) => {}
                None => {
                    let shown = self.shown.entry(seat).or_default();
                    shown.insert(key, ballot.vote.block);
                }
                Some(_) => self.see_cheat(seat, state, key),
            }
        }
    }

    /// An honest seat sees a vote that excludes one before.
    fn see_cheat(&mut self, seat: NodeId, state: &State, key: Key) {
        let cheat = key.0;
        self.cheats.entry((cheat, state.seats.group)).or_insert((seat, key));
        if !state.barred.contains(&cheat) {
            self.reports.see_cheat(cheat);
        }
    }

    /// How many were seen to cheat.
    pub(crate) fn cheats(&self) -> usize {
        let cheats: BTreeSet<_> = self.cheats.keys().map(|(cheat, _)| cheat).collect();
        cheats.len()
    }

    /// At the end: are all barred who were seen?
    pub(crate) fn check_cheats(
        &self,
        newest: &Seats,
        barred: impl Fn(NodeId) -> bool,
    ) -> Result<(), Violation> {
        // Who left has told others what it saw, and nobody can be sure that they heard it.
        let seated = |(_, (witness, _)): &(_, &(NodeId, _))| newest.contains(*witness);
        for ((cheat, _), (witness, (_, chain, height, view, epoch, phase))) in
            self.cheats.iter().filter(seated)
        {
            if !barred(*cheat) {
                let vote = (*chain, *height, *view, *epoch, *phase);
                return Err(Violation::CheatAtLarge { cheat: *cheat, witness: *witness, vote });
            }
        }
        self.groups.get(&newest.group).map_or(Ok(()), |group| group.check_liars(barred))
    }
}

/// Whether a vote is about this epoch's log, or about a block that may still come into it.
fn is_open(state: &State, vote: &Vote) -> bool {
    let is_about_log = vote.chain == state.seats.log;
    let chain = state.chains.get(&vote.chain);
    vote.epoch == state.seats.epoch
        && (is_about_log
            || chain.is_some_and(|chain| vote.height > chain.height && vote.view >= chain.view))
}

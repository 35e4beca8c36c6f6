//! Who gave two votes that exclude each other, and before whom.

use std::collections::BTreeSet;

use conet_committee::{keys::NodeId, message::Message, seats::Seats, vote::Ballot};

use super::{Oracle, Violation, key, place, votes::shown_ballots};

impl Oracle {
    /// An honest node reports two votes on the main chain.
    pub(crate) fn see_report(
        &self,
        node: NodeId,
        first: &Ballot,
        second: &Ballot,
    ) -> Result<(), Violation> {
        let accused = first.voter;
        let differ = place(first) == place(second) && first.vote.block != second.vote.block;
        if self.is_honest(accused) || accused != second.voter || !differ {
            return Err(Violation::FalseReport { node, accused });
        }
        Ok(())
    }

    /// A message reached an honest seat: the votes in it are known there. It keeps no first votes of other epochs or
    /// groups, but knows second ones when it sees them.
    pub(crate) fn see_delivered(&mut self, seat: NodeId, seats: &Seats, message: &Message) {
        for ballot in shown_ballots(message) {
            let key = key(ballot);
            let first = self.shown.get(&seat).and_then(|shown| shown.get(&key)).copied();
            // Anybody may put anybody's name on a vote.
            if first == Some(ballot.vote.block) || !self.is_signed(key, ballot) {
                continue;
            }
            let is_here = self.number_about(ballot.vote.chain) == Some(seats.group);
            let shown = self.shown.entry(seat).or_default();
            match first {
                None if ballot.vote.epoch != seats.epoch || !is_here => {}
                None => drop(shown.insert(key, ballot.vote.block)),
                Some(_) => {
                    let cheat = (ballot.voter, seats.group);
                    self.cheats.entry(cheat).or_insert((seat, key));
                }
            }
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

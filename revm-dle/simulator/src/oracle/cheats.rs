//! Who gave two votes that exclude each other, and before whom.

use std::collections::BTreeSet;

use alloy::primitives::B256;
use conet_bindings::ledger::Vote;
use conet_committee::{archive::State, keys::NodeId, message::Message, seats::Seats, vote::Ballot};
use conet_ledger::block::Proposal;

use super::{Key, Oracle, Violation, key, votes::shown_ballots};

impl Oracle {
    /// A message reached an honest seat: the votes in it are known there. It keeps first votes only as long as they may
    /// count, but knows second ones whenever it sees them.
    pub(crate) fn see_delivered(&mut self, seat: NodeId, state: &State, message: &Message) {
        if let Message::Evidence(first, second) = message {
            let signed = [first, second].map(|ballot| self.is_signed(key(ballot), ballot));
            let differ = key(first) == key(second) && first.vote.block != second.vote.block;
            if differ && signed == [true; 2] {
                self.see_cheat(seat, state, key(first));
            }
        }
        let keeps = self.takes_block(seat, state, message);
        for ballot in shown_ballots(message) {
            let is_open = is_open(state, &ballot.vote);
            if keeps || !is_open {
                self.see_shown((seat, state), ballot, is_open);
            }
        }
    }

    /// Whether a seat looks at the votes of a message, if they may still count: of a block that it judges already it has
    /// some.
    fn takes_block(&mut self, seat: NodeId, state: &State, message: &Message) -> bool {
        let (header, body) = match message {
            Message::Certified(block, body) => (&block.header, body),
            Message::Disagreement(why, body) => (&why.header, body),
            _ => return true,
        };
        let ballots = shown_ballots(message);
        let can_be = body.hash() == header.proposal.body_hash
            && ballots.iter().all(|ballot| self.is_signed(key(ballot), ballot))
            && is_open_block(state, &header.proposal);
        can_be && self.judged.entry(seat).or_default().insert(header.hash())
    }

    fn see_shown(&mut self, (seat, state): (NodeId, &State), ballot: &Ballot, keeps: bool) {
        let key = key(ballot);
        let first = self.shown.get(&seat).and_then(|shown| shown.get(&key)).copied();
        // Anybody may put anybody's name on a vote.
        if first == Some(ballot.vote.block) || !self.is_signed(key, ballot) {
            return;
        }
        match first {
            None if !keeps => {}
            None => {
                let shown = self.shown.entry(seat).or_default();
                shown.insert(key, ballot.vote.block);
            }
            Some(_) => self.see_cheat(seat, state, key),
        }
    }

    /// An honest seat passes the vote of a member on that was accused of silence: it has noted it.
    pub(crate) fn see_passed_on(&mut self, seat: NodeId, state: &State, message: &Message) {
        if let Message::Vote(word) = message {
            self.see_shown((seat, state), &word.ballot, true);
        }
    }

    /// An honest seat's own word: it judges a block, however that came.
    pub(super) fn see_said(&mut self, from: NodeId, message: &Message) {
        if let Message::Word(word, hash) = message
            && word.ballot.voter == from
        {
            self.see_judged(from, *hash);
        }
    }

    /// A seat that comes back still judges a block.
    pub(crate) fn see_judged(&mut self, seat: NodeId, hash: B256) {
        self.judged.entry(seat).or_default().insert(hash);
    }

    /// A node that stops forgets what it saw.
    pub(super) fn forget_seen(&mut self, node: NodeId) {
        self.shown.remove(&node);
        self.judged.remove(&node);
        self.cheats.retain(|_, witnesses| {
            witnesses.remove(&node);
            !witnesses.is_empty()
        });
    }

    /// An honest seat sees a vote that excludes one before.
    fn see_cheat(&mut self, seat: NodeId, state: &State, key: Key) {
        let cheat = key.0;
        let witnesses = self.cheats.entry((cheat, state.seats.group)).or_default();
        witnesses.entry(seat).or_insert(key);
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
        for ((cheat, _), witnesses) in &self.cheats {
            let mut seated = witnesses.iter().filter(|(witness, _)| newest.contains(**witness));
            let seen = seated.next().filter(|_| !barred(*cheat));
            if let Some((witness, (_, chain, height, view, epoch, phase))) = seen {
                let vote = (*chain, *height, *view, *epoch, *phase);
                return Err(Violation::CheatAtLarge { cheat: *cheat, witness: *witness, vote });
            }
        }
        self.groups.get(&newest.group).map_or(Ok(()), |group| group.check_liars(barred))
    }
}

/// Whether a vote is about this epoch's log, or about a block that may still come into it.
fn is_open(state: &State, vote: &Vote) -> bool {
    let is_about_log = vote.chain == state.seats.log && vote.epoch == state.seats.epoch;
    is_about_log || may_come(state, (vote.chain, vote.height, vote.view, vote.epoch))
}

fn is_open_block(state: &State, about: &Proposal) -> bool {
    may_come(state, (about.chain, about.height, about.view, about.epoch))
}

fn may_come(state: &State, (chain, height, view, epoch): (B256, u64, u64, u64)) -> bool {
    let chain = state.chains.get(&chain);
    let is_next = chain.is_some_and(|chain| height > chain.height && view >= chain.view);
    epoch == state.seats.epoch && is_next
}

//! Votes that a seat has seen, so that it knows a second one that excludes the first, however late it comes.

use std::collections::{BTreeMap, VecDeque};

use alloy::primitives::B256;

use super::desk::Desk;
use crate::{
    archive::{Item, traps::Caught},
    keys::NodeId,
    log::LOOKAHEAD,
    message::Message,
    outbox::Outbox,
    vote::Ballot,
};

/// How many votes are kept; the oldest go first.
const SEEN_MAX: usize = 1 << 17;

/// Who voted in which chain, height, view, epoch and phase.
type Key = (NodeId, B256, u64, u64, u64, u8);

/// How far behind the newest final entry votes about the log are still kept.
const VIEWS_BEHIND: u64 = 1_024;

/// One vote of each voter in each place. Its signature is checked at the latest when another excludes it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    ballots: BTreeMap<Key, Ballot>,
    order: VecDeque<Key>,
}

impl Seen {
    /// Keeps a vote; returns one that it excludes.
    fn note(&mut self, ballot: &Ballot) -> Option<Ballot> {
        let key = key(ballot);
        if let Some(known) = self.ballots.get(&key) {
            return known.conflicts(ballot).then(|| known.clone());
        }
        if self.order.len() >= SEEN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.ballots.remove(&oldest);
        }
        self.ballots.insert(key, ballot.clone());
        self.order.push_back(key);
        None
    }

    /// Takes a vote in the place of one that nobody signed.
    fn replace(&mut self, ballot: &Ballot) {
        self.ballots.insert(key(ballot), ballot.clone());
    }

    fn conflicting(&self, ballot: &Ballot) -> Option<&Ballot> {
        self.ballots.get(&key(ballot)).filter(|known| known.conflicts(ballot))
    }
}

const fn key(ballot: &Ballot) -> Key {
    let vote = &ballot.vote;
    (ballot.voter, vote.chain, vote.height, vote.view, vote.epoch, vote.phase)
}

impl Desk {
    /// Notes a vote whose signature holds.
    pub(super) fn saw(&mut self, ballot: &Ballot, out: &mut Outbox) {
        if let Some(first) = self.seen.note(ballot) {
            if self.voting.is_valid(&first) {
                self.convict(first, ballot.clone(), out);
            } else {
                self.seen.replace(ballot);
            }
        }
    }

    /// Looks at a vote about the log that came from its voter. Most need no check: a certificate says the same already,
    /// or the view is long over. A second one shows what both are worth.
    pub(super) fn glance(&mut self, from: NodeId, view: u64, ballot: &Ballot, out: &mut Outbox) {
        let about = &ballot.vote;
        let is_near = about.view.saturating_add(VIEWS_BEHIND) >= view
            && about.view <= view.saturating_add(LOOKAHEAD);
        let is_own = from == ballot.voter && self.seats.contains(from);
        let is_near = is_near && about.epoch == self.seats.epoch;
        if !is_own || !is_near || about.chain != self.seats.log || about.height != 0 {
            return self.look_back(ballot, out);
        }
        if let Some(first) = self.seen.note(ballot)
            && self.voting.is_valid(ballot)
        {
            if self.voting.is_valid(&first) {
                self.convict(first, ballot.clone(), out);
            } else {
                self.seen.replace(ballot);
            }
        }
    }

    /// Looks at a vote that nothing else needs any more.
    pub(super) fn look_back(&mut self, ballot: &Ballot, out: &mut Outbox) {
        if let Some(first) = self.seen.conflicting(ballot).cloned()
            && self.voting.is_valid(ballot)
            && self.voting.is_valid(&first)
        {
            self.convict(first, ballot.clone(), out);
        }
    }

    /// Two votes that another node says exclude each other.
    pub(super) fn take_evidence(&mut self, first: Ballot, second: Ballot, out: &mut Outbox) {
        let may_count = first.conflicts(&second) && self.is_at_large(first.voter);
        if may_count && self.voting.is_valid(&first) && self.voting.is_valid(&second) {
            self.convict(first, second, out);
        }
    }

    /// Somebody fell into a trap, as its setter says. All seats hear of it.
    pub(super) fn take_caught(&mut self, caught: Caught, out: &mut Outbox) {
        // Once is enough: one node can sign as much of it as it likes.
        let voter = caught.ballot.voter;
        let is_known =
            |item: &Item| matches!(item, Item::Caught(known) if known.ballot.voter == voter);
        if self.items.iter().any(is_known) || self.state.check_caught(&caught).is_err() {
            return;
        }
        // Where it finds no room, others will have it: nobody passes on what it does not keep.
        if self.queue(Item::Caught(Box::new(caught.clone()))) {
            self.saw(&caught.ballot, out);
            out.send_all(self.seats.nodes(), Message::Caught(Box::new(caught)));
        }
    }

    fn is_at_large(&self, node: NodeId) -> bool {
        let is_accused =
            |item: &Item| matches!(item, Item::Evidence(first, _) if first.voter == node);
        !self.state.barred.contains(&node) && !self.items.iter().any(is_accused)
    }

    /// Reports two votes, once.
    pub(super) fn convict(&mut self, first: Ballot, second: Ballot, out: &mut Outbox) {
        if self.is_at_large(first.voter) {
            out.report(first.clone(), second.clone());
            out.send_all(self.seats.nodes(), Message::Evidence(first.clone(), second.clone()));
            self.queue(Item::Evidence(first, second));
        }
    }
}

//! The rules, told once more, by somebody who sees everything and trusts nobody's code.
//!
//! Checked at every step of every honest node:
//!
//! - one entry at each height of the log, on the one before, with more than two thirds of the seats behind it, and a time
//!   that can be;
//! - an honest node writes a vote down before it says it, gives one only, and has reason for it: for an entry that its
//!   parent is notarized and the views between are given up, for a block that executing gives it and that its parent is
//!   final or signed by its whole group;
//! - one final block at each height of a chain, with the votes of its whole group and of every active seat;
//! - a final block is what executing it gives, by arithmetic written anew here, and no money appears or vanishes;
//! - seeds are signed when their entries are final, and draw whom they must; whoever wishes to be drawn and has room for
//!   another chain waits, in the order of the log, and nobody else;
//! - an honest seat that restarts still has the newest proof of where a chain stands that it ever told;
//! - no honest node is found guilty, reported or barred, and more than two thirds of the seats stay active;
//! - an epoch begins with the one state that the one before ended with, and those whom the main chain named; heights go on,
//!   chains begin new views, and no draw outlives its epoch.
//!
//! And at the end, long after the network healed: every payment was made, every honest seat is active; whoever gave two
//! votes that exclude each other before one and the same honest seat, was proven wrong about a final block, or signed what
//! a trap told it, is barred.

mod books;
mod cast;
mod draws;
mod log;
mod main_chain;
mod proofs;
mod traps;
mod violation;
mod votes;
mod waits;

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{
    archive::State,
    keys::{Compact, NodeId},
    log::Entry,
    message::Message,
    seat::Seat,
    seats::Seats,
    vote::{Ballot, Voting},
};
use conet_ledger::block::{Body, Header};

use crate::scenario::Scenario;

use books::Books;
use cast::Cast;
use draws::Draws;
use log::Log;
use proofs::Proofs;
use traps::Traps;
pub use violation::Violation;
use votes::{Votes, all_ballots, shown_ballots};

/// Who voted where.
type Key = (NodeId, B256, u64, u64, u64, u8);

/// Of a vote: its chain, height, view, epoch and phase. A node votes once in each.
pub(crate) type Place = (B256, u64, u64, u64, u8);

/// Where a ballot counts.
pub(crate) const fn place(ballot: &Ballot) -> Place {
    let vote = &ballot.vote;
    (vote.chain, vote.height, vote.view, vote.epoch, vote.phase)
}

const fn key(ballot: &Ballot) -> Key {
    let (chain, height, view, epoch, phase) = place(ballot);
    (ballot.voter, chain, height, view, epoch, phase)
}

const fn is_quorum(found: usize, seats: usize) -> bool {
    3 * found > 2 * seats
}

/// Sees all.
#[derive(Debug)]
pub(crate) struct Oracle {
    cast: Cast,
    log: Log,
    books: Books,
    votes: Votes,
    draws: Draws,
    traps: Traps,
    proofs: Proofs,
    voting: Voting,
    /// Signatures that hold, by what they are under.
    signed: BTreeMap<(Key, B256), Compact>,
    /// What each honest seat was shown since it last started.
    shown: BTreeMap<NodeId, BTreeMap<Key, B256>>,
    /// Who gave two votes, and before whom.
    cheats: BTreeMap<NodeId, (NodeId, Key)>,
    /// Seeds for the main chain, by number.
    beacons: BTreeMap<u64, B256>,
}

impl Oracle {
    /// `secret`: what seeds follow from, if they are toys. `voting`: checks signatures.
    pub(crate) fn new(scenario: &Scenario, secret: Option<u64>, voting: Voting) -> Self {
        let chains: Vec<_> = scenario.chains.iter().map(|opening| opening.chain).collect();
        Self {
            cast: Cast::new(scenario.honest(), scenario.seats.clone()),
            log: Log::default(),
            books: Books::new(&chains),
            votes: Votes::default(),
            draws: Draws::new(secret),
            traps: Traps::default(),
            proofs: Proofs::default(),
            voting,
            signed: BTreeMap::new(),
            shown: BTreeMap::new(),
            cheats: BTreeMap::new(),
            beacons: BTreeMap::new(),
        }
    }

    pub(crate) fn is_honest(&self, node: NodeId) -> bool {
        self.cast.is_honest(node)
    }

    /// A message is on its way. `written` are the votes in its sender's journal.
    pub(crate) fn see_sent(
        &mut self,
        from: NodeId,
        message: &Message,
        written: &BTreeMap<Place, B256>,
    ) -> Result<(), Violation> {
        self.books.see_blocks(message);
        if !self.is_honest(from) {
            return Ok(());
        }
        self.traps.see_sent(from, message);
        self.proofs.see_sent(from, message);
        if let Message::SeedPart { height, .. } = message
            && !self.log.has(*height)
        {
            return Err(Violation::EarlySeed { node: from, height: *height });
        }
        if let Message::Certified(block, _) = message {
            for ballot in &block.ballots {
                if !self.is_signed(key(ballot), ballot) {
                    return Err(Violation::Unsigned { node: from, voter: ballot.voter });
                }
            }
        }
        for ballot in all_ballots(message).filter(|ballot| ballot.voter == from) {
            if !self.votes.note(ballot, written)? {
                continue;
            }
            if self.log.is_about(ballot) {
                self.log.check_vote(&self.cast, ballot)?;
                self.log.count(ballot);
            } else {
                self.books.check_vote(&self.cast, ballot)?;
                self.books.count(ballot);
            }
        }
        Ok(())
    }

    /// An honest seat that comes back has the proofs that it told others.
    pub(crate) fn see_proofs(&self, node: NodeId, seat: &Seat) -> Result<(), Violation> {
        self.proofs.check(node, seat)
    }

    /// A node that comes back counts the votes in its journal, also those that it had no time to say.
    pub(crate) fn see_restored(&mut self, ballot: &Ballot) {
        if self.log.is_about(ballot) {
            self.log.count(ballot);
        } else {
            self.books.count(ballot);
        }
    }

    /// An honest seat writes down an entry that it may vote for.
    pub(crate) fn see_draft(&mut self, entry: &Entry) {
        self.log.see_draft(&entry.header);
    }

    /// An honest seat made an entry final.
    pub(crate) fn see_entry(
        &mut self,
        node: NodeId,
        entry: &Entry,
        now_ms: u64,
    ) -> Result<(), Violation> {
        if self.log.see_entry(&self.cast, node, entry, now_ms)? {
            self.cast.see_items(entry)?;
            self.books.see_items(&entry.items);
            self.draws.see_items(entry)?;
            self.traps.see_items(entry)?;
        }
        Ok(())
    }

    /// An honest seat holds a certificate for why its newest entry is final.
    pub(crate) fn see_certificate(
        &self,
        node: NodeId,
        certificate: &conet_committee::log::Certificate,
    ) -> Result<(), Violation> {
        self.log.check_certificate(&self.cast, node, certificate)
    }

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

    /// A message reached an honest seat of an epoch: the votes in it are known there. It keeps no first votes of other
    /// epochs, but knows second ones when it sees them.
    pub(crate) fn see_delivered(&mut self, seat: NodeId, epoch: u64, message: &Message) {
        for ballot in shown_ballots(message) {
            let key = key(ballot);
            let first = self.shown.get(&seat).and_then(|shown| shown.get(&key)).copied();
            // Anybody may put anybody's name on a vote.
            if first == Some(ballot.vote.block) || !self.is_signed(key, ballot) {
                continue;
            }
            let shown = self.shown.entry(seat).or_default();
            match first {
                None if ballot.vote.epoch != epoch => {}
                None => drop(shown.insert(key, ballot.vote.block)),
                Some(_) => drop(self.cheats.entry(ballot.voter).or_insert((seat, key))),
            }
        }
    }

    fn is_signed(&mut self, key: Key, ballot: &Ballot) -> bool {
        let known = self.signed.get(&(key, ballot.vote.block));
        if ballot.proof.is_none() && known == Some(&ballot.signature) {
            return true;
        }
        let holds = self.voting.is_valid(ballot);
        if holds && ballot.proof.is_none() {
            self.signed.insert((key, ballot.vote.block), ballot.signature);
        }
        holds
    }

    /// A message reached an honest member: a vote in it may be for what it told.
    pub(crate) fn see_vote(&mut self, member: NodeId, message: &Message) {
        if let Message::Vote(word) = message
            && self.is_signed(key(&word.ballot), &word.ballot)
        {
            self.traps.see_delivered(member, message);
        }
    }

    /// How many fell into a trap, as the log says.
    pub(crate) fn caught(&self) -> usize {
        self.traps.caught()
    }

    /// A node that stops forgets what was not worth a line in its journal.
    pub(crate) fn see_stopped(&mut self, node: NodeId) {
        self.traps.see_stopped(node);
        self.shown.remove(&node);
        self.cheats.retain(|_, (witness, _)| *witness != node);
    }

    /// The state of an honest seat after an entry. `before`: the height that it had before.
    pub(crate) fn see_state(
        &mut self,
        node: NodeId,
        state: &State,
        before: u64,
    ) -> Result<(), Violation> {
        for barred in &state.barred {
            if self.cast.is_honest(*barred) {
                return Err(Violation::HonestBarred { node, barred: *barred });
            }
        }
        for finding in &state.findings {
            if self.cast.is_honest(finding.node) {
                return Err(Violation::HonestBarred { node, barred: finding.node });
            }
        }
        let seats = self.cast.check_seats(node, &state.seats)?;
        let lost = seats.iter().filter(|seat| state.barred.contains(*seat)).count();
        if !is_quorum(state.active.len() + lost, seats.len()) {
            return Err(Violation::TooFewActive { node, active: state.active.len() });
        }
        self.draws.see_state(&self.cast, state)?;
        for chain in state.chains.values() {
            self.books.see_group(chain);
            self.cast.see_view(node, state, chain)?;
            if let Some(lost) = self.books.see_places(&self.cast, chain) {
                return Err(Violation::LostPlace { node: lost, chain: chain.id, view: chain.view });
            }
            // Who was active when a block became final is known when nothing else happened since.
            let is_next = state.height == before + 1 && self.log.has(state.height);
            let asked = (is_next && state.has_begun()).then_some(&state.active);
            let asked = asked.map(|active| self.log.without_returned(state.height, active));
            self.books.see_final(&self.cast, node, (chain.id, chain.height, chain.hash), asked)?;
        }
        Ok(())
    }

    /// What a seat that lies holds for final: it follows the log as all do.
    pub(crate) fn see_chains(&mut self, node: NodeId, state: &State) -> Result<(), Violation> {
        for chain in state.chains.values() {
            self.books.see_group(chain);
            self.books.see_final(&self.cast, node, (chain.id, chain.height, chain.hash), None)?;
        }
        Ok(())
    }

    /// What an honest member holds for final.
    pub(crate) fn see_notice(
        &mut self,
        node: NodeId,
        (chain, height, hash): (B256, u64, B256),
    ) -> Result<(), Violation> {
        self.books.see_final(&self.cast, node, (chain, height, hash), None)
    }

    /// How many payments an account has made on a chain.
    pub(crate) fn paid(&self, chain: B256, account: u64) -> u64 {
        self.books.paid(chain, account)
    }

    /// How many blocks are final, over all chains.
    pub(crate) fn blocks(&self) -> usize {
        self.books.count_final()
    }

    /// How many entries are final.
    pub(crate) fn entries(&self) -> usize {
        self.log.len()
    }

    /// How many were seen to cheat.
    pub(crate) fn cheats(&self) -> usize {
        self.cheats.len()
    }

    /// All blocks that were ever sent.
    pub(crate) const fn blocks_sent(&self) -> &BTreeMap<B256, (Header, Body)> {
        &self.books.known
    }

    /// At the end: are all barred who were seen?
    pub(crate) fn check_cheats(
        &self,
        newest: &Seats,
        barred: impl Fn(NodeId) -> bool,
    ) -> Result<(), Violation> {
        // Who left has told others what it saw, and nobody can be sure that they heard it.
        let seated = |(_, (witness, _)): &(_, &(NodeId, _))| newest.contains(*witness);
        for (cheat, (witness, (_, chain, height, view, epoch, phase))) in
            self.cheats.iter().filter(seated)
        {
            if !barred(*cheat) {
                let vote = (*chain, *height, *view, *epoch, *phase);
                return Err(Violation::CheatAtLarge { cheat: *cheat, witness: *witness, vote });
            }
        }
        for liar in self.traps.guilty() {
            if !barred(liar) {
                let what = "it signed what a trap told it";
                return Err(Violation::LiarAtLarge { liar, what });
            }
        }
        for liar in self.books.proven_wrong(&self.cast) {
            if !barred(liar) {
                let what = "a quorum of seats found against it";
                return Err(Violation::LiarAtLarge { liar, what });
            }
        }
        Ok(())
    }
}

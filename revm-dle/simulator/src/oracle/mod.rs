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
//! - a final block says all that executing it gives, by arithmetic written anew here, and no money appears or vanishes;
//! - seeds are signed when their entries are final, and draw whom they must; whoever wishes to be drawn and has room for
//!   another chain waits, in the order of the log, and nobody else;
//! - who is accused of silence was brought what it shall answer, by honest seats, and that was its own chain's;
//! - an honest seat that restarts still has the newest proof of where a chain stands that it ever told;
//! - no honest node is found guilty, reported or barred, and more than two thirds of the seats stay active; whoever sees
//!   two votes of a node reports them, and every seat tells the main chain what its log found, and nothing else;
//! - an epoch begins with the one state that the one before ended with, and those whom the main chain named, but for some
//!   who did not do their part; heights go on, chains begin new views, and no draw outlives its epoch;
//! - when a group splits, all this holds on in each half; both begin with the one state, a chain is kept by one of them, by
//!   the next bit of its id, nobody waits to be drawn in both, and nobody waits for more chains than it has room for.
//!
//! And at the end, long after the network healed: every payment was made, every honest seat is active; whoever gave two
//! votes that exclude each other before one and the same honest seat, was proven wrong about a final block, or signed what
//! a trap told it, is barred, by each group that knows.
//!
//! ```text
//! mod.rs                       which group something is about, and what is the same in all
//! votes, cheats, witnesses     who voted where, and twice before whom
//! reports                      what the main chain is told of who cheats
//! group.rs, tree.rs            the rules of one group, and what falls to it when the one above splits
//! cast, successions, log       who sits and who lies, who sits next, the entries
//! books, sums, draws, waits    chains and what their blocks give, draws, who waits
//! complaints, traps            who is accused of silence; who signs what it is told
//! counts.rs                    how much there was
//! main_chain.rs                what passes between the seats and the main chain
//! ```

mod books;
mod cast;
mod cheats;
mod complaints;
mod counts;
mod draws;
mod group;
mod log;
mod main_chain;
mod proofs;
mod reports;
mod successions;
mod sums;
mod traps;
mod tree;
mod violation;
mod votes;
mod waits;
mod witnesses;

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;
use conet_committee::{
    archive::{State, item::Joining},
    keys::{Compact, NodeId},
    log::{Certificate, Entry, EntryHeader},
    message::Message,
    seat::Seat,
    vote::{Ballot, Voting},
};
use conet_ledger::block::{Body, Header};

use crate::{keys::PARTS_MAX, scenario::Scenario};

use books::Books;
use cast::Cast;
use complaints::Complaints;
use draws::Draws;
use group::Group;
use log::Log;
use proofs::Proofs;
use reports::{Findings, Reports};
use successions::Successions;
use traps::Traps;
pub use violation::Violation;
use votes::{Votes, all_ballots};
use witnesses::Witnesses;

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
    honest: BTreeSet<NodeId>,
    /// Each by its rules, also those that split.
    groups: BTreeMap<u32, Group>,
    votes: Votes,
    proofs: Proofs,
    reports: Reports,
    witnesses: Witnesses,
    voting: Voting,
    /// Signatures that hold, by what they are under.
    signed: BTreeMap<(Key, B256), Compact>,
    /// What each honest seat was shown since it last started.
    shown: BTreeMap<NodeId, BTreeMap<Key, B256>>,
    /// The blocks that each of them judges.
    judged: BTreeMap<NodeId, BTreeSet<B256>>,
    /// Who gave two votes before seats of which group, and before whom.
    cheats: BTreeMap<(NodeId, u32), BTreeMap<NodeId, Key>>,
}

impl Oracle {
    /// `secret`: what seeds follow from, if they are toys. `voting`: checks signatures.
    pub(crate) fn new(
        scenario: &Scenario,
        main_chain_id: u64,
        secret: Option<u64>,
        voting: Voting,
    ) -> Self {
        let root = Group::new(scenario, main_chain_id, secret);
        Self {
            honest: scenario.honest(),
            groups: BTreeMap::from([(root.number, root)]),
            votes: Votes::default(),
            proofs: Proofs::default(),
            reports: Reports::default(),
            witnesses: Witnesses::default(),
            voting,
            signed: BTreeMap::new(),
            shown: BTreeMap::new(),
            judged: BTreeMap::new(),
            cheats: BTreeMap::new(),
        }
    }

    pub(crate) fn is_honest(&self, node: NodeId) -> bool {
        self.honest.contains(&node)
    }

    /// The group whose log has an id, or the lowest one that keeps the chain of that id: the last one that came.
    fn about(&mut self, id: B256) -> Option<&mut Group> {
        let number = self.number_about(id)?;
        self.groups.get_mut(&number)
    }

    fn number_about(&self, id: B256) -> Option<u32> {
        let all = || self.groups.values().rev();
        let found = all().find(|group| group.log_id == id);
        let found = found.or_else(|| all().find(|group| group.place.keeps(id)));
        found.map(|group| group.number)
    }

    /// A message is on its way. `from` is in the log of a group; `written` are the votes in its journal.
    pub(crate) fn see_sent(
        &mut self,
        (from, group): (NodeId, u32),
        message: &Message,
        (written, now_ms): (&BTreeMap<Place, B256>, u64),
    ) -> Result<(), Violation> {
        self.groups.values_mut().for_each(|group| group.books.see_blocks(message));
        if !self.is_honest(from) {
            return Ok(());
        }
        if let Message::Told(header) = message
            && let Some(group) = self.about(header.proposal.chain)
        {
            group.traps.see_sent(from, message);
        }
        self.proofs.see_sent(from, message);
        self.witnesses.see_sent(from, message);
        self.see_said(from, message);
        if let Message::SeedPart { height, .. } = message
            && self.groups.get(&group).is_none_or(|group| !group.log.has(*height))
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
            if self.votes.note(ballot, written)? {
                self.see_vote_of(ballot, now_ms)?;
            }
        }
        Ok(())
    }

    /// An honest seat that comes back has the proofs that it told others, of the chains that its group keeps.
    pub(crate) fn see_proofs(&self, node: NodeId, seat: &Seat) -> Result<(), Violation> {
        let group = self.groups.get(&seat.state().seats.group);
        let keeps = |chain| group.is_some_and(|group| group.place.keeps(chain));
        self.proofs.check(node, seat, keeps)
    }

    /// An honest node says a vote for the first time.
    fn see_vote_of(&mut self, ballot: &Ballot, now_ms: u64) -> Result<(), Violation> {
        let Some(group) = self.about(ballot.vote.chain) else { return Ok(()) };
        let Group { log, books, cast, successions, findings, .. } = group;
        if log.is_about(ballot) {
            log.check_vote(cast, ballot)?;
            successions.check_vote(ballot, now_ms, |node| findings.is_out(node))?;
            log.count(ballot);
        } else {
            books.check_vote(cast, ballot)?;
            books.count(ballot);
        }
        Ok(())
    }

    /// A node that comes back counts the votes in its journal, also those that it had no time to say.
    pub(crate) fn see_restored(&mut self, ballot: &Ballot) {
        let Some(group) = self.about(ballot.vote.chain) else { return };
        if group.log.is_about(ballot) {
            group.log.count(ballot);
        } else {
            group.books.count(ballot);
        }
    }

    /// An honest seat writes down an entry that it may vote for.
    pub(crate) fn see_draft(&mut self, entry: &Entry) {
        if let Some(group) = self.about(entry.header.log) {
            group.log.see_draft(&entry.header);
            group.successions.see_draft(entry);
        }
    }

    /// An honest seat made an entry final.
    pub(crate) fn see_entry(
        &mut self,
        node: NodeId,
        entry: &Entry,
        now_ms: u64,
    ) -> Result<(), Violation> {
        match self.about(entry.header.log) {
            Some(group) => group.see_entry(node, entry, now_ms),
            None => Ok(()),
        }
    }

    /// An honest seat goes on from a state that others had.
    pub(crate) fn see_checkpoint(&mut self, node: NodeId, header: &EntryHeader) {
        if let Some(group) = self.about(header.log) {
            group.successions.see_final(node, header);
        }
    }

    /// An honest seat holds a certificate for why its newest entry is final.
    pub(crate) fn see_certificate(
        &self,
        node: NodeId,
        certificate: &Certificate,
    ) -> Result<(), Violation> {
        // The halves know what the group above had: the first one is whose entry it is.
        let whose = self.groups.values().find(|group| group.log.knows(certificate.entry));
        let whose = whose.or_else(|| self.groups.values().next());
        whose.map_or(Ok(()), |group| group.log.check_certificate(&group.cast, node, certificate))
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
            && let Some(group) = self.about(word.ballot.vote.chain)
        {
            group.traps.see_delivered(member, message);
        }
    }

    /// An honest member wishes to be drawn while it serves in chains: where it belongs, and for no more than it has room
    /// for besides its places in chains of other groups.
    pub(crate) fn see_wish(
        &self,
        node: NodeId,
        joining: &Joining,
        serving: &[B256],
    ) -> Result<(), Violation> {
        if !self.is_honest(node) {
            return Ok(());
        }
        let Joining { offer, number, trap, signature } = joining;
        let is_in = |group: &&Group| {
            let signed = Joining::struct_hash(group.log_id, offer, *number, *trap);
            self.voting.signed(node, signed, signature)
        };
        let Some(group) = self.groups.values().find(is_in) else { return Ok(()) };
        let wrong = |why| Err(Violation::Misplaced { group: group.number, node, why });
        if !group.place.admits(node) {
            return wrong("it wishes to be drawn in another group");
        }
        let elsewhere = serving.iter().filter(|chain| !group.place.keeps(**chain)).count();
        let most = PARTS_MAX.saturating_sub(elsewhere);
        if usize::try_from(offer.seats).map_or(true, |seats| seats > most) {
            return wrong("it wishes for more chains than it has room for");
        }
        Ok(())
    }

    /// A node that stops forgets what was not worth a line in its journal.
    pub(crate) fn see_stopped(&mut self, node: NodeId) {
        for group in self.groups.values_mut() {
            group.traps.see_stopped(node);
            group.findings.see_stopped(node);
            group.successions.see_stopped(node);
        }
        self.reports.see_stopped();
        self.witnesses.see_stopped(node);
        self.forget_seen(node);
    }

    /// The state of an honest seat after an entry. `before`: the height that it had before.
    pub(crate) fn see_state(
        &mut self,
        node: NodeId,
        state: &State,
        before: u64,
    ) -> Result<(), Violation> {
        match self.groups.get_mut(&state.seats.group) {
            Some(group) => group.see_state(node, state, before),
            None => Ok(()),
        }
    }

    /// What a seat that lies holds for final.
    pub(crate) fn see_chains(&mut self, node: NodeId, state: &State) -> Result<(), Violation> {
        match self.groups.get_mut(&state.seats.group) {
            Some(group) => group.see_chains(node, state),
            None => Ok(()),
        }
    }

    /// What an honest member holds for final.
    pub(crate) fn see_notice(
        &mut self,
        node: NodeId,
        (chain, height, hash): (B256, u64, B256),
    ) -> Result<(), Violation> {
        let Some(group) = self.about(chain) else { return Ok(()) };
        group.books.see_final(&group.cast, node, (chain, height, hash), None)
    }

    /// All blocks that were ever sent.
    pub(crate) fn blocks_sent(&self) -> &BTreeMap<B256, (Header, Body)> {
        // There is always the first group.
        static NONE: BTreeMap<B256, (Header, Body)> = BTreeMap::new();
        self.groups.values().next().map_or(&NONE, |group| &group.books.known)
    }
}

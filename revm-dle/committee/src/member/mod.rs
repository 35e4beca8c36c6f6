//! One participant: it waits to be drawn, makes blocks as a creator, executes and signs them as a witness or validator.
//!
//! ```text
//! creator    transactions ─► block ─► Propose to witnesses, Validate to validators ─► votes ─► Certified to seats
//! witness    Propose ─► execute ─► vote for what came out; if it is another, a Disagreement to the seats
//! validator  Validate ─► execute on the state witness ─► vote for what came out
//! all        Notice of the seats ─► who is who, what is final; silence of others ─► Complaint to the seats
//! ```
//!
//! What a chain's group is, and what is final, a member knows from notices with their proof alone. Who proves them it
//! knows from the main chain, in each epoch anew. When their group splits, its chains may be of several groups from then on;
//! it waits to be drawn in one.

mod creator;
mod groups;
mod join;
mod part;
mod restore;
mod sign;
mod signer;
mod trap;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::primitives::B256;
use conet_ledger::block::Header;

use crate::{
    archive::ProvenNotice,
    journal::Record,
    keys::NodeId,
    ledger::Ledgers,
    message::Message,
    outbox::{Action, Outbox},
    seat::Event,
    seats::Seats,
    vote::Voting,
};
use groups::Groups;
use join::Waiting;
use part::{Blind, Part};
use trap::Traps;

/// A participant's times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberTiming {
    /// What was not answered is said again after so long.
    pub retry_ms: u64,
    /// Signatures are at least so far apart: whoever has more to sign signs it together.
    pub tick_ms: u64,
    /// A creator complains about who did not vote for so long.
    pub vote_timeout_ms: u64,
    /// A witness complains about a creator that leaves a transaction for so long.
    pub block_timeout_ms: u64,
}

impl Default for MemberTiming {
    fn default() -> Self {
        Self { retry_ms: 400, tick_ms: 50, vote_timeout_ms: 600, block_timeout_ms: 1_500 }
    }
}

/// What a participant is made of.
#[derive(Clone)]
pub struct MemberConfig {
    /// The archive groups whose notices count, in the newest epochs that the main chain knows. Further ones, after a
    /// split, come with their beginnings.
    pub groups: Vec<Arc<Seats>>,
    /// Votes as this node.
    pub voting: Voting,
    /// Its times.
    pub timing: MemberTiming,
    /// In how many chains it serves at once.
    pub parts_max: usize,
}

/// The most blocks of a chain that wait for a notice or a parent.
const HELD_MAX: usize = 32;

/// The most transactions of a chain that wait.
const TRANSACTIONS_MAX: usize = 4_096;

/// A participant.
pub struct Member {
    config: MemberConfig,
    groups: Groups,
    ledgers: Box<dyn Ledgers + Send>,
    parts: BTreeMap<B256, Part>,
    /// The chains in whose group it is now. Of thousands most are at rest: no step goes through all of them.
    serving: BTreeSet<B256>,
    /// The chains in which something was under way lately: see [`Part::is_busy`].
    busy: BTreeSet<B256>,
    /// The chains whose newest state it must keep, and does not have yet.
    missing: BTreeSet<B256>,
    waiting: Waiting,
    traps: Traps,
    now_ms: u64,
    retry_at_ms: u64,
    /// Chains in which there may be something to sign, and when this member last signed: once a tick, for all of them.
    due: BTreeSet<B256>,
    signed_ms: u64,
}

impl Member {
    /// A participant that nobody knows yet.
    #[must_use]
    pub fn new(config: MemberConfig, ledgers: Box<dyn Ledgers + Send>, now_ms: u64) -> Self {
        let retry_at_ms = now_ms + config.timing.retry_ms;
        Self {
            groups: Groups::new(config.groups.clone()),
            config,
            ledgers,
            parts: BTreeMap::new(),
            serving: BTreeSet::new(),
            busy: BTreeSet::new(),
            missing: BTreeSet::new(),
            waiting: Waiting::default(),
            traps: Traps::default(),
            now_ms,
            retry_at_ms,
            due: BTreeSet::new(),
            signed_ms: 0,
        }
    }

    /// Takes what happened; says what to do.
    pub fn step(&mut self, now_ms: u64, event: Event) -> Vec<Action> {
        self.now_ms = now_ms;
        let mut out = Outbox::new(self.me());
        match event {
            Event::Message(from, message) => self.receive(from, *message, &mut out),
            // From now on the notices of its seats count, and no others of the group: who left could sign whatever it likes.
            // The first entry of an epoch says of all chains where they stand.
            Event::Began(beginning) => self.groups.follow(beginning),
            _ => {}
        }
        self.join(&mut out);
        if now_ms >= self.retry_at_ms {
            self.retry_at_ms = now_ms + self.config.timing.retry_ms;
            self.retry(&mut out);
        }
        self.sign_due(&mut out);
        out.into_actions()
    }

    /// When [`Self::step`] has something to do if nothing happens before.
    #[must_use]
    pub fn wake_ms(&self) -> u64 {
        self.retry_at_ms.min(self.signs_ms())
    }

    /// The chains that it has a part in, with its newest notice.
    pub fn notices(&self) -> impl Iterator<Item = &ProvenNotice> {
        self.parts.values().map(|part| &part.proven)
    }

    /// The chains in whose group it is now.
    #[must_use]
    pub const fn serving(&self) -> &BTreeSet<B256> {
        &self.serving
    }

    /// The ledgers.
    #[must_use]
    pub fn ledgers(&self) -> &dyn Ledgers {
        &*self.ledgers
    }

    const fn me(&self) -> NodeId {
        self.config.voting.me
    }

    fn receive(&mut self, from: NodeId, message: Message, out: &mut Outbox) {
        match message {
            Message::Notice(notice) => self.take_notice(*notice, out),
            Message::Used { number } => self.take_used(from, number),
            Message::Transaction { chain, transaction } => {
                self.take_transaction(from, chain, transaction, out)
            }
            Message::Propose(proposed) => self.take_proposal(from, *proposed, out),
            Message::Validate { proposal, body, witness, parent } => {
                let blind = Blind { proposal: *proposal, body, witness, parent };
                self.hold_for_validation(from, blind, out);
            }
            Message::Vote(word) => self.take_vote(word, out),
            Message::FetchState { hash } => {
                if let Some((header, state)) = self.ledgers.export(hash) {
                    out.send(from, Message::State(Box::new(header), state));
                }
            }
            Message::State(header, state) => self.take_state(&header, &state),
            // Not for members.
            _ => {}
        }
    }

    /// Where a chain stands now.
    fn take_notice(&mut self, proven: ProvenNotice, out: &mut Outbox) {
        let chain = proven.notice.chain;
        let known = self.parts.get(&chain).map(|part| part.logged);
        // Cheap first: most notices come from every seat.
        if known.is_some_and(|known| proven.entry() <= known) {
            return;
        }
        let seats = self.groups.of(chain);
        let Some(logged) = seats.and_then(|seats| proven.verify(seats, &self.config.voting)) else {
            return;
        };
        let is_in = proven.notice.members().contains(&self.me());
        let was_in = self.serving.contains(&chain);
        if !is_in && known.is_none() {
            return;
        }
        self.put_notice(proven.clone(), logged);
        if is_in != was_in {
            self.write_notice(chain, out);
            self.ask_soon();
        }
        let notice = proven.notice;
        if self.ledgers.has(notice.hash) {
            self.ledgers.finalized(chain, notice.hash);
        }
        self.look_for_state(chain);
        self.ask_for_state(chain, out);
        self.go_on(chain);
    }

    /// Notes where a chain stands.
    fn put_notice(&mut self, proven: ProvenNotice, logged: u64) {
        let chain = proven.notice.chain;
        if proven.notice.members().contains(&self.me()) {
            self.serving.insert(chain);
        } else {
            self.serving.remove(&chain);
        }
        match self.parts.get_mut(&chain) {
            Some(part) => part.renew(proven, logged, self.now_ms),
            None => {
                self.parts.insert(chain, Part::new(proven, logged, self.now_ms));
            }
        }
        self.note_trap(chain);
    }

    /// Writes down where a chain stands, if that is news: before a vote on what comes after it, so that older votes can
    /// go.
    fn write_notice(&mut self, chain: B256, out: &mut Outbox) {
        if let Some(part) = self.parts.get_mut(&chain).filter(|part| !part.is_written) {
            part.is_written = true;
            out.persist(Record::Notice(Box::new(part.proven.clone())));
        }
    }

    /// Notes whether this member keeps a chain, and lacks its newest state.
    fn look_for_state(&mut self, chain: B256) {
        let Some(notice) = self.parts.get(&chain).map(Part::notice) else { return };
        let keeps = notice.creator == Some(self.me()) || notice.witnesses.contains(&self.me());
        if keeps && !self.ledgers.has(notice.hash) {
            self.missing.insert(chain);
        } else {
            self.missing.remove(&chain);
        }
    }

    fn ask_for_state(&self, chain: B256, out: &mut Outbox) {
        if let Some(part) = self.parts.get(&chain).filter(|_| self.missing.contains(&chain)) {
            let hash = part.notice().hash;
            self.groups.tell(chain, Message::FetchState { hash }, out);
        }
    }

    fn take_state(&mut self, header: &Header, state: &[u8]) {
        let chain = header.proposal.chain;
        let notice = self.parts.get(&chain).map(Part::notice);
        let Some(genesis) = notice
            .filter(|notice| notice.hash == header.hash() && !self.ledgers.has(notice.hash))
            .map(|notice| notice.genesis)
        else {
            return;
        };
        if self.ledgers.import(genesis, header, state) {
            self.ledgers.finalized(chain, header.hash());
            self.missing.remove(&chain);
            self.go_on(chain);
        }
    }

    /// Does what a chain's newest notice or state made possible.
    fn go_on(&mut self, chain: B256) {
        self.forget_spent(chain);
        self.due.insert(chain);
    }

    fn retry(&mut self, out: &mut Outbox) {
        self.repeat_caught(out);
        self.busy.retain(|chain| self.parts.get(chain).is_some_and(Part::is_busy));
        let chains: BTreeSet<_> = self.busy.union(&self.missing).copied().collect();
        for chain in chains {
            if self.serving.contains(&chain) && self.busy.contains(&chain) {
                self.groups.tell(chain, Message::FetchNotice { chain }, out);
            }
            self.look_for_state(chain);
            self.ask_for_state(chain, out);
            self.repeat_blocks(chain, out);
            self.watch(chain, out);
            self.go_on(chain);
        }
    }
}

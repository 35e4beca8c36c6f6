//! One archive node: it votes on the log, executes blocks, and says what it found.
//!
//! ```text
//! Certified ─► execute ─► Word to all seats ─┐
//! Complaint, Answer, Disagreement, Join … ───┼─► items of the next entry ─► log ─► State ─► notices to members
//! final entries that draws wait for ─► SeedPart to all seats ─► Seed ┘
//! ```
//!
//! What it must not forget is journaled before it is said: its votes, its words, and the blocks that they are about.

mod application;
mod blocks;
mod ceremony;
mod charges;
mod checkpoint;
mod complaints;
mod desk;
mod draws;
mod epochs;
mod evidence;
mod gather;
mod inbox;
mod missing;
mod openings;
mod rent;
mod restore;
mod seeds;
mod shown;
mod submitted;

pub use desk::Desk;
pub use gather::PAGES_MAX;
pub use seeds::{EpochKeys, OneEpoch, SeedKeys};
pub use shown::SHOWN_BYTES_MAX;

use std::sync::Arc;

use alloy::primitives::B256;
use conet_ledger::block::SignedTransaction;

use gather::Gathering;

use crate::{
    archive::{
        Beginning, Named, ProvenNotice, Rules, State,
        item::{Opening, Paid, Wanted},
    },
    keys::NodeId,
    ledger::Ledgers,
    log::{LogMessage, Simplex, Timing, Tip},
    message::Message,
    outbox::{Action, Outbox},
    seats::Seats,
    vote::Voting,
};

/// What happens to a node.
#[derive(Debug, Clone)]
pub enum Event {
    /// A message came.
    Message(NodeId, Box<Message>),
    /// A chain is to begin, and more than two thirds of the seats know of it.
    Opened(Opening),
    /// A chain is to begin: this seat may vote for it.
    Asked(Opening),
    /// The main chain names who shall sit in the group's next epoch; the newest list counts. And who sits in it now.
    Named(Named, Vec<NodeId>),
    /// The main chain wants a seed: this seat may vote for it; and whether it proposes it, as others have read it by now.
    Wanted(Wanted, bool),
    /// Rent was paid for a chain: this seat may vote for it; and whether it proposes it.
    Paid(Paid, bool),
    /// A user handed in a transaction for a chain, which may come.
    Submitted(B256, SignedTransaction),
    /// The main chain has begun an epoch of the group; the newest one counts.
    Began(Beginning),
    /// Time passed.
    Tick,
}

/// What a seat is made of.
#[derive(Clone)]
pub struct SeatConfig {
    /// The group in the epoch that the node begins with. It need not have a seat in it: it may get one later.
    pub seats: Arc<Seats>,
    /// Votes as this node.
    pub voting: Voting,
    /// The log's times.
    pub timing: Timing,
    /// The group's rules.
    pub rules: Rules,
    /// Makes and checks seeds.
    pub keys: Arc<dyn EpochKeys>,
    /// When the log began, milliseconds since 1970.
    pub began_ms: u64,
    /// How much goes in a message, or before one.
    pub limits: SeatLimits,
}

/// How much goes in a message, or before one: a simulator makes it less.
#[derive(Debug, Clone, Copy)]
pub struct SeatLimits {
    /// The most pages of a state's chains in one message: [`PAGES_MAX`], or fewer, and one at least.
    pub pages_max: usize,
    /// Bytes of what an entry's complaints are about that are shown before it: [`SHOWN_BYTES_MAX`], or fewer. What is
    /// larger is shown a turn earlier.
    pub shown_bytes_max: usize,
}

impl Default for SeatLimits {
    fn default() -> Self {
        Self { pages_max: PAGES_MAX, shown_bytes_max: SHOWN_BYTES_MAX }
    }
}

impl SeatConfig {
    fn beginning(&self) -> Tip {
        let header = self.seats.beginning(B256::ZERO, 0, self.began_ms);
        Tip { id: header.id(), header }
    }

    fn first_state(&self) -> State {
        let voting = Arc::new(self.voting.clone());
        let seeds = self.keys.seeds(&self.seats).map(SeedKeys::checker);
        State::new(self.seats.clone(), self.rules, voting, seeds, self.began_ms)
    }
}

/// An archive node.
pub struct Seat {
    log: Simplex,
    desk: Desk,
    timing: Timing,
    /// An epoch that the main chain has begun, and this node has not.
    next: Option<Beginning>,
    /// How often it asked for that epoch's state.
    asked: usize,
    /// A state of which pages are missing.
    gathering: Gathering,
    retry_at_ms: u64,
}

impl Seat {
    /// A node that begins with the log.
    #[must_use]
    pub fn new(config: &SeatConfig, ledgers: Box<dyn Ledgers + Send>, now_ms: u64) -> Self {
        let tip = config.beginning();
        let desk = Desk::new(config, config.first_state(), tip.id, ledgers);
        let timing = config.timing;
        let mut log =
            Simplex::new(config.seats.clone(), config.voting.clone(), timing, tip, now_ms);
        if desk.is_retired {
            log.retire();
        }
        let retry_at_ms = now_ms + timing.retry_ms;
        let gathering = Gathering::default();
        Self { log, desk, timing, next: None, asked: 0, gathering, retry_at_ms }
    }

    /// Takes what happened; says what to do.
    pub fn step(&mut self, now_ms: u64, event: Event) -> Vec<Action> {
        let mut out = Outbox::new(self.desk.voting.me);
        self.desk.now_ms = now_ms;
        match event {
            Event::Message(from, message) => self.receive(now_ms, from, *message, &mut out),
            Event::Opened(opening) => self.desk.know_opening(opening, true),
            Event::Asked(opening) => self.desk.know_opening(opening, false),
            Event::Named(named, sitting) => {
                self.desk.take_successors(named, sitting, &mut out);
            }
            Event::Wanted(wanted, proposes) => self.desk.take_wanted(wanted, proposes),
            Event::Paid(paid, proposes) => self.desk.take_paid(paid, proposes),
            Event::Submitted(chain, transaction) => self.desk.take_submitted(chain, transaction),
            Event::Began(beginning) => self.follow(beginning, &mut out),
            Event::Tick => {}
        }
        self.desk.say_words(&mut out);
        if self.is_gathering() {
            self.log.put_off(now_ms);
        }
        self.log.advance(now_ms, &mut self.desk, &mut out);
        self.desk.show_following(&mut out);
        if now_ms >= self.retry_at_ms {
            self.retry_at_ms = now_ms + self.timing.retry_ms;
            if self.desk.has_business() {
                self.desk.retry(&mut out);
            } else {
                self.desk.ask_for_missing(&mut out);
            }
            self.desk.watch_submitted(&mut out);
            self.desk.repeat_ceremony(&mut out);
            self.forget_gathered();
            if !self.is_gathering() {
                self.ask_for_frozen(&mut out);
            }
        }
        out.into_actions()
    }

    fn receive(&mut self, now_ms: u64, from: NodeId, message: Message, out: &mut Outbox) {
        match message {
            Message::Log(message) => {
                if let LogMessage::Vote(ballot) | LogMessage::Propose(_, ballot) = &message {
                    self.desk.glance(from, self.log.view(), ballot, out);
                }
                match message {
                    LogMessage::Checkpoint(checkpoint) => {
                        self.take_checkpoint(from, *checkpoint, out);
                    }
                    message => self.log.receive(now_ms, from, message, &mut self.desk, out),
                }
            }
            Message::FetchFrozen { hash } => self.answer_frozen(from, hash, out),
            Message::Frozen(frozen) => self.take_frozen(from, frozen, out),
            Message::FetchPages { hash, prefixes } => self.answer_pages(from, hash, &prefixes, out),
            Message::Pages(pages) => self.take_pages(from, pages, out),
            message => self.desk.receive(from, message, out),
        }
    }

    /// When [`Self::step`] has something to do if nothing happens before.
    #[must_use]
    pub fn wake_ms(&self) -> u64 {
        let announces = self.desk.announce_epoch().is_some();
        let is_short = !self.desk.missing.is_empty();
        let watches = !self.desk.submitted.is_empty();
        let retries =
            self.desk.has_business() || is_short || watches || self.is_awaiting() || announces;
        let retry = if retries { self.retry_at_ms } else { u64::MAX };
        if self.log.is_done(&self.desk) {
            return retry;
        }
        self.log.wake_ms().min(retry).min(self.desk.words_ms())
    }

    /// The state after the newest final entry.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.desk.state
    }

    /// The newest final entry.
    #[must_use]
    pub const fn tip(&self) -> &Tip {
        self.log.tip()
    }

    /// Where a chain stands, with its proof.
    #[must_use]
    pub fn notice(&self, chain: B256) -> Option<Arc<ProvenNotice>> {
        self.desk.notice(chain)
    }

    /// Whether this is how the seat knows that a chain is to begin, or the log has it already.
    #[must_use]
    pub fn takes(&self, opening: &Opening) -> bool {
        match self.desk.state.chains.get(&opening.chain) {
            Some(chain) => chain.genesis == opening.genesis,
            None => self.desk.knows_opening(opening),
        }
    }

    /// Whether the log went on in a way that this node's rules forbid: it can take no part any more.
    #[must_use]
    pub const fn has_diverged(&self) -> bool {
        self.desk.diverged.is_some()
    }

    /// Where it stands, in a line.
    #[must_use]
    pub fn describe(&self) -> String {
        let chains = self.desk.state.chains.values().map(|chain| {
            format!(
                "[{} height {} view {} creator {:?} witnesses {:?} validators {:?} pending {:?} accused {:?} requested {:?}]",
                chain.id, chain.height, chain.view, chain.creator, chain.witness, chain.validator,
                chain.pending.as_ref().map(|p| (p.hash, &p.accepted, &p.refused, p.deadline_ms)), chain.accused, chain.requested
            )
        });
        format!(
            "{} epoch {} entry {} view {} active {:?} barred {:?} items {} cases {} missing {:?} {}",
            self.desk.voting.me,
            self.desk.seats.epoch,
            self.desk.state.height,
            self.log.view(),
            self.desk.state.active,
            self.desk.state.barred,
            self.desk.items.len(),
            self.desk.cases.len(),
            self.desk.missing,
            chains.collect::<String>()
        )
    }

    /// The ledgers.
    #[must_use]
    pub fn ledgers(&self) -> &dyn Ledgers {
        &*self.desk.ledgers
    }
}

//! How long things take on a calm network, in virtual time: what the protocol costs in message delays, whatever the
//! machine.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{archive::State, message::Message};

use crate::{oracle::Violation, world::World};

/// A network without trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calm {
    /// Archive nodes.
    pub seats: u64,
    /// Participants that wait to be drawn.
    pub members: u64,
    /// Witnesses of each chain.
    pub witnesses: u8,
    /// Chains.
    pub chains: u64,
    /// Payments on each.
    pub payments: u64,
    /// Between two payments on one chain, in milliseconds.
    pub pause_ms: u64,
    /// From any node to any other, in milliseconds.
    pub delay_ms: u64,
    /// One archive node that never says anything.
    pub dead_seat: bool,
    /// Who stops for good, and when, in milliseconds.
    pub dead: Option<(Killed, u64)>,
    /// When the network is cut, and for how long, in milliseconds: two nodes of five are on the other side.
    pub cut: Option<(u64, u64)>,
}

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Killed {
    /// The first chain's creator.
    Creator,
    /// Its last witness.
    Witness,
    /// Who is drawn to validate the block after its next one.
    Validator,
    /// An archive node that has a seat; it is back ten seconds later.
    Seat,
}

impl Default for Calm {
    fn default() -> Self {
        Self {
            seats: 10,
            members: 30,
            witnesses: 5,
            chains: 1,
            payments: 20,
            pause_ms: 1_000,
            delay_ms: 20,
            dead_seat: false,
            dead: None,
            cut: None,
        }
    }
}

/// When things happened first, in virtual milliseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timeline {
    /// A payment was sent: by chain and number.
    paid: BTreeMap<(B256, usize), u64>,
    /// A block had all its group's signatures.
    certified: BTreeMap<B256, u64>,
    /// A block was final at an honest seat, with its chain and height.
    decided: BTreeMap<B256, (u64, B256, u64)>,
    /// Entries that were final at an honest seat, in order.
    entries: Vec<u64>,
    /// Messages sent, by the second.
    sent: BTreeMap<u64, u64>,
}

impl Timeline {
    pub(crate) fn see_sent(&mut self, now_ms: u64, message: &Message) {
        *self.sent.entry(now_ms / 1_000).or_default() += 1;
        if let Message::Certified(block, _) = message {
            self.certified.entry(block.header.hash()).or_insert(now_ms);
        }
    }

    pub(crate) fn see_paid(&mut self, now_ms: u64, payment: (B256, usize)) {
        self.paid.entry(payment).or_insert(now_ms);
    }

    /// A new entry is final at an honest seat.
    pub(crate) fn see_state(&mut self, now_ms: u64, state: &State) {
        if self.entries.len() as u64 <= state.height {
            self.entries.push(now_ms);
        }
        for chain in state.chains.values().filter(|chain| chain.height > 0) {
            self.decided.entry(chain.hash).or_insert((now_ms, chain.id, chain.height));
        }
    }
}

/// What came out of it. Times in virtual milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latency {
    /// From a payment to the signatures of its block's whole group, for each block.
    pub to_certified_ms: Vec<u64>,
    /// From there to a final entry.
    pub to_final_ms: Vec<u64>,
    /// Between final entries, while there was something to decide.
    pub between_entries_ms: Vec<u64>,
    /// The longest time between two final blocks of the first chain.
    pub longest_pause_ms: u64,
    /// The most messages that all nodes sent in one second.
    pub busiest_second: u64,
}

/// Runs a calm network.
///
/// # Errors
/// The first rule that did not hold: none, or the protocol is broken.
pub fn latency(calm: Calm) -> Result<Latency, Violation> {
    let mut world = World::calm(calm);
    if let Some((killed, at_ms)) = calm.dead {
        world.kill(killed, at_ms);
    }
    world.run()?;
    Ok(world.timeline().latency())
}

/// How a seat that knows nothing gets to where the others are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUp {
    /// The others' newest entry when it began.
    pub behind: u64,
    /// Its own first entry, if it began at a checkpoint.
    pub checkpoint: Option<u64>,
    /// How long it took to be within two entries of the others, in virtual milliseconds.
    pub took_ms: u64,
}

/// Runs a calm network in which one seat begins late, with an empty journal. `None`: it never gets there.
///
/// # Errors
/// The first rule that did not hold.
pub fn catch_up(calm: Calm, begins_ms: u64) -> Result<Option<CatchUp>, Violation> {
    World::calm(calm).catch_up(begins_ms)
}

impl Timeline {
    fn latency(&self) -> Latency {
        let paid: Vec<_> = self.paid.values().copied().collect();
        // With one payment at a time, the newest before a block is the block's.
        let begun = |at: u64| paid.iter().copied().filter(|paid| *paid <= at).max();
        let mut to_certified_ms: Vec<_> =
            self.certified.values().filter_map(|at| Some(at - begun(*at)?)).collect();
        let mut to_final_ms: Vec<_> = self
            .decided
            .iter()
            .filter_map(|(hash, (at, ..))| Some(at.saturating_sub(*self.certified.get(hash)?)))
            .collect();
        to_certified_ms.sort_unstable();
        to_final_ms.sort_unstable();
        // An idle log makes few entries, on purpose.
        let busy = paid.iter().copied().min()..=paid.iter().copied().max();
        let (begins, ends) = (busy.start().unwrap_or_default(), busy.end().unwrap_or_default());
        let entries: Vec<_> =
            self.entries.iter().copied().filter(|at| (begins..ends).contains(at)).collect();
        let mut between_entries_ms: Vec<_> =
            entries.windows(2).filter_map(|pair| Some(pair.get(1)? - pair.first()?)).collect();
        between_entries_ms.sort_unstable();
        let mut blocks: Vec<_> =
            self.decided.values().map(|(at, chain, _)| (*chain, *at)).collect();
        blocks.sort_unstable();
        let pauses = blocks.windows(2).filter_map(|pair| match pair {
            [(before, from), (after, to)] if before == after => Some(to - from),
            _ => None,
        });
        Latency {
            to_certified_ms,
            to_final_ms,
            between_entries_ms,
            longest_pause_ms: pauses.max().unwrap_or_default(),
            busiest_second: self.sent.values().copied().max().unwrap_or_default(),
        }
    }
}

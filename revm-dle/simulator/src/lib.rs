//! A seeded simulation of archive groups and chain groups: real protocol code ([`conet_committee`]) in virtual time, over a
//! network that loses, delays, doubles, reorders and cuts, with nodes that crash and nodes that lie, and an
//! [oracle](Violation) that knows the rules.
//!
//! In some runs seats change, and in some the group ends in two, which go on side by side.
//!
//! A run follows from its seed alone: what fails once fails again.

mod byzantine;
mod division;
mod keys;
mod latency;
mod ledger;
mod network;
mod oracle;
mod scenario;
mod sweep;
mod trace;
mod world;

pub use byzantine::Kind;
pub use latency::{Calm, CatchUp, Killed, Latency, catch_up, latency};
pub use oracle::Violation;
pub use scenario::CALM_PAGES_MAX;
pub use sweep::sweep;

use world::World;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// How many things happened to nodes.
    pub steps: u64,
    /// How much virtual time passed, in milliseconds.
    pub virtual_ms: u64,
    /// How many entries of the log are final.
    pub entries: usize,
    /// How many blocks are final.
    pub blocks: usize,
    /// How many nodes lied.
    pub liars: usize,
    /// How many were seen to vote twice by one honest seat.
    pub cheats: usize,
    /// How many seeds the main chain got.
    pub beacons: usize,
    /// How many groups became two.
    pub splits: usize,
    /// How many fell into a trap.
    pub caught: usize,
    /// How many signatures were released for blocks that were void by then.
    pub released: usize,
    /// How many were reported on the main chain, for two votes or for what a log found.
    pub reported: usize,
    /// How many draws the oracle made once more.
    pub draws: usize,
    /// After how many entries the oracle knew who must wait to be drawn, and where.
    pub waits: usize,
    /// Stands for everything that happened, in its order.
    pub trace: u64,
}

/// Runs one seed; with `only`, all its liars lie in one way.
///
/// # Errors
/// The first rule that did not hold.
pub fn run(seed: u64, only: Option<Kind>) -> Result<Report, Violation> {
    World::new(seed, only, None).run()
}

/// Runs one seed with real seeds: the seats of each epoch make their key in a ceremony. Takes some hundred times as long.
///
/// # Errors
/// The first rule that did not hold.
pub fn run_with_ceremonies(seed: u64, only: Option<Kind>) -> Result<Report, Violation> {
    World::with_ceremonies(seed, only).run()
}

/// Runs one seed, and tells all that happens, line by line.
///
/// # Errors
/// The first rule that did not hold.
pub fn tell(
    seed: u64,
    only: Option<Kind>,
    line: &mut dyn FnMut(&str),
) -> Result<Report, Violation> {
    World::new(seed, only, Some(line)).run()
}

/// What a seed's run is made of, for who looks into a failure.
#[must_use]
pub fn describe(seed: u64, only: Option<Kind>) -> String {
    format!("{:#?}", World::new(seed, only, None).scenario)
}

//! A seeded simulation of archive groups and chain groups: real protocol code ([`conet_committee`]) in virtual time, over a
//! network that loses, delays, doubles, reorders and cuts, with nodes that crash and nodes that lie, and an
//! [oracle](Violation) that knows the rules.
//!
//! A run follows from its seed alone: what fails once fails again.

mod byzantine;
mod keys;
mod latency;
mod ledger;
mod network;
mod oracle;
mod scenario;
mod world;

pub use latency::{Calm, CatchUp, Latency, catch_up, latency};
pub use oracle::Violation;

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
}

/// Runs one seed.
///
/// # Errors
/// The first rule that did not hold.
pub fn run(seed: u64) -> Result<Report, Violation> {
    World::new(seed, None).run()
}

/// Runs one seed with liars of one kind only. `None` when there is no such kind.
///
/// # Errors
/// The first rule that did not hold.
#[must_use]
pub fn run_with(seed: u64, kind: &str) -> Option<Result<Report, Violation>> {
    let kind = byzantine::KINDS.into_iter().find(|known| *known == kind)?;
    Some(World::new(seed, Some(kind)).run())
}

/// What a seed's run is made of, for who looks into a failure.
#[must_use]
pub fn describe(seed: u64) -> String {
    format!("{:#?}", World::new(seed, None).scenario)
}

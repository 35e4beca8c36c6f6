//! The project's own measurements: `conet bench si`.
//!
//! ```text
//! figures ── what is measured, and its floor, in turns (A B A B …); medians
//!    │
//!    ├── world ── a real anvil, real records in the node registry
//!    └── part ─── child processes: node, bare hop, sink, load, idle listeners
//! ```
//!
//! Every figure stands beside its floor: the least that the same work can cost
//! with the same libraries, measured in the same run, because machines are noisy
//! and only ratios last. What is measured runs in a process of its own, so that its
//! processor time and memory hold nothing of the load that is put on it. Child
//! processes are this program again, with [`PART_VARIABLE`] set; each ends when its
//! standard input does, so none outlives the benchmark.

mod figures;
mod http;
mod material;
mod part;
mod parts;
mod peer;
mod world;

pub use conet_measure::{BenchError, Row, is_debug_build, table_head};
pub use figures::NAMES;
pub use part::{PART_VARIABLE, is_part, run_part};

/// Runs something and says how many allocations it made.
pub type AllocationCounter = fn(&mut dyn FnMut()) -> u64;

/// What to measure, and how long.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only the figure of this name, one of [`NAMES`].
    pub only: Option<String>,
    /// Fewer rounds and listeners: minutes become seconds, and noise grows.
    pub quick: bool,
    /// Counts allocations, in programs whose allocator can; without it that row is left out.
    pub count_allocations: Option<AllocationCounter>,
}

/// Measures the stealth internet, and hands over each row as soon as it is known.
///
/// # Errors
/// [`BenchError`] when a figure cannot be measured, or `only` names none.
pub async fn si(options: &Options, mut on_row: impl FnMut(&Row)) -> Result<(), BenchError> {
    figures::run(options, &mut on_row).await
}

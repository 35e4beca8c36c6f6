//! The ledger expansion's measurements: `conet bench dle`.
//!
//! ```text
//! figures ── what is measured, and its floor, in turns; medians
//!    │
//!    ├── stage ──── a whole group in virtual time: real protocol, keys and notes; processor time of each node's steps
//!    ├── floor ──── what each role must execute, check and sign for a payment
//!    ├── part ───── what a seat keeps, in a process of its own
//!    └── conet_simulator ── what the protocol takes in message delays
//! ```
//!
//! Everything that is compared is measured in the same run. Nothing here is a network: see `docs/benchmarks.md`.

mod figures;
mod floor;
mod ledgers;
mod meter;
mod note;
mod part;
mod rows;
mod stage;

pub use figures::NAMES;
pub use part::{PART_VARIABLE, is_part, run_part};

use conet_measure::{BenchError, Row};

/// What to measure, and how long.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only the figure of this name, one of [`NAMES`].
    pub only: Option<String>,
    /// Fewer rounds and chains: minutes become seconds, and noise grows.
    pub quick: bool,
}

/// Measures the ledger expansion, and hands over each row as soon as it is known.
///
/// # Errors
/// [`BenchError`] when a figure cannot be measured, or `only` names none.
pub fn dle(options: &Options, mut on_row: impl FnMut(&Row)) -> Result<(), BenchError> {
    figures::run(options, &mut on_row)
}

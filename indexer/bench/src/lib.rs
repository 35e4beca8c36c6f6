//! The indexer's measurements: `conet bench index`.
//!
//! ```text
//! chain ──── contracts on a real anvil that do nothing but emit, at the addresses of ours
//! backfill ─ a million events into both stores, beside asking for them and writing them down (raw)
//! live ───── from when a block is served to when its rows can be read
//! api ────── answers under load
//! look-ups ─ a route in a node that follows the chain by itself
//! ```
//!
//! The program starts anvil and hands over where it is: see [`Chains`].

mod api;
mod backfill;
mod chain;
mod live;
mod look_ups;
mod raw;

use conet_measure::{BenchError, Row, check_name};

/// What can be measured alone.
pub const NAMES: [&str; 4] = ["backfill", "live", "api", "look-ups"];

/// What to measure, and how long.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only the figure of this name, one of [`NAMES`].
    pub only: Option<String>,
    /// A tenth of the events, and shorter runs.
    pub quick: bool,
}

/// Two running anvils.
#[derive(Debug, Clone)]
pub struct Chains {
    /// One that mines when it is told to.
    pub still: String,
    /// One that makes a block each second, without host and scheme: `127.0.0.1:8545`.
    pub ticking: String,
}

/// Measures the indexer, and hands over each row as soon as it is known.
///
/// # Errors
/// [`BenchError`] when a figure cannot be measured, or `only` names none.
pub async fn index(
    options: &Options,
    chains: &Chains,
    mut on_row: impl FnMut(&Row),
) -> Result<(), BenchError> {
    let only = options.only.as_deref();
    check_name(only, &NAMES)?;
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    if wanted("backfill") || wanted("api") {
        let events = if options.quick { 100_000 } else { 1_000_000 };
        let indexed = backfill::measure(&chains.still, events, &mut on_row).await?;
        if wanted("api") {
            api::measure(&indexed, options.quick, &mut on_row).await?;
        }
    }
    if wanted("look-ups") {
        look_ups::measure(options.quick, &mut on_row).await?;
    }
    if wanted("live") {
        live::measure(&chains.ticking, options.quick, &mut on_row).await?;
    }
    Ok(())
}

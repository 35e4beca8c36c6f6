//! A seat in a process of its own: this program again, with [`PART_VARIABLE`] set. It is told what a seat of a stage was
//! told, and says how much its memory grew.

use std::{process::Command, sync::Arc};

use conet_measure::{BenchError, Usage, failed, wrong};
use serde::{Deserialize, Serialize};

use crate::{
    ledgers::begun,
    meter::Meter,
    note::Mint,
    script::{self, Script},
    stage::{Cast, SeatMaker},
};

/// Set in child processes: what is told to the seat, as JSON.
pub const PART_VARIABLE: &str = "CONET_DLE_BENCH_PART";

#[derive(Debug, Serialize, Deserialize)]
struct Task {
    script: std::path::PathBuf,
    cast: Cast,
    notes: u64,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Grown {
    /// How many chains the seat knows at the end.
    pub(crate) chains: usize,
    /// Resident memory before the first event, and after the last, in KiB.
    pub(crate) before_kib: u64,
    pub(crate) after_kib: u64,
}

/// Whether this process is a part of a benchmark.
#[must_use]
pub fn is_part() -> bool {
    std::env::var_os(PART_VARIABLE).is_some()
}

/// Does this process' part, and says on standard output what became of it.
///
/// # Errors
/// [`BenchError`].
pub fn run_part() -> Result<(), BenchError> {
    let task = std::env::var(PART_VARIABLE).map_err(failed("a part"))?;
    let grown = replay(&serde_json::from_str(&task).map_err(failed("a part"))?)?;
    serde_json::to_writer(std::io::stdout(), &grown).map_err(failed("a part"))
}

/// How much memory a seat takes that is told all this.
pub(crate) fn grow(script: Script, cast: Cast, notes: u64) -> Result<Grown, BenchError> {
    let file = script.close()?;
    let task = Task { script: file.path().to_owned(), cast, notes };
    let task = serde_json::to_string(&task).map_err(failed("a part"))?;
    let program = std::env::current_exe().map_err(failed("this program"))?;
    // As it was started: its first arguments say that it is a benchmark.
    let child = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(PART_VARIABLE, task)
        .stderr(std::process::Stdio::inherit())
        .output();
    let child = child.map_err(failed("a part"))?;
    if !child.status.success() {
        return Err(wrong("a part", child.status.to_string()));
    }
    serde_json::from_slice(&child.stdout).map_err(failed("a part"))
}

fn replay(task: &Task) -> Result<Grown, BenchError> {
    let mint = Mint::new()?;
    let begun = begun(&mint.notes(task.notes)?);
    let maker = SeatMaker::new(task.cast, mint.codes.clone(), begun)?;
    let mut seat = maker.seat(SeatMaker::FIRST_SEAT, &Arc::new(Meter::default()))?;
    let before_kib = Usage::read()?.rss_kib;
    script::read(&task.script, |now_ms, event| {
        seat.step(now_ms, event);
        Ok(())
    })?;
    let (chains, after_kib) = (seat.state().chains.len(), Usage::read()?.rss_kib);
    Ok(Grown { chains, before_kib, after_kib })
}

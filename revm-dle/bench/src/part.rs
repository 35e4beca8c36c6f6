//! What an archive node must keep of chains, in a process of its own: this program again, with [`PART_VARIABLE`] set. It
//! goes on from a store on disk, as a node does that is started again, and says how much memory it has then.
//!
//! What has a limit of its own is not in it, however many chains there are: states and notices that are in use, pages of
//! the database, votes and signatures that were seen lately, the log's last entries.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};

use conet_dle::{
    ledgers::{Chains, LedgerLimits, NodeLedgers},
    store::StoreLimits,
};
use conet_measure::{BenchError, Usage, failed, wrong};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::{
    ledgers::begun,
    note::Mint,
    rows::{beginning, checkpoint, write},
    stage::{Cast, SeatMaker, Stage, folder, store},
};

/// Set in child processes: what they take over, as JSON.
pub const PART_VARIABLE: &str = "CONET_DLE_BENCH_PART";

/// Writes that wait for the disk together.
const WRITES_AT_ONCE: usize = 1_024;

#[derive(Debug, Serialize, Deserialize)]
struct Task {
    folder: PathBuf,
    cast: Cast,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Grown {
    /// How many chains it knows at the end, and has a notice of.
    pub(crate) chains: usize,
    /// Its resident memory, in KiB.
    pub(crate) kib: u64,
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
    let grown = take_over(&serde_json::from_str(&task).map_err(failed("a part"))?)?;
    serde_json::to_writer(std::io::stdout(), &grown).map_err(failed("a part"))
}

/// How much memory an archive node has that knows of the log what a stage's first seat knows, and has its chains on disk.
pub(crate) fn grow(stage: &Stage, cast: Cast) -> Result<Grown, BenchError> {
    let folder = kept(stage)?;
    let task = Task { folder: folder.path().to_owned(), cast };
    let task = serde_json::to_string(&task).map_err(failed("a part"))?;
    let program = std::env::current_exe().map_err(failed("this program"))?;
    // As it was started: its first arguments say that it is a benchmark.
    let child = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(PART_VARIABLE, task)
        // What a million chains take in one piece and for a moment goes back to the system. What 10,000 take would stay with
        // the allocator, as it grows this threshold: up to 32 MiB.
        .env("MALLOC_MMAP_THRESHOLD_", "131072")
        .stderr(Stdio::inherit())
        .output();
    let child = child.map_err(failed("a part"))?;
    if !child.status.success() {
        return Err(wrong("a part", child.status.to_string()));
    }
    serde_json::from_slice(&child.stdout).map_err(failed("a part"))
}

/// A store of all that the seat has, and its journal: the state after its newest entry.
fn kept(stage: &Stage) -> Result<TempDir, BenchError> {
    let folder = folder()?;
    let seat = stage.first_seat().ok_or_else(|| wrong("memory", "a stage without seats"))?;
    let limits = StoreLimits::default();
    let store = store(folder.path(), SeatMaker::FIRST_SEAT, &seat.state().seats, limits)?;
    for some in stage.notes().chunks(WRITES_AT_ONCE) {
        let writes = some.iter().map(|note| beginning(note)).collect::<Result<Vec<_>, _>>()?;
        write(&store, writes.into_iter().flatten().collect())?;
    }
    write(&store, vec![checkpoint(seat)])?;
    store.close();
    Ok(folder)
}

fn take_over(task: &Task) -> Result<Grown, BenchError> {
    let mint = Mint::new()?;
    let maker = SeatMaker::new(task.cast, mint.codes.clone(), begun(&[]))?;
    // Connections that wait for readers hold pages.
    let limits = StoreLimits { idle_readers_max: 0, ..StoreLimits::default() };
    let store = store(&task.folder, SeatMaker::FIRST_SEAT, maker.seats(), limits)?;
    let records = store.journal().map_err(failed("a journal"))?;
    let ledgers = NodeLedgers(Arc::new(Chains::new(store, mint.codes, LedgerLimits::default())));
    let seat = maker.restored(SeatMaker::FIRST_SEAT, Box::new(ledgers), records)?;
    let kib = Usage::read()?.rss_kib;
    let known = seat.state().chains.keys().filter(|chain| seat.notice(**chain).is_some());
    Ok(Grown { chains: known.count(), kib })
}

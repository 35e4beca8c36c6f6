//! What an archive node must keep of chains, in a process of its own: this program again, with [`PART_VARIABLE`] set. It
//! takes over a log's state and a notice of each chain, and says how much its memory grew.
//!
//! What has a limit of its own is not in it, however many chains there are: states that are in use, votes and
//! signatures that were seen lately, the log's last entries.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, BufWriter, Read, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};

use alloy::primitives::B256;
use conet_committee::archive::ProvenNotice;
use conet_measure::{BenchError, Usage, failed, wrong};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tempfile::NamedTempFile;

use crate::{
    ledgers::begun,
    meter::Meter,
    note::Mint,
    stage::{Cast, SeatMaker, Stage},
};

/// Set in child processes: what they take over, as JSON.
pub const PART_VARIABLE: &str = "CONET_DLE_BENCH_PART";

#[derive(Debug, Serialize, Deserialize)]
struct Task {
    file: PathBuf,
    cast: Cast,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Grown {
    /// How many chains it knows at the end.
    pub(crate) chains: usize,
    /// By how much resident memory grew, in KiB.
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

/// How much memory that takes which a stage's first seat keeps of its chains.
pub(crate) fn grow(stage: &Stage, cast: Cast) -> Result<Grown, BenchError> {
    let file = kept(stage)?;
    let task = Task { file: file.path().to_owned(), cast };
    let task = serde_json::to_string(&task).map_err(failed("a part"))?;
    let program = std::env::current_exe().map_err(failed("this program"))?;
    // As it was started: its first arguments say that it is a benchmark.
    let child = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(PART_VARIABLE, task)
        .stderr(Stdio::inherit())
        .output();
    let child = child.map_err(failed("a part"))?;
    if !child.status.success() {
        return Err(wrong("a part", child.status.to_string()));
    }
    serde_json::from_slice(&child.stdout).map_err(failed("a part"))
}

/// The state, then the notices, each behind its length.
fn kept(stage: &Stage) -> Result<NamedTempFile, BenchError> {
    let mut file = NamedTempFile::new().map_err(failed("a file"))?;
    let mut out = BufWriter::new(file.as_file_mut());
    let seat = stage.first_seat().ok_or_else(|| wrong("memory", "a stage without seats"))?;
    let state = seat.state();
    let notices = state.chains.keys().filter_map(|chain| seat.notice(*chain));
    let state = postcard::to_allocvec(&state.freeze()).map_err(failed("a file"))?;
    let notices = notices.map(|notice| postcard::to_allocvec(notice).map_err(failed("a file")));
    for piece in std::iter::once(Ok(state)).chain(notices) {
        let piece = piece?;
        let length = (piece.len() as u64).to_be_bytes();
        let written = out.write_all(&length).and_then(|()| out.write_all(&piece));
        written.map_err(failed("a file"))?;
    }
    out.flush().map_err(failed("a file"))?;
    drop(out);
    Ok(file)
}

fn take_over(task: &Task) -> Result<Grown, BenchError> {
    let mint = Mint::new()?;
    let maker = SeatMaker::new(task.cast, mint.codes.clone(), begun(&[]))?;
    let seat = maker.seat(SeatMaker::FIRST_SEAT, &Arc::new(Meter::default()))?;
    let mut file = BufReader::new(File::open(&task.file).map_err(failed("a file"))?);
    let before = Usage::read()?.rss_kib;
    let state: alloy::primitives::Bytes =
        piece(&mut file)?.ok_or_else(|| wrong("a file", "no state"))?;
    let state = seat.state().thaw(&state).ok_or_else(|| wrong("a file", "no state"))?;
    let mut notices: BTreeMap<B256, ProvenNotice> = BTreeMap::new();
    while let Some(proven) = piece::<ProvenNotice>(&mut file)? {
        notices.insert(proven.notice.chain, proven);
    }
    let kib = Usage::read()?.rss_kib.saturating_sub(before);
    Ok(Grown { chains: notices.len().min(state.chains.len()), kib })
}

fn piece<T: DeserializeOwned>(file: &mut impl Read) -> Result<Option<T>, BenchError> {
    let mut length = Vec::with_capacity(8);
    file.take(8).read_to_end(&mut length).map_err(failed("a file"))?;
    let Some(length) = length.first_chunk::<8>() else { return Ok(None) };
    let length = usize::try_from(u64::from_be_bytes(*length)).map_err(failed("a file"))?;
    let mut piece = vec![0; length];
    file.read_exact(&mut piece).map_err(failed("a file"))?;
    postcard::from_bytes(&piece).map(Some).map_err(failed("a file"))
}

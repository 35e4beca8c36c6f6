//! What a chain takes at which nothing happens: memory and disk of an archive node, time, and the way back.

use std::{fs::File, path::Path, sync::mpsc, time::Instant};

use alloy::primitives::keccak256;
use conet_committee::{keys::NodeId, seats::Seats};
use conet_dle::{
    ledgers::{Chains, LedgerLimits},
    metrics::Metrics,
    store::{FinalBlock, Founding, Store, StoreLimits, Write},
};
use conet_ledger::snapshot::Snapshot;
use conet_measure::{BenchError, Row, Target, failed, median, microseconds, percentile, wrong};
use rustix::fs::{Advice, fadvise};

use super::Run;
use crate::{
    floor::Sample,
    note::{EPOCH, MAIN_CHAIN, Mint, opening},
    part::grow,
    stage::{Cast, Plan, Stage},
};

const GIB: f64 = (1_u64 << 30) as f64;

/// A million idle chains in a GiB.
const MEMORY_MAX: f64 = 1_073.0;

pub(super) fn measure(run: &mut Run<'_>) -> Result<(), BenchError> {
    memory_and_time(run)?;
    disk(run)
}

/// An archive node's memory, and what idle chains cost the log of an idle group.
fn memory_and_time(run: &mut Run<'_>) -> Result<(), BenchError> {
    let notes = run.many(10_000, 1_000);
    let cast = Cast::of(run.many(1_000, 100));
    let plan = Plan { cast, notes, busy: 0, ..Plan::default() };
    let (mut full, mut empty) = (Stage::new(&plan)?, Stage::new(&Plan { notes: 0, ..plan })?);
    let grown = grow(&full, cast)?;
    if grown.chains as u64 != notes {
        return Err(wrong("memory", format!("{} chains of {notes}", grown.chains)));
    }
    let bytes = grown.kib as f64 * 1024.0 / notes as f64;
    let row = Row::new("density, memory of an idle chain", bytes, "B");
    run.row(&row.target(Target::ValueAtMost(MEMORY_MAX)));
    run.row(&Row::new("density, idle chains in a GiB", GIB / bytes, "chains"));
    idle_time(run, &mut full, &mut empty, notes)
}

/// The archive nodes' and the participants' time for an idle second, with idle chains and without.
fn idle_time(
    run: &mut Run<'_>,
    full: &mut Stage,
    empty: &mut Stage,
    notes: u64,
) -> Result<(), BenchError> {
    let (mut seats, mut members) = ((vec![], vec![], vec![]), (vec![], vec![]));
    for _ in 0..run.many(15, 5) {
        let (with, with_members) = entry_us(full)?;
        let (without, without_members) = entry_us(empty)?;
        seats.0.push(with);
        seats.1.push(without);
        seats.2.push(with / without);
        members.0.push(with_members);
        members.1.push(without_members);
    }
    let row = Row::new(format!("density, an entry, {notes} idle"), median(&seats.0), "us/node")
        .floor_and_ratio(median(&seats.1), median(&seats.2));
    run.row(&row.target(Target::RatioAtMost(1.1)));
    let name = format!("density, a participant, {notes} idle");
    let row = Row::new(name, median(&members.0), "us/s").floor(median(&members.1));
    run.row(&row);
    let Some(state) = full.state() else { return Ok(()) };
    let each = conet_measure::cpu_ns_each(run.many(5, 2), || state.hash()) / notes as f64;
    let every = state.rules.checkpoint_every;
    run.row(&Row::new(format!("density, at a checkpoint of {every}"), each, "ns/idle chain"));
    Ok(())
}

/// Microseconds of one archive node for an entry, and of one participant for a second, while five pass.
fn entry_us(stage: &mut Stage) -> Result<(f64, f64), BenchError> {
    let (before, entries) = (stage.spent(), stage.entries());
    stage.pass(5_000)?;
    let after = stage.spent();
    let entries = (stage.entries() - entries).max(1) as f64;
    let seats = (after.0 - before.0).all_ns as f64 / entries / stage.seat_count() as f64;
    let members = (after.1 - before.1).all_ns as f64 / 5.0 / stage.member_count() as f64;
    Ok((seats / 1e3, members / 1e3))
}

/// An archive node's disk, and how long a chain takes to be at work again.
fn disk(run: &mut Run<'_>) -> Result<(), BenchError> {
    let notes = run.many(10_000, 1_000);
    let folder = tempfile::tempdir().map_err(failed("a temporary folder"))?;
    let path = folder.path().join("dle.db");
    let (mint, sample) = (Mint::new()?, Sample::new(1)?);
    let empty = stored(&path, &mint, &sample, 0..0)?;
    let full = stored(&path, &mint, &sample, 0..notes)?;
    let bytes = (full - empty) as f64 / notes as f64;
    let row = Row::new("density, disk of a chain's own rows", bytes, "B");
    run.row(&row.target(Target::ValueAtMost(1_024.0)));
    let snapshot =
        Snapshot { header: sample.before.header.clone(), state: sample.before.state.clone() };
    let bytes = snapshot.encode().map_err(failed("a snapshot"))?.len() as f64;
    run.row(&Row::new("density, of that its newest state", bytes, "B"));
    let genesis = alloy_rlp::encode(mint.note(0)?.chain.genesis()).len() as f64;
    run.row(&Row::new("density, of that its genesis", genesis, "B"));
    cold(run, &path, &mint, notes)
}

fn open(path: &Path) -> Result<Store, BenchError> {
    let seats = Seats::new(MAIN_CHAIN, 1, EPOCH, vec![NodeId(1)]);
    let founding = Founding { main_chain_id: MAIN_CHAIN, seats, began_ms: 0 };
    let store = Store::open(path, NodeId(1), &founding, StoreLimits::default(), Metrics::new());
    store.map_err(failed("a store"))
}

/// Writes chains as an archive node has them that opened them and saw some payments, and is asked for none of them any
/// more. How long the file is then.
fn stored(
    path: &Path,
    mint: &Mint,
    sample: &Sample,
    notes: std::ops::Range<u64>,
) -> Result<u64, BenchError> {
    let store = open(path)?;
    let (tell, told) = mpsc::channel();
    let mut waits = 0_u64;
    for number in notes {
        let tell = tell.clone();
        let writes = rows_of(mint, sample, number)?;
        let then = move |done: Result<(), &_>| {
            let _ = tell.send(done.is_ok());
        };
        store.write(writes, then).map_err(failed("a store"))?;
        waits += 1;
    }
    let written = told.iter().take(usize::try_from(waits).unwrap_or(usize::MAX));
    if !written.into_iter().all(|done| done) {
        return Err(wrong("a store", "it cannot be written"));
    }
    store.close();
    let length = std::fs::metadata(path).map_err(failed("a store"))?.len();
    let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |log| log.len());
    if log == 0 { Ok(length) } else { Err(wrong("a store", "its log is left behind")) }
}

/// A chain's rows. Its newest state is the sample's, but for the chain's own id.
fn rows_of(mint: &Mint, sample: &Sample, number: u64) -> Result<Vec<Write>, BenchError> {
    let note = mint.note(number)?;
    let genesis = note.chain.genesis();
    let mut header = sample.before.header.clone();
    header.proposal.chain = genesis.chain;
    let (chain, height, hash) = (genesis.chain, header.proposal.height, header.hash());
    let snapshot = Snapshot { header, state: sample.before.state.clone() };
    let snapshot = snapshot.encode().map_err(failed("a snapshot"))?;
    let root = note.header.outcome.state_root;
    let block = FinalBlock { header: note.header.clone(), content: None, is_genesis: true };
    Ok(vec![
        Write::Chain(Box::new(genesis.clone()), root),
        Write::Block(Box::new(block)),
        Write::State { chain, height, hash, snapshot },
        Write::Opening(Box::new(opening(&note, (5, 1)))),
    ])
}

/// From a file of which the kernel has no page, to a state that can be executed on. No chain is asked for twice, and the
/// node keeps none but the last.
fn cold(run: &mut Run<'_>, path: &Path, mint: &Mint, notes: u64) -> Result<(), BenchError> {
    let store = open(path)?;
    let limits = LedgerLimits { live_states_max: 1, ..LedgerLimits::default() };
    let chains = Chains::new(store, mint.codes.clone(), limits);
    let file = File::open(path).map_err(failed("a store"))?;
    let (mut times, mut reads) = (Vec::new(), Vec::new());
    let mut drawn: Vec<_> =
        (0..notes).map(|number| (keccak256(number.to_le_bytes()), number)).collect();
    drawn.sort_unstable();
    for (_, number) in drawn.into_iter().take(run.many(1_000, 200)) {
        let id = keccak256(number.to_be_bytes());
        forget(&file)?;
        let start = Instant::now();
        if chains.newest(id).is_none() {
            return Err(wrong("a cold chain", "it is not there"));
        }
        times.push(microseconds(start.elapsed()) / 1e3);
        forget(&file)?;
        reads.push(read_ms(&file, number, notes)?);
    }
    let floor = percentile(&reads, 0.99);
    let row = Row::new("density, cold open, p99", percentile(&times, 0.99), "ms").floor(floor);
    run.row(&row.target(Target::ValueAtMost(5.0)));
    run.row(&Row::new("density, cold open, p50", median(&times), "ms").floor(median(&reads)));
    Ok(())
}

/// The kernel lets go of all pages of a file.
fn forget(file: &File) -> Result<(), BenchError> {
    file.sync_all().map_err(failed("a store"))?;
    fadvise(file, 0, None, Advice::DontNeed).map_err(failed("a store"))
}

/// One page from somewhere in the file.
fn read_ms(file: &File, number: u64, of: u64) -> Result<f64, BenchError> {
    use std::os::unix::fs::FileExt as _;
    let length = file.metadata().map_err(failed("a store"))?.len();
    let at = (length / 4_096).saturating_sub(1) * number / of * 4_096;
    let start = Instant::now();
    let mut page = [0; 4_096];
    file.read_exact_at(&mut page, at).map_err(failed("a store"))?;
    Ok(microseconds(start.elapsed()) / 1e3)
}

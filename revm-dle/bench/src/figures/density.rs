//! What a chain takes at which nothing happens: memory and disk of an archive node, time, and the way back.

use std::{collections::BTreeMap, fs::File, path::Path, sync::Arc, time::Instant};

use alloy::primitives::{B256, keccak256};
use conet_committee::{
    archive::{Item, State, item::Opening},
    keys::NodeId,
    seats::Seats,
};
use conet_dle::{
    ledgers::{Chains, LedgerLimits},
    metrics::Metrics,
    store::{Founding, Store, StoreLimits, Write},
};
use conet_ledger::build::Draft;
use conet_measure::{BenchError, Row, Target, failed, median, microseconds, percentile, wrong};
use rustix::fs::{Advice, fadvise};

use super::Run;
use crate::{
    floor::spent,
    note::{EPOCH, Live, MAIN_CHAIN, Mint, opening},
    part::grow,
    rows::{beginning, checkpoint, state, write},
    stage::{Cast, Plan, Stage},
};

const GIB: f64 = (1_u64 << 30) as f64;

/// A million idle chains in a GiB.
const MEMORY_MAX: f64 = 1_073.0;

/// Buyers of notes on disk: nobody else has these keys.
const FIRST_BUYER: u64 = 1 << 32;

/// When those notes were last paid with, about.
const BEGAN_MS: u64 = 1_800_000_000_000;

pub(super) fn measure(run: &mut Run<'_>) -> Result<(), BenchError> {
    let logged = memory_and_time(run)?;
    disk(run, logged)
}

/// An archive node's memory, and what idle chains cost the log of an idle group. Bytes on disk of a chain in the log's
/// state.
fn memory_and_time(run: &mut Run<'_>) -> Result<f64, BenchError> {
    let notes = run.many(10_000, 1_000);
    let cast = Cast::of(run.many(1_000, 100));
    let plan = Plan { cast, notes, busy: 0, ..Plan::default() };
    let (mut full, mut empty) = (Stage::new(&plan)?, Stage::new(&Plan { notes: 0, ..plan })?);
    let (with, without) = (grow(&full, cast)?, grow(&empty, cast)?);
    if with.chains as u64 != notes || without.chains != 0 {
        return Err(wrong("memory", format!("{} chains of {notes}", with.chains)));
    }
    let bytes = with.kib.saturating_sub(without.kib) as f64 * 1024.0 / notes as f64;
    let row = Row::new("density, memory of an idle chain", bytes, "B");
    run.row(&row.target(Target::ValueAtMost(MEMORY_MAX)));
    run.row(&Row::new("density, idle chains in a GiB", GIB / bytes, "chains"));
    let logged = checkpoint_bytes(run, &full)?;
    idle_time(run, &mut full, &mut empty, notes)?;
    Ok(logged)
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
    checkpoints(run, empty)
}

/// What a seat's log does at a checkpoint, each so many entries, while all chains are at rest.
fn checkpoints(run: &mut Run<'_>, empty: &Stage) -> Result<(), BenchError> {
    let none = || wrong("a checkpoint", "a stage without seats");
    let empty = empty.state().ok_or_else(none)?;
    let (few, many) = (run.many(10_000, 1_000), run.many(200_000, 4_000));
    let ms = |run: &Run<'_>, chains| -> Result<f64, BenchError> {
        let state = with_chains(empty, chains)?;
        Ok(conet_measure::cpu_ns_each(run.many(20, 2), || commit(&state)) / 1e6)
    };
    let floor = ms(run, 0)?;
    for chains in [few, many] {
        let name = format!("density, a checkpoint, {chains} at rest");
        let row = Row::new(name, ms(run, chains)?, "ms").floor(floor);
        run.row(&row);
    }
    Ok(())
}

/// A state in which nothing is due with so many chains more.
fn with_chains(state: &State, chains: u64) -> Result<State, BenchError> {
    let mut next = state.begin(state.rules.checkpoint_every, state.time_ms + 1);
    for number in 0..chains {
        let chain = keccak256(number.to_be_bytes());
        let opening = Opening {
            chain,
            series: 1,
            genesis: chain,
            height: 0,
            creator: None,
            witnesses: 0,
            validators: 0,
            quorum: 0,
            paid_through_s: 0,
            gas_price: 0,
        };
        next.apply(&Item::Open(opening)).map_err(failed("a chain"))?;
    }
    next.finish();
    Ok(next)
}

/// What stands for the state after a checkpoint's entry in which nothing happens.
fn commit(state: &State) -> (B256, B256) {
    let every = state.rules.checkpoint_every;
    let mut next = state.begin(state.height + every, state.time_ms + 1);
    next.finish();
    (next.notices_root(), next.checkpoint_hash())
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
fn disk(run: &mut Run<'_>, logged: f64) -> Result<(), BenchError> {
    let notes = run.many(10_000, 1_000);
    let folder = tempfile::tempdir().map_err(failed("a temporary folder"))?;
    let path = folder.path().join("dle.db");
    let mint = Mint::new()?;
    let empty = stored(&path, std::iter::empty())?;
    let of = |length: u64| (length - empty) as f64 / notes as f64;
    let began = of(stored(&path, (0..notes).map(|number| begins(&mint, number)))?);
    run.row(&Row::new("density, disk of a chain without a payment", began, "B"));
    // Not in the order in which they began: pages fill up, and are split.
    let used = of(stored(&path, drawn(notes).map(|number| goes_on(&mint, number)))?);
    run.row(&Row::new("density, disk of a chain's own rows", used, "B"));
    run.row(&Row::new("density, disk of a chain in the log's state", logged, "B"));
    let row = Row::new("density, disk of a chain, less blocks and draws", used + logged, "B");
    run.row(&row.target(Target::ValueAtMost(1_024.0)));
    let at_once = folder.path().join("once.db");
    stored(&at_once, std::iter::empty())?;
    let all = |number| Ok([begins(&mint, number)?, goes_on(&mint, number)?].concat());
    let once = of(stored(&at_once, (0..notes).map(all))?);
    run.row(&Row::new("density, the same, each written once", once, "B"));
    for write in goes_on(&mint, 0)?.into_iter().chain(begins(&mint, 0)?.into_iter().take(1)) {
        let (name, bytes) = match &write {
            Write::State { snapshot, .. } => ("newest state", snapshot.len()),
            Write::Chain(genesis, _) => ("genesis", alloy_rlp::encode(genesis).len()),
            _ => continue,
        };
        run.row(&Row::new(format!("density, its {name}, plain"), bytes as f64, "B"));
    }
    cold(run, &path, &mint, notes)
}

/// Numbers below one, in an order that has nothing to do with them.
fn drawn(below: u64) -> impl Iterator<Item = u64> {
    let keyed = (0..below).map(|number| (keccak256(number.to_le_bytes()), number));
    keyed.collect::<BTreeMap<_, _>>().into_values()
}

/// What chains take on disk in the log's state: at a checkpoint.
fn checkpoint_bytes(run: &mut Run<'_>, stage: &Stage) -> Result<f64, BenchError> {
    let seat = stage.first_seat().ok_or_else(|| wrong("disk", "a stage without seats"))?;
    let count = seat.state().chains.len() as f64;
    let image = seat.state().freeze();
    let pages: usize = image.pages.iter().map(|page| page.chains.len()).sum();
    let plain = (image.head.len() + pages) as f64 / count;
    run.row(&Row::new("density, a chain in the log's state, plain", plain, "B"));
    let folder = tempfile::tempdir().map_err(failed("a temporary folder"))?;
    let path = folder.path().join("dle.db");
    let empty = stored(&path, std::iter::empty())?;
    let full = stored(&path, std::iter::once(Ok(vec![checkpoint(seat)])))?;
    Ok((full - empty) as f64 / count)
}

fn open(path: &Path, limits: StoreLimits) -> Result<Store, BenchError> {
    let seats = Seats::new(MAIN_CHAIN, 1, EPOCH, vec![NodeId(1)]);
    let founding = Founding { main_chain_id: MAIN_CHAIN, seats, began_ms: 0 };
    let store = Store::open(path, NodeId(1), &founding, limits, Metrics::new());
    store.map_err(failed("a store"))
}

/// Writes rows to a file. How long it is then.
fn stored(
    path: &Path,
    rows: impl Iterator<Item = Result<Vec<Write>, BenchError>>,
) -> Result<u64, BenchError> {
    let store = open(path, StoreLimits::default())?;
    for writes in rows {
        // Those that follow do not wait for the disk.
        store.write(writes?, |_| {}).map_err(failed("a store"))?;
    }
    write(&store, Vec::new())?;
    store.close();
    let length = std::fs::metadata(path).map_err(failed("a store"))?.len();
    let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |log| log.len());
    if log == 0 { Ok(length) } else { Err(wrong("a store", "its log is left behind")) }
}

/// A note with a buyer of its own.
fn note(mint: &Mint, number: u64) -> Result<(Mint, Arc<Live>), BenchError> {
    let mint = mint.of(FIRST_BUYER + number)?;
    let note = mint.note(number)?;
    Ok((mint, note))
}

/// The rows of a chain that an archive node opens.
fn begins(mint: &Mint, number: u64) -> Result<Vec<Write>, BenchError> {
    let (_, note) = note(mint, number)?;
    let mut rows = beginning(&note)?;
    rows.push(Write::Opening(Box::new(opening(&note, (5, 1)))));
    Ok(rows)
}

/// Its newest state, when it has seen some payments. It has payees of its own, and a group of its own.
fn goes_on(mint: &Mint, number: u64) -> Result<Vec<Write>, BenchError> {
    let (mint, note) = note(mint, number)?;
    let draft = Draft {
        time_ms: BEGAN_MS + 1_000 * number,
        gas_price: opening(&note, (5, 1)).gas_price,
        members_hash: keccak256(note.chain.genesis().chain),
        ..Draft::from(&note.header.proposal)
    };
    Ok(vec![state(&spent(&mint, &note, &draft)?)?])
}

/// From a file of which neither the kernel nor SQLite has a page, to a state that can be executed on. No chain is asked for
/// twice, and the node keeps none but the last.
fn cold(run: &mut Run<'_>, path: &Path, mint: &Mint, notes: u64) -> Result<(), BenchError> {
    // A connection has pages: each look takes a new one.
    let store = open(path, StoreLimits { idle_readers_max: 0, ..StoreLimits::default() })?;
    let limits = LedgerLimits { live_states_max: 1, ..LedgerLimits::default() };
    let chains = Chains::new(store, mint.codes.clone(), limits);
    let file = File::open(path).map_err(failed("a store"))?;
    let (mut times, mut reads) = (Vec::new(), Vec::new());
    for number in drawn(notes).take(run.many(1_000, 200)) {
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

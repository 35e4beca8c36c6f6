//! How much time passed on an archive node between two entries of the log: its Proof of History, hashed again here.

use std::{num::NonZeroUsize, thread};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use conet_committee::{
    log::EntryHeader,
    poh::{HistoryError, Point, Segment, Stretch},
};
use conet_dle::{client::Place, history::Since};
use indicatif::ProgressBar;
use serde_json::json;

use crate::{context::Context, ledgers::Ledgers};

/// Entries looked back, unless others are named.
const ENTRIES: u64 = 60;

/// Hashes in a row that no processor is taken to make in a second: several times what the fastest known ones do.
const FASTEST: u64 = 50_000_000;

/// Whose clock, and between what.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The archive node [default: the first seat that knows]
    #[arg(long)]
    node: Option<u64>,
    /// The earlier entry of the log [default: 60 before the other]
    #[arg(long, value_name = "ENTRY")]
    from: Option<u64>,
    /// The later one [default: the newest that has a mark: they are kept each five seconds]
    #[arg(long, value_name = "ENTRY")]
    to: Option<u64>,
    /// Hashes that are made again here, at most
    #[arg(long, value_name = "N", default_value_t = 2_000_000_000)]
    hashes_max: u64,
    /// Of this archive group
    #[arg(long, default_value_t = 1)]
    group: u32,
}

/// What one clock proves.
struct Proof {
    place: Place,
    from: EntryHeader,
    to: EntryHeader,
    marks: usize,
    hashes: u64,
}

pub(super) async fn run(args: HistoryArgs, context: &Context) -> anyhow::Result<()> {
    let ledgers = Ledgers::of_group(&context.network_file()?, args.group).await?;
    let is_asked = |place: &&Place| args.node.is_none_or(|node| node == place.node.0);
    let mut last = None;
    for place in ledgers.places().iter().filter(is_asked) {
        match prove(&args, &ledgers, place, context).await {
            Ok(proof) => return show(&proof, context),
            // What is false is said at once.
            Err(error) if error.is::<HistoryError>() => return Err(error),
            Err(error) => last = Some(error.context(format!("node {}", place.node.0))),
        }
    }
    match last {
        Some(error) => Err(error),
        None => bail!("expected a node with a seat in group {} and an endpoint", args.group),
    }
}

async fn prove(
    args: &HistoryArgs,
    ledgers: &Ledgers,
    place: &Place,
    context: &Context,
) -> anyhow::Result<Proof> {
    let newest = ledgers.client.status(place).await?.height;
    let last = args.to.unwrap_or(newest);
    let from = args.from.unwrap_or(last.saturating_sub(ENTRIES).max(1));
    ensure!(from < last, "expected an earlier entry than {last} as --from, found {from}");
    let from = entry(ledgers, place, from).await?;
    let ends = ends(args, ledgers, place, last).await?;
    let bar = context.output.spinner("hashes");
    let (mut marks, mut hashes, mut end) = (0, 0, None::<Point>);
    let mut proof = None;
    loop {
        let since = end.map_or(Since::Event(from.id()), |end| Since::Count(end.count));
        let history = ledgers.client.history(place, since).await;
        let mut segment = history.context("it has no mark of the earlier entry")?.segment;
        ensure!(
            end.is_none_or(|end| end == segment.start),
            "the record does not go on where it ended: do not trust it"
        );
        let reached = cut_after(&mut segment, &ends);
        if segment.marks.is_empty() {
            bar.finish_and_clear();
            return proof
                .context("it has no mark of the later entry: they are kept each five seconds");
        }
        (marks, hashes) = (marks + segment.marks.len(), hashes + segment.hashes());
        if hashes > args.hashes_max {
            let (hashes_max, found) = (args.hashes_max, hashes);
            return Err(HistoryError::TooLong { hashes_max, found })
                .context("name entries that are closer, or a higher --hashes-max");
        }
        end = Some(segment.end());
        let shown = bar.clone();
        tokio::task::spawn_blocking(move || verify(&segment, &shown)).await??;
        if let Some(to) = reached {
            let (place, from) = (place.clone(), from.clone());
            proof = Some(Proof { place, from, to: to.clone(), marks, hashes });
        }
        if let Some(proof) = proof.take_if(|proof| ends.last() == Some(&proof.to)) {
            bar.finish_and_clear();
            return Ok(proof);
        }
    }
}

/// Where a proof may end: at the entry that was asked for, else at any of the newest ones.
async fn ends(
    args: &HistoryArgs,
    ledgers: &Ledgers,
    place: &Place,
    last: u64,
) -> anyhow::Result<Vec<EntryHeader>> {
    let first = args.to.unwrap_or(last.saturating_sub(ENTRIES - 1).max(1));
    let count = usize::try_from(last + 1 - first).unwrap_or(usize::MAX);
    let entries = ledgers.client.log(place, first, count).await?.entries;
    Ok(entries
        .into_iter()
        .map(|entry| entry.header)
        .filter(|header| header.height <= last)
        .collect())
}

/// An entry of the log, whose hash the clock stamped.
async fn entry(ledgers: &Ledgers, place: &Place, height: u64) -> anyhow::Result<EntryHeader> {
    let found = ledgers.client.log(place, height, 1).await?.entries.into_iter().next();
    let found = found.filter(|entry| entry.header.height == height);
    Ok(found.with_context(|| format!("it does not have entry {height} any more"))?.header)
}

/// Drops what comes after the last of these entries that is there, and gives that one.
fn cut_after<'a>(segment: &mut Segment, ends: &'a [EntryHeader]) -> Option<&'a EntryHeader> {
    let found = ends.iter().rev().find_map(|end| {
        let place = segment.marks.iter().position(|mark| mark.event == Some(end.id()))?;
        Some((place, end))
    });
    let (place, end) = found?;
    segment.marks.truncate(place + 1);
    Some(end)
}

/// Makes all hashes again, some stretches on each core.
fn verify(segment: &Segment, bar: &ProgressBar) -> Result<(), HistoryError> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let stretches: Vec<_> = segment.stretches().collect();
    let verify = |part: &[Stretch]| {
        part.iter().try_for_each(|stretch| {
            bar.inc(stretch.hashes());
            stretch.verify(u64::MAX)
        })
    };
    thread::scope(|scope| {
        let parts = stretches.chunks(stretches.len().div_ceil(cores).max(1));
        let running: Vec<_> = parts.map(|part| scope.spawn(move || verify(part))).collect();
        // A thread that panicked has checked nothing.
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        running.into_iter().try_for_each(join)
    })
}

fn show(proof: &Proof, context: &Context) -> anyhow::Result<()> {
    let Proof { place, from, to, marks, hashes } = proof;
    let log_ms = to.time_ms.saturating_sub(from.time_ms);
    let rate = hashes.saturating_mul(1_000) / log_ms.max(1);
    let least_ms = hashes.saturating_mul(1_000) / FASTEST;
    let json = json!({
        "node": place.node.0,
        "from": from.height,
        "to": to.height,
        "marks": marks,
        "hashes": hashes,
        "least_ms": least_ms,
        "log_ms": log_ms,
        "hashes_per_second": rate,
    });
    let text = format!(
        "node {}: {hashes} hashes between entries {} and {}, with {marks} marks; all of them were made again here\n\
         at least {least_ms} ms passed there, however fast its processor is; by the log it were {log_ms} ms, at {rate} \
         hashes a second",
        place.node.0, from.height, to.height,
    );
    Ok(context.output.result(&json, &text)?)
}

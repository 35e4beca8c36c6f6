//! A chain's past into the tables, beside its raw logs into a bare table. In rounds, one after the other, since neither
//! knows of the other's: what the machine does besides falls on both.

use std::{sync::Arc, time::Instant};

use conet_indexer::{
    catalogue::Catalogue,
    chain::{Pool, PoolLimits},
    follow::{FollowLimits, Follower, Step},
    store::{PostgresStore, SqliteStore, Store},
    tables::Tables,
    testing::Postgres,
};
use conet_measure::{BenchError, Row, Target, failed, median, wrong};
use tempfile::TempDir;

use crate::{
    chain::{CHAIN_ID, Filled, catalogue},
    raw,
};

/// Rounds of each figure and its floor.
const ROUNDS: usize = 3;

/// Events of a block that has many.
const MANY: u64 = 5_000;

/// Events of a block that has few: most of the work is to ask for blocks.
const FEW: u64 = 20;

/// Of so many events, the chain with few a block has one: each of its blocks takes as long to make.
const SHARE_OF_FEW: u64 = 10;

/// Of so many parts of the way, the first one shows what memory it takes; the others must not take more.
const PARTS: u64 = 5;

/// A store that holds the whole chain.
#[derive(Debug)]
pub(crate) struct Indexed {
    pub(crate) store: SqliteStore,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) tables: Arc<Tables>,
    _folder: TempDir,
}

/// The peak of memory, MiB.
#[derive(Debug, Clone, Copy)]
struct Peaks {
    /// In the first of [`PARTS`].
    first: f64,
    /// In all others.
    others: f64,
}

/// Events a second, of each round.
#[derive(Debug, Default)]
struct Rates {
    sqlite: Vec<f64>,
    raw_sqlite: Vec<f64>,
    postgres: Vec<f64>,
    raw_postgres: Vec<f64>,
    peaks: Option<Peaks>,
}

/// Measures with many events a block, and with few; the store has the many.
pub(crate) async fn measure(
    url: &str,
    events: u64,
    on_row: &mut impl FnMut(&Row),
) -> Result<Indexed, BenchError> {
    let postgres = Postgres::start(&["shared_buffers=256MB"]).map_err(failed("PostgreSQL"))?;
    let few = Filled::new(url, events / SHARE_OF_FEW, FEW).await?;
    let (of_few, _) = rounds(&few, &postgres).await?;
    few.empty().await?;
    let many = Filled::new(url, events, MANY).await?;
    let (of_many, indexed) = rounds(&many, &postgres).await?;

    rows("backfill", &of_many, on_row);
    let beside =
        Row::new("backfill, SQLite beside PostgreSQL", median(&of_many.sqlite), "events/s");
    let ratio = median_ratio(&of_many.sqlite, &of_many.postgres);
    let beside = beside.floor_and_ratio(median(&of_many.postgres), ratio);
    on_row(&beside.target(Target::RatioAtLeast(0.7)));
    if let Some(Peaks { first, others }) = of_many.peaks {
        let peak = Row::new("backfill, peak of memory", others, "MiB").floor(first);
        on_row(&peak.target(Target::RatioAtMost(1.2)));
    }
    rows(&format!("backfill, {FEW} a block"), &of_few, on_row);
    Ok(indexed)
}

fn rows(name: &str, rates: &Rates, on_row: &mut impl FnMut(&Row)) {
    for (store, rates, floor) in [
        ("SQLite", &rates.sqlite, &rates.raw_sqlite),
        ("PostgreSQL", &rates.postgres, &rates.raw_postgres),
    ] {
        let row = Row::new(format!("{name}, {store}"), median(rates), "events/s");
        let row = row.floor_and_ratio(median(floor), median_ratio(rates, floor));
        on_row(&row.target(Target::RatioAtLeast(0.5)));
    }
}

/// Of what belongs to one round.
fn median_ratio(rates: &[f64], floors: &[f64]) -> f64 {
    let ratios: Vec<_> = rates.iter().zip(floors).map(|(rate, floor)| rate / floor).collect();
    median(&ratios)
}

/// All rounds, each with new databases. The first one is as cold for the figure as it is for the floor before it: what
/// is in the middle of all rounds is not it.
async fn rounds(chain: &Filled, postgres: &Postgres) -> Result<(Rates, Indexed), BenchError> {
    let catalogue = Arc::new(catalogue()?);
    let tables = Tables::own(&catalogue).map_err(failed("reading the rules"))?;
    let tables = Arc::new(tables);
    let rules = || (CHAIN_ID, Arc::clone(&catalogue), Arc::clone(&tables));
    let mut rates = Rates::default();
    let mut last = None;
    let per_second = |seconds: f64| chain.events as f64 / seconds;
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().map_err(failed("making a folder"))?;
        let store = SqliteStore::open(&folder.path().join("index.db")).await;
        let store = store.map_err(failed("opening a store"))?;
        // Of the first round: later ones begin with what the ones before left to the allocator.
        let (took, peaks) = follow(chain, store.clone(), rules()).await?;
        rates.sqlite.push(per_second(took));
        rates.peaks.get_or_insert(peaks);
        let took = raw::sqlite(chain, &folder.path().join("raw.db")).await?;
        rates.raw_sqlite.push(per_second(took.as_secs_f64()));

        let url = postgres.database().map_err(failed("PostgreSQL"))?;
        let other = PostgresStore::open(&url).await.map_err(failed("opening a store"))?;
        let (took, _) = follow(chain, other, rules()).await?;
        rates.postgres.push(per_second(took));
        let url = postgres.database().map_err(failed("PostgreSQL"))?;
        let took = raw::postgres(chain, &url).await?;
        rates.raw_postgres.push(per_second(took.as_secs_f64()));
        last = Some((store, folder));
    }
    let (store, folder) = last.ok_or_else(|| wrong("measuring", "there was no round"))?;
    Ok((rates, Indexed { store, catalogue, tables, _folder: folder }))
}

/// How long the indexer takes, seconds, and what memory it has at most.
async fn follow<T: Store>(
    chain: &Filled,
    store: T,
    rules: (u64, Arc<Catalogue>, Arc<Tables>),
) -> Result<(f64, Peaks), BenchError> {
    let step = "following";
    let url = chain.url.parse().map_err(failed(step))?;
    let limits = PoolLimits { requests_per_second_max: 1_000_000, ..PoolLimits::default() };
    let pool = Pool::new(vec![url], CHAIN_ID, rules.1.addresses(), limits);
    forget_peak()?;
    let start = Instant::now();
    let follower = Follower::new(Arc::new(pool), store, rules, FollowLimits::default());
    let mut follower = follower.await.map_err(failed(step))?;
    let (mut first, mut events) = (None, 0);
    loop {
        match follower.step().await.map_err(failed(step))? {
            Step::Applied { events: more, .. } => events += more as u64,
            Step::Quiet => break,
            Step::Undone { .. } => return Err(wrong(step, "the chain was reorganized")),
        }
        if first.is_none() && events >= chain.events / PARTS {
            first = Some(peak_mib()?);
            forget_peak()?;
        }
    }
    let took = start.elapsed().as_secs_f64();
    if events != chain.events {
        return Err(wrong(step, format!("{events} events came")));
    }
    let first = first.ok_or_else(|| wrong(step, "there was no first part"))?;
    Ok((took, Peaks { first, others: peak_mib()? }))
}

/// The most that was resident since the peak was forgotten, MiB.
fn peak_mib() -> Result<f64, BenchError> {
    let step = "reading this process's memory";
    let text = std::fs::read_to_string("/proc/self/status").map_err(failed(step))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| wrong(step, "there is no VmHWM"))
}

/// From now on, the peak is of what comes (proc(5): 5 to `clear_refs` is for that).
fn forget_peak() -> Result<(), BenchError> {
    std::fs::write("/proc/self/clear_refs", "5").map_err(failed("forgetting the peak of memory"))
}

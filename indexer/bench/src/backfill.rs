//! A chain's past into the tables, beside its raw logs into a bare table. In rounds, since neither knows of the other's.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::{
    primitives::Address,
    providers::Provider as _,
    rpc::types::{Filter, Log},
};
use conet_indexer::{
    catalogue::Catalogue,
    chain::{Pool, PoolLimits},
    follow::{FollowLimits, Follower, Step},
    store::{PostgresStore, SqliteStore, Store},
    tables::Tables,
    testing::Postgres,
};
use conet_measure::{BenchError, Row, Target, failed, wrong};
use tempfile::TempDir;

use crate::chain::{CHAIN_ID, Filled, PER_BLOCK, catalogue, provider};

/// Blocks of one request of the floor: as many events as the indexer takes at once.
const BLOCKS_AT_ONCE: u64 = 2;

/// A store that holds the whole chain.
#[derive(Debug)]
pub(crate) struct Indexed {
    pub(crate) store: SqliteStore,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) tables: Arc<Tables>,
    _folder: TempDir,
}

pub(crate) async fn measure(
    chain: &Filled,
    on_row: &mut impl FnMut(&Row),
) -> Result<Indexed, BenchError> {
    let folder = tempfile::tempdir().map_err(failed("making a folder"))?;
    let catalogue = Arc::new(catalogue()?);
    let tables = Tables::own(&catalogue).map_err(failed("reading the rules"))?;
    let tables = Arc::new(tables);
    let rules = || (CHAIN_ID, Arc::clone(&catalogue), Arc::clone(&tables));
    let postgres = Postgres::start(&["shared_buffers=256MB"]).map_err(failed("PostgreSQL"))?;

    let floor_sqlite = raw_sqlite(chain, &folder.path().join("raw.db")).await?;
    let store = SqliteStore::open(&folder.path().join("index.db")).await;
    let store = store.map_err(failed("opening a store"))?;
    let (of_sqlite, memory) = follow(chain, store.clone(), rules()).await?;

    let url = postgres.database().map_err(failed("PostgreSQL"))?;
    let floor_postgres = raw_postgres(chain, &url).await?;
    let url = postgres.database().map_err(failed("PostgreSQL"))?;
    let other = PostgresStore::open(&url).await.map_err(failed("opening a store"))?;
    let (of_postgres, _) = follow(chain, other, rules()).await?;

    let per_second = |took: Duration| chain.events as f64 / took.as_secs_f64();
    let row = |name: &str, took, floor| {
        let row = Row::new(name, per_second(took), "events/s").floor(per_second(floor));
        row.target(Target::RatioAtLeast(0.5))
    };
    on_row(&row("backfill, SQLite", of_sqlite, floor_sqlite));
    on_row(&row("backfill, PostgreSQL", of_postgres, floor_postgres));
    let beside = Row::new("backfill, SQLite beside PostgreSQL", per_second(of_sqlite), "events/s");
    on_row(&beside.floor(per_second(of_postgres)).target(Target::RatioAtLeast(0.7)));
    let (early, late) = memory;
    let grown = Row::new("backfill, memory at the end", late, "MiB").floor(early);
    on_row(&grown.target(Target::RatioAtMost(1.2)));
    Ok(Indexed { store, catalogue, tables, _folder: folder })
}

/// How long the indexer takes, and what memory it has in MiB after a fifth of the way and at the end.
async fn follow<T: Store>(
    chain: &Filled,
    store: T,
    rules: (u64, Arc<Catalogue>, Arc<Tables>),
) -> Result<(Duration, (f64, f64)), BenchError> {
    let step = "following";
    let url = chain.url.parse().map_err(failed(step))?;
    let limits = PoolLimits { requests_per_second_max: 10_000, ..PoolLimits::default() };
    let pool = Pool::new(vec![url], CHAIN_ID, rules.1.addresses(), limits);
    let start = Instant::now();
    let follower = Follower::new(Arc::new(pool), store, rules, FollowLimits::default());
    let mut follower = follower.await.map_err(failed(step))?;
    let (mut early, mut events) = (0.0, 0);
    loop {
        match follower.step().await.map_err(failed(step))? {
            Step::Applied { events: more, .. } => events += more as u64,
            Step::Quiet => break,
            Step::Undone { .. } => return Err(wrong(step, "the chain was reorganized")),
        }
        if early == 0.0 && events >= chain.events / 5 {
            early = resident_mib()?;
        }
    }
    if events != chain.events {
        return Err(wrong(step, format!("{events} events came")));
    }
    Ok((start.elapsed(), (early, resident_mib()?)))
}

fn resident_mib() -> Result<f64, BenchError> {
    let step = "reading this process's memory";
    let text = std::fs::read_to_string("/proc/self/status").map_err(failed(step))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| wrong(step, "there is no VmRSS"))
}

/// Asks for all logs, and hands over each answer.
async fn raw_logs(
    chain: &Filled,
    mut keep: impl AsyncFnMut(Vec<Log>) -> Result<(), BenchError>,
) -> Result<Duration, BenchError> {
    let provider = provider(&chain.url)?;
    let addresses: Vec<Address> = catalogue()?.addresses();
    let start = Instant::now();
    let last = chain.events / PER_BLOCK;
    let mut from = 1;
    while from <= last {
        let to = last.min(from + BLOCKS_AT_ONCE - 1);
        let filter = Filter::new().address(addresses.clone()).from_block(from).to_block(to);
        keep(provider.get_logs(&filter).await.map_err(failed("asking for logs"))?).await?;
        from = to + 1;
    }
    Ok(start.elapsed())
}

fn topics(log: &Log) -> Vec<u8> {
    log.topics().iter().flat_map(|topic| topic.0).collect()
}

fn number(value: Option<u64>) -> i64 {
    value.and_then(|value| i64::try_from(value).ok()).unwrap_or_default()
}

const RAW_TABLE: &str = "CREATE TABLE raw (block BIGINT, log BIGINT, tx BYTEA, address BYTEA, topics BYTEA, data BYTEA)";

async fn raw_sqlite(chain: &Filled, path: &std::path::Path) -> Result<Duration, BenchError> {
    let step = "writing raw logs";
    let mut connection = rusqlite::Connection::open(path).map_err(failed(step))?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed(step))?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed(step))?;
    connection.execute(RAW_TABLE, []).map_err(failed(step))?;
    raw_logs(chain, async |logs| {
        let tx = connection.transaction().map_err(failed(step))?;
        {
            let sql = "INSERT INTO raw VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let mut statement = tx.prepare_cached(sql).map_err(failed(step))?;
            for log in &logs {
                let (place, index) = (number(log.block_number), number(log.log_index));
                let (transaction, topics) = (log.transaction_hash.unwrap_or_default(), topics(log));
                let (address, data) = (log.inner.address, log.inner.data.data.as_ref());
                let (transaction, address) = (transaction.as_slice(), address.as_slice());
                let row = rusqlite::params![place, index, transaction, address, topics, data];
                statement.execute(row).map_err(failed(step))?;
            }
        }
        tx.commit().map_err(failed(step))
    })
    .await
}

async fn raw_postgres(chain: &Filled, url: &str) -> Result<Duration, BenchError> {
    let step = "writing raw logs";
    let pool = sqlx::PgPool::connect(url).await.map_err(failed(step))?;
    sqlx::query(RAW_TABLE).execute(&pool).await.map_err(failed(step))?;
    raw_logs(chain, async |logs| {
        let sql = "INSERT INTO raw SELECT * FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BYTEA[],
                                                        $4::BYTEA[], $5::BYTEA[], $6::BYTEA[])";
        let column = |bytes: fn(&Log) -> Vec<u8>| logs.iter().map(bytes).collect::<Vec<_>>();
        sqlx::query(sql)
            .bind(logs.iter().map(|log| number(log.block_number)).collect::<Vec<_>>())
            .bind(logs.iter().map(|log| number(log.log_index)).collect::<Vec<_>>())
            .bind(column(|log| log.transaction_hash.unwrap_or_default().to_vec()))
            .bind(column(|log| log.inner.address.to_vec()))
            .bind(column(topics))
            .bind(column(|log| log.inner.data.data.to_vec()))
            .execute(&pool)
            .await
            .map(drop)
            .map_err(failed(step))
    })
    .await
}

//! The floor of a backfill: all logs asked for and written down raw, by a table without an index. The next logs are asked
//! for while those before are written, as the indexer does.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, bytes::BufMut as _},
    providers::Provider as _,
    rpc::types::{Filter, Log},
};
use conet_measure::{BenchError, failed};
use sqlx::postgres::PgPoolCopyExt as _;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    try_join,
};

use crate::chain::{Filled, catalogue, provider};

/// Events of one request: as many as the indexer takes at once.
const EVENTS_AT_ONCE: u64 = 10_000;

/// Answers that wait for the one before to be written.
const WAITING_MAX: usize = 1;

const STEP: &str = "writing raw logs";

const TABLE: &str = "CREATE TABLE raw (block BIGINT, log BIGINT, tx BYTEA, address BYTEA, topics BYTEA, data BYTEA)";

/// Columns of the table.
const COLUMNS: i16 = 6;

/// The beginning of PostgreSQL's binary form: its name, no flags, no extension.
const COPY_HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// How long it takes with an SQLite file, committed to disk after each answer.
pub(crate) async fn sqlite(chain: &Filled, path: &Path) -> Result<Duration, BenchError> {
    let mut connection = rusqlite::Connection::open(path).map_err(failed(STEP))?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed(STEP))?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed(STEP))?;
    connection.execute(TABLE, []).map_err(failed(STEP))?;
    let (sender, mut answers) = channel::<Vec<Log>>(WAITING_MAX);
    let start = Instant::now();
    let writing = tokio::task::spawn_blocking(move || {
        while let Some(logs) = answers.blocking_recv() {
            insert(&mut connection, &logs).map_err(failed(STEP))?;
        }
        Ok(())
    });
    let writing = async { writing.await.map_err(failed(STEP))? };
    try_join!(ask(chain, sender), writing)?;
    Ok(start.elapsed())
}

fn insert(connection: &mut rusqlite::Connection, logs: &[Log]) -> rusqlite::Result<()> {
    let tx = connection.transaction()?;
    {
        let sql = "INSERT INTO raw VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut statement = tx.prepare_cached(sql)?;
        for log in logs {
            let (block, index) = (number(log.block_number), number(log.log_index));
            let (transaction, topics) = (log.transaction_hash.unwrap_or_default(), topics(log));
            let (address, data) = (log.inner.address, log.inner.data.data.as_ref());
            let (transaction, address) = (transaction.as_slice(), address.as_slice());
            let row = rusqlite::params![block, index, transaction, address, topics, data];
            statement.execute(row)?;
        }
    }
    tx.commit()
}

/// How long it takes with PostgreSQL, by its fastest way in: `COPY`, one for each answer.
pub(crate) async fn postgres(chain: &Filled, url: &str) -> Result<Duration, BenchError> {
    let pool = sqlx::PgPool::connect(url).await.map_err(failed(STEP))?;
    sqlx::query(TABLE).execute(&pool).await.map_err(failed(STEP))?;
    let (sender, answers) = channel(WAITING_MAX);
    let start = Instant::now();
    try_join!(ask(chain, sender), copy(&pool, answers))?;
    Ok(start.elapsed())
}

async fn copy(pool: &sqlx::PgPool, mut answers: Receiver<Vec<Log>>) -> Result<(), BenchError> {
    while let Some(logs) = answers.recv().await {
        let mut bytes = COPY_HEAD.to_vec();
        logs.iter().for_each(|log| row(log, &mut bytes));
        bytes.put_i16(-1);
        let copying = pool.copy_in_raw("COPY raw FROM STDIN (FORMAT BINARY)").await;
        let mut copying = copying.map_err(failed(STEP))?;
        copying.send(bytes).await.map_err(failed(STEP))?;
        copying.finish().await.map_err(failed(STEP))?;
    }
    Ok(())
}

/// A row in PostgreSQL's binary form: how many fields, and of each its length and its bytes.
fn row(log: &Log, into: &mut Vec<u8>) {
    into.put_i16(COLUMNS);
    let mut field = |bytes: &[u8]| {
        into.put_i32(i32::try_from(bytes.len()).unwrap_or_default());
        into.put_slice(bytes);
    };
    let transaction = log.transaction_hash.unwrap_or_default();
    field(&number(log.block_number).to_be_bytes());
    field(&number(log.log_index).to_be_bytes());
    field(transaction.as_slice());
    field(log.inner.address.as_slice());
    field(&topics(log));
    field(&log.inner.data.data);
}

/// Asks for all logs, and hands over each answer.
async fn ask(chain: &Filled, answers: Sender<Vec<Log>>) -> Result<(), BenchError> {
    let provider = provider(&chain.url)?;
    let addresses: Vec<Address> = catalogue()?.addresses();
    let blocks = (EVENTS_AT_ONCE / chain.per_block).max(1);
    let mut from = 1;
    while from <= chain.blocks() {
        let to = chain.blocks().min(from + blocks - 1);
        let filter = Filter::new().address(addresses.clone()).from_block(from).to_block(to);
        let logs = provider.get_logs(&filter).await.map_err(failed("asking for logs"))?;
        if answers.send(logs).await.is_err() {
            // The writer ended, and says why.
            return Ok(());
        }
        from = to + 1;
    }
    Ok(())
}

fn topics(log: &Log) -> Vec<u8> {
    log.topics().iter().flat_map(|topic| topic.0).collect()
}

fn number(value: Option<u64>) -> i64 {
    value.and_then(|value| i64::try_from(value).ok()).unwrap_or_default()
}

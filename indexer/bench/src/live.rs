//! From when a block can be asked for to when its rows can: over WebSocket, and over HTTP by asking often.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::providers::Provider as _;
use conet_indexer::{
    chain::{Pool, PoolLimits},
    follow::{FollowLimits, Follower},
    store::SqliteStore,
    tables::Tables,
};
use conet_measure::{BenchError, Row, Target, failed, percentile, wrong};
use tokio_util::sync::CancellationToken;

use crate::chain::{CHAIN_ID, Emitter, catalogue};

/// How often the chain is asked for its height, to know when a block is there.
const LOOK: Duration = Duration::from_millis(1);

/// How often an indexer without WebSocket asks.
const POLL: Duration = Duration::from_millis(50);

/// Events of each block.
const EVENTS: u64 = 50;

pub(crate) async fn measure(
    address: &str,
    quick: bool,
    on_row: &mut impl FnMut(&Row),
) -> Result<(), BenchError> {
    let blocks = if quick { 10 } else { 60 };
    for (name, scheme) in [
        ("live, head to row, p99, WebSocket", "ws"),
        ("live, head to row, p99, asked each 50 ms", "http"),
    ] {
        let delays = delays(address, scheme, blocks).await?;
        let row = Row::new(name, percentile(&delays, 0.99), "ms");
        on_row(&row.target(Target::ValueAtMost(100.0)));
    }
    Ok(())
}

/// The delay of each of so many blocks, in milliseconds.
async fn delays(address: &str, scheme: &str, blocks: usize) -> Result<Vec<f64>, BenchError> {
    let step = "following live";
    let emitter = Arc::new(Emitter::new(&format!("http://{address}")).await?);
    let folder = tempfile::tempdir().map_err(failed(step))?;
    let store = SqliteStore::open(&folder.path().join("index.db")).await.map_err(failed(step))?;
    let catalogue = Arc::new(catalogue()?);
    let tables = Arc::new(Tables::own(&catalogue).map_err(failed(step))?);
    let url = format!("{scheme}://{address}").parse().map_err(failed(step))?;
    let limits = PoolLimits { poll: POLL, ..PoolLimits::default() };
    let pool = Pool::new(vec![url], CHAIN_ID, catalogue.addresses(), limits);
    let rules = (CHAIN_ID, catalogue, tables);
    let follower = Follower::new(Arc::new(pool), store, rules, FollowLimits::default());
    let follower = follower.await.map_err(failed(step))?;
    let mut progress = follower.progress();
    let stop = CancellationToken::new();
    let following = tokio::spawn(follower.run(stop.clone()));
    let emitting = tokio::spawn(keep_emitting(Arc::clone(&emitter), stop.clone()));

    // Blocks whose coming was seen: of the first one nobody knows when it came.
    let mut served: BTreeMap<u64, Instant> = BTreeMap::new();
    let mut last = None;
    let mut delays = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(30 + 2 * blocks as u64);
    // The blocks before are caught up with, not followed.
    let caught_up = progress.wait_for(|progress| progress.cursor.is_some() && progress.lag() == 0);
    caught_up.await.map_err(failed(step))?;
    while delays.len() < blocks {
        if Instant::now() > deadline {
            return Err(wrong(step, format!("only {} blocks came", delays.len())));
        }
        tokio::select! {
            head = look(&emitter) => {
                let head = head?;
                if last.is_some_and(|last| head > last) {
                    served.insert(head, Instant::now());
                }
                last = Some(head);
            }
            changed = progress.changed() => changed.map_err(failed(step))?,
        }
        let (at, now) =
            (progress.borrow_and_update().cursor.map_or(0, |at| at.at.number), Instant::now());
        while let Some(block) = served.first_entry().filter(|block| *block.key() <= at) {
            delays.push(now.duration_since(block.remove()).as_secs_f64() * 1_000.0);
        }
    }
    stop.cancel();
    following.await.map_err(failed(step))?;
    emitting.await.map_err(failed(step))??;
    Ok(delays)
}

/// The chain's height, a moment later.
async fn look(emitter: &Emitter) -> Result<u64, BenchError> {
    tokio::time::sleep(LOOK).await;
    emitter.provider.get_block_number().await.map_err(failed("asking for the head"))
}

async fn keep_emitting(emitter: Arc<Emitter>, stop: CancellationToken) -> Result<(), BenchError> {
    let mut first = 0;
    while !stop.is_cancelled() {
        emitter.emit(first, EVENTS).await?;
        first += EVENTS;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

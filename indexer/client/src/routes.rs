//! Routes out of an indexer elsewhere, for a node.
//!
//! Those that were read lately are in memory. The indexer tells of every route that is set and of every reorganization;
//! as long as it does, what is in memory is as good as what it would answer. When its stream breaks, nothing in memory
//! counts, and each look-up asks, until there is a stream again. A route that does not hold is no answer: then whoever
//! asks shall read the contract, where anybody can write anything, and see for itself.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::Address;
use conet_bindings::RouteTable::RouteRecord;
use conet_chain::{
    ChainError,
    routes::{CachedRoutes, RouteCache, RouteSource, Routes},
};
use conet_wire::{claim::verify_route, network::Network};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    IndexClient, IndexError,
    answers::{RecordView, Route},
    events::{Events, Told},
};

/// The contract whose events change routes, and that event.
const OF_ROUTES: [(&str, &str); 2] = [("contract", "RouteTable"), ("event", "RouteSet")];

/// Routes that are asked for at once.
const ASKED_AT_ONCE: usize = 8;

/// Blocks behind the chain at which an indexer is not believed any more.
const LAG_BLOCKS_MAX: u64 = 10;

/// The pause after a stream broke; it doubles up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(250);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A source of routes. Dropping it ends the task that listens.
#[derive(Debug)]
pub struct RouteIndex {
    routes: CachedRoutes<Asking>,
    listening: JoinHandle<()>,
}

impl Drop for RouteIndex {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl RouteIndex {
    /// Asks this indexer for routes of this network, and listens to it until `stop` is cancelled. That it does not answer
    /// now is no error: it may later.
    #[must_use]
    pub fn start(client: IndexClient, network: Network, stop: CancellationToken) -> Self {
        let cache = Arc::new(RouteCache::default());
        let source = Asking { client: client.clone(), network };
        let listening = tokio::spawn(listen(client, network, Arc::clone(&cache), stop));
        Self { routes: CachedRoutes::new(cache, source), listening }
    }
}

impl RouteSource for RouteIndex {
    fn routes<'a>(&'a self, wallets: &'a [Address]) -> BoxFuture<'a, Result<Routes, ChainError>> {
        self.routes.routes(wallets)
    }
}

/// Asks each time.
#[derive(Debug)]
struct Asking {
    client: IndexClient,
    network: Network,
}

impl Asking {
    async fn ask(&self, wallets: &[Address]) -> Result<Routes, ChainError> {
        let status = self.client.status().await.map_err(failed)?;
        let expected = "tables of this chain that are up to date";
        let late = |found: String| ChainError::Index { expected, found };
        if status.chain_id != self.network.chain_id {
            return Err(late(format!("tables of chain {}", status.chain_id)));
        }
        let at = status.block.zip(status.time);
        let (block, timestamp) = at.ok_or_else(|| late("empty ones".to_owned()))?;
        if status.lag_blocks > LAG_BLOCKS_MAX {
            return Err(late(format!("tables that lack {} blocks", status.lag_blocks)));
        }
        let records = stream::iter(wallets.to_vec()).map(|wallet| self.route(wallet));
        let records = records.buffered(ASKED_AT_ONCE).try_collect().await?;
        Ok(Routes { block, timestamp, records })
    }

    async fn route(&self, wallet: Address) -> Result<Option<RouteRecord>, ChainError> {
        let key = wallet.to_string();
        let found = self.client.record("routes", &[key.as_str()], &[]).await;
        let found: Option<RecordView<Route>> = found.map_err(failed)?;
        let Some(route) = found.and_then(|found| found.record) else { return Ok(None) };
        let record = RouteRecord::from(route);
        let expected = "a route that its wallet signed and that holds";
        let wrong = |found: String| ChainError::Index { expected, found };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let verified = verify_route(&self.network, &record, now);
        let verified = verified.map_err(|error| wrong(error.to_string()))?;
        if verified.wallet() != wallet {
            return Err(wrong(format!("one of {}", verified.wallet())));
        }
        Ok(Some(record))
    }
}

impl RouteSource for Asking {
    fn routes<'a>(&'a self, wallets: &'a [Address]) -> BoxFuture<'a, Result<Routes, ChainError>> {
        self.ask(wallets).boxed()
    }
}

fn failed(error: IndexError) -> ChainError {
    ChainError::Index { expected: "an answer", found: error.to_string() }
}

async fn listen(
    client: IndexClient,
    network: Network,
    cache: Arc<RouteCache>,
    stop: CancellationToken,
) {
    let mut pause = PAUSE_FIRST;
    loop {
        let heard = stop.run_until_cancelled(hear(&client, network, &cache, &mut pause)).await;
        cache.lost();
        match heard {
            None => return,
            Some(Ok(())) => tracing::debug!("the index ended its stream"),
            Some(Err(error)) => tracing::warn!(%error, ?pause, "the index tells no changes"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Tells the cache what a stream tells, until it ends.
async fn hear(
    client: &IndexClient,
    network: Network,
    cache: &RouteCache,
    pause: &mut Duration,
) -> Result<(), IndexError> {
    let contracts = client.contracts().await?;
    let is_ours = |name: &str, address: Address| name == "RouteTable" && address == network.routes;
    if !contracts.iter().any(|contract| is_ours(&contract.name, contract.address)) {
        let found = "none: it is another network's".to_owned();
        return Err(IndexError::Answer { expected: "this network's RouteTable", found });
    }
    let mut events: Events = client.events(&OF_ROUTES).await?;
    while let Some(told) = events.next().await? {
        *pause = PAUSE_FIRST;
        match told {
            Told::Head { block, time } => cache.reach(block, time),
            // Which routes were taken back is not said.
            Told::Reorganized { .. } => cache.lost(),
            Told::Event(event) => {
                let wallet = event.fields.get("wallet").and_then(|wallet| wallet.as_str());
                match wallet.and_then(|wallet| wallet.parse().ok()) {
                    Some(wallet) => cache.forget(wallet),
                    None => cache.lost(),
                }
            }
        }
    }
    Ok(())
}

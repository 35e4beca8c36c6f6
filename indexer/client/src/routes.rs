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
use tokio_util::sync::CancellationToken;

use crate::{
    IndexClient, IndexError,
    answers::{RecordView, Route, Status},
    events::Told,
};

/// The contract whose events change routes, and that event.
const OF_ROUTES: [(&str, &str); 2] = [("contract", "RouteTable"), ("event", "RouteSet")];

/// Routes that are asked for at once.
const ASKED_AT_ONCE: usize = 8;

/// Blocks behind the chain at which an indexer is not believed any more.
const LAG_BLOCKS_MAX: u64 = 10;

/// How often tables are asked that change meanwhile.
const ASKS_MAX: usize = 3;

/// How often an indexer that tells of changes is asked whether it keeps up with the chain.
const STATUS_POLL: Duration = Duration::from_secs(5);

/// How far a block's time may be ahead of this computer's clock.
const CLOCK_SKEW_SECONDS: u64 = 900;

/// The pause after a stream broke; it doubles up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(250);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Routes of this network as this indexer has them. It is listened to until `stop` is cancelled, or this is dropped. That it
/// does not answer now is no error: it may later.
pub fn routes(
    client: IndexClient,
    network: Network,
    stop: CancellationToken,
) -> impl RouteSource + 'static {
    let cache = Arc::new(RouteCache::default());
    let keeper = listen(client.clone(), network, Arc::clone(&cache), stop);
    CachedRoutes::new(cache, Asking { client, network }, keeper)
}

/// Asks each time.
#[derive(Debug)]
struct Asking {
    client: IndexClient,
    network: Network,
}

impl Asking {
    /// How far its tables are, if they are of this chain.
    async fn status(&self) -> Result<Status, ChainError> {
        let status = self.client.status().await.map_err(failed)?;
        let (expected, found) = (self.network.chain_id, status.chain_id);
        match expected == found {
            true => Ok(status),
            false => Err(wrong("tables of this chain", format!("some of chain {found}"))),
        }
    }

    async fn ask_if_current(&self, wallets: &[Address]) -> Result<Routes, ChainError> {
        let status = self.status().await?;
        match is_current(&status) {
            true => self.ask(wallets, status).await,
            false => Err(wrong("tables that are up to date", "older ones".to_owned())),
        }
    }

    /// All at one block: again, if the tables went on meanwhile.
    async fn ask(&self, wallets: &[Address], before: Status) -> Result<Routes, ChainError> {
        let mut before = before;
        for _ in 0..ASKS_MAX {
            let at = before.block.zip(before.time).filter(|(_, time)| is_past(*time));
            let expected = "a block that there can be";
            let (block, timestamp) = at.ok_or_else(|| wrong(expected, "none".to_owned()))?;
            let records = self.records(wallets).await?;
            let after = self.status().await?;
            if after.hash == before.hash {
                return Ok(Routes { block, timestamp, records });
            }
            before = after;
        }
        Err(wrong("tables that stay for a moment", "some that change all the time".to_owned()))
    }

    async fn records(&self, wallets: &[Address]) -> Result<Vec<Option<RouteRecord>>, ChainError> {
        let records = stream::iter(wallets.to_vec()).map(|wallet| self.route(wallet));
        records.buffered(ASKED_AT_ONCE).try_collect().await
    }

    async fn route(&self, wallet: Address) -> Result<Option<RouteRecord>, ChainError> {
        let key = wallet.to_string();
        let found = self.client.record("routes", &[key.as_str()], &[]).await;
        let found: Option<RecordView<Route>> = found.map_err(failed)?;
        let Some(route) = found.and_then(|found| found.record) else { return Ok(None) };
        let record = RouteRecord::from(route);
        let expected = "a route that its wallet signed and that holds";
        let verified = verify_route(&self.network, &record, now());
        let verified = verified.map_err(|error| wrong(expected, error.to_string()))?;
        if verified.wallet() != wallet {
            return Err(wrong(expected, format!("one of {}", verified.wallet())));
        }
        Ok(Some(record))
    }
}

impl RouteSource for Asking {
    fn routes<'a>(&'a self, wallets: &'a [Address]) -> BoxFuture<'a, Result<Routes, ChainError>> {
        self.ask_if_current(wallets).boxed()
    }

    fn last_known<'a>(
        &'a self,
        wallets: &'a [Address],
    ) -> BoxFuture<'a, Result<Routes, ChainError>> {
        async move {
            let status = self.status().await?;
            self.ask(wallets, status).await
        }
        .boxed()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Whether a block can have this time, by this computer's clock.
fn is_past(time: u64) -> bool {
    time <= now().saturating_add(CLOCK_SKEW_SECONDS)
}

/// Whether an indexer says that its tables are the chain's.
const fn is_current(status: &Status) -> bool {
    status.ok && status.head > 0 && status.lag_blocks <= LAG_BLOCKS_MAX
}

const fn wrong(expected: &'static str, found: String) -> ChainError {
    ChainError::Index { expected, found }
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
    let mut events = client.events(&OF_ROUTES).await?;
    let mut hearing = Hearing { cache, head: None, keeps_up: true };
    let mut look = tokio::time::interval(STATUS_POLL);
    loop {
        let told = tokio::select! {
            told = events.next() => told?,
            _ = look.tick() => {
                hearing.keeps_up = is_current(&client.status().await?);
                hearing.show();
                continue;
            }
        };
        let Some(told) = told else { return Ok(()) };
        *pause = PAUSE_FIRST;
        hearing.take(told);
    }
}

/// What one stream told so far.
struct Hearing<'a> {
    cache: &'a RouteCache,
    /// The last block whose changes were all told, with its time.
    head: Option<(u64, u64)>,
    /// Whether the tables are not far behind the chain.
    keeps_up: bool,
}

impl Hearing<'_> {
    fn take(&mut self, told: Told) {
        match told {
            Told::Head { block, time } => {
                self.head = is_past(time).then_some((block, time));
                self.show();
            }
            // Which routes were taken back is not said.
            Told::Reorganized { .. } => self.forget_all(),
            Told::Event(event) => {
                let wallet = event.fields.get("wallet").and_then(|wallet| wallet.as_str());
                match wallet.and_then(|wallet| wallet.parse().ok()) {
                    Some(wallet) => self.cache.forget(wallet),
                    None => self.forget_all(),
                }
            }
        }
    }

    fn forget_all(&mut self) {
        self.head = None;
        self.cache.lost();
    }

    fn show(&self) {
        match self.head.filter(|_| self.keeps_up) {
            Some((block, time)) => self.cache.reach(block, time),
            None => self.cache.lost(),
        }
    }
}

#[cfg(test)]
mod tests;

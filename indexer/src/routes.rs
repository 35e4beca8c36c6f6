//! Routes out of the tables, for a node that follows the chain by itself.
//!
//! ```text
//! follower ─► tables ─► a look-up: one read, or none for what was read lately
//!         └─► progress ─► the wallets whose route the new blocks changed are forgotten; after a reorganization all are
//! ```

use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

use alloy::{
    primitives::{Address, B256},
    sol_types::SolEvent as _,
};
use conet_bindings::RouteTable::{RouteRecord, RouteSet};
use conet_chain::{
    ChainError,
    routes::{CachedRoutes, RouteCache, RouteSource, Routes},
};
use conet_index_client::Route;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::sync::watch::Receiver;

use crate::{
    follow::Progress,
    store::{At, EventsQuery, Store},
    tables::Tables,
};

/// The table.
const TABLE: &str = "routes";

/// Blocks behind the chain at which the tables are not asked any more.
const LAG_BLOCKS_MAX: u64 = 10;

/// Changes that are looked at one by one. Where there are more, all is forgotten.
const CHANGES_MAX: u32 = 1_000;

/// Routes out of these tables, as far as this follower says that they are. `contract` is the route table's address.
pub fn routes<T: Store + Debug>(
    store: T,
    tables: Arc<Tables>,
    contract: Address,
    progress: Receiver<Progress>,
) -> impl RouteSource + 'static {
    let cache = Arc::new(RouteCache::default());
    let reading = Reading { store: store.clone(), tables, progress: progress.clone() };
    let listener = Listener { store, contract, cache: Arc::clone(&cache), at: None, undone: 0 };
    CachedRoutes::new(cache, reading, listener.run(progress))
}

/// Reads each time.
#[derive(Debug)]
struct Reading<T> {
    store: T,
    tables: Arc<Tables>,
    progress: Receiver<Progress>,
}

impl<T: Store> Reading<T> {
    /// Whether somebody follows the chain, and the tables with it.
    fn is_current(&self) -> bool {
        self.progress.has_changed().is_ok() && self.progress.borrow().is_current(LAG_BLOCKS_MAX)
    }

    async fn read_if_current(&self, wallets: &[Address]) -> Result<Routes, ChainError> {
        match self.is_current() {
            true => self.read(wallets).await,
            false => Err(failed("tables that are up to date", "older ones")),
        }
    }

    /// All at one block.
    async fn read(&self, wallets: &[Address]) -> Result<Routes, ChainError> {
        let what = "a table of routes that can be read";
        let table = self.tables.get(TABLE).ok_or_else(|| failed(what, "none"))?;
        let key = |wallet: &Address| table.key(&[format!("{wallet:#x}").as_str()]);
        let keys: Result<Vec<_>, _> = wallets.iter().map(key).collect();
        let keys = keys.map_err(|error| failed(what, error))?.into_iter();
        let keys: Vec<_> = keys.map(|key| (TABLE.to_owned(), key)).collect();
        let view = self.store.view(&keys).await;
        let (cursor, rows) = view.map_err(|error| failed("tables that can be read", error))?;
        let cursor = cursor.ok_or_else(|| failed("tables of this chain", "empty ones"))?;
        let mut records = Vec::with_capacity(wallets.len());
        for (_, key) in &keys {
            let body = rows.iter().find(|row| row.key == *key).and_then(|row| row.body.as_deref());
            let route = body.map(serde_json::from_str::<Route>).transpose();
            records.push(route.map_err(|error| failed(what, error))?.map(RouteRecord::from));
        }
        Ok(Routes { block: cursor.at.number, timestamp: cursor.time, records })
    }
}

fn failed(expected: &'static str, found: impl ToString) -> ChainError {
    ChainError::Index { expected, found: found.to_string() }
}

impl<T: Store + Debug> RouteSource for Reading<T> {
    fn routes<'a>(&'a self, wallets: &'a [Address]) -> BoxFuture<'a, Result<Routes, ChainError>> {
        self.read_if_current(wallets).boxed()
    }

    fn last_known<'a>(
        &'a self,
        wallets: &'a [Address],
    ) -> BoxFuture<'a, Result<Routes, ChainError>> {
        self.read(wallets).boxed()
    }
}

/// Tells the cache what the follower changed.
struct Listener<T> {
    store: T,
    contract: Address,
    cache: Arc<RouteCache>,
    /// The last block whose changes were told.
    at: Option<At>,
    /// Reorganizations that were told.
    undone: u64,
}

impl<T: Store> Listener<T> {
    async fn run(mut self, mut progress: Receiver<Progress>) {
        loop {
            let now = progress.borrow_and_update().clone();
            self.tell(&now).await;
            if progress.changed().await.is_err() {
                // Nobody follows the chain any more.
                self.cache.lost();
                return;
            }
        }
    }

    async fn tell(&mut self, now: &Progress) {
        let Some(cursor) = now.cursor.filter(|_| now.is_current(LAG_BLOCKS_MAX)) else {
            self.at = None;
            return self.cache.lost();
        };
        let goes_on = self.at.filter(|_| now.reorganizations == self.undone);
        let changed = match goes_on {
            Some(at) if at == cursor.at => Some(BTreeSet::new()),
            Some(at) => self.changed_since(at).await,
            None => None,
        };
        match changed {
            Some(changed) => changed.into_iter().for_each(|wallet| self.cache.forget(wallet)),
            None => self.cache.lost(),
        }
        (self.at, self.undone) = (Some(cursor.at), now.reorganizations);
        self.cache.reach(cursor.at.number, cursor.time);
    }

    /// The wallets whose route was set after a block; none when that cannot be said.
    async fn changed_since(&self, at: At) -> Option<BTreeSet<Address>> {
        let query = EventsQuery {
            kinds: vec![(self.contract, RouteSet::SIGNATURE_HASH)],
            from: Some((at.number, u64::MAX)),
            ascending: true,
            limit: CHANGES_MAX,
            ..EventsQuery::default()
        };
        let events = self.store.events(&query).await.ok()?;
        let wallet = |topic: &B256| Address::from_word(*topic);
        let wallets = events.iter().filter_map(|event| event.topics.get(1)).map(wallet);
        (events.len() < CHANGES_MAX as usize).then(|| wallets.collect())
    }
}

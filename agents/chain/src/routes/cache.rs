//! Routes that were read lately, as long as whoever follows the chain says what has changed.
//!
//! ```text
//! follower ── forget(wallet) ─► its route changed
//!          ── reach(block) ─► all changes up to there were told
//!          ── lost ─► knows nothing until it is told again where it is
//! reader   ── get ─► what is known, and the version
//!          ── put(version) ─► kept if nothing changed while it was read
//! ```

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy::primitives::Address;
use conet_bindings::RouteTable::RouteRecord;
use futures_util::{FutureExt as _, future::BoxFuture};
use lru::LruCache;
use tokio_util::task::AbortOnDropHandle;

use super::{RouteSource, Routes};
use crate::{ChainError, limits::ROUTES_CACHED_MAX};

#[derive(Debug)]
struct Known {
    routes: LruCache<Address, Option<RouteRecord>>,
    /// The block, and its time: no change up to there is missing. None: nobody follows the chain now.
    at: Option<(u64, u64)>,
    /// Counts changes: what was read before one may be older.
    version: u64,
}

/// Routes in memory.
#[derive(Debug)]
pub struct RouteCache(Mutex<Known>);

impl Default for RouteCache {
    fn default() -> Self {
        let max = NonZeroUsize::new(ROUTES_CACHED_MAX).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(Known { routes: LruCache::new(max), at: None, version: 0 }))
    }
}

impl RouteCache {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This wallet's route may be another now.
    pub fn forget(&self, wallet: Address) {
        let mut known = self.known();
        known.version += 1;
        known.routes.pop(&wallet);
    }

    /// All changes up to this block, with this time, were told.
    pub fn reach(&self, block: u64, time: u64) {
        self.known().at = Some((block, time));
    }

    /// Nobody knows what has changed: nothing counts any more.
    pub fn lost(&self) {
        let mut known = self.known();
        known.version += 1;
        known.routes.clear();
        known.at = None;
    }

    /// What is known of these wallets, if the chain is followed.
    fn get(&self, wallets: &[Address]) -> Option<Seen> {
        let mut known = self.known();
        let (block, timestamp) = known.at?;
        let records = wallets.iter().map(|wallet| known.routes.get(wallet).cloned()).collect();
        Some(Seen { records, block, timestamp, version: known.version })
    }

    fn put(&self, version: u64, wallet: Address, record: Option<RouteRecord>) {
        let mut known = self.known();
        if known.version == version && known.at.is_some() {
            known.routes.put(wallet, record);
        }
    }
}

struct Seen {
    /// The outer option: whether it is known.
    records: Vec<Option<Option<RouteRecord>>>,
    block: u64,
    timestamp: u64,
    version: u64,
}

/// A source, and what was read of it lately.
#[derive(Debug)]
pub struct CachedRoutes<S> {
    cache: Arc<RouteCache>,
    source: S,
    _keeper: AbortOnDropHandle<()>,
}

impl<S> CachedRoutes<S> {
    /// `keeper` tells the cache what has changed, and ends with this.
    pub fn new<K>(cache: Arc<RouteCache>, source: S, keeper: K) -> Self
    where
        K: Future<Output = ()> + Send + 'static,
    {
        Self { cache, source, _keeper: AbortOnDropHandle::new(tokio::spawn(keeper)) }
    }
}

impl<S: RouteSource> RouteSource for CachedRoutes<S> {
    fn routes<'a>(&'a self, wallets: &'a [Address]) -> BoxFuture<'a, Result<Routes, ChainError>> {
        async move {
            let Some(seen) = self.cache.get(wallets) else {
                return self.source.routes(wallets).await;
            };
            let unknown = wallets.iter().zip(&seen.records);
            let unknown = unknown.filter(|(_, record)| record.is_none()).map(|(wallet, _)| *wallet);
            let unknown: Vec<_> = unknown.collect();
            let mut read = Vec::new();
            if !unknown.is_empty() {
                let found = self.source.routes(&unknown).await?;
                // What is older than what is known would not be told of again.
                let kept = unknown.iter().zip(&found.records).filter(|_| found.block >= seen.block);
                for (wallet, record) in kept {
                    self.cache.put(seen.version, *wallet, record.clone());
                }
                // An answer is of one block: newer routes must not pass for those of an older one.
                if found.block != seen.block {
                    let is_all = unknown.len() == wallets.len();
                    return if is_all { Ok(found) } else { self.source.routes(wallets).await };
                }
                read = found.records;
            }
            let mut read = read.into_iter();
            let fill = |record: Option<_>| record.unwrap_or_else(|| read.next().flatten());
            let records = seen.records.into_iter().map(fill).collect();
            Ok(Routes { block: seen.block, timestamp: seen.timestamp, records })
        }
        .boxed()
    }

    fn last_known<'a>(
        &'a self,
        wallets: &'a [Address],
    ) -> BoxFuture<'a, Result<Routes, ChainError>> {
        self.source.last_known(wallets)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Answers with routes whose serial counts what was asked for.
    #[derive(Debug, Default)]
    struct Counting {
        asked: AtomicU64,
        block: AtomicU64,
        /// Changes while it is asked.
        changes: Option<Arc<RouteCache>>,
    }

    impl RouteSource for Counting {
        fn routes<'a>(
            &'a self,
            wallets: &'a [Address],
        ) -> BoxFuture<'a, Result<Routes, ChainError>> {
            let record = |wallet: &Address| {
                let serial = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
                let mut record = RouteRecord { serial, ..RouteRecord::default() };
                record.update.wallet = *wallet;
                (!wallet.is_zero()).then_some(record)
            };
            let records = wallets.iter().map(record).collect();
            if let Some(cache) = &self.changes {
                wallets.iter().for_each(|wallet| cache.forget(*wallet));
            }
            let block = self.block.load(Ordering::Relaxed);
            async move { Ok(Routes { block, timestamp: 10 * block, records }) }.boxed()
        }
    }

    /// Both are at this block.
    fn reach(routes: &CachedRoutes<Counting>, block: u64) {
        routes.source.block.store(block, Ordering::Relaxed);
        routes.cache.reach(block, 10 * block);
    }

    fn wallet(byte: u8) -> Address {
        Address::repeat_byte(byte)
    }

    async fn serials(of: &CachedRoutes<Counting>, wallets: &[u8]) -> (u64, Vec<Option<u64>>) {
        let wallets: Vec<_> = wallets.iter().map(|byte| wallet(*byte)).collect();
        let routes = of.routes(&wallets).await.unwrap();
        let records = routes.records.into_iter().zip(&wallets).map(|(record, wallet)| {
            let record = record?;
            assert_eq!(record.update.wallet, *wallet);
            Some(record.serial)
        });
        (routes.block, records.collect())
    }

    #[tokio::test]
    async fn what_is_known_is_not_asked_for_until_it_changes() {
        let cache = Arc::new(RouteCache::default());
        let routes = CachedRoutes::new(Arc::clone(&cache), Counting::default(), async {});
        // Nobody follows the chain: nothing is kept.
        assert_eq!(serials(&routes, &[1]).await, (0, vec![Some(1)]));
        assert_eq!(serials(&routes, &[1]).await, (0, vec![Some(2)]));
        reach(&routes, 5);
        assert_eq!(serials(&routes, &[1]).await, (5, vec![Some(3)]));
        assert_eq!(serials(&routes, &[2, 1, 3]).await, (5, vec![Some(4), Some(3), Some(5)]));
        cache.forget(wallet(1));
        cache.forget(wallet(7));
        reach(&routes, 6);
        assert_eq!(serials(&routes, &[3, 1, 2]).await, (6, vec![Some(5), Some(6), Some(4)]));
        cache.lost();
        assert_eq!(serials(&routes, &[3]).await, (6, vec![Some(7)]));
    }

    #[tokio::test]
    async fn an_answer_is_of_one_block() {
        let cache = Arc::new(RouteCache::default());
        let routes = CachedRoutes::new(Arc::clone(&cache), Counting::default(), async {});
        reach(&routes, 5);
        assert_eq!(serials(&routes, &[1]).await, (5, vec![Some(1)]));
        // The source is further on than what was told: it is asked for all.
        routes.source.block.store(6, Ordering::Relaxed);
        assert_eq!(serials(&routes, &[1, 2]).await, (6, vec![Some(3), Some(4)]));
        assert_eq!(serials(&routes, &[1]).await, (5, vec![Some(1)]));
        // Or behind: what it says then is not kept.
        cache.reach(7, 70);
        assert_eq!(serials(&routes, &[3]).await, (6, vec![Some(5)]));
        assert_eq!(serials(&routes, &[3]).await, (6, vec![Some(6)]));
    }

    #[tokio::test]
    async fn that_a_wallet_has_no_route_is_known_too() {
        let cache = Arc::new(RouteCache::default());
        let routes = CachedRoutes::new(Arc::clone(&cache), Counting::default(), async {});
        reach(&routes, 5);
        for _ in 0..2 {
            assert_eq!(serials(&routes, &[0]).await, (5, vec![None]));
        }
        assert_eq!(routes.source.asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_kept() {
        let cache = Arc::new(RouteCache::default());
        let source = Counting { changes: Some(Arc::clone(&cache)), ..Counting::default() };
        let routes = CachedRoutes::new(Arc::clone(&cache), source, async {});
        reach(&routes, 5);
        assert_eq!(serials(&routes, &[1]).await.1, [Some(1)]);
        assert_eq!(serials(&routes, &[1]).await.1, [Some(2)]);
    }

    #[tokio::test]
    async fn no_more_routes_are_kept_than_the_limit_says() {
        let cache = Arc::new(RouteCache::default());
        cache.reach(5, 50);
        for number in 0..ROUTES_CACHED_MAX as u64 + 10 {
            cache.put(0, Address::left_padding_from(&number.to_be_bytes()), None);
        }
        assert_eq!(cache.known().routes.len(), ROUTES_CACHED_MAX);
    }
}

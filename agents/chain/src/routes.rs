//! Where routes are read: from the contract over an RPC, or out of an index of it.
//!
//! Whatever the source, what comes out is what it served: callers verify it with [`conet_wire::claim`]. A source that lies
//! can so hide a route, or show an older one, and nothing else.

mod cache;

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use alloy::primitives::Address;
use conet_bindings::RouteTable::RouteRecord;
use futures_util::{FutureExt as _, future::BoxFuture};

pub use cache::{CachedRoutes, RouteCache};
use tokio::time::timeout;

use crate::{
    ChainError, ChainReader,
    limits::{INDEX_REST_FIRST, INDEX_REST_MAX, INDEX_TIMEOUT},
};

/// Routes at one block, or after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Routes {
    /// The block.
    pub block: u64,
    /// Its time, unix seconds.
    pub timestamp: u64,
    /// Of each wallet that was asked for, in that order; none: it has no route.
    pub records: Vec<Option<RouteRecord>>,
}

/// Reads routes.
pub trait RouteSource: Debug + Send + Sync {
    /// The routes of these wallets.
    ///
    /// # Errors
    /// [`ChainError`] when the source cannot be asked, or is too far behind the chain to be believed.
    fn routes<'a>(&'a self, wallets: &'a [Address]) -> BoxFuture<'a, Result<Routes, ChainError>>;

    /// The same, however far behind the source is: for when nobody knows better.
    ///
    /// # Errors
    /// [`ChainError`] when the source cannot be asked.
    fn last_known<'a>(
        &'a self,
        wallets: &'a [Address],
    ) -> BoxFuture<'a, Result<Routes, ChainError>> {
        self.routes(wallets)
    }
}

impl RouteSource for ChainReader {
    fn routes<'a>(&'a self, wallets: &'a [Address]) -> BoxFuture<'a, Result<Routes, ChainError>> {
        async move {
            let (head, records) = Self::routes(self, wallets).await?;
            Ok(Routes { block: head.number, timestamp: head.timestamp, records })
        }
        .boxed()
    }
}

/// An index, and the contract for when that one does not know.
#[derive(Debug)]
pub struct IndexFirst {
    index: Arc<dyn RouteSource>,
    contract: ChainReader,
    /// Until when the index is not asked, and after how long a pause: it let somebody wait.
    rests: Mutex<Option<(Instant, Duration)>>,
}

impl IndexFirst {
    /// Asks `contract` whenever `index` fails, and `index` again when both do.
    #[must_use]
    pub fn new(index: Arc<dyn RouteSource>, contract: ChainReader) -> Self {
        Self { index, contract, rests: Mutex::default() }
    }

    fn rests(&self) -> MutexGuard<'_, Option<(Instant, Duration)>> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the index, if it does not rest, and not for long.
    async fn ask_index(&self, wallets: &[Address]) -> Result<Routes, ChainError> {
        let expected = "an answer in time";
        let slow = |found: &str| ChainError::Index { expected, found: found.to_owned() };
        if self.rests().is_some_and(|(until, _)| Instant::now() < until) {
            return Err(slow("none, a moment ago"));
        }
        let Ok(answer) = timeout(INDEX_TIMEOUT, self.index.routes(wallets)).await else {
            let mut rests = self.rests();
            let pause = rests.map_or(INDEX_REST_FIRST, |(_, pause)| pause * 2).min(INDEX_REST_MAX);
            *rests = Some((Instant::now() + pause, pause));
            return Err(slow("none"));
        };
        *self.rests() = None;
        answer
    }

    async fn ask(&self, wallets: &[Address]) -> Result<Routes, ChainError> {
        let why = match self.ask_index(wallets).await {
            Ok(routes) => return Ok(routes),
            Err(why) => why,
        };
        tracing::debug!(error = %why, "the index does not know, the contract is asked");
        let error = match RouteSource::routes(&self.contract, wallets).await {
            Ok(routes) => return Ok(routes),
            Err(error) => error,
        };
        let last = timeout(INDEX_TIMEOUT, self.index.last_known(wallets)).await;
        last.ok().and_then(Result::ok).ok_or(error)
    }
}

impl RouteSource for IndexFirst {
    fn routes<'a>(&'a self, wallets: &'a [Address]) -> BoxFuture<'a, Result<Routes, ChainError>> {
        self.ask(wallets).boxed()
    }
}

//! Where routes are read: from the contract over an RPC, or out of an index of it.
//!
//! Whatever the source, what comes out is what it served: callers verify it with [`conet_wire::claim`]. A source that lies
//! can so hide a route, or show an older one, and nothing else.

mod cache;

use std::{fmt::Debug, sync::Arc};

use alloy::primitives::Address;
use conet_bindings::RouteTable::RouteRecord;
use futures_util::{FutureExt as _, future::BoxFuture};

pub use cache::{CachedRoutes, RouteCache};

use crate::{ChainError, ChainReader};

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
}

impl IndexFirst {
    /// Asks `contract` whenever `index` fails.
    #[must_use]
    pub fn new(index: Arc<dyn RouteSource>, contract: ChainReader) -> Self {
        Self { index, contract }
    }
}

impl RouteSource for IndexFirst {
    fn routes<'a>(&'a self, wallets: &'a [Address]) -> BoxFuture<'a, Result<Routes, ChainError>> {
        async move {
            match self.index.routes(wallets).await {
                Ok(routes) => Ok(routes),
                Err(error) => {
                    tracing::debug!(%error, "the index does not know, the contract is asked");
                    RouteSource::routes(&self.contract, wallets).await
                }
            }
        }
        .boxed()
    }
}

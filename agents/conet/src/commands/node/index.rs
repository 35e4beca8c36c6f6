//! Where a node looks routes up, when not in the contract each time.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use alloy::primitives::Address;
use anyhow::Context as _;
use conet_chain::{
    ChainError, ChainReader,
    routes::{IndexFirst, RouteSource, Routes},
};
use conet_index_client::IndexClient;
use conet_node::config::{CONFIG_FILE, NodeConfig, Role, RoutesFrom};
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio_util::sync::CancellationToken;

use super::own_index::OwnIndex;

/// What the configuration says; none: the contract is asked. Tasks end with `stop`.
pub(super) async fn source(
    home: &Path,
    config: &NodeConfig,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Arc<dyn RouteSource>>> {
    let chain = &config.chain;
    if !config.has(Role::Agent) {
        return Ok(None);
    }
    let index: Arc<dyn RouteSource> = match &chain.routes_from {
        RoutesFrom::Contract => return Ok(None),
        RoutesFrom::OwnIndex => {
            let own = OwnIndex::new(home, chain)?;
            let index = Arc::new(WhenBegun::default());
            tokio::spawn(own.keep(Arc::clone(&index), stop.clone()));
            index
        }
        RoutesFrom::Index(url) => {
            let file = home.join(CONFIG_FILE);
            let wrong = || {
                let expected = "own-index, contract, or an indexer's URL";
                format!("routes_from in {}: expected {expected}", file.display())
            };
            let client = IndexClient::new(url).with_context(wrong)?;
            Arc::new(conet_index_client::routes(client, chain.network(), stop.clone()))
        }
    };
    let contract = ChainReader::connect(&chain.rpc_url, chain.network()).await?;
    Ok(Some(Arc::new(IndexFirst::new(index, contract))))
}

/// An index that may not be there yet, or not any more: then it knows nothing, and whoever asks reads the contract.
#[derive(Debug, Default)]
pub(super) struct WhenBegun(RwLock<Option<Arc<dyn RouteSource>>>);

impl WhenBegun {
    /// From now on this one answers; none: nobody does.
    pub(super) fn set(&self, index: Option<Arc<dyn RouteSource>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = index;
    }

    fn get(&self) -> Result<Arc<dyn RouteSource>, ChainError> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let none =
            || ChainError::Index { expected: "an index of routes", found: "none yet".into() };
        index.ok_or_else(none)
    }
}

impl RouteSource for WhenBegun {
    fn routes<'a>(&'a self, wallets: &'a [Address]) -> BoxFuture<'a, Result<Routes, ChainError>> {
        async move { self.get()?.routes(wallets).await }.boxed()
    }

    fn last_known<'a>(
        &'a self,
        wallets: &'a [Address],
    ) -> BoxFuture<'a, Result<Routes, ChainError>> {
        async move { self.get()?.last_known(wallets).await }.boxed()
    }
}

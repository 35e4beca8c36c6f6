//! Where a node looks routes up, when not in the contract each time.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use conet_chain::{
    ChainReader,
    routes::{IndexFirst, RouteSource},
};
use conet_index_client::IndexClient;
use conet_indexer::{
    catalogue::Catalogue,
    chain::{Pool, PoolLimits},
    follow::{FollowLimits, Follower},
    routes,
    store::SqliteStore,
    tables::Tables,
};
use conet_node::config::{CONFIG_FILE, ChainConfig, NodeConfig, Role, RoutesFrom};
use tokio_util::sync::CancellationToken;

/// The file of a node's own tables in its home folder.
const FILE: &str = "routes.db";

/// The contract whose events are routes.
const CONTRACT: &str = "RouteTable";

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
        RoutesFrom::OwnIndex => own(home, chain, stop.clone()).await?,
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

/// Follows the one contract into a file of the home folder.
async fn own(
    home: &Path,
    chain: &ChainConfig,
    stop: CancellationToken,
) -> anyhow::Result<Arc<dyn RouteSource>> {
    let contracts = BTreeMap::from([(CONTRACT.to_owned(), chain.routes)]);
    let catalogue = Arc::new(Catalogue::of_network(&contracts)?);
    let tables = Arc::new(Tables::own(&catalogue)?);
    let poll = Duration::from_millis(chain.poll_milliseconds.max(10));
    let limits = PoolLimits { poll, ..PoolLimits::default() };
    let url = chain.rpc_url.parse()?;
    let pool = Pool::new(vec![url], chain.chain_id, catalogue.addresses(), limits);
    let file = home.join(FILE);
    let store = SqliteStore::open(&file).await;
    let store = store.with_context(|| format!("the index of routes in {}", file.display()))?;
    let rules = (chain.chain_id, catalogue, Arc::clone(&tables));
    let follower = Follower::new(Arc::new(pool), store.clone(), rules, FollowLimits::default());
    let follower = follower.await.context("following the contract of routes")?;
    let routes = routes::routes(store, tables, chain.routes, follower.progress());
    tokio::spawn(follower.run(stop));
    Ok(Arc::new(routes))
}

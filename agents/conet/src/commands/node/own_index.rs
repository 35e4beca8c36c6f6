//! A node's own index of routes: a file of the home folder that follows the one contract. It is only a cache: whatever is
//! wrong with it, the node runs, reads the contract, and tries again.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use alloy::primitives::Address;
use anyhow::Context as _;
use conet_chain::routes::RouteSource;
use conet_indexer::{
    catalogue::Catalogue,
    chain::{EndpointUrl, Pool, PoolLimits},
    follow::{FollowError, FollowLimits, Follower, Progress},
    routes,
    store::{SqliteStore, Store as _, StoreError},
    tables::Tables,
};
use conet_node::config::{CONFIG_FILE, ChainConfig};
use tokio::sync::{mpsc, watch::Receiver};
use tokio_util::sync::CancellationToken;

use super::index::WhenBegun;

/// The file of the tables in the home folder.
const FILE: &str = "routes.db";

/// What SQLite keeps in files of their own beside it.
const BESIDE: [&str; 3] = ["", "-wal", "-shm"];

/// The contract whose events are routes.
const CONTRACT: &str = "RouteTable";

/// The pause after the index could not be begun; it doubles up to the longest.
const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// While the tables do not go on, their file is read through so often, to see whether that is why.
const LOOK_PAUSE: Duration = Duration::from_secs(600);

/// Rows that wait to be looked at.
const ROWS_WAITING_MAX: usize = 100;

/// What the index is made of.
#[derive(Debug)]
pub(super) struct OwnIndex {
    file: PathBuf,
    url: EndpointUrl,
    chain_id: u64,
    contract: Address,
    catalogue: Arc<Catalogue>,
    tables: Arc<Tables>,
    limits: PoolLimits,
}

/// Tables that are ready to be followed.
type Begun = (Follower<Pool, SqliteStore>, SqliteStore);

impl OwnIndex {
    /// As the configuration says. Nothing is opened or asked yet.
    ///
    /// # Errors
    /// When the RPC's URL is wrongly spelt.
    pub(super) fn new(home: &Path, chain: &ChainConfig) -> anyhow::Result<Self> {
        let wrong = || format!("rpc_url in {}", home.join(CONFIG_FILE).display());
        let contracts = BTreeMap::from([(CONTRACT.to_owned(), chain.routes)]);
        let catalogue = Arc::new(Catalogue::of_network(&contracts)?);
        let tables = Arc::new(Tables::own(&catalogue)?);
        let poll = Duration::from_millis(chain.poll_milliseconds.max(10));
        Ok(Self {
            file: home.join(FILE),
            url: chain.rpc_url.parse().with_context(wrong)?,
            chain_id: chain.chain_id,
            contract: chain.routes,
            catalogue,
            tables,
            limits: PoolLimits { poll, ..PoolLimits::default() },
        })
    }

    /// Begins it, and follows until `stop`: `index` answers as long as there are tables. What fails is tried again.
    pub(super) async fn keep(self, index: Arc<WhenBegun>, stop: CancellationToken) {
        let mut pause = PAUSE_FIRST;
        loop {
            match stop.run_until_cancelled(self.begin()).await {
                None => return,
                Some(Ok(begun)) => {
                    pause = PAUSE_FIRST;
                    let damage = self.follow(begun, &index, &stop).await;
                    index.set(None);
                    let Some(error) = damage else { return };
                    self.discard(&error);
                }
                Some(Err(error)) => tracing::warn!(
                    %error, ?pause, file = %self.file.display(),
                    "there is no index of routes: the contract is read each time; trying again"
                ),
            }
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Opens the tables; those that are of no use are made anew.
    async fn begin(&self) -> Result<Begun, FollowError> {
        match self.try_to_begin().await {
            Err(FollowError::Store(error)) if is_of_no_use(&error) => {
                self.discard(&error);
                self.try_to_begin().await
            }
            begun => begun,
        }
    }

    async fn try_to_begin(&self) -> Result<Begun, FollowError> {
        let store = SqliteStore::open(&self.file).await?;
        let (url, addresses) = (self.url.clone(), self.catalogue.addresses());
        let pool = Arc::new(Pool::new(vec![url], self.chain_id, addresses, self.limits));
        let rules = (self.chain_id, Arc::clone(&self.catalogue), Arc::clone(&self.tables));
        let follower = Follower::new(pool, store.clone(), rules, FollowLimits::default()).await?;
        Ok((follower, store))
    }

    /// Ends with `stop`, or with what is wrong with the file.
    async fn follow(
        &self,
        (follower, store): Begun,
        index: &WhenBegun,
        stop: &CancellationToken,
    ) -> Option<StoreError> {
        let progress = follower.progress();
        let tables = Arc::clone(&self.tables);
        let source = routes::routes(store.clone(), tables, self.contract, progress.clone());
        let source: Arc<dyn RouteSource> = Arc::new(source);
        index.set(Some(source));
        tokio::select! {
            () = follower.run(stop.clone()) => None,
            error = damage(&store, progress) => Some(error),
        }
    }

    /// Removes the tables.
    fn discard(&self, error: &StoreError) {
        tracing::warn!(
            %error, file = %self.file.display(),
            "the index of routes is of no use; it is only a cache: it is made anew from the chain"
        );
        for beside in BESIDE {
            let mut path = self.file.clone().into_os_string();
            path.push(beside);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(%error, file = %Path::new(&path).display(), "cannot remove it");
                }
                _ => {}
            }
        }
    }
}

/// Whether the file is what is wrong, and not who else has it open.
const fn is_of_no_use(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Database(_)
            | StoreError::WrongNetwork { .. }
            | StoreError::Newer { .. }
            | StoreError::Damaged { .. }
    )
}

/// Ends when the tables do not go on and their file cannot be read.
async fn damage(store: &SqliteStore, mut progress: Receiver<Progress>) -> StoreError {
    loop {
        if progress.wait_for(|progress| progress.trouble.is_some()).await.is_err() {
            // Nobody follows any more: that is not the file's fault.
            std::future::pending::<()>().await;
        }
        let (rows, mut said) = mpsc::channel(ROWS_WAITING_MAX);
        let read = async { while said.recv().await.is_some() {} };
        let (dumped, ()) = tokio::join!(store.dump(None, rows), read);
        match dumped {
            Err(error) if is_of_no_use(&error) => return error,
            _ => tokio::time::sleep(LOOK_PAUSE).await,
        }
    }
}

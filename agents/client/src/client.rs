//! The client itself: what all of its operations share.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use alloy::primitives::{Address, U256};
use conet_chain::{ChainReader, Directory, NetworkFile, NodeEntry};
use conet_wire::{claim::EndpointPolicy, network::Network};
use tokio::sync::OnceCell;

use crate::{
    clock,
    directory::HeldDirectory,
    error::ClientError,
    lookup::Lookup,
    relays::{self, Avoid, Failures},
    state::State,
    transport::Transport,
};

/// Chain ids that development chains have (anvil, hardhat, geth --dev).
const DEVELOPMENT_CHAINS: [u64; 2] = [31_337, 1_337];

/// How a client behaves, beyond its network.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClientConfig {
    /// Where nodes may listen. By default public addresses only, except on
    /// chains with the id of a development chain.
    pub endpoints: Option<EndpointPolicy>,
}

/// A client of one network, with its memory in one home directory. Cheap to
/// clone; clones share connections and memory.
#[derive(Debug, Clone)]
pub struct Client(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) network: Network,
    pub(crate) rpc_url: String,
    pub(crate) policy: EndpointPolicy,
    pub(crate) state: State,
    pub(crate) transport: Transport,
    reader: OnceCell<ChainReader>,
    pub(crate) directory: tokio::sync::Mutex<Option<HeldDirectory>>,
    failures: Mutex<Failures>,
    routes: Mutex<HashMap<Address, (Instant, Lookup)>>,
}

impl Client {
    /// Opens the client's memory in `home`. Nothing is connected yet.
    ///
    /// # Errors
    /// [`ClientError::State`] when the memory cannot be opened.
    pub async fn open(
        home: &Path,
        network: &NetworkFile,
        config: ClientConfig,
    ) -> Result<Self, ClientError> {
        let rpc_url = network.rpc_url.clone();
        let network = network.network();
        let (home, at) = (home.to_owned(), network);
        let opened = tokio::task::spawn_blocking(move || {
            let state = State::open(&home, &at)?;
            let failures = state.relay_failures()?;
            Ok::<_, ClientError>((state, failures))
        });
        let (state, failures) =
            opened.await.map_err(|_| ClientError::Stopped("opening the client"))??;
        let by_chain = if DEVELOPMENT_CHAINS.contains(&network.chain_id) {
            EndpointPolicy::Development
        } else {
            EndpointPolicy::Public
        };
        Ok(Self(Arc::new(Inner {
            network,
            rpc_url,
            policy: config.endpoints.unwrap_or(by_chain),
            state,
            transport: Transport::new(),
            reader: OnceCell::new(),
            directory: tokio::sync::Mutex::default(),
            failures: Mutex::new(Failures::new(failures)),
            routes: Mutex::default(),
        })))
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> Network {
        self.0.network
    }

    /// The chain, connected when it is first needed.
    ///
    /// # Errors
    /// [`ClientError::Chain`].
    pub async fn chain(&self) -> Result<&ChainReader, ClientError> {
        let connect = || ChainReader::connect(&self.0.rpc_url, self.0.network);
        Ok(self.0.reader.get_or_try_init(connect).await?)
    }

    /// The relays that may see a connection, those to try first in front.
    pub(crate) fn relays(
        &self,
        directory: &Directory,
        avoid: &Avoid,
    ) -> Result<Vec<Arc<NodeEntry>>, ClientError> {
        let failures = self.0.failures.lock().unwrap_or_else(PoisonError::into_inner);
        relays::candidates(directory, avoid, &failures, clock::unix_seconds())
    }

    /// Whether a relay is one of the last to try.
    pub(crate) fn failed_lately(&self, relay: &U256) -> bool {
        let failures = self.0.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.failed_lately(relay, clock::unix_seconds())
    }

    /// Remembers how a relay did.
    pub(crate) async fn note_relay(&self, relay: U256, failed: bool) {
        let failed_at = failed.then(clock::unix_seconds);
        let news = {
            let mut failures = self.0.failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.note(relay, failed_at)
        };
        if !news {
            return;
        }
        let noted = self.0.state.run(move |state| state.put_relay_failure(relay, failed_at)).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "a relay's failure could not be noted");
        }
    }

    pub(crate) fn routes(&self) -> MutexGuard<'_, HashMap<Address, (Instant, Lookup)>> {
        self.0.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

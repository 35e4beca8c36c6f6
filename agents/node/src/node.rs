//! A whole node: its roles put together, started and stopped.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use conet_chain::{
    ChainError, ChainReader, Directory, RouteSubmitter, RouteWatch, routes::RouteSource,
};
use conet_wire::{claim::EndpointPolicy, recipient::Handle, session::Notice};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::{Agent, Parts, push::Outbox},
    config::{NodeConfig, Role},
    desk::Desk,
    keys::{KeysError, NodeKeys},
    ledgers::{LedgerCounter, Ledgers},
    metrics::Metrics,
    peers::Peers,
    private::{self, Private},
    relay::Router,
    server::Server,
    store::{Store, StoreError},
};

/// The agent's database, in the node's home.
pub const STORE_FILE: &str = "agent.db";

/// How often expired mail and idle connections are removed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its secrets cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The chain cannot be read, or is another one.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The mailboxes cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A port is taken.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The registry holds other keys for this id.
    #[error(
        "node {id} is registered with the wallet {found}, expected {expected}: \
         is this the right home, and the right id in node.toml?"
    )]
    NotRegistered {
        /// The id in the configuration.
        id: u64,
        /// This node's wallet.
        expected: String,
        /// What the registry says.
        found: String,
    },
}

/// What other parts of the program bring: what they answer at the node's two ports, and what they know.
#[derive(Debug, Default)]
pub struct Mounted {
    /// At the public port: all paths that begin with [`crate::server::MOUNT`]. They find who asks as
    /// `ConnectInfo<SocketAddr>`.
    pub public: Option<axum::Router>,
    /// At the private port: paths that the node itself does not have.
    pub private: axum::Router,
    /// What takes sealed requests to the ledgers' part; none without a seat.
    pub ledgers: Option<Arc<dyn Ledgers>>,
    /// Where routes are read that others ask for; none: from the contract.
    pub routes: Option<Arc<dyn RouteSource>>,
}

/// A running node.
#[derive(Debug)]
pub struct Node {
    stop: CancellationToken,
    tasks: JoinSet<()>,
    agent: Option<Arc<Agent>>,
    /// Where it listens, also when the configuration said port 0.
    pub address: SocketAddr,
    /// Where its private port is.
    pub private_address: SocketAddr,
}

impl Node {
    /// Starts a node with the configuration and keys of its home folder. Its ports serve what is mounted, too.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        home: &Path,
        config: NodeConfig,
        keys: NodeKeys,
        mounted: Mounted,
    ) -> Result<Self, StartError> {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let identity = keys.identity()?;
        let reader = ChainReader::connect(&config.chain.rpc_url, config.chain.network()).await?;
        let directory = follow(&config, &keys, reader.clone(), &stop, &mut tasks).await?;
        let metrics = Metrics::new();
        let agent = if config.has(Role::Agent) {
            let routes = mounted.routes.unwrap_or_else(|| Arc::new(reader.clone()));
            let parts = agent_parts(home, &config, &keys, (&reader, routes), &metrics)?;
            Some(start_agent(parts, reader, &config, &stop, &mut tasks).await?)
        } else {
            None
        };

        let (listener, address) = bind(config.listen).await?;
        let (private_listener, private_address) = bind(config.private_listen).await?;
        let private = Private {
            id: config.id,
            directory: directory.clone(),
            agent: agent.clone(),
            metrics: metrics.clone(),
        };
        tasks.spawn(private::serve(private_listener, private, mounted.private, stop.clone()));
        let peers = Arc::new(Peers::new(
            keys.transport.clone(),
            config.chain.chain_id,
            config.limits.peers.clone(),
        ));
        tasks.spawn(sweep(Arc::clone(&peers), agent.clone(), stop.clone()));
        let desk = Desk {
            keys: identity.decryptor(),
            agent: agent.clone(),
            ledgers: LedgerCounter { id: config.id(), ledgers: mounted.ledgers },
            metrics: metrics.agent.clone(),
        };
        let router = Router::new(
            vec![Handle::V6(identity.handle()), Handle::V4(identity.handle_v4())],
            config.has(Role::Relay),
            desk,
            directory.clone(),
            peers,
            metrics.relay.clone(),
        );
        let server = Arc::new(Server::new(
            keys.transport,
            config.chain.chain_id,
            config.open_profile,
            config.limits.server,
            router,
            directory,
            metrics,
            mounted.public,
            stop.clone(),
        ));
        let limits = server.limits.connections();
        tasks.spawn(conet_serve::serve(listener, server, limits, stop.clone()));
        tracing::info!(%address, %private_address, "the node is up");
        Ok(Self { stop, tasks, agent, address, private_address })
    }

    /// Stops: no new connections, streams end with a notice, what is under way may finish.
    pub async fn shut_down(mut self) {
        if let Some(agent) = &self.agent {
            agent.outbox().end_everything(Notice::ShuttingDown);
        }
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        tracing::info!("the node has stopped");
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Follows the registry, and checks that it knows this node.
async fn follow(
    config: &NodeConfig,
    keys: &NodeKeys,
    reader: ChainReader,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<Directory, StartError> {
    let policy =
        if config.development { EndpointPolicy::Development } else { EndpointPolicy::Public };
    let interval = Duration::from_millis(config.chain.poll_milliseconds);
    let (directory, follower) = Directory::follow(reader, policy, interval, stop.clone()).await?;
    tasks.spawn(async move {
        if let Err(error) = follower.await {
            tracing::error!(%error, "the node map is no longer followed");
        }
    });
    let found = directory.by_id(config.id());
    let expected = keys.wallet.address();
    if found.as_ref().is_some_and(|entry| {
        entry.node.wallet() == expected && entry.node.transport_key() == keys.transport.public()
    }) {
        return Ok(directory);
    }
    Err(StartError::NotRegistered {
        id: config.id,
        expected: expected.to_string(),
        found: found.map_or_else(|| "nobody's".to_owned(), |e| e.node.wallet().to_string()),
    })
}

fn agent_parts(
    home: &Path,
    config: &NodeConfig,
    keys: &NodeKeys,
    (reader, routes): (&ChainReader, Arc<dyn RouteSource>),
    metrics: &Metrics,
) -> Result<Parts, StartError> {
    // The store announces to the streams, and the streams read from the store.
    let streams: Arc<OnceLock<Arc<Outbox>>> = Arc::default();
    let announce = Arc::clone(&streams);
    let store = Store::open(
        &home.join(STORE_FILE),
        config.limits.store.clone(),
        Box::new(move |wallet, message| {
            if let Some(outbox) = announce.get() {
                outbox.stored(wallet, message);
            }
        }),
    )?;
    metrics.show_store(store.metrics());
    let outbox = Outbox::new(store.clone(), config.limits.push.clone());
    let outbox = Arc::clone(streams.get_or_init(|| outbox));
    let submitter = config.chain.submit_routes.then(|| {
        let gas = keys.wallet.signer().clone();
        RouteSubmitter::new(reader.clone(), gas, config.limits.submit)
    });
    Ok(Parts {
        id: config.id(),
        network: config.chain.network(),
        config: config.agent.clone(),
        store,
        outbox,
        reader: reader.clone(),
        routes,
        submitter,
    })
}

async fn start_agent(
    parts: Parts,
    reader: ChainReader,
    config: &NodeConfig,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<Arc<Agent>, StartError> {
    let agent = Arc::new(Agent::new(parts).await?);
    // Watch first, then compare: nothing falls between the two.
    let interval = Duration::from_millis(config.chain.poll_milliseconds);
    let mut watch = RouteWatch::start(reader, None, interval, stop.clone()).await?;
    agent.catch_up().await?;
    let watching = Arc::clone(&agent);
    tasks.spawn(async move {
        while let Some(change) = watch.next().await {
            watching.route_changed(&change).await;
        }
    });
    Ok(agent)
}

async fn sweep(peers: Arc<Peers>, agent: Option<Arc<Agent>>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_INTERVAL) => {}
        }
        peers.sweep();
        if let Some(agent) = &agent {
            agent.sweep().await;
        }
    }
}

//! A whole node: its parts put together, started and stopped.

use std::{net::SocketAddr, path::Path, sync::Arc};

use conet_committee::{
    Record,
    keys::{Keys, NodeId},
    member::{Member, MemberConfig},
    seat::{Event, OneEpoch, Seat, SeatConfig, SeedKeys},
    seats::Seats,
    vote::Voting,
};
use conet_ledger::execute::CodeBook;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    config::NodeConfig,
    keys::WalletKey,
    ledgers::{Chains, NodeLedgers},
    metrics::Metrics,
    open::Opener,
    private,
    registry::NodeMap,
    rpc::Rpc,
    runtime::{Actor, Inbox, Parts, Runtime},
    store::{Store, StoreError},
    transport::{self, Hub, HubOutlet, parcel::Sealer},
};

/// A node's database, in its home.
pub const STORE_FILE: &str = "dle.db";

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its journal cannot be opened.
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
    /// There is no thread to be had.
    #[error("expected a thread for the actor, found none: {0}")]
    Thread(std::io::Error),
    /// An archive node without a port, or a participant with a seat.
    #[error("expected {expected}, found another configuration")]
    Role {
        /// What it should be.
        expected: &'static str,
    },
    /// The home folder cannot be made.
    #[error("cannot make the home folder: {0}")]
    Home(std::io::Error),
}

/// What both kinds of nodes have.
#[derive(Debug)]
struct Running {
    runtime: Runtime,
    hub: Arc<Hub>,
    metrics: Metrics,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    private_address: Option<SocketAddr>,
}

impl Running {
    async fn shut_down(&mut self) {
        self.stop.cancel();
        self.runtime.stop();
        // All that was to be written is written, and what follows from it handed to the hub.
        let (reply, written) = oneshot::channel();
        let flushed = self.runtime.chains().store().write(Vec::new(), move |_| {
            let _ = reply.send(());
        });
        if flushed.is_ok() {
            let _ = written.await;
        }
        self.hub.close().await;
        while self.tasks.join_next().await.is_some() {}
        tracing::info!("the node has stopped");
    }
}

/// Whoever drops a node kills it: nothing more is said, and the journal is as far as it is.
impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        self.hub.kill();
        self.runtime.stop();
    }
}

/// What a node is made of, before its actor runs.
struct Made {
    me: NodeId,
    seats: Arc<Seats>,
    voting: Voting,
    chains: Arc<Chains>,
    records: Vec<Record>,
    inbox: Arc<Inbox>,
    hub: Arc<Hub>,
    metrics: Metrics,
}

async fn make(
    home: &Path,
    config: &NodeConfig,
    key: WalletKey,
    nodes: NodeMap,
    codes: CodeBook,
) -> Result<Made, StartError> {
    std::fs::create_dir_all(home).map_err(StartError::Home)?;
    let (me, seats, metrics) = (config.node(), config.group.seats(), Metrics::new());
    let (path, limits) = (home.join(STORE_FILE), config.limits.store.clone());
    let (of, counts) = (seats.clone(), metrics.clone());
    let opened = tokio::task::spawn_blocking(move || {
        let store = Store::open(&path, me, &of, limits, counts)?;
        let records = store.journal()?;
        Ok::<_, StoreError>((store, records))
    });
    let (store, records) = opened.await.map_err(|_| StoreError::Closed)??;
    let keys: Arc<dyn Keys> = Arc::new(key);
    let registry = Arc::new(nodes.clone());
    let main = (config.group.main_chain_id, config.group.slasher);
    let voting = Voting::new(me, keys.clone(), registry.clone(), main);
    let sealer = Sealer::new(me, keys, registry, main.0, &seats);
    let inbox = Arc::new(Inbox::new(config.limits.runtime, metrics.clone()));
    let limits = config.limits.transport.clone();
    let hub = Hub::new(sealer, seats.clone(), nodes, inbox.clone(), limits, metrics.clone());
    let chains = Arc::new(Chains::new(store, Arc::new(codes), config.limits.ledgers.clone()));
    Ok(Made { me, seats, voting, chains, records, inbox, hub, metrics })
}

impl Made {
    fn start(
        self,
        config: &NodeConfig,
        actor: Actor,
        stop: CancellationToken,
    ) -> Result<Running, StartError> {
        let (hub, metrics) = (self.hub, self.metrics);
        let runtime = Runtime::start(Parts {
            me: self.me,
            actor,
            inbox: self.inbox,
            chains: self.chains,
            outlet: Arc::new(HubOutlet(hub.clone())),
            seats: self.seats,
            limits: config.limits.runtime,
            metrics: metrics.clone(),
        });
        let runtime = runtime.map_err(StartError::Thread)?;
        let tasks = JoinSet::new();
        Ok(Running { runtime, hub, metrics, stop, tasks, private_address: None })
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// An archive node.
#[derive(Debug)]
pub struct ArchiveNode {
    running: Running,
    codes: CodeBook,
    /// Where it listens, also when the configuration said port 0.
    pub address: SocketAddr,
}

impl ArchiveNode {
    /// Starts an archive node with what is in its home folder: a new one, or one that goes on.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        home: &Path,
        config: NodeConfig,
        key: WalletKey,
        nodes: NodeMap,
        codes: CodeBook,
        seeds: Arc<dyn SeedKeys>,
    ) -> Result<Self, StartError> {
        let listen = config.listen.filter(|_| config.group.seats.contains(&config.id));
        let listen = listen.ok_or(StartError::Role { expected: "a seat and a port" })?;
        let (listener, address) = bind(listen).await?;
        let mut made = make(home, &config, key, nodes.clone(), codes.clone()).await?;
        let seat_config = SeatConfig {
            seats: made.seats.clone(),
            voting: made.voting.clone(),
            timing: config.times.log(),
            rules: config.times.rules(),
            keys: Arc::new(OneEpoch(seeds)),
            began_ms: config.group.began_ms,
        };
        let openings = made.chains.store().openings()?;
        let (ledgers, records) =
            (Box::new(NodeLedgers(made.chains.clone())), std::mem::take(&mut made.records));
        tracing::info!(records = records.len(), "going on from the journal");
        // It executes what is not decided yet, and checks every signature in the log again.
        let seat = tokio::task::spawn_blocking(move || {
            Seat::restore(&seat_config, ledgers, records, clock::unix_ms())
        });
        let seat = seat.await.map_err(|_| StoreError::Closed)?;
        let known: Vec<_> = openings
            .into_iter()
            .filter(|opening| !seat.state().chains.contains_key(&opening.chain))
            .collect();
        let (hub, seats, metrics) = (made.hub.clone(), made.seats.clone(), made.metrics.clone());
        let stop = CancellationToken::new();
        let mut running = made.start(&config, Actor::Seat(Box::new(seat)), stop.clone())?;
        for opening in known {
            // More than wait at once are told at the next start.
            let _ = running.runtime.tell(Event::Opened(opening));
        }
        let rpc = Rpc::new(
            config.node(),
            config.group.main_chain_id,
            running.runtime.clone(),
            Arc::new(HubOutlet(hub.clone())),
            nodes,
            seats,
            config.limits.rpc.clone(),
            metrics.clone(),
            stop.clone(),
        );
        let limits = config.limits.server.clone();
        let routes = transport::routes(hub, &limits).merge(rpc.routes());
        running.tasks.spawn(transport::serve(listener, routes, limits, metrics, stop));
        let mut node = Self { running, codes, address };
        node.serve_private(&config).await?;
        tracing::info!(node = config.id, %address, "the archive node is up");
        Ok(node)
    }

    async fn serve_private(&mut self, config: &NodeConfig) -> Result<(), StartError> {
        let Some(address) = config.private_listen else { return Ok(()) };
        let opener = Opener { runtime: self.running.runtime.clone(), codes: self.codes.clone() };
        self.running.serve_private(address, Some(opener)).await
    }

    /// What opens chains here.
    #[must_use]
    pub fn opener(&self) -> Opener {
        Opener { runtime: self.running.runtime.clone(), codes: self.codes.clone() }
    }

    /// Its actor.
    #[must_use]
    pub const fn runtime(&self) -> &Runtime {
        &self.running.runtime
    }

    /// What it counts.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.running.metrics
    }

    /// Where its private port is.
    #[must_use]
    pub const fn private_address(&self) -> Option<SocketAddr> {
        self.running.private_address
    }

    /// Stops in order: streams end, what was journaled is said.
    pub async fn shut_down(mut self) {
        self.running.shut_down().await;
    }
}

/// A participant: creator, witness, validator, as it is drawn.
#[derive(Debug)]
pub struct Participant {
    running: Running,
}

impl Participant {
    /// Starts a participant with what is in its home folder: it listens at every seat, and waits to be drawn.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        home: &Path,
        config: NodeConfig,
        key: WalletKey,
        nodes: NodeMap,
        codes: CodeBook,
    ) -> Result<Self, StartError> {
        if config.group.seats.contains(&config.id) {
            return Err(StartError::Role { expected: "a node without a seat" });
        }
        let mut made = make(home, &config, key, nodes, codes).await?;
        let member_config = MemberConfig {
            seats: made.seats.clone(),
            voting: made.voting.clone(),
            timing: config.times.member(),
            parts_max: config.parts_max,
        };
        let records = std::mem::take(&mut made.records);
        tracing::info!(records = records.len(), "going on from the journal");
        let ledgers = Box::new(NodeLedgers(made.chains.clone()));
        let member = Member::restore(member_config, ledgers, records, clock::unix_ms());
        let (hub, seats) = (made.hub.clone(), made.seats.clone());
        let stop = CancellationToken::new();
        let mut running = made.start(&config, Actor::Member(Box::new(member)), stop)?;
        for seat in seats.nodes() {
            running.tasks.spawn(transport::listen(hub.clone(), *seat));
        }
        if let Some(address) = config.private_listen {
            running.serve_private(address, None).await?;
        }
        tracing::info!(node = config.id, "the participant is up");
        Ok(Self { running })
    }

    /// Its actor.
    #[must_use]
    pub const fn runtime(&self) -> &Runtime {
        &self.running.runtime
    }

    /// What it counts.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.running.metrics
    }

    /// Stops in order.
    pub async fn shut_down(mut self) {
        self.running.shut_down().await;
    }
}

impl Running {
    async fn serve_private(
        &mut self,
        address: SocketAddr,
        opener: Option<Opener>,
    ) -> Result<(), StartError> {
        let (listener, address) = bind(address).await?;
        self.private_address = Some(address);
        let (runtime, metrics) = (self.runtime.clone(), self.metrics.clone());
        let served = private::serve(listener, runtime, metrics, opener, self.stop.clone());
        self.tasks.spawn(served);
        Ok(())
    }
}

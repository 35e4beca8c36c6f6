//! A whole node: its parts put together, started and stopped.

use std::{path::Path, sync::Arc};

use axum::Router;
use conet_committee::{
    Record,
    keys::{Keys, NodeId},
    member::{Member, MemberConfig},
    seat::{EpochKeys, Event, Seat, SeatConfig, SeatLimits},
    vote::Voting,
};
use conet_ledger::execute::CodeBook;
use tokio::{sync::oneshot, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    config::DleConfig,
    group::Sitting,
    history::{Historian, HistoryLimits},
    keys::WalletKey,
    ledgers::{Chains, NodeLedgers},
    metrics::Metrics,
    open::Opener,
    private,
    registry::NodeMap,
    rpc::Rpc,
    runtime::{Actor, Inbox, Parts, Runtime},
    store::{Store, StoreError},
    transport::{self, Hub, HubOutlet, Relays, SealedOffice, parcel::Sealer},
};

/// A node's database, in its home.
pub const STORE_FILE: &str = "dle.db";

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its journal cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no thread to be had.
    #[error("expected a thread for the actor, found none: {0}")]
    Thread(std::io::Error),
    /// A participant with a seat.
    #[error("expected {expected}, found another")]
    Role {
        /// What it should be.
        expected: &'static str,
    },
    /// The home folder cannot be made.
    #[error("cannot make the home folder: {0}")]
    Home(std::io::Error),
}

/// Who a node is, and among whom.
#[derive(Debug)]
pub struct Setup {
    /// Its id in the registry.
    pub node: NodeId,
    /// Its wallet.
    pub key: WalletKey,
    /// The archive group in which it has a seat, or takes part in chains; somebody keeps it current.
    pub sitting: Sitting,
    /// All nodes; somebody keeps the map current.
    pub nodes: NodeMap,
    /// Contracts that chains may have.
    pub codes: CodeBook,
    /// What carries a participant's parcels, if seats are not to see its address.
    pub relays: Option<Box<dyn Relays>>,
}

/// What both kinds of nodes have.
#[derive(Debug)]
struct Running {
    runtime: Runtime,
    hub: Arc<Hub>,
    metrics: Metrics,
    stop: CancellationToken,
    tasks: JoinSet<()>,
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
    sitting: Sitting,
    voting: Voting,
    chains: Arc<Chains>,
    records: Vec<Record>,
    inbox: Arc<Inbox>,
    hub: Arc<Hub>,
    metrics: Metrics,
}

async fn make(home: &Path, config: &DleConfig, setup: Setup) -> Result<Made, StartError> {
    std::fs::create_dir_all(home).map_err(StartError::Home)?;
    let Setup { node: me, key, sitting, nodes, codes, relays } = setup;
    let (group, metrics) = (sitting.group(), Metrics::new());
    let (path, limits) = (home.join(STORE_FILE), config.limits.store.clone());
    let (founding, counts) = (group.founding(), metrics.clone());
    let opened = tokio::task::spawn_blocking(move || {
        let store = Store::open(&path, me, &founding, limits, counts)?;
        let records = store.journal()?;
        Ok::<_, StoreError>((store, records))
    });
    let (store, records) = opened.await.map_err(|_| StoreError::Closed)??;
    let keys: Arc<dyn Keys> = Arc::new(key);
    let registry = Arc::new(nodes.clone());
    let main = (group.main_chain_id, group.slasher);
    let voting = Voting::new(me, keys.clone(), registry.clone(), main);
    let sealer = Sealer::new(me, keys, registry, main);
    let inbox = Arc::new(Inbox::new(config.limits.runtime, metrics.clone()));
    let limits = config.limits.transport.clone();
    let (of, counts) = (sitting.clone(), metrics.clone());
    let hub = Hub::new(sealer, of, nodes, inbox.clone(), limits, counts, relays);
    metrics.by_relay.set(hub.is_by_relay().into());
    let chains = Arc::new(Chains::new(store, Arc::new(codes), config.limits.ledgers.clone()));
    tracing::info!(records = records.len(), "going on from the journal");
    Ok(Made { me, sitting, voting, chains, records, inbox, hub, metrics })
}

impl Made {
    fn start(
        self,
        config: &DleConfig,
        (actor, told): (Actor, Vec<Event>),
        historian: Option<Historian>,
        stop: CancellationToken,
    ) -> Result<Running, StartError> {
        let (hub, metrics) = (self.hub, self.metrics);
        let runtime = Runtime::start(Parts {
            me: self.me,
            actor,
            inbox: self.inbox,
            chains: self.chains,
            outlet: Arc::new(HubOutlet(hub.clone())),
            sitting: self.sitting,
            told,
            limits: config.limits.runtime,
            metrics: metrics.clone(),
            historian,
        });
        let runtime = runtime.map_err(StartError::Thread)?;
        let tasks = JoinSet::new();
        Ok(Running { runtime, hub, metrics, stop, tasks })
    }
}

/// An archive node. Whoever has its public port serves [`Self::routes`] there.
#[derive(Debug)]
pub struct ArchiveNode {
    running: Running,
    codes: CodeBook,
    rpc: Rpc,
}

impl ArchiveNode {
    /// Starts an archive node with what is in its home folder: a new one, or one that goes on. It may have no seat yet.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        home: &Path,
        config: &DleConfig,
        setup: Setup,
        keys: Arc<dyn EpochKeys>,
    ) -> Result<Self, StartError> {
        let (codes, nodes, sitting) =
            (setup.codes.clone(), setup.nodes.clone(), setup.sitting.clone());
        let mut made = make(home, config, setup).await?;
        let (group, store) = (sitting.group(), made.chains.store());
        let (founding, began_ms) = store.founding()?;
        let seat_config = SeatConfig {
            seats: Arc::new(founding.clone()),
            voting: made.voting.clone(),
            timing: config.times.log(),
            rules: config.times.rules(),
            keys,
            began_ms,
            limits: SeatLimits::default(),
        };
        let (ledgers, records) =
            (Box::new(NodeLedgers(made.chains.clone())), std::mem::take(&mut made.records));
        // It executes what is not decided yet, and checks every signature in the log again.
        let seat = tokio::task::spawn_blocking(move || {
            Seat::restore(&seat_config, ledgers, records, clock::unix_ms())
        });
        let seat = seat.await.map_err(|_| StoreError::Closed)?;
        let in_log = |chain| seat.state().chains.contains_key(&chain);
        let known = made.chains.store().openings(in_log)?.into_iter().map(Event::Asked);
        // Before it says anything: in an epoch that is over it must not. One may have begun meanwhile.
        let told: Vec<_> =
            sitting.group().beginning().map(Event::Began).into_iter().chain(known).collect();
        let (me, hub) = (made.me, made.hub.clone());
        let (stop, metrics) = (CancellationToken::new(), made.metrics.clone());
        let actor = Actor::Seat(Box::new(seat));
        let historian = match config.limits.history {
            HistoryLimits { hashes_per_second: 0, .. } => None,
            limits => Some(Historian::start(made.chains.store().clone(), founding.log, limits)?),
        };
        let running = made.start(config, (actor, told), historian, stop.clone())?;
        let (main_chain_id, limits) = (group.main_chain_id, config.limits.rpc.clone());
        let (runtime, outlet) = (running.runtime.clone(), Arc::new(HubOutlet(hub)));
        let rpc =
            Rpc::new(me, main_chain_id, runtime, outlet, nodes, sitting, limits, metrics, stop);
        tracing::info!(node = me.0, "the archive node is up");
        Ok(Self { running, codes, rpc })
    }

    /// What it answers to other nodes and to users.
    pub fn routes(&self) -> Router {
        transport::routes(self.running.hub.clone()).merge(self.rpc.clone().routes())
    }

    /// What it answers to participants by relay.
    #[must_use]
    pub fn sealed_office(&self) -> SealedOffice {
        SealedOffice::new(self.running.hub.clone())
    }

    /// What it answers to its operator.
    pub fn private_routes(&self) -> Router {
        self.running.private_routes()
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

    /// What it answers to users.
    #[must_use]
    pub const fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// What it counts.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.running.metrics
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
    pub async fn start(home: &Path, config: &DleConfig, setup: Setup) -> Result<Self, StartError> {
        let followed = setup.sitting.followed();
        let groups: Vec<_> = followed.iter().map(|group| group.seats.clone()).collect();
        if groups.iter().any(|seats| seats.contains(setup.node)) {
            return Err(StartError::Role { expected: "a node without a seat" });
        }
        let mut made = make(home, config, setup).await?;
        let member_config = MemberConfig {
            groups,
            voting: made.voting.clone(),
            timing: config.times.member(),
            parts_max: config.parts_max,
        };
        let records = std::mem::take(&mut made.records);
        let ledgers = Box::new(NodeLedgers(made.chains.clone()));
        let member = Member::restore(member_config, ledgers, records, clock::unix_ms());
        let (me, hub) = (made.me, made.hub.clone());
        let stop = CancellationToken::new();
        let actor = Actor::Member(Box::new(member));
        let mut running = made.start(config, (actor, Vec::new()), None, stop)?;
        running.tasks.spawn(transport::listen(hub));
        tracing::info!(node = me.0, "the participant is up");
        Ok(Self { running })
    }

    /// What it answers to its operator.
    pub fn private_routes(&self) -> Router {
        self.running.private_routes()
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
    fn private_routes(&self) -> Router {
        private::routes(self.runtime.clone(), self.metrics.clone())
    }
}

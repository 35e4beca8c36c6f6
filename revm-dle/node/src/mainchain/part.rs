//! The ledgers' part of a node, with all that keeps it in step with the main chain.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use alloy::{
    primitives::{Bytes, U256},
    signers::local::PrivateKeySigner,
};
use axum::Router;
use conet_bindings::{History, NoteChain};
use conet_chain::{
    ChainError, ChainReader, Directory, Mainchain, NetworkFile,
    archive::{ArchiveError, Places},
};
use conet_committee::keys::NodeId;
use conet_ledger::execute::CodeBook;
use conet_wire::{claim::EndpointPolicy, network::Network};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::{
    duties::{Clerk, Office},
    epochs,
    follow::Follower,
    groups::{own_group, read_group},
    openings::Openings,
    peers::Peers,
};
use crate::{
    config::DleConfig,
    group::Sitting,
    keys::{KeyError, WalletKey},
    node::{ArchiveNode, Participant, Setup, StartError},
    registry::NodeMap,
    seeds::SeedSecrets,
    transport::{Relays, SealedOffice},
};

/// Why the ledgers' part does not start.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The main chain cannot be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// There is no such archive group.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The node itself does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The wallet's key is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A contract's code cannot be read.
    #[error("expected a contract's bytecode in hexadecimal in {path}, found {found}")]
    Code {
        /// The file.
        path: PathBuf,
        /// What is there.
        found: String,
    },
}

/// Who the node is, and where its main chain.
#[derive(Debug, Clone)]
pub struct Who {
    /// Its id in the registry.
    pub node: u64,
    /// Its wallet.
    pub signer: PrivateKeySigner,
    /// The main chain's RPC.
    pub rpc_url: String,
    /// Which network.
    pub network: Network,
    /// Whether it is a development network.
    pub development: bool,
}

impl Who {
    /// The main chain, with its contracts.
    #[must_use]
    pub fn network_file(&self, config: &DleConfig) -> NetworkFile {
        NetworkFile {
            rpc_url: self.rpc_url.clone(),
            chain_id: self.network.chain_id,
            contracts: config.contracts.clone(),
            indexer_url: None,
            nodes: Vec::new(),
        }
    }
}

#[derive(Debug)]
enum Role {
    Archive(Box<ArchiveNode>),
    Participant(Box<Participant>),
}

/// An archive node or a participant, as the main chain has it.
#[derive(Debug)]
pub struct LedgerPart {
    role: Role,
    /// What seats answer about the main chain.
    routes: Router,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl LedgerPart {
    /// Starts with what is in the node's home folder. A participant goes through the relays, if there are any.
    ///
    /// # Errors
    /// [`PartError`].
    pub async fn start(
        home: &Path,
        config: &DleConfig,
        who: Who,
        relays: Option<Box<dyn Relays>>,
    ) -> Result<Self, PartError> {
        let chain = Mainchain::connect(&who.network_file(config)).await?;
        let me = NodeId(who.node);
        let standing = Places::read(&chain, U256::from(who.node)).await?;
        // It must announce its keys before it gets a seat.
        let is_archive = standing.seated.is_some() || standing.waiting;
        let own = own_group(&chain, me, standing).await?;
        let sitting = Sitting::new(read_group(&chain, own).await?);
        let (nodes, stop, mut tasks) =
            (NodeMap::default(), CancellationToken::new(), JoinSet::new());
        let known = (&nodes, &sitting, is_archive);
        follow(&chain, config, &who, known, &stop, &mut tasks).await?;
        let seats = sitting.seats();
        tracing::info!(group = seats.group, epoch = seats.epoch, is_archive, "the archive group");
        if is_archive && config.by_relay {
            tracing::warn!(
                "by_relay has no effect: an archive node has an address that all others must reach"
            );
        }
        let setup = Setup {
            node: NodeId(who.node),
            key: key(&who.signer)?,
            sitting: sitting.clone(),
            nodes: nodes.clone(),
            codes: codes(config)?,
            relays: relays.filter(|_| !is_archive),
        };
        if !is_archive {
            let participant = Participant::start(home, config, setup).await?;
            let runtime = participant.runtime().clone();
            let told = (runtime.clone(), sitting.clone(), stop.clone());
            tasks.spawn(epochs::tell(told.0, told.1, told.2));
            tasks.spawn(epochs::tell_serving(runtime, sitting, poll(config), stop.clone()));
            let role = Role::Participant(Box::new(participant));
            return Ok(Self { role, routes: Router::new(), tasks, stop });
        }
        let keys = Arc::new(SeedSecrets::new(home));
        let node = ArchiveNode::start(home, config, setup, keys).await?;
        tasks.spawn(epochs::tell(node.runtime().clone(), sitting.clone(), stop.clone()));
        let (runtime, poll) = (node.runtime().clone(), poll(config));
        tasks.spawn(epochs::tell_readings(runtime, sitting.clone(), poll, stop.clone()));
        let routes =
            serve_main_chain(&node, chain, config, (sitting, nodes), &who, &stop, &mut tasks)?;
        Ok(Self { role: Role::Archive(Box::new(node)), routes, tasks, stop })
    }

    /// What it answers at the node's public port; nothing when it is a participant.
    #[must_use]
    pub fn routes(&self) -> Option<Router> {
        match &self.role {
            Role::Archive(node) => Some(node.routes().merge(self.routes.clone())),
            Role::Participant(_) => None,
        }
    }

    /// What takes sealed requests of participants by relay; nothing when it is a participant itself.
    #[must_use]
    pub fn sealed_office(&self) -> Option<SealedOffice> {
        match &self.role {
            Role::Archive(node) => Some(node.sealed_office()),
            Role::Participant(_) => None,
        }
    }

    /// What it answers at the private port.
    pub fn private_routes(&self) -> Router {
        match &self.role {
            Role::Archive(node) => node.private_routes(),
            Role::Participant(node) => node.private_routes(),
        }
    }

    /// Stops in order.
    pub async fn shut_down(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        match self.role {
            Role::Archive(node) => node.shut_down().await,
            Role::Participant(node) => node.shut_down().await,
        }
    }
}

const fn poll(config: &DleConfig) -> Duration {
    Duration::from_millis(config.limits.mainchain.poll_ms)
}

/// Begins to follow registry and stakes.
async fn follow(
    chain: &Mainchain,
    config: &DleConfig,
    who: &Who,
    (nodes, sitting, is_archive): (&NodeMap, &Sitting, bool),
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<(), PartError> {
    let poll = poll(config);
    let policy = if who.development { EndpointPolicy::Development } else { EndpointPolicy::Public };
    let reader = ChainReader::connect(&who.rpc_url, who.network).await?;
    let (directory, follower) =
        Directory::follow(reader.clone(), policy, poll, stop.clone()).await?;
    tasks.spawn(async move {
        if let Err(error) = follower.await {
            tracing::error!(%error, "the node map is no longer followed");
        }
    });
    let known = (nodes.clone(), sitting.clone());
    let epoch_ms_min = config.limits.mainchain.epoch_seconds_min.saturating_mul(1_000);
    let of = (NodeId(who.node), is_archive);
    let follower =
        Follower::start(chain.clone(), reader, directory, known, of, epoch_ms_min).await?;
    tasks.spawn(follower.run(poll, stop.clone()));
    Ok(())
}

fn serve_main_chain(
    node: &ArchiveNode,
    chain: Mainchain,
    config: &DleConfig,
    (sitting, nodes): (Sitting, NodeMap),
    who: &Who,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<Router, PartError> {
    let (me, limits) = (NodeId(who.node), config.limits.mainchain.clone());
    let peers = Peers::new(me, sitting.clone(), nodes, key(&who.signer)?, &config.limits.rpc);
    let clerk = Clerk::new(Office {
        me,
        chain: chain.clone(),
        sitting: sitting.clone(),
        signer: who.signer.clone(),
        peers: peers.clone(),
        runtime: node.runtime().clone(),
        limits: limits.clone(),
    });
    let openings = Openings::new(chain, sitting, peers, node.opener(), limits);
    tasks.spawn(clerk.clone().run(stop.clone()));
    Ok(clerk.routes().merge(openings.routes()))
}

fn key(signer: &PrivateKeySigner) -> Result<WalletKey, KeyError> {
    WalletKey::new(&Zeroizing::new(signer.to_bytes().0))
}

/// The contracts that come with this program, and those that the operator adds.
fn codes(config: &DleConfig) -> Result<CodeBook, PartError> {
    let mut codes = vec![NoteChain::DEPLOYED_BYTECODE.clone(), History::DEPLOYED_BYTECODE.clone()];
    for path in &config.codes {
        let wrong = |found: String| PartError::Code { path: path.clone(), found };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let code: Bytes = text.trim().parse().map_err(|_| wrong("something else".into()))?;
        codes.push(code);
    }
    Ok(CodeBook::from_iter(codes))
}

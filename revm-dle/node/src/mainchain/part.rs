//! The ledgers' part of a node, with all that keeps it in step with the main chain.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::{primitives::Bytes, signers::local::PrivateKeySigner};
use axum::Router;
use conet_bindings::{History, NoteChain};
use conet_chain::{
    ChainError, ChainReader, Directory, Mainchain, NetworkFile, archive::ArchiveError,
};
use conet_committee::{keys::NodeId, roulette::dkg::DkgError};
use conet_ledger::execute::CodeBook;
use conet_wire::{claim::EndpointPolicy, network::Network};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::{
    duties::{Clerk, Office},
    follow::{Follower, read_group},
    openings::Openings,
    peers::Peers,
};
use crate::{
    config::{ArchiveGroup, DleConfig},
    keys::{KeyError, WalletKey},
    node::{ArchiveNode, Participant, Setup, StartError},
    registry::NodeMap,
    seeds::development_seeds,
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
    /// The seats can have no seed keys.
    #[error(transparent)]
    Seeds(#[from] DkgError),
    /// A contract's code cannot be read.
    #[error("expected a contract's bytecode in hexadecimal in {path}, found {found}")]
    Code {
        /// The file.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// Seats have no keys of their own yet.
    #[error(
        "expected a development network, found another: seed keys follow from public names so far, \
         and whoever knows them knows all draws"
    )]
    SeedsArePublic,
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
        let network = NetworkFile {
            rpc_url: who.rpc_url.clone(),
            chain_id: who.network.chain_id,
            contracts: config.contracts.clone(),
            indexer_url: None,
            nodes: Vec::new(),
        };
        let chain = Mainchain::connect(&network).await?;
        let group = read_group(&chain, config.group).await?;
        let (nodes, stop, mut tasks) =
            (NodeMap::default(), CancellationToken::new(), JoinSet::new());
        follow(&chain, config, &who, &nodes, &stop, &mut tasks).await?;
        let has_seat = group.seats.contains(&who.node);
        if has_seat && config.by_relay {
            tracing::warn!(
                "by_relay has no effect: who has a seat has an address that all others must reach"
            );
        }
        tracing::info!(group = group.group, epoch = group.epoch, has_seat, "the archive group");
        let setup = Setup {
            node: NodeId(who.node),
            key: key(&who.signer)?,
            group: group.clone(),
            nodes: nodes.clone(),
            codes: codes(config)?,
            relays: relays.filter(|_| !has_seat),
        };
        if !has_seat {
            let participant = Participant::start(home, config, setup).await?;
            let role = Role::Participant(Box::new(participant));
            return Ok(Self { role, routes: Router::new(), tasks, stop });
        }
        if !who.development {
            return Err(PartError::SeedsArePublic);
        }
        let seeds = development_seeds(&group.seats(), setup.node)?;
        let node = ArchiveNode::start(home, config, setup, seeds).await?;
        let routes = serve_main_chain(&node, chain, config, group, nodes, &who, &stop, &mut tasks);
        let routes = routes.await?;
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

/// Begins to follow registry and stakes.
async fn follow(
    chain: &Mainchain,
    config: &DleConfig,
    who: &Who,
    nodes: &NodeMap,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<(), PartError> {
    let poll = Duration::from_millis(config.limits.mainchain.poll_ms);
    let policy = if who.development { EndpointPolicy::Development } else { EndpointPolicy::Public };
    let reader = ChainReader::connect(&who.rpc_url, who.network).await?;
    let (directory, follower) =
        Directory::follow(reader.clone(), policy, poll, stop.clone()).await?;
    tasks.spawn(async move {
        if let Err(error) = follower.await {
            tracing::error!(%error, "the node map is no longer followed");
        }
    });
    let follower = Follower::start(chain.clone(), reader, directory, nodes.clone()).await?;
    tasks.spawn(follower.run(poll, stop.clone()));
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "each is a part of its own")]
async fn serve_main_chain(
    node: &ArchiveNode,
    chain: Mainchain,
    config: &DleConfig,
    group: ArchiveGroup,
    nodes: NodeMap,
    who: &Who,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<Router, PartError> {
    let (me, limits) = (NodeId(who.node), config.limits.mainchain.clone());
    let peers = Peers::new(me, group.clone(), nodes, key(&who.signer)?, &config.limits.rpc);
    let clerk = Clerk::new(Office {
        me,
        chain: chain.clone(),
        group: group.clone(),
        signer: who.signer.clone(),
        peers: peers.clone(),
        runtime: node.runtime().clone(),
        limits: limits.clone(),
    });
    let clerk = clerk.await?;
    let openings = Openings::new(chain, group, peers, node.opener(), limits);
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

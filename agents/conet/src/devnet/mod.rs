//! A whole CoNET on one machine: a real chain, the contracts, node processes, and an indexer.

mod anvil;
mod chain;
pub(crate) mod economy;
mod indexer;
mod nodes;

use std::path::{Path, PathBuf};

use alloy::primitives::U256;
use anyhow::{Context as _, ensure};
use conet_chain::{Admin, ChainReader, Mainchain, NetworkFile, NodeInfo, Payer, deploy};

pub(crate) use anvil::{Anvil, FUNDED_KEY};
use chain::Chain;
pub(crate) use chain::ChainChoice;
use indexer::IndexerProcess;
use nodes::Kind;
pub(crate) use nodes::NodeProcess;

/// What a node's wallet gets to pay for its clients' routes: 10 ether.
const NODE_WEI: u128 = 10_000_000_000_000_000_000;

/// How large a network is to be.
#[derive(Debug, Clone)]
pub(crate) struct Size {
    /// Nodes.
    pub(crate) nodes: usize,
    /// Of these, archive nodes; the others take part in ledgers. None: as few as a group takes.
    pub(crate) seats: Option<usize>,
    /// Of the nodes, the last so many take part in ledgers through relays. Who has no seat then is such a relay, and
    /// nothing else.
    pub(crate) by_relay: usize,
    /// Contracts that small chains may have besides those that come with this program.
    pub(crate) codes: Vec<PathBuf>,
    /// The shortest epoch of the archive group.
    pub(crate) epoch_seconds: u64,
}

impl Size {
    /// Who is behind relays needs some: one that is no archive node.
    fn check(&self) -> anyhow::Result<()> {
        let others = self.nodes.saturating_sub(self.by_relay);
        let seats = self.seats.unwrap_or_default();
        ensure!(
            self.by_relay == 0 || others > seats,
            "expected at least {} nodes, so that one is a relay, found {}",
            seats + self.by_relay + 1,
            self.nodes
        );
        Ok(())
    }

    fn kind(&self, number: usize) -> Kind {
        let is_seat = self.seats.is_some_and(|seats| number <= seats);
        match self.by_relay {
            0 => Kind::Everything,
            _ if is_seat => Kind::Everything,
            behind if number > self.nodes.saturating_sub(behind) => Kind::BehindRelays,
            _ => Kind::Relay,
        }
    }
}

/// A running development network. Dropping it stops its processes.
pub(crate) struct Devnet {
    /// What `network.json` holds.
    pub(crate) network: NetworkFile,
    /// Has what CoNET the nodes did not get.
    pub(crate) owner: Payer,
    nodes: Vec<NodeProcess>,
    _indexer: IndexerProcess,
    chain: Chain,
}

impl Devnet {
    /// Starts everything below `home`, saying each step to `say`.
    pub(crate) async fn start(
        home: &Path,
        size: Size,
        choice: ChainChoice,
        mut say: impl FnMut(String),
    ) -> anyhow::Result<Self> {
        let count = size.nodes;
        size.check()?;
        std::fs::create_dir_all(home).with_context(|| format!("cannot use {}", home.display()))?;
        let folder = home.join("nodes");
        if folder.exists() {
            // The chain is new each time, so nothing of the nodes before it is of use.
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        forget_chain(home)?;
        let chain = Chain::start(choice, home).await?;
        say(chain.describe());

        let deployment =
            deploy(&chain.rpc_url, &chain.owner, &chain.genesis(size.seats), |_, _, _| {})
                .await
                .context("deploying the contracts")?;
        let network = deployment.network;
        say(format!("{} contracts are deployed", deployment.contracts.len()));
        let reader = ChainReader::connect(&chain.rpc_url, network).await?;
        let admin = Admin::new(reader.clone(), chain.owner.clone());

        let mut nodes = Vec::with_capacity(count);
        let mut signers = Vec::with_capacity(count);
        let mut plans = Vec::with_capacity(count);
        for number in 1..=count {
            let plan = nodes::Plan::new(&folder, number, size.kind(number))?;
            admin.fund(plan.wallet(), U256::from(NODE_WEI)).await?;
            // Each node owns itself: clients use no two nodes of one owner on one path.
            let itself = Admin::new(reader.clone(), plan.signer().clone());
            let id = itself.register_node(plan.signer(), plan.record()?).await?;
            nodes.push(plan.info(id)?);
            signers.push((id, plan.signer().clone(), plan.roles()));
            say(plan.describe(id));
            plans.push((id, plan));
        }
        let mut file = NetworkFile {
            rpc_url: chain.rpc_url.clone(),
            chain_id: chain.chain_id,
            contracts: deployment.contracts,
            indexer_url: None,
            nodes,
        };
        let owner = economy::enliven(&file, &chain, signers, size.seats, &mut say).await?;
        let groups = Mainchain::connect(&file).await?.archive_groups().groupCount().call().await?;
        for (id, plan) in &plans {
            plan.write(*id, &file, (groups > 0).then_some(&size))?;
        }
        // Their ports are for the processes now.
        drop(plans);
        let processes = start_nodes(&mut file.nodes).await?;
        let path = home.join(NetworkFile::NAME);
        file.save(&path)?;
        say(format!("{count} nodes are up"));
        let indexer = IndexerProcess::start(home).await?;
        file.indexer_url = Some(indexer.url.clone());
        file.save(&path)?;
        say(format!("the explorer is at {}", indexer.url));
        Ok(Self { network: file, owner, nodes: processes, _indexer: indexer, chain })
    }

    /// Waits until the chain ends by itself. Of a node that does, it says so: the others go on without it.
    pub(crate) async fn ended(&mut self, say: impl Fn(String)) -> anyhow::Error {
        while !self.nodes.is_empty() {
            let nodes = self.nodes.iter_mut().map(|node| Box::pin(node.ended()));
            let first = futures_util::future::select_all(nodes);
            let index = tokio::select! {
                (what, index, _) = first => {
                    say(format!("{what:#}"));
                    index
                }
                what = self.chain.ended() => return what,
            };
            self.nodes.remove(index);
        }
        self.chain.ended().await
    }

    /// Starts a node again that was killed, and waits until it is well.
    pub(crate) async fn restart(&mut self, home: &Path) -> anyhow::Result<()> {
        self.nodes.retain(|node| node.home() != home);
        let mut process = NodeProcess::start(home).await?;
        process.wait_until_healthy().await?;
        self.nodes.push(process);
        Ok(())
    }

    /// The process of a node, if it runs.
    pub(crate) fn node(&mut self, home: &Path) -> Option<&mut NodeProcess> {
        self.nodes.iter_mut().find(|node| node.home() == home)
    }

    /// Stops the nodes, then the chain if it is ours.
    pub(crate) async fn stop(mut self) {
        for node in &mut self.nodes {
            node.ask_to_stop();
        }
        for node in &mut self.nodes {
            node.wait_stopped().await;
        }
    }
}

/// Starts each node's process and waits until all are well.
async fn start_nodes(nodes: &mut [NodeInfo]) -> anyhow::Result<Vec<NodeProcess>> {
    let mut processes = Vec::with_capacity(nodes.len());
    for info in nodes {
        let process = NodeProcess::start(&info.home).await?;
        info.pid = process.pid();
        processes.push(process);
    }
    for process in &mut processes {
        process.wait_until_healthy().await?;
    }
    Ok(processes)
}

/// The chain is new, but its contracts have the addresses of the one before: what clients
/// remember of that one, such as the serials of routes, would be held against it. An indexer's tables are of no use.
fn forget_chain(home: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(home)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = entry.path();
        let is_old = name.starts_with("client-") || name.starts_with("index.db");
        if is_old && path.is_file() {
            std::fs::remove_file(&path)
        } else if name.starts_with("incomplete-") && path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            continue;
        }
        .with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

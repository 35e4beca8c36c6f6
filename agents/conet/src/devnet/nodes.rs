//! Nodes as child processes of their own, each with a home folder.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, U256},
    signers::local::PrivateKeySigner,
};
use anyhow::{Context as _, bail};
use conet_bindings::{NodeRegistry, endpoint, roles};
use conet_chain::{NetworkFile, NodeInfo, key_set};
use conet_node::{
    Health,
    config::{ChainConfig, Limits, NodeConfig, Role, RoutesFrom},
    keys::NodeKeys,
};
use conet_wire::claim::NOWHERE;
use tokio::process::{Child, Command};

use super::{Size, anvil::reserve_port, economy};
use crate::{
    commands::node::{USUAL_PRICES, health, ledger_health, ledgers_of},
    specs,
};

/// How long a node may take to come up, or to go down.
const NODE_SECONDS_MAX: u64 = 30;

/// What a node of the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All that there is.
    Everything,
    /// A relay and an agent, without a part in ledgers.
    Relay,
    /// Takes part in ledgers through relays, and nothing else.
    BehindRelays,
}

/// A node that is not started yet.
pub(super) struct Plan {
    home: PathBuf,
    keys: NodeKeys,
    kind: Kind,
    endpoint: SocketAddr,
    private: SocketAddr,
    /// Keeps its ports from others until its process listens.
    _reserved: [TcpListener; 2],
}

impl Plan {
    pub(super) fn new(folder: &Path, number: usize, kind: Kind) -> anyhow::Result<Self> {
        let reserved = [reserve_port()?, reserve_port()?];
        let [endpoint, private] = &reserved;
        Ok(Self {
            home: folder.join(number.to_string()),
            keys: NodeKeys::generate(),
            kind,
            endpoint: endpoint.local_addr()?,
            private: private.local_addr()?,
            _reserved: reserved,
        })
    }

    pub(super) fn wallet(&self) -> Address {
        self.keys.wallet.address()
    }

    pub(super) fn signer(&self) -> &PrivateKeySigner {
        self.keys.wallet.signer()
    }

    pub(super) fn roles(&self) -> u16 {
        match self.kind {
            Kind::Everything => economy::ROLES,
            Kind::Relay => economy::RELAYS,
            Kind::BehindRelays => economy::BEHIND_RELAYS,
        }
    }

    pub(super) fn describe(&self, id: U256) -> String {
        match self.kind {
            Kind::BehindRelays => format!("node {id} registered, behind relays"),
            _ => format!("node {id} registered at {}", self.endpoint),
        }
    }

    /// What the registry shall hold.
    pub(super) fn record(&self) -> anyhow::Result<NodeRegistry::NodeConfig> {
        Ok(NodeRegistry::NodeConfig {
            wallet: self.wallet(),
            keys: key_set(&self.keys.identity()?),
            transportKey: B256::from(self.keys.transport.public().0),
            endpoints: vec![endpoint::encode(match self.kind {
                Kind::BehindRelays => NOWHERE,
                _ => self.endpoint,
            })],
            roles: self.roles(),
            prices: USUAL_PRICES,
            specs: specs::detect(&self.home),
        })
    }

    /// Writes the home folder. Where there is an archive group, `size` says how its part in ledgers is to be.
    pub(super) fn write(
        &self,
        id: U256,
        file: &NetworkFile,
        size: Option<&Size>,
    ) -> anyhow::Result<()> {
        let network = file.network();
        self.keys.save_new(&self.home)?;
        let config = NodeConfig {
            id: u64::try_from(id)?,
            roles: match self.kind {
                Kind::BehindRelays => Vec::new(),
                _ => vec![Role::Relay, Role::Agent],
            },
            listen: self.endpoint,
            private_listen: self.private,
            open_profile: true,
            development: true,
            chain: ChainConfig {
                rpc_url: file.rpc_url.clone(),
                chain_id: network.chain_id,
                registry: network.registry,
                routes: network.routes,
                poll_milliseconds: 250,
                routes_from: RoutesFrom::default(),
                submit_routes: true,
                announce: true,
            },
            agent: conet_node::agent::AgentConfig::default(),
            limits: Limits::default(),
            dle: size
                .filter(|_| self.kind != Kind::Relay)
                .map(|size| {
                    let by_relay = self.kind == Kind::BehindRelays;
                    ledgers_of(file, &size.codes, size.epoch_seconds, by_relay)
                })
                .transpose()?,
        };
        Ok(config.save(&self.home)?)
    }

    /// Its entry in `network.json`.
    pub(super) fn info(&self, id: U256) -> anyhow::Result<NodeInfo> {
        Ok(NodeInfo {
            id: u64::try_from(id)?,
            roles: roles::names(self.roles()).map(Into::into).collect(),
            endpoint: self.endpoint,
            pid: None,
            home: std::path::absolute(&self.home)?,
        })
    }
}

/// A node's process; killed when dropped.
pub(crate) struct NodeProcess {
    home: PathBuf,
    child: Child,
}

impl NodeProcess {
    /// Starts `conet node run`, with its log in the node's home.
    pub(crate) async fn start(home: &Path) -> anyhow::Result<Self> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(home.join("node.log"))
            .with_context(|| format!("cannot write a log in {}", home.display()))?;
        let child = Command::new(std::env::current_exe()?)
            .arg("--home")
            .arg(home)
            .args(["node", "run"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a node")?;
        Ok(Self { home: home.to_owned(), child })
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub(crate) async fn wait_until_healthy(&mut self) -> anyhow::Result<()> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(NODE_SECONDS_MAX);
        let log = self.home.join("node.log");
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("a node ended at once ({status}); see {}", log.display());
            }
            let asked = self.health().await;
            match asked {
                Ok((true, _)) => return Ok(()),
                Ok(_) | Err(_) if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Ok(found) => bail!("a node is not well: {found:?}; see {}", log.display()),
                Err(error) => return Err(error.context(format!("see {}", log.display()))),
            }
        }
    }

    /// What the node says of itself, and whether all of it is well.
    async fn health(&self) -> anyhow::Result<(bool, Health)> {
        let config = NodeConfig::load(&self.home)?;
        let health = health(config.private_listen).await?;
        let is_well = match config.dle {
            Some(_) => ledger_health(config.private_listen).await?.is_some_and(|part| part.ok),
            None => true,
        };
        Ok((health.ok && is_well, health))
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Waits for its end, and says what to do about it.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        let home = self.home.display();
        let how = match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        anyhow::anyhow!(
            "the node in {home} ended ({how}); see node.log there. Start it again with: conet --home {home} node run"
        )
    }

    /// Ends it at once, as a power cut would.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("killing a node")
    }

    /// Asks for a graceful end.
    pub(crate) fn ask_to_stop(&mut self) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }

    /// Waits for its end, and ends it if that takes too long.
    pub(crate) async fn wait_stopped(&mut self) {
        let patience = Duration::from_secs(NODE_SECONDS_MAX);
        if tokio::time::timeout(patience, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

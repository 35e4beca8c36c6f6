//! A node's configuration: `node.toml` in its home folder.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, U256};
use conet_chain::SubmitLimits;
use conet_wire::network::Network;
use serde::{Deserialize, Serialize};

use crate::{
    agent::{AgentConfig, push::PushLimits},
    peers::PeerLimits,
    server::ServerLimits,
    store::StoreLimits,
};

/// The name of the file.
pub const CONFIG_FILE: &str = "node.toml";

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Forwards messages that it cannot read.
    Relay,
    /// Keeps mailboxes and pushes.
    Agent,
}

/// Everything an operator decides. Limits have sane defaults and may be left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// The node's id in the registry, as `conet node register` printed it.
    pub id: u64,
    /// Roles, as registered.
    pub roles: Vec<Role>,
    /// The public port.
    pub listen: SocketAddr,
    /// Health and metrics; keep it private.
    pub private_listen: SocketAddr,
    /// Whether `POST /post` takes ordinary OpenPGP messages. Off on bridges.
    #[serde(default = "yes")]
    pub open_profile: bool,
    /// Development only: take nodes at private and loopback addresses seriously.
    #[serde(default)]
    pub development: bool,
    /// The chain.
    pub chain: ChainConfig,
    /// The agent role.
    #[serde(default)]
    pub agent: AgentConfig,
    /// Named limits.
    #[serde(default)]
    pub limits: Limits,
    /// The ledgers' part of the program, which reads this by itself. None: the node has no part in ledgers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dle: Option<toml::Table>,
}

const fn yes() -> bool {
    true
}

/// Where the chain is, and which contracts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// HTTP RPC.
    pub rpc_url: String,
    /// EIP-155 chain id; the node stops when the RPC says another.
    pub chain_id: u64,
    /// `NodeRegistry`.
    pub registry: Address,
    /// `RouteTable`.
    pub routes: Address,
    /// How often new blocks are looked for, milliseconds.
    #[serde(default = "poll_milliseconds")]
    pub poll_milliseconds: u64,
    /// Where an agent reads the routes that others ask it for: `contract`, `own-index`, or an indexer's URL.
    #[serde(default)]
    pub routes_from: RoutesFrom,
    /// Whether the agent pays for its clients' route updates.
    #[serde(default = "yes")]
    pub submit_routes: bool,
    /// Whether the node says on chain that it is online, from its start to its orderly end. Its wallet pays.
    #[serde(default = "yes")]
    pub announce: bool,
}

/// Where routes are read. Whatever an index says carries the wallet's signature, which clients check; where an index does
/// not answer or is behind, the contract is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum RoutesFrom {
    /// From the contract, over the RPC, each time.
    Contract,
    /// From tables in the node's home folder, which the node makes of the contract's events. Nobody learns who is looked for.
    #[default]
    OwnIndex,
    /// From an indexer elsewhere, which so learns which wallets are looked for, and not by whom.
    Index(String),
}

impl From<String> for RoutesFrom {
    fn from(text: String) -> Self {
        match text.as_str() {
            "contract" => Self::Contract,
            "own-index" => Self::OwnIndex,
            _ => Self::Index(text),
        }
    }
}

impl From<RoutesFrom> for String {
    fn from(from: RoutesFrom) -> Self {
        match from {
            RoutesFrom::Contract => "contract".to_owned(),
            RoutesFrom::OwnIndex => "own-index".to_owned(),
            RoutesFrom::Index(url) => url,
        }
    }
}

const fn poll_milliseconds() -> u64 {
    1000
}

impl ChainConfig {
    /// Which CoNET this is.
    #[must_use]
    pub const fn network(&self) -> Network {
        Network { chain_id: self.chain_id, registry: self.registry, routes: self.routes }
    }
}

/// All limits, by part.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The public port.
    pub server: ServerLimits,
    /// Sessions with other nodes.
    pub peers: PeerLimits,
    /// Mailboxes.
    pub store: StoreLimits,
    /// Streams.
    pub push: PushLimits,
    /// Gas spent for clients.
    pub submit: SubmitLimits,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}. `conet node register` writes it")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what is expected.
    #[error("{path}: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// It cannot be written.
    #[error("cannot write {path}: {reason}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl NodeConfig {
    /// Reads `node.toml` in `home`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(home: &Path) -> Result<Self, ConfigError> {
        let path = home.join(CONFIG_FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        toml::from_str(&text)
            .map_err(|source| ConfigError::Parse { path, source: Box::new(source) })
    }

    /// Writes `node.toml` in `home`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn save(&self, home: &Path) -> Result<(), ConfigError> {
        let path = home.join(CONFIG_FILE);
        let write = |text: String| {
            std::fs::create_dir_all(home)?;
            std::fs::write(&path, text)
        };
        toml::to_string_pretty(self)
            .map_err(|error| error.to_string())
            .and_then(|text| write(text).map_err(|error| error.to_string()))
            .map_err(|reason| ConfigError::Write { path, reason })
    }

    /// Whether the node has a role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The id as the contracts spell it.
    #[must_use]
    pub fn id(&self) -> U256 {
        U256::from(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: &str = r#"
        id = 3
        roles = ["relay", "agent"]
        listen = "127.0.0.1:8080"
        private_listen = "127.0.0.1:8081"
        [chain]
        rpc_url = "http://127.0.0.1:8545"
        chain_id = 31337
        registry = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
        routes = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
    "#;

    #[test]
    fn limits_may_be_left_out_and_come_back_as_they_were() {
        let config: NodeConfig = toml::from_str(SHORTEST).unwrap();
        assert!(config.open_profile && !config.development);
        let dir = tempfile::tempdir().unwrap();
        config.save(dir.path()).unwrap();
        let read = NodeConfig::load(dir.path()).unwrap();
        assert_eq!(toml::to_string(&read).unwrap(), toml::to_string(&config).unwrap());
    }

    #[test]
    fn routes_come_from_an_index_of_its_own_unless_another_place_is_named() {
        let with = |text: &str| {
            let config: NodeConfig = toml::from_str(&format!("{SHORTEST}{text}")).unwrap();
            (toml::to_string(&config).unwrap(), config.chain.routes_from)
        };
        assert_eq!(with("").1, RoutesFrom::OwnIndex);
        assert_eq!(with("routes_from = 'own-index'").1, RoutesFrom::OwnIndex);
        assert_eq!(with("routes_from = 'contract'").1, RoutesFrom::Contract);
        let (written, from) = with("routes_from = 'https://index.example'");
        assert_eq!(from, RoutesFrom::Index("https://index.example".to_owned()));
        assert!(written.contains("routes_from = \"https://index.example\""), "{written}");
    }

    #[test]
    fn a_misspelt_limit_is_an_error() {
        let text = format!("{SHORTEST}\n[limits.store]\nmailbox_byte_max = 5");
        let error = toml::from_str::<NodeConfig>(&text).unwrap_err().to_string();
        assert!(error.contains("mailbox_byte_max"), "{error}");
    }
}

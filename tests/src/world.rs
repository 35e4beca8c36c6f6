//! A chain, the contracts and nodes, all real, all of one story.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, process::Stdio, time::Instant};

use alloy::{
    primitives::{Address, B256, U256},
    signers::local::PrivateKeySigner,
};
use conet_bindings::{NodeRegistry, endpoint, roles};
use conet_chain::{
    Admin, ChainReader, Deployment, Genesis, NetworkFile, NodeInfo, deploy, key_set,
};
use conet_node::{
    agent::AgentConfig,
    config::{ChainConfig, Limits, NodeConfig, Role, RoutesFrom},
    keys::NodeKeys,
};
use conet_wire::{
    network::Network,
    openpgp::{Handle, PublicCertificate},
    veil::WebProfile,
};
use tokio::process::{Child, Command};

use crate::{
    PATIENCE,
    folder::Folder,
    node::{Contact, Node, free_port},
    now_seconds,
    proxy::Proxy,
};

/// The first account that every anvil funds.
const FUNDED_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// What a node's wallet gets: 10 coins.
const NODE_WEI: u128 = 10_000_000_000_000_000_000;

/// A node to be.
pub struct Plan {
    /// Others reach it through a recording proxy.
    pub proxied: bool,
    /// What the registry says of its address, when that is not the truth.
    pub registered_at: Option<SocketAddr>,
    /// Changes to its configuration.
    pub configure: Box<dyn Fn(&mut NodeConfig) + Send>,
}

impl Plan {
    /// A relay and agent with default limits.
    #[must_use]
    pub fn new() -> Self {
        Self { proxied: false, registered_at: None, configure: Box::new(|_| {}) }
    }

    /// With other settings.
    #[must_use]
    pub fn with(configure: impl Fn(&mut NodeConfig) + Send + 'static) -> Self {
        Self { configure: Box::new(configure), ..Self::new() }
    }

    /// Behind a proxy.
    #[must_use]
    pub fn proxied() -> Self {
        Self { proxied: true, ..Self::new() }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything a story happens in. Dropping it ends its processes.
#[derive(Debug)]
pub struct World {
    /// The nodes, in the order they were planned.
    pub nodes: Vec<Node>,
    /// The contracts that signatures name.
    pub network: Network,
    /// All contracts, by name.
    pub contracts: BTreeMap<String, Address>,
    /// Reads them.
    pub reader: ChainReader,
    /// Who deployed the contracts, and has coins.
    pub admin: Admin,
    /// Where the chain is.
    pub rpc_url: String,
    anvil: Child,
    /// Homes, logs, databases. Last, so that it is there until everything has ended.
    pub folder: Folder,
}

impl World {
    /// `count` ordinary nodes.
    pub async fn start(count: usize) -> Self {
        Self::start_with((0..count).map(|_| Plan::new()).collect()).await
    }

    /// These nodes.
    pub async fn start_with(plans: Vec<Plan>) -> Self {
        let mut world = Self::without_nodes().await;
        for plan in plans {
            world.add(plan).await;
        }
        for node in &mut world.nodes {
            node.start().await;
        }
        world
    }

    /// A chain and contracts.
    ///
    /// # Panics
    /// When they do not come up.
    pub async fn without_nodes() -> Self {
        let folder = Folder::new();
        let (anvil, rpc_url) = start_anvil(folder.path()).await;
        let owner: PrivateKeySigner = FUNDED_KEY.parse().expect("a key");
        let Deployment { network, contracts } =
            deploy(&rpc_url, &owner, &Genesis::development(owner.address()), |_, _, _| {})
                .await
                .expect("contracts");
        let reader = ChainReader::connect(&rpc_url, network).await.expect("a chain");
        let admin = Admin::new(reader.clone(), owner);
        Self { nodes: Vec::new(), network, contracts, reader, admin, rpc_url, anvil, folder }
    }

    /// Registers a node and writes its home, without starting it; gives its place in `nodes`.
    ///
    /// # Panics
    /// When the chain refuses.
    pub async fn add(&mut self, plan: Plan) -> usize {
        let place = self.nodes.len();
        let keys = NodeKeys::generate();
        let listen = local(free_port());
        let proxy = if plan.proxied { Some(Proxy::start(listen).await) } else { None };
        let address = proxy.as_ref().map_or(listen, |proxy| proxy.address);
        let wallet = keys.wallet.address();
        self.admin.fund(wallet, U256::from(NODE_WEI)).await.expect("gas");
        let registered = plan.registered_at.unwrap_or(address);
        let record = node_record(&keys, registered);
        // Its own owner: clients keep away from other nodes of their agent's owner.
        let owner = Admin::new(self.reader.clone(), keys.wallet.signer().clone());
        let id = owner.register_node(keys.wallet.signer(), record).await.expect("a node");

        let home = self.folder.path().join(format!("node-{id}"));
        keys.save_new(&home).expect("a home");
        let mut config = self.node_config(u64::try_from(id).expect("a small id"), listen);
        (plan.configure)(&mut config);
        config.save(&home).expect("a configuration");
        let contact = contact(id, address, &keys);
        self.nodes.push(Node::new(contact, home, config, keys, proxy));
        place
    }

    fn node_config(&self, id: u64, listen: SocketAddr) -> NodeConfig {
        NodeConfig {
            id,
            roles: vec![Role::Relay, Role::Agent],
            listen,
            private_listen: local(free_port()),
            open_profile: true,
            development: true,
            chain: ChainConfig {
                rpc_url: self.rpc_url.clone(),
                chain_id: self.network.chain_id,
                registry: self.network.registry,
                routes: self.network.routes,
                poll_milliseconds: 100,
                routes_from: RoutesFrom::default(),
                submit_routes: true,
                announce: true,
            },
            agent: AgentConfig::default(),
            limits: Limits::default(),
            dle: None,
        }
    }

    /// What others know of a node.
    #[must_use]
    pub fn contact(&self, place: usize) -> Contact {
        self.nodes[place].contact.clone()
    }

    /// Writes `network.json` for the command line into a folder.
    ///
    /// # Panics
    /// When the disk refuses.
    pub fn write_network_file(&self, home: &Path) {
        let nodes = self.nodes.iter().map(|node| NodeInfo {
            id: node.config.id,
            roles: vec!["relay".into(), "agent".into()],
            endpoint: node.contact.address,
            pid: None,
            home: node.home.clone(),
        });
        let file = NetworkFile {
            rpc_url: self.rpc_url.clone(),
            chain_id: self.network.chain_id,
            contracts: self.contracts.clone(),
            indexer_url: None,
            nodes: nodes.collect(),
        };
        std::fs::create_dir_all(home).expect("a home");
        file.save(&home.join(NetworkFile::NAME)).expect("network.json");
    }

    /// Ends the chain: from now on its RPC does not answer.
    ///
    /// # Panics
    /// When it has ended already.
    pub async fn stop_chain(&mut self) {
        self.anvil.kill().await.expect("anvil ends");
    }
}

/// A loopback address.
#[must_use]
pub fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn node_record(keys: &NodeKeys, registered: SocketAddr) -> NodeRegistry::NodeConfig {
    NodeRegistry::NodeConfig {
        wallet: keys.wallet.address(),
        keys: key_set(&keys.identity().expect("keys")),
        transportKey: B256::from(keys.transport.public().0),
        endpoints: vec![endpoint::encode(registered)],
        roles: roles::RELAY | roles::AGENT,
        prices: NodeRegistry::Prices::default(),
        specs: NodeRegistry::Specs::default(),
    }
}

pub(crate) fn contact(id: U256, address: SocketAddr, keys: &NodeKeys) -> Contact {
    let (identity, wallet) = (keys.identity().expect("keys"), keys.wallet.address());
    let parse = |bytes: &[u8], handle| {
        PublicCertificate::parse(bytes, wallet, handle, now_seconds()).expect("a certificate")
    };
    let transport = keys.transport.public();
    Contact {
        id,
        address,
        transport,
        profile: WebProfile::derive(&transport),
        certificate: parse(identity.certificate(), Handle::V6(identity.handle())),
        certificate_v4: parse(identity.certificate_v4(), Handle::V4(identity.handle_v4())),
    }
}

async fn start_anvil(folder: &Path) -> (Child, String) {
    let port = free_port();
    let log = std::fs::File::create(folder.join("anvil.log")).expect("a log");
    let child = Command::new(anvil_program())
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .args(["--chain-id", "31337", "--hardfork", "cancun"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .expect("anvil: run ./scripts/setup, or put it on the PATH");
    let deadline = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect(local(port)).await.is_err() {
        assert!(Instant::now() < deadline, "anvil does not come up");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    (child, format!("http://127.0.0.1:{port}"))
}

/// `CONET_ANVIL`, or the one that `./scripts/setup` installed, or the PATH's.
fn anvil_program() -> std::path::PathBuf {
    if let Some(program) = std::env::var_os("CONET_ANVIL") {
        return program.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let installed = root.join("contracts/node_modules/.bin/anvil");
    if installed.exists() { installed } else { "anvil".into() }
}

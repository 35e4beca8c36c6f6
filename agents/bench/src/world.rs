//! A real chain with real node records, for as long as the benchmark runs.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};

use alloy::{
    node_bindings::{Anvil, AnvilInstance},
    primitives::B256,
    signers::local::PrivateKeySigner,
};
use conet_bindings::{
    NodeRegistry::{NodeConfig as Record, Prices, Specs},
    endpoint, roles,
};
use conet_chain::{Admin, ChainReader, Genesis, deploy, key_set};
use conet_node::{
    config::{ChainConfig, NodeConfig, Role, RoutesFrom},
    keys::NodeKeys,
    node::STORE_FILE,
    store::{Client, Store},
};
use conet_wire::network::Network;
use tempfile::TempDir;

use crate::material::{NodeInfo, listener_handle, wallet};
use conet_measure::{BenchError, failed};

/// How often nodes look at the chain: seldom, as that is not what is measured.
const CHAIN_POLL: Duration = Duration::from_secs(10);

/// Connections from one address: all of them come from loopback.
const CONNECTIONS_MAX: usize = 60_000;

/// An anvil, and folders for nodes. Both end with it.
pub(crate) struct World {
    anvil: AnvilInstance,
    network: Network,
    admin: Admin,
    homes: TempDir,
    count: u64,
}

/// What a node keeps for its clients, put there before it starts: registering each
/// over the chain is not what is measured.
pub(crate) struct Clients {
    /// Wallets `0..keyed` are known by their own encryption subkeys.
    pub(crate) keyed: u32,
    /// Wallets `keyed..all` by arbitrary ones; they only listen.
    pub(crate) all: u32,
}

impl World {
    pub(crate) async fn start() -> Result<Self, BenchError> {
        let anvil = Anvil::at(anvil_program())
            .port(0_u16)
            .chain_id(31_337)
            .try_spawn()
            .map_err(failed("starting anvil (run ./scripts/setup, or set CONET_ANVIL)"))?;
        let owner = PrivateKeySigner::from(anvil.first_key().clone());
        let deployment =
            deploy(&anvil.endpoint(), &owner, &Genesis::development(owner.address()), |_, _, _| {})
                .await
                .map_err(failed("deploying the contracts"))?;
        let network = deployment.network;
        let reader = ChainReader::connect(&anvil.endpoint(), network)
            .await
            .map_err(failed("reading the chain"))?;
        let homes = tempfile::Builder::new()
            .prefix("conet-bench-")
            .tempdir()
            .map_err(failed("a temporary folder"))?;
        Ok(Self { anvil, network, admin: Admin::new(reader, owner), homes, count: 0 })
    }

    /// A folder on the same disk as the nodes'.
    pub(crate) fn folder(&self) -> &Path {
        self.homes.path()
    }

    /// Registers a node with these roles and writes its home folder.
    pub(crate) async fn node(&mut self, roles: &[Role]) -> Result<NodeInfo, BenchError> {
        self.count += 1;
        let home = self.homes.path().join(format!("node-{}", self.count));
        let keys = NodeKeys::generate();
        let identity = keys.identity().map_err(failed("a node's keys"))?;
        keys.save_new(&home).map_err(failed("a node's keys"))?;
        let [address, private] = free_addresses()?;
        let transport = B256::from(keys.transport.public().0);
        let record = Record {
            wallet: keys.wallet.address(),
            keys: key_set(&identity),
            transportKey: transport,
            endpoints: vec![endpoint::encode(address)],
            roles: roles.iter().fold(0, |mask, role| mask | role_mask(*role)),
            prices: Prices::default(),
            specs: Specs::default(),
        };
        let id = self
            .admin
            .register_node(keys.wallet.signer(), record)
            .await
            .map_err(failed("registering a node"))?
            .to();
        self.config(id, roles, address, private).save(&home).map_err(failed("a node's config"))?;
        Ok(NodeInfo {
            id,
            address,
            home,
            network: self.network,
            wallet: keys.wallet.address(),
            handle: B256::from(identity.handle()),
            certificate: identity.certificate().to_vec().into(),
            transport,
        })
    }

    fn config(
        &self,
        id: u64,
        roles: &[Role],
        listen: SocketAddr,
        private_listen: SocketAddr,
    ) -> NodeConfig {
        let mut config = NodeConfig {
            id,
            roles: roles.to_vec(),
            listen,
            private_listen,
            open_profile: true,
            development: true,
            chain: ChainConfig {
                rpc_url: self.anvil.endpoint(),
                chain_id: self.network.chain_id,
                registry: self.network.registry,
                routes: self.network.routes,
                poll_milliseconds: CHAIN_POLL.as_millis() as u64,
                routes_from: RoutesFrom::default(),
                submit_routes: false,
                announce: false,
            },
            agent: conet_node::agent::AgentConfig::default(),
            dle: None,
            limits: conet_node::config::Limits::default(),
        };
        config.limits.server.connections_per_address_max = CONNECTIONS_MAX;
        // A round leaves its mail acknowledged, but one wallet gets all of it.
        config.limits.store.mailbox_bytes_max = 1 << 30;
        config
    }
}

impl Clients {
    /// Writes them into the agent's store; before the agent starts.
    pub(crate) async fn preload(&self, agent: &NodeInfo) -> Result<(), BenchError> {
        let limits = conet_node::config::Limits::default().store;
        let path = agent.home.join(STORE_FILE);
        let store =
            Store::open(&path, limits, Box::new(|_, _| {})).map_err(failed("the agent's store"))?;
        let mut writes = Vec::new();
        for n in 0..self.all {
            let wallet = wallet(n)?;
            let handle = match n < self.keyed {
                true => conet_wire::openpgp::Identity::derive(&wallet)
                    .map_err(failed("a client's keys"))?
                    .handle(),
                false => listener_handle(n),
            };
            let client = Client {
                wallet: wallet.address(),
                handle,
                handle_v4: None,
                old_handles: Vec::new(),
                serial: 1,
                expiry: u64::from(u32::MAX),
                moved_at: None,
            };
            writes.push(store.put_client(client, 0));
            // Below the store's limit of waiting writes.
            if writes.len() == 1024 {
                finish(&mut writes).await?;
            }
        }
        finish(&mut writes).await
    }
}

async fn finish<F>(writes: &mut Vec<F>) -> Result<(), BenchError>
where
    F: Future<Output = Result<(), conet_node::store::StoreError>>,
{
    for done in futures_util::future::join_all(writes.drain(..)).await {
        done.map_err(failed("a client of the agent"))?;
    }
    Ok(())
}

const fn role_mask(role: Role) -> u16 {
    match role {
        Role::Relay => roles::RELAY,
        Role::Agent => roles::AGENT,
    }
}

/// Two ports that are free now.
fn free_addresses() -> Result<[SocketAddr; 2], BenchError> {
    let bind = || TcpListener::bind("127.0.0.1:0").map_err(failed("a free port"));
    let (first, second) = (bind()?, bind()?);
    let address = |listener: &TcpListener| listener.local_addr().map_err(failed("a free port"));
    Ok([address(&first)?, address(&second)?])
}

/// `CONET_ANVIL`, or the one that `./scripts/setup` installed here, or the PATH's.
fn anvil_program() -> String {
    if let Ok(program) = std::env::var("CONET_ANVIL") {
        return program;
    }
    let installed = "contracts/node_modules/.bin/anvil";
    if Path::new(installed).exists() { installed.to_owned() } else { "anvil".to_owned() }
}

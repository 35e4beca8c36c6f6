//! A development network whose nodes were moved into network namespaces, each into one of its own.

use std::{collections::BTreeMap, net::Ipv4Addr, path::PathBuf, process::Stdio};

use alloy::primitives::U256;
use conet_bindings::endpoint;
use conet_node::{config::NodeConfig, keys::NodeKeys};
use serde_json::Value;
use tokio::process::Child;

use crate::{
    devnet::Devnet,
    eventually,
    wires::{Side, Wires},
};

/// All nodes listen here, each at its own address.
const PORT: u16 = 8_000;

/// The network, and its nodes' processes.
#[derive(Debug)]
pub struct Town {
    /// The main chain and the nodes' homes.
    pub net: Devnet,
    /// The nodes' homes by their ids.
    pub homes: BTreeMap<u64, PathBuf>,
    /// Where each node is.
    pub addresses: BTreeMap<u64, Ipv4Addr>,
    /// What is between them.
    pub wires: Wires,
    processes: BTreeMap<u64, Child>,
}

impl Town {
    /// Moves the nodes of a network on one machine into namespaces, and gives its person's wallet means. Nothing runs.
    ///
    /// # Panics
    /// When the machine refuses.
    pub async fn of(net: Devnet, mut wires: Wires, side: impl Fn(u64) -> Side) -> Self {
        net.person.run(&["wallet", "new", "--name", "bobo"]).await;
        net.person.run(&["devnet", "fund", "--wallet", "bobo"]).await;
        let anvil = net.network.rpc_url.rsplit(':').next().expect("a port");
        let anvil = anvil.parse().expect("a port");
        let chain_at = format!("http://{}", wires.forward(anvil).await);
        let mut pids = Vec::new();
        let homes: BTreeMap<_, _> =
            net.network.nodes.iter().map(|node| (node.id, node.home.clone())).collect();
        for node in &net.network.nodes {
            let pid = i32::try_from(node.pid.expect("a process")).expect("a number");
            let pid = rustix::process::Pid::from_raw(pid).expect("a process");
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
            pids.push(pid);
        }
        // Two processes must not write one journal.
        eventually("all processes have ended", async || {
            pids.iter().all(|pid| rustix::process::test_kill_process(*pid).is_err())
        })
        .await;
        let addresses = homes.keys().map(|id| (*id, wires.attach(*id, side(*id)))).collect();
        let town = Self { net, homes, addresses, wires, processes: BTreeMap::new() };
        for id in town.homes.keys() {
            town.settle(*id, &chain_at).await;
        }
        town
    }

    /// Tells a node where it is, and the registry too, if it has an address there.
    async fn settle(&self, id: u64, chain_at: &str) {
        let (home, address) = (&self.homes[&id], (self.addresses[&id], PORT).into());
        let mut config = NodeConfig::load(home).expect("its configuration");
        config.listen = address;
        config.private_listen = ([127, 0, 0, 1], PORT + 1).into();
        chain_at.clone_into(&mut config.chain.rpc_url);
        config.chain.announce = false;
        config.save(home).expect("its configuration");
        if config.roles.is_empty() {
            return;
        }
        let owner = NodeKeys::load(home).expect("its keys").wallet.signer().clone();
        let registry = self.net.chain.node_registry();
        let moved = registry.updateEndpoints(U256::from(id), vec![endpoint::encode(address)]);
        // Its last words on the chain may still be under way, from the same wallet.
        let payer = self.net.chain.payer(owner);
        eventually("the node's address is another", async || {
            payer.send(moved.clone()).await.is_ok()
        })
        .await;
    }

    /// Starts a node.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(&mut self, id: u64) {
        let home = &self.homes[&id];
        let log = std::fs::OpenOptions::new().append(true).open(home.join("node.log"));
        let log = log.expect("its log");
        let child = self
            .wires
            .command(id)
            .arg("--home")
            .arg(home)
            .args(["node", "run"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("it runs");
        self.processes.insert(id, child);
    }

    /// Kill -9.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn kill(&mut self, id: u64) {
        self.processes.remove(&id).expect("it runs").kill().await.expect("it ends");
    }

    /// What a node says of its part in ledgers; null when it does not answer.
    ///
    /// # Panics
    /// When the command does not run.
    pub async fn ledgers(&self, id: u64) -> Value {
        let mut status = self.wires.command(id);
        status.arg("--home").arg(&self.homes[&id]).args(["--json", "node", "status"]);
        let output = status.output().await.expect("it runs");
        let said: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        said.map(|status| status["ledgers"].clone()).unwrap_or_default()
    }

    /// What a command of the person says, in one line.
    ///
    /// # Panics
    /// When it fails, or says more.
    pub async fn one(&self, arguments: &[&str]) -> Value {
        self.net.person.one(arguments).await
    }

    /// What the archive group says of itself.
    ///
    /// # Panics
    /// When no seat answers.
    pub async fn status(&self) -> Value {
        self.one(&["chain", "status"]).await
    }

    /// Records a text, and waits until it is final. Its height.
    ///
    /// # Panics
    /// When it does not become final.
    pub async fn append(&self, chain: &str, text: &str) -> u64 {
        let append = ["chain", "append", chain, "--wallet", "bobo", "--text", text];
        let sent = self.one(&append).await;
        eprintln!("{text}: final after {} ms", sent["milliseconds"]);
        sent["height"].as_u64().expect("a height")
    }
}

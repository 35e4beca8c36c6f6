//! A `conet devnet` process, as a person starts it.

use std::time::Instant;

use alloy::{
    primitives::Address,
    providers::{Provider, ProviderBuilder, RootProvider},
};
use conet_chain::{Mainchain, NetworkFile, NodeInfo};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
};

use crate::{PATIENCE, command::Person, eventually, folder::Folder};

/// How long a whole network may take to come up.
const START_PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// A network of its own; dropping it ends its processes.
#[derive(Debug)]
pub struct Devnet {
    /// Whose home the network's file is in.
    pub person: Person,
    /// All contracts.
    pub chain: Mainchain,
    /// What `network.json` says.
    pub network: NetworkFile,
    _running: Running,
    /// Last, so that it is there until everything has ended.
    pub folder: Folder,
}

impl Devnet {
    /// Starts one with this many nodes, each with a seat.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start(nodes: usize) -> Self {
        Self::with_seats(nodes, nodes, &[]).await
    }

    /// Starts one of which so many nodes have seats in the archive group; the others make small chains' blocks.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn with_seats(nodes: usize, seats: usize, more: &[&str]) -> Self {
        let folder = Folder::new();
        let person = Person::at(&folder.path().join("home"));
        let (nodes, seats) = (nodes.to_string(), seats.to_string());
        let mut child = person
            .command(&[&["devnet", "--nodes", &nodes, "--seats", &seats], more].concat())
            .stderr(std::fs::File::create(folder.path().join("devnet.log")).expect("a log"))
            .spawn()
            .expect("it runs");
        let output = child.stdout.take().expect("its output");
        // From here on it ends with this, also when it does not come up.
        let running = Running(child);
        let mut lines = BufReader::new(output).lines();
        let up = tokio::time::timeout(START_PATIENCE, lines.next_line()).await;
        up.expect("a network in time").expect("its output").expect("a line when it is up");
        let network = NetworkFile::load(&person.home().join(NetworkFile::NAME)).expect("a file");
        let chain = Mainchain::connect(&network).await.expect("a chain");
        Self { person, chain, network, _running: running, folder }
    }

    /// Nodes' home folders, as arguments.
    #[must_use]
    pub fn node_homes(&self) -> Vec<String> {
        let homes = self.network.nodes.iter().map(|node| node.home.display().to_string());
        homes.collect()
    }

    /// The home of a node.
    ///
    /// # Panics
    /// When there is none of this number.
    #[must_use]
    pub fn node_home(&self, id: u64) -> String {
        self.place(id).home.display().to_string()
    }

    /// Ends a node's process, and starts it again, as its operator would.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_again(&self, id: u64) -> Child {
        let place = self.place(id);
        if place.pid.is_some() {
            self.end(id, Signal::TERM).await;
        }
        let node = Person::at(&place.home);
        let log = std::fs::File::create(self.folder.path().join(format!("again-{id}.log")));
        let mut command = node.command(&["node", "run"]);
        command.env("CONET_LOG", "info").stderr(log.expect("a log"));
        let child = command.spawn().expect("it starts");
        let is_well = async || node.output(&["node", "status"]).await.status.success();
        eventually("it is well", is_well).await;
        child
    }

    /// Ends a node's process with a signal.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn end(&self, id: u64, signal: Signal) {
        let pid = self.place(id).pid.and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw).expect("a process");
        kill_process(pid, signal).expect("it runs");
        eventually("it has ended", async || test_kill_process(pid).is_err()).await;
    }

    fn place(&self, id: u64) -> &NodeInfo {
        self.network.nodes.iter().find(|node| node.id == id).expect("the node")
    }

    /// Moves the chain's clock.
    ///
    /// # Panics
    /// When the chain refuses.
    pub async fn pass(&self, seconds: u64) {
        let provider = self.provider();
        let _: serde_json::Value =
            provider.raw_request("evm_increaseTime".into(), [seconds]).await.expect("anvil");
        let _: serde_json::Value =
            provider.raw_request("evm_mine".into(), ()).await.expect("anvil");
    }

    /// How many smallest units of a coin a wallet has.
    ///
    /// # Panics
    /// When the chain does not answer.
    pub async fn balance(&self, coin: &str, wallet: Address) -> u128 {
        let coin = self.chain.stablecoin(self.chain.address(coin));
        let balance = coin.balanceOf(wallet).call().await.expect("a balance");
        balance.to::<u128>()
    }

    fn provider(&self) -> RootProvider {
        let url = self.network.rpc_url.parse().expect("a URL");
        ProviderBuilder::default().connect_http(url)
    }
}

/// The process; it ends its own children.
#[derive(Debug)]
struct Running(Child);

impl Drop for Running {
    /// Asks it to end, and waits.
    fn drop(&mut self) {
        let Some(pid) = self.0.id().and_then(|pid| i32::try_from(pid).ok()) else { return };
        let Some(pid) = rustix::process::Pid::from_raw(pid) else { return };
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

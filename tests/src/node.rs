//! A node's process, and what others know of it.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::Instant,
};

use alloy::primitives::U256;
use conet_node::{Health, config::NodeConfig, keys::NodeKeys};
use conet_wire::{
    openpgp::{Identity, PublicCertificate},
    veil::{TransportPublic, WebProfile},
};
use tokio::process::{Child, Command};

use crate::{PATIENCE, eventually, http, proxy::Proxy};

/// Below the ports that systems hand out by themselves, so that nobody takes one
/// between the choice and its use.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// A port that is free, and that no other story of this run gets.
///
/// # Panics
/// When none is left.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    // Runs beside each other begin at different places.
    let start = u16::try_from(std::process::id() * 97 % u32::from(count)).expect("a remainder");
    for _ in 0..count {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(start) % count;
        let port = PORTS.start + offset;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

/// The `conet` program that was built beside this test program.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn conet_program() -> PathBuf {
    let test = std::env::current_exe().expect("this program's path");
    let folder = test.parent().and_then(Path::parent).expect("the target folder");
    let program = folder.join("conet");
    assert!(
        program.exists(),
        "{} is missing: build it first, with `cargo build -p conet` and the same profile",
        program.display()
    );
    program
}

/// What everybody can know of a node.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Its token.
    pub id: U256,
    /// Where it is registered to listen.
    pub address: SocketAddr,
    /// Its transport key.
    pub transport: TransportPublic,
    /// The site that it looks like.
    pub profile: WebProfile,
    /// Its v6 certificate.
    pub certificate: PublicCertificate,
    /// Its v4 certificate.
    pub certificate_v4: PublicCertificate,
}

impl Contact {
    /// The head of an ordinary veil request to it.
    #[must_use]
    pub fn veil_head(&self, length: usize) -> String {
        let profile = &self.profile;
        http::head(profile.method, &profile.envelope_path, profile.request_type, length)
    }

    /// Of the node with this home folder, where it listens.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn of(home: &Path) -> Self {
        let config = NodeConfig::load(home).expect("its configuration");
        let keys = NodeKeys::load(home).expect("its keys");
        crate::world::contact(U256::from(config.id), config.listen, &keys)
    }

    /// The same node, reached through another address.
    #[must_use]
    pub fn through(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }
}

/// A node, and its process when it runs.
#[derive(Debug)]
pub struct Node {
    /// What everybody can know.
    pub contact: Contact,
    /// Its home folder.
    pub home: PathBuf,
    /// Its configuration, as written.
    pub config: NodeConfig,
    /// Its secrets: a seized node.
    pub keys: NodeKeys,
    /// What sits before its public port, if anything does.
    pub proxy: Option<Proxy>,
    process: Option<Child>,
}

impl Node {
    pub(crate) fn new(
        contact: Contact,
        home: PathBuf,
        config: NodeConfig,
        keys: NodeKeys,
        proxy: Option<Proxy>,
    ) -> Self {
        Self { contact, home, config, keys, proxy, process: None }
    }

    /// Its OpenPGP identity.
    ///
    /// # Panics
    /// Never: the keys were made here.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.keys.identity().expect("keys")
    }

    /// Starts the process and waits until it is well.
    ///
    /// # Panics
    /// When it is not, in time.
    pub async fn start(&mut self) {
        self.spawn();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ended = self.process.as_mut().and_then(|child| child.try_wait().expect("a child"));
            assert!(ended.is_none(), "a node ended at once:\n{}", self.log());
            if self.try_health().await.is_some_and(|health| health.ok) {
                return;
            }
            assert!(Instant::now() < deadline, "a node does not come up:\n{}", self.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Starts the process without waiting.
    ///
    /// # Panics
    /// When the program is missing.
    pub fn spawn(&mut self) {
        let log = self.home.join("node.log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("a log");
        let child = Command::new(conet_program())
            .arg("--home")
            .arg(&self.home)
            .args(["node", "run"])
            .env("CONET_LOG", "info,conet_node=debug")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        self.process = Some(child);
    }

    /// Kill -9.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn kill(&mut self) {
        self.process.take().expect("it runs").kill().await.expect("killed");
    }

    /// Asks it to end; says how it did.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn stop(&mut self) -> ExitStatus {
        let child = self.process.as_ref().expect("it runs");
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).expect("a process id");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
        self.ended().await
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut child = self.process.take().expect("it runs");
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        ended.expect("the node ends in time").expect("a status")
    }

    /// Everything it logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("node.log")).unwrap_or_default()
    }

    /// What its private port says.
    ///
    /// # Panics
    /// When it says nothing.
    pub async fn health(&self) -> Health {
        self.try_health().await.expect("a healthy private port")
    }

    async fn try_health(&self) -> Option<Health> {
        let response = http::get(self.config.private_listen, "/health").await.ok()?;
        serde_json::from_slice(&response.body).ok()
    }

    /// A counter or gauge: `conet_parcels_total{outcome="done"}`; 0 when it is not there.
    ///
    /// # Panics
    /// When the private port does not answer.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = http::get(self.config.private_listen, "/metrics").await.expect("metrics").text();
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.map_or(0, |value| value.trim().parse().expect("a number"))
    }

    /// How many parcels of a kind ended like this at its agent.
    pub async fn parcels(&self, kind: &str, outcome: &str) -> u64 {
        let labels = format!("{{kind=\"{kind}\",outcome=\"{outcome}\"}}");
        self.metric(&format!("conet_parcels_total{labels}")).await
    }

    /// How many messages through its relay ended like this.
    pub async fn relayed(&self, outcome: &str) -> u64 {
        self.metric(&format!("conet_relayed_total{{outcome=\"{outcome}\"}}")).await
    }

    /// How many requests were refused like this before they were read.
    pub async fn refused(&self, outcome: &str) -> u64 {
        self.metric(&format!("conet_refused_total{{outcome=\"{outcome}\"}}")).await
    }

    /// Waits until it knows this many nodes.
    pub async fn knows_nodes(&self, count: usize) {
        eventually("the node knows the others", async || self.health().await.nodes == count).await;
    }
}

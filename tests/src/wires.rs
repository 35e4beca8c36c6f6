//! Nodes in network namespaces of their own, and wires between them that can be cut.
//!
//! ```text
//! this process ── bridge A ══ wire ══ bridge B
//!                  │  │  │             │  │
//!                 node …              node …        each in its own namespace, at 10.N.side.number
//! ```
//!
//! It takes root, or the right to make namespaces and links.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    process::Command as Blocking,
};

use tokio::{net::TcpListener, net::TcpStream, process::Command, task::JoinHandle};

use crate::node::conet_program;

/// On which side of the wire a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// With the test, and the main chain.
    Near,
    /// Beyond the wire.
    Far,
}

/// Namespaces, bridges and the wire; dropping it removes them all.
#[derive(Debug)]
pub struct Wires {
    /// Begins the names of everything.
    name: String,
    /// The second byte of all addresses.
    network: u8,
    nodes: Vec<u64>,
    forward: Option<JoinHandle<()>>,
}

fn ip(arguments: &str) -> Result<(), String> {
    let done = Blocking::new("ip").args(arguments.split(' ')).output();
    let done = done.map_err(|error| format!("ip: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&done.stderr).trim()))
}

fn must(arguments: &str) {
    if let Err(error) = ip(arguments) {
        panic!("{error}");
    }
}

impl Wires {
    /// Makes both sides and the wire between them; `None`, and a word about it, for who may not.
    ///
    /// # Panics
    /// For root, who may: there they are missing for a reason that should be seen.
    #[must_use]
    pub fn as_root() -> Option<Self> {
        let made = Self::new().inspect_err(|why| {
            assert!(!rustix::process::getuid().is_root(), "no network namespaces: {why}");
            eprintln!("not told: network namespaces take root ({why})");
        });
        made.ok()
    }

    /// Makes both sides and the wire between them.
    ///
    /// # Errors
    /// This machine does not let us, and why.
    pub fn new() -> Result<Self, String> {
        let network = rand::random_range(64..=127);
        let name = format!("cn{:04x}", rand::random::<u16>());
        ip(&format!("link add {name}a type bridge"))?;
        let wires = Self { name, network, nodes: Vec::new(), forward: None };
        let name = &wires.name;
        ip(&format!("link add {name}b type bridge"))?;
        ip(&format!("link add {name}x type veth peer name {name}y"))?;
        ip(&format!("link set {name}x master {name}a"))?;
        ip(&format!("link set {name}y master {name}b"))?;
        ip(&format!("addr add {}/16 dev {name}a", wires.here()))?;
        for link in ["a", "b", "x", "y"] {
            ip(&format!("link set {name}{link} up"))?;
        }
        Ok(wires)
    }

    /// Where this process is.
    #[must_use]
    pub const fn here(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.network, 0, 1)
    }

    /// Makes a node's namespace. Where the node is.
    ///
    /// # Panics
    /// When the machine refuses.
    pub fn attach(&mut self, node: u64, side: Side) -> Ipv4Addr {
        self.nodes.push(node);
        let (name, ns) = (&self.name, self.namespace(node));
        let (side, bridge) = match side {
            Side::Near => (1, "a"),
            Side::Far => (2, "b"),
        };
        let address = Ipv4Addr::new(10, self.network, side, u8::try_from(node).expect("a number"));
        must(&format!("netns add {ns}"));
        must(&format!("link add {name}v{node} type veth peer name eth0 netns {ns}"));
        must(&format!("link set {name}v{node} master {name}{bridge} up"));
        must(&format!("-n {ns} addr add {address}/16 dev eth0"));
        must(&format!("-n {ns} link set eth0 up"));
        must(&format!("-n {ns} link set lo up"));
        address
    }

    /// Lets nothing pass from a node to an address.
    ///
    /// # Panics
    /// When the machine refuses.
    pub fn forbid(&self, node: u64, to: Ipv4Addr) {
        must(&format!("-n {} route add blackhole {to}/32", self.namespace(node)));
    }

    fn namespace(&self, node: u64) -> String {
        format!("{}n{node}", self.name)
    }

    /// The program, in a node's namespace.
    #[must_use]
    pub fn command(&self, node: u64) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(node)]).arg(conet_program());
        command
    }

    /// Parts one node from everybody.
    ///
    /// # Panics
    /// When the machine refuses.
    pub fn unplug(&self, node: u64) {
        must(&format!("link set {}v{node} down", self.name));
    }

    /// Joins it again.
    ///
    /// # Panics
    /// When the machine refuses.
    pub fn plug_in(&self, node: u64) {
        must(&format!("link set {}v{node} up", self.name));
    }

    /// Parts the two sides.
    ///
    /// # Panics
    /// When the machine refuses.
    pub fn cut(&self) {
        must(&format!("link set {}x down", self.name));
    }

    /// Joins them again.
    ///
    /// # Panics
    /// When the machine refuses.
    pub fn heal(&self) {
        must(&format!("link set {}x up", self.name));
    }

    /// Takes connections at this process' address for a port of this machine. Its port there.
    ///
    /// # Panics
    /// When there is no port to be had.
    pub async fn forward(&mut self, to: u16) -> SocketAddrV4 {
        let listener = TcpListener::bind((self.here(), 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        self.forward = Some(tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                tokio::spawn(async move {
                    if let Ok(mut target) = TcpStream::connect(("127.0.0.1", to)).await {
                        // Either side may end it.
                        let _ = tokio::io::copy_bidirectional(&mut from, &mut target).await;
                    }
                });
            }
        }));
        SocketAddrV4::new(self.here(), port)
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        if let Some(forward) = &self.forward {
            forward.abort();
        }
        // Links go with the namespace that has their other end.
        for node in &self.nodes {
            let _ = ip(&format!("netns del {}", self.namespace(*node)));
        }
        for link in ["x", "a", "b"] {
            let _ = ip(&format!("link del {}{link}", self.name));
        }
    }
}

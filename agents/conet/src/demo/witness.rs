//! Checks what the nodes know: their counters, and everything that they wrote to disk.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::hex;
use anyhow::{Context as _, bail, ensure};
use conet_chain::NetworkFile;
use conet_node::config::NodeConfig;

use crate::commands::node::health;

type Counters = BTreeMap<String, u64>;

/// What a relay can and cannot see.
const RELAY_SEES: &str = "saw an IP address, a size and another node's key; \
                          not whose message it is, nor for whom, nor what it says";

/// What a node can and cannot see of each kind of parcel that it opens: its counter's label,
/// what it did, and that.
const AGENT_SEES: [(&str, &str, &str); 5] = [
    (
        "register",
        "took a registration",
        "saw its new client's wallet and a relay; not the client's IP address",
    ),
    (
        "listen",
        "opened a stream",
        "saw its own client's wallet and a relay; not the client's IP address",
    ),
    (
        "mail",
        "stored a message",
        "saw its own client's key, a size and a relay; not who wrote, nor what",
    ),
    (
        "lookup",
        "answered a look-up",
        "saw which wallet's route was asked for; not who asked, nor from where",
    ),
    (
        "acknowledgement",
        "took an acknowledgement",
        "saw which stream it was for; not the client's IP address",
    ),
];

fn told(node: u64, count: u64, did: &str, sees: &str) -> String {
    let times = if count == 1 { String::new() } else { format!(" ({count} times)") };
    format!("node {node} {did}{times}: {sees}")
}

struct Observed {
    id: u64,
    home: PathBuf,
    private: SocketAddr,
    counters: Counters,
}

struct Secret {
    name: &'static str,
    bytes: Vec<u8>,
    known_to: Vec<u64>,
}

pub(super) struct Witness {
    nodes: Vec<Observed>,
    secrets: Vec<Secret>,
    steps: u32,
    json: bool,
}

impl Witness {
    pub(super) async fn new(network: &NetworkFile, json: bool) -> anyhow::Result<Self> {
        let mut nodes = Vec::new();
        for node in &network.nodes {
            let config = NodeConfig::load(&node.home)?;
            nodes.push(Observed {
                id: node.id,
                home: node.home.clone(),
                private: config.private_listen,
                counters: counters(config.private_listen).await?,
            });
        }
        Ok(Self { nodes, secrets: Vec::new(), steps: 0, json })
    }

    pub(super) fn step(&mut self, text: &str) {
        self.steps += 1;
        if self.json {
            println!("{}", serde_json::json!({ "step": self.steps, "text": text }));
        } else {
            println!("\n{}. {text}", self.steps);
        }
    }

    pub(super) fn note(&self, text: &str) {
        if self.json {
            println!("{}", serde_json::json!({ "step": self.steps, "note": text }));
        } else {
            println!("   {text}");
        }
    }

    /// From now on, no node may write this down.
    pub(super) fn keep_secret(&mut self, name: &'static str, bytes: &[u8]) {
        self.secrets.push(Secret { name, bytes: bytes.to_vec(), known_to: Vec::new() });
    }

    /// But this one may.
    pub(super) fn allow(&mut self, node: u64, name: &str) {
        for secret in self.secrets.iter_mut().filter(|secret| secret.name == name) {
            secret.known_to.push(node);
        }
    }

    /// Says what each node did since the last report, by its own counters, and checks
    /// that none wrote down what it must not know.
    pub(super) async fn report(&mut self) -> anyhow::Result<()> {
        let mut lines = Vec::new();
        for node in &mut self.nodes {
            let now = counters(node.private).await?;
            let before = std::mem::replace(&mut node.counters, now);
            let grew = |prefix: &str| {
                let sum = |counters: &Counters| -> u64 {
                    counters.iter().filter(|(k, _)| k.starts_with(prefix)).map(|(_, v)| v).sum()
                };
                sum(&node.counters).saturating_sub(sum(&before))
            };
            let carried = grew("conet_relayed_total").saturating_sub(grew("conet_parcels_total"));
            if carried > 0 {
                lines.push(told(node.id, carried, "carried", RELAY_SEES));
            }
            for (kind, did, sees) in AGENT_SEES {
                let count = grew(&format!("conet_parcels_total{{kind=\"{kind}\""));
                if count > 0 {
                    lines.push(told(node.id, count, did, sees));
                }
            }
        }
        for line in lines {
            self.note(&line);
        }
        self.check_disks()
    }

    /// Looks for every secret in every file of every node, as bytes and as hexadecimal.
    fn check_disks(&self) -> anyhow::Result<()> {
        for node in &self.nodes {
            let unknown = self.secrets.iter().filter(|s| !s.known_to.contains(&node.id));
            let forms: Vec<(&str, Vec<u8>)> = unknown
                .flat_map(|secret| {
                    let hexadecimal = hex::encode(&secret.bytes).into_bytes();
                    [(secret.name, secret.bytes.clone()), (secret.name, hexadecimal)]
                })
                .collect();
            for file in files(&node.home)? {
                let content = std::fs::read(&file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                let lower = content.to_ascii_lowercase();
                for (name, form) in &forms {
                    let found = contains(&content, form) || contains(&lower, form);
                    ensure!(!found, "node {} wrote {name} into {}", node.id, file.display());
                }
            }
        }
        Ok(())
    }

    /// Waits until an agent has this many streams.
    pub(super) async fn wait_for_streams(&self, id: u64, count: usize) -> anyhow::Result<()> {
        let node = self.nodes.iter().find(|node| node.id == id).context("no such node")?;
        for _ in 0..200 {
            if health(node.private).await?.streams == count {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("node {id} did not notice within 10 s")
    }

    /// The last word.
    pub(super) fn conclude(&self) -> anyhow::Result<()> {
        self.check_disks()?;
        self.note(
            "Checked: in no node's files and logs is either message, and each address is written \
             down only by its own agent, but for the chain's public routes, which all agents have alike.",
        );
        if !self.json {
            println!("\nThe story came true.");
        }
        Ok(())
    }
}

async fn counters(private: SocketAddr) -> anyhow::Result<Counters> {
    let text = reqwest::get(format!("http://{private}/metrics")).await?.text().await?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines
        .filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        })
        .collect())
}

/// How the names of the files begin in which an agent has the chain's routes.
const ROUTES_FILE: &str = "routes.db";

/// All of a folder's, but for the public table of routes: every agent has all of the chain's, whoever asks for which.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_public = entry.file_name().to_string_lossy().starts_with(ROUTES_FILE);
        if entry.file_type()?.is_file() && !is_public {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn contains(content: &[u8], form: &[u8]) -> bool {
    content.windows(form.len()).any(|window| window == form)
}

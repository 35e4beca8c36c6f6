//! Ten archive nodes and thirty participants, each a process in a network namespace of its own: killed, and cut off from
//! each other. A chain goes on while more than two thirds of the seats can talk, waits while they cannot, and never has
//! two histories.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use alloy::primitives::U256;
use conet_bindings::endpoint;
use conet_chain::NetworkFile;
use conet_node::{config::NodeConfig, keys::NodeKeys};
use conet_tests::{
    devnet::Devnet,
    eventually,
    wires::{Side, Wires},
};
use serde_json::Value;
use tokio::process::Child;

const SEATS: u64 = 10;
const NODES: u64 = 40;

/// Of the seats, and of the participants, so many are beyond the wire.
const FAR_SEATS: u64 = 4;
const FAR_PARTICIPANTS: u64 = 12;

/// All nodes listen here, each at its own address.
const PORT: u16 = 8_000;

struct Town {
    net: Devnet,
    processes: BTreeMap<u64, Child>,
    homes: BTreeMap<u64, PathBuf>,
    wires: Wires,
}

const fn is_far(node: u64) -> bool {
    (node > SEATS - FAR_SEATS && node <= SEATS) || node > NODES - FAR_PARTICIPANTS
}

impl Town {
    /// Registers and stakes on one machine, then moves each node into a namespace of its own.
    async fn begin(mut wires: Wires) -> Self {
        let count = |number: u64| usize::try_from(number).unwrap();
        let net = Devnet::with_seats(count(NODES), count(SEATS), &[]).await;
        net.person.run(&["wallet", "new", "--name", "bobo"]).await;
        net.person.run(&["devnet", "fund", "--wallet", "bobo"]).await;
        let anvil = net.network.rpc_url.rsplit(':').next().unwrap().parse().unwrap();
        let chain_at = format!("http://{}", wires.forward(anvil).await);
        let (mut homes, mut pids) = (BTreeMap::new(), Vec::new());
        for node in &net.network.nodes {
            let pid = i32::try_from(node.pid.expect("a process")).unwrap();
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            homes.insert(node.id, node.home.clone());
            pids.push(pid);
        }
        // Two processes must not write one journal.
        eventually("all processes have ended", async || {
            pids.iter().all(|pid| rustix::process::test_kill_process(*pid).is_err())
        })
        .await;
        for (id, home) in &homes {
            let side = if is_far(*id) { Side::Far } else { Side::Near };
            let address = (wires.attach(*id, side), PORT).into();
            let mut config = NodeConfig::load(home).unwrap();
            config.listen = address;
            config.private_listen = ([127, 0, 0, 1], PORT + 1).into();
            chain_at.clone_into(&mut config.chain.rpc_url);
            config.chain.announce = false;
            config.save(home).unwrap();
            let owner = NodeKeys::load(home).unwrap().wallet.signer().clone();
            let registry = net.chain.node_registry();
            let moved = registry.updateEndpoints(U256::from(*id), vec![endpoint::encode(address)]);
            // Its last words on the chain may still be under way, from the same wallet.
            let payer = net.chain.payer(owner);
            eventually("the node's address is another", async || {
                payer.send(moved.clone()).await.is_ok()
            })
            .await;
        }
        let mut town = Self { net, processes: BTreeMap::new(), homes, wires };
        for id in 1..=NODES {
            town.start(id);
        }
        town
    }

    fn start(&mut self, id: u64) {
        let home = &self.homes[&id];
        let log = std::fs::OpenOptions::new().append(true).open(home.join("node.log")).unwrap();
        let child = self
            .wires
            .command(id)
            .arg("--home")
            .arg(home)
            .args(["node", "run"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        self.processes.insert(id, child);
    }

    /// Kill -9.
    async fn kill(&mut self, id: u64) {
        self.processes.remove(&id).expect("it runs").kill().await.unwrap();
    }

    async fn one(&self, arguments: &[&str]) -> Value {
        let mut said = self.net.person.run(arguments).await;
        assert_eq!(said.len(), 1, "conet {arguments:?} said {said:?}");
        said.remove(0)
    }

    async fn status(&self) -> Value {
        self.one(&["chain", "status"]).await
    }

    async fn append(&self, chain: &str, text: &str) -> u64 {
        let append = ["chain", "append", chain, "--wallet", "bobo", "--text", text];
        let sent = self.one(&append).await;
        eprintln!("{text}: final after {} ms", sent["milliseconds"]);
        sent["height"].as_u64().expect("a height")
    }

    /// Waits until so many seats are active, as a near one sees it.
    async fn until_active(&self, count: usize) {
        eventually("the seats are active", async || {
            let output = self.net.person.output(&["chain", "status"]).await;
            let said: Option<Value> = serde_json::from_slice(&output.stdout).ok();
            said.is_some_and(|status| status["active"].as_array().unwrap().len() == count)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_nodes_are_killed_and_cut_apart_and_have_one_history() {
    let wires = match Wires::new() {
        Ok(wires) => wires,
        // Root can make them: there they are missing for a reason that should be seen.
        Err(why) => {
            assert!(!rustix::process::getuid().is_root(), "no network namespaces: {why}");
            return eprintln!("not told: network namespaces take root ({why})");
        }
    };
    let mut town = Town::begin(wires).await;
    town.until_active(10).await;
    eventually("all participants wait", async || town.status().await["waiting"] == 30).await;

    // The paper's group: a creator, five witnesses, a validator.
    let made = town.one(&["chain", "create", "--wallet", "bobo", "--title", "A town"]).await;
    let chain = made["chain"].as_str().unwrap().to_owned();
    assert_eq!(town.append(&chain, "whole").await, 1);

    // Three seats of ten and two of the group's members at once.
    let witnesses = made["witnesses"].as_array().unwrap();
    let members = [witnesses[0].as_u64().unwrap(), made["creator"].as_u64().unwrap()];
    let killed: BTreeSet<u64> = [1, 2, 3].into_iter().chain(members).collect();
    for id in &killed {
        town.kill(*id).await;
    }
    assert_eq!(town.append(&chain, "five are dead").await, 2);
    for id in &killed {
        town.start(*id);
    }
    town.until_active(10).await;
    assert_eq!(town.append(&chain, "they are back").await, 3);

    // Six seats here, four there: neither side is more than two thirds, so neither decides anything.
    town.wires.cut();
    let append = ["chain", "append", &chain, "--wallet", "bobo", "--text", "cut"];
    let refused = town.net.person.fails(&[&append[..], &["--timeout-s", "6"]].concat()).await;
    assert!(refused.contains("is not final after 6 s"), "{refused}");
    assert_eq!(town.one(&["chain", "show", &chain]).await["height"], 3);
    town.wires.heal();
    eventually("what waited is final", async || {
        town.one(&["chain", "show", &chain]).await["height"] == 4
    })
    .await;
    town.until_active(10).await;
    assert_eq!(town.append(&chain, "healed").await, 5);

    one_history(&town, &chain, 5).await;
}

/// Every seat has the same blocks, and executing them again gives what they say.
async fn one_history(town: &Town, chain: &str, blocks: u64) {
    let verified = town.one(&["chain", "verify", chain]).await;
    assert_eq!((&verified["blocks"], &verified["is_final"]), (&blocks.into(), &true.into()));
    let file = NetworkFile::load(&town.net.person.home().join(NetworkFile::NAME)).unwrap();
    let client = conet_dle::client::Client::new(file.chain_id);
    let chain = chain.parse().unwrap();
    for height in 1..=blocks {
        let mut hashes = BTreeSet::new();
        for seat in 1..=SEATS {
            let config = NodeConfig::load(&town.homes[&seat]).unwrap();
            let node = conet_committee::keys::NodeId(seat);
            let place = conet_dle::client::Place { node, endpoint: config.listen.to_string() };
            // A seat that was away may still be fetching it.
            let mut found = client.block(&place, chain, height, None).await;
            for _ in 0..100 {
                if found.is_ok() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                found = client.block(&place, chain, height, None).await;
            }
            hashes.insert(found.expect("a block").header.hash());
        }
        assert_eq!(hashes.len(), 1, "two blocks at height {height}");
    }
}

//! Ten archive nodes and thirty participants, each a process in a network namespace of its own: killed, and cut off from
//! each other, first by a script and then as a seed draws it ([`troubles`]). A chain goes on while more than two thirds of
//! the seats can talk, waits while they cannot, and never has two histories.

mod troubles;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use conet_chain::NetworkFile;
use conet_node::config::NodeConfig;
use conet_tests::{
    devnet::Devnet,
    eventually,
    town::Town,
    wires::{Side, Wires},
};
use serde_json::Value;

const SEATS: u64 = 10;
const NODES: u64 = 40;

/// Of the seats, and of the participants, so many are beyond the wire.
const FAR_SEATS: u64 = 4;
const FAR_PARTICIPANTS: u64 = 12;

const fn side(node: u64) -> Side {
    let is_far = (node > SEATS - FAR_SEATS && node <= SEATS) || node > NODES - FAR_PARTICIPANTS;
    if is_far { Side::Far } else { Side::Near }
}

async fn begin(wires: Wires) -> Town {
    let count = |number: u64| usize::try_from(number).unwrap();
    let net = Devnet::with_seats(count(NODES), count(SEATS), &[]).await;
    let mut town = Town::of(net, wires, side).await;
    for id in 1..=NODES {
        town.start(id);
    }
    town
}

/// Waits until so many seats are active, as a near one sees it.
async fn until_active(town: &Town, count: usize) {
    eventually("the seats are active", async || {
        let output = town.net.person.output(&["chain", "status"]).await;
        let said: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        said.is_some_and(|status| status["active"].as_array().unwrap().len() == count)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_nodes_are_killed_and_cut_apart_and_have_one_history() {
    let Some(wires) = Wires::as_root() else { return };
    let mut town = begin(wires).await;
    until_active(&town, 10).await;
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
    until_active(&town, 10).await;
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
    until_active(&town, 10).await;
    assert_eq!(town.append(&chain, "healed").await, 5);

    assert_eq!(one_history(&town, &chain).await.len(), 5);
    let mut chains = vec![chain];
    for title in ["Another", "A third"] {
        let made = town.one(&["chain", "create", "--wallet", "bobo", "--title", title]).await;
        chains.push(made["chain"].as_str().unwrap().to_owned());
    }
    let said = troubles::pass(&mut town, &chains).await;
    for chain in chains {
        let hashes = one_history(&town, &chain).await;
        for ((_, height), block) in said.iter().filter(|((of, _), _)| *of == chain) {
            assert_eq!(hashes[height], *block, "what was final at {height} is so no more");
        }
    }
}

/// Every seat has the same blocks, and executing them again gives what they say. Their hashes by height.
async fn one_history(town: &Town, chain: &str) -> BTreeMap<u64, String> {
    let verified = town.one(&["chain", "verify", chain]).await;
    assert_eq!(verified["is_final"], true);
    let blocks = verified["blocks"].as_u64().unwrap();
    let file = NetworkFile::load(&town.net.person.home().join(NetworkFile::NAME)).unwrap();
    let client = conet_dle::client::Client::new(file.chain_id);
    let chain = chain.parse().unwrap();
    let mut history = BTreeMap::new();
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
        history.extend(hashes.first().map(|hash| (height, hash.to_string())));
    }
    history
}

//! Nodes that read routes out of an index, their own or another's: as fresh as the chain, right after a reorganization, and
//! nobody believes an index that lies.

mod liars;

use alloy::{
    primitives::Address,
    providers::{Provider as _, ProviderBuilder},
    rpc::types::Filter,
    sol_types::SolEvent as _,
};
use conet_bindings::RouteTable::RouteSet;
use conet_node::config::RoutesFrom;
use conet_tests::{
    PATIENCE,
    client::look_up,
    command::Person,
    eventually,
    index::Indexer,
    node::free_port,
    now_seconds,
    world::{Plan, World},
};
use conet_wire::claim::verify_route;
use serde_json::{Value, json};

/// Places of nodes: a relay, Bobo's agent, and two that look up in an index.
const RELAY: usize = 0;
const AGENT: usize = 1;
const OWN: usize = 2;
const ELSEWHERE: usize = 3;

/// Between two blocks, where they come by the clock. Nodes look for one ten times as often.
const BLOCK_SECONDS: u64 = 1;

/// How often to look whether a route was set.
const LOOK: std::time::Duration = std::time::Duration::from_millis(10);

fn reading(from: RoutesFrom) -> Plan {
    Plan::with(move |config| config.chain.routes_from = from.clone())
}

async fn person(world: &World, name: &str) -> (Person, String) {
    let person = Person::at(&world.folder.path().join(name));
    world.write_network_file(person.home());
    let wallet = person.one(&["wallet", "new", "--name", name]).await;
    (person, wallet["address"].as_str().unwrap().to_owned())
}

/// What a node says of a wallet: its serial, if it has a route, and up to which block that is so.
async fn said(world: &World, node: usize, wallet: Address) -> (Option<u64>, u64) {
    // Beside one that has none.
    let wallets = [Address::repeat_byte(9), wallet];
    let answer = look_up(&world.contact(RELAY), &world.contact(node), &wallets).await.unwrap();
    let serial = answer.records.first().map(|record| {
        let route =
            verify_route(&world.network, record, now_seconds()).expect("a route that holds");
        assert_eq!(route.wallet(), wallet);
        record.serial
    });
    (serial, answer.block)
}

/// Until both nodes know it, neither says anything else of a block that has it.
async fn known_everywhere(world: &World, wallet: Address, serial: u64) {
    let since = world.reader.head().await.unwrap().number;
    for node in [OWN, ELSEWHERE] {
        eventually("the change is known", || async move {
            let (found, block) = said(world, node, wallet).await;
            assert!(block < since || found == Some(serial), "node {node}, {found:?} at {block}");
            block >= since
        })
        .await;
    }
}

async fn call(world: &World, method: &'static str, params: Value) {
    let provider = ProviderBuilder::new().connect_http(world.rpc_url.parse().unwrap());
    let _: Value = provider.raw_request(method.into(), params).await.unwrap();
}

/// A relay, an agent that Bobo can have, a node that looks up in tables of its own, and one that asks this indexer.
async fn scene() -> (World, Person, Address, Indexer) {
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}");
    let mut world = World::without_nodes().await;
    let (bobo, wallet) = person(&world, "bobo").await;
    let wallet: Address = wallet.parse().unwrap();
    let indexer = Indexer::start_at(&bobo, port, &[]);
    indexer.until(world.reader.head().await.unwrap().number).await;
    for plan in
        [Plan::new(), Plan::new(), reading(RoutesFrom::OwnIndex), reading(RoutesFrom::Index(url))]
    {
        world.add(plan).await;
    }
    for node in &mut world.nodes {
        node.start().await;
    }
    world.write_network_file(bobo.home());
    (world, bobo, wallet, indexer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_changes_is_known_wherever_it_is_looked_up() {
    let (mut world, bobo, wallet, indexer) = scene().await;
    let agent = world.contact(AGENT).id.to_string();
    for node in [OWN, ELSEWHERE] {
        assert_eq!(said(&world, node, wallet).await.0, None);
    }
    bobo.run(&["register", "--wallet", "bobo", "--agent", &agent]).await;
    known_everywhere(&world, wallet, 1).await;
    for serial in 2..=5 {
        bobo.run(&["register", "--wallet", "bobo", "--rotate"]).await;
        known_everywhere(&world, wallet, serial).await;
        // And then again, from memory.
        known_everywhere(&world, wallet, serial).await;
    }
    // What the chain takes back nobody says any more.
    let set = world.reader.head().await.unwrap().number;
    call(&world, "anvil_reorg", json!([2, []])).await;
    call(&world, "anvil_mine", json!(["0x1"])).await;
    let serial = world.reader.route(wallet).await.unwrap().map_or(0, |record| record.serial);
    assert!(serial < 5, "the reorganization took back block {set}");
    known_everywhere(&world, wallet, serial).await;
    // Without a chain they go on with what they know.
    let before = [said(&world, OWN, wallet).await, said(&world, ELSEWHERE, wallet).await];
    world.stop_chain().await;
    assert_eq!([said(&world, OWN, wallet).await, said(&world, ELSEWHERE, wallet).await], before);
    indexer.kill().await;
    assert_eq!(said(&world, OWN, wallet).await, before[0]);
}

/// The block of the first route that is set after this one.
async fn set_after(world: &World, block: u64) -> u64 {
    let provider = ProviderBuilder::new().connect_http(world.rpc_url.parse().unwrap());
    let filter = Filter::new().address(world.network.routes).from_block(block + 1);
    let filter = filter.event_signature(RouteSet::SIGNATURE_HASH);
    let start = std::time::Instant::now();
    loop {
        // anvil refuses a range that has not begun.
        if world.reader.head().await.unwrap().number > block
            && let Some(log) = provider.get_logs(&filter).await.unwrap().first()
        {
            return log.block_number.unwrap();
        }
        assert!(start.elapsed() < PATIENCE, "no route was set after block {block}");
        tokio::time::sleep(LOOK).await;
    }
}

/// From when a block with a change is mined: no answer that names it, or a later block, is without the change; and who is
/// asked once there is one more block names it, or a later one, in the first answer.
async fn known_within_a_block(world: &World, node: usize, wallet: Address, change: (u64, u64)) {
    let (set, serial) = change;
    loop {
        let is_next_there = world.reader.head().await.unwrap().number > set;
        let (found, block) = said(world, node, wallet).await;
        assert!(block < set || found == Some(serial), "node {node}: {found:?} at block {block}");
        if is_next_there {
            assert!(block >= set, "node {node} answers of block {block}, {set} has the change");
            return;
        }
    }
}

/// The bound is in blocks: a node that looks for blocks less often than they come could not keep it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_change_reaches_every_node_within_one_block() {
    let (world, bobo, wallet, _indexer) = scene().await;
    let agent = world.contact(AGENT).id.to_string();
    call(&world, "evm_setIntervalMining", json!([BLOCK_SECONDS])).await;
    for serial in 1..=5 {
        let change: &[&str] = if serial == 1 { &["--agent", &agent] } else { &["--rotate"] };
        let register = [&["register", "--wallet", "bobo"], change].concat();
        let before = world.reader.head().await.unwrap().number;
        let watching = async {
            let set = set_after(&world, before).await;
            let known = |node| known_within_a_block(&world, node, wallet, (set, serial));
            tokio::join!(known(AGENT), known(OWN), known(ELSEWHERE));
        };
        tokio::join!(bobo.run(&register), watching);
    }
}

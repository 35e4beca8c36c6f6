//! Nodes that read routes out of an index, their own or another's: as fresh as the chain, right after a reorganization, and
//! nobody believes an index that lies.

use alloy::{
    primitives::Address,
    providers::{Provider as _, ProviderBuilder},
};
use conet_node::config::RoutesFrom;
use conet_tests::{
    client::look_up,
    command::Person,
    eventually,
    index::Indexer,
    lying_index::LyingIndex,
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_changes_is_known_wherever_it_is_looked_up() {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_lies_leads_no_mail_elsewhere() {
    let port = free_port();
    let liar = LyingIndex::start(&format!("http://127.0.0.1:{port}")).await;
    // Wherever Peter asks, the same liar is asked.
    let plans = (0..4).map(|_| reading(RoutesFrom::Index(liar.url.clone()))).collect();
    let world = World::start_with(plans).await;
    let (bobo, wallet) = person(&world, "bobo").await;
    let (peter, _) = person(&world, "peter").await;
    bobo.run(&["register", "--wallet", "bobo", "--agent", "2"]).await;
    let indexer = Indexer::start_at(&bobo, port, &[]);
    indexer.until(world.reader.head().await.unwrap().number).await;
    let address: Address = wallet.parse().unwrap();
    eventually("the liar is asked, and not believed", || async {
        // A node that does not believe it asks the contract.
        let found = said(&world, OWN, address).await;
        assert_eq!(found.0, Some(1));
        liar.lied() > 0
    })
    .await;
    let lied = liar.lied();
    let send = ["send", "--wallet", "peter", "--to", &wallet, "--text", "hello"];
    let sent = peter.run(&send).await.remove(0);
    assert_eq!(sent["agent"], 2, "{sent}");
    assert!(liar.lied() > lied, "nobody asked the liar");
    let listen = ["listen", "--wallet", "bobo", "--count", "1", "--timeout-s", "30"];
    let heard = bobo.run(&listen).await;
    assert_eq!(heard[0]["text"], "hello");
    // The index itself checks what it has.
    let check = indexer.get(&format!("/v1/routes/{wallet}/check")).await;
    assert_eq!((&check["holds"], &check["agent"]), (&json!(true), &json!("2")), "{check}");
    let certificates = check["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 2, "{check}");
}

//! Suppliers: what an operator says of a computer, and what the node says of itself.

use alloy::{hex, primitives::U256, signers::local::PrivateKeySigner};
use conet_tests::{
    PATIENCE,
    command::Person,
    eventually, http,
    node::free_port,
    world::{Plan, World, local},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::Child;

const COIN: u64 = 1_000_000_000_000_000_000;

/// An operator whose home names the network, and whose key file pays.
async fn operator(world: &World) -> (Person, String) {
    let person = Person::at(&world.folder.path().join("operator"));
    world.write_network_file(person.home());
    let owner = PrivateKeySigner::random();
    world.admin.fund(owner.address(), U256::from(COIN)).await.unwrap();
    let file = person.home().join("owner.key");
    std::fs::write(&file, hex::encode(owner.to_bytes())).unwrap();
    (person, file.display().to_string())
}

/// What the registry says of the node.
async fn listed(person: &Person, id: u64) -> Value {
    let nodes = person.run(&["node", "list"]).await;
    nodes.into_iter().find(|node| node["id"] == id).expect("a listed node")
}

async fn until_online(person: &Person, id: u64, online: bool) {
    eventually("the chain says so", async || listed(person, id).await["online"] == online).await;
}

/// Starts the node and waits until it answers.
async fn start(person: &Person, private: u16) -> Child {
    let child = person.command(&["node", "run"]).spawn().unwrap();
    eventually("the node is up", async || http::get(local(private), "/health").await.is_ok()).await;
    child
}

async fn stop(mut child: Child) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let status = tokio::time::timeout(PATIENCE, child.wait()).await.expect("it ends").unwrap();
    assert!(status.success());
}

/// Register a computer, set prices, press start (white paper, *Participants*).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_offers_a_computer_and_it_says_when_it_works() {
    let world = World::start(1).await;
    let (person, key) = operator(&world).await;
    let (public, private) = (free_port(), free_port());
    let [endpoint, health] = [public, private].map(|port| format!("127.0.0.1:{port}"));
    let mut arguments = vec!["node", "register", "--owner-key-file", &key, "--development"];
    arguments.extend(["--endpoint", &endpoint, "--private", &health]);
    arguments.extend(["--roles", "relay,compute", "--vcpus", "4", "--memory-mb", "16000"]);
    arguments.extend(["--storage-mb", "500000", "--outbound-kbits", "100000"]);
    arguments.extend(["--vcpu-price", "20000000000", "--memory-price", "3000000"]);
    let wrong = [&arguments[..], &["--roles", "king"]].concat();
    assert!(person.fails(&wrong).await.contains("unknown role king"));
    let registered = person.run(&arguments).await;
    assert_eq!(registered[0]["id"], 2);

    // Whoever has the network's file sees it, wherever that lies.
    let anybody = Person::at(&world.folder.path().join("anybody"));
    let file = person.home().join("network.json").display().to_string();
    let seen = anybody.run(&["node", "list", "--network", &file]).await;
    assert!(seen.iter().any(|node| node["id"] == 2), "{seen:?}");
    // Who reads no further than `head` does ends it without noise.
    let mut unread = anybody.command(&["node", "list", "--network", &file]).spawn().unwrap();
    drop(unread.stdout.take());
    let output = unread.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && !said.contains("panicked"), "{said}");

    let node = listed(&person, 2).await;
    assert_eq!(node["roles"], serde_json::json!(["relay", "compute"]));
    assert_eq!(
        (&node["prices"]["vcpu"], &node["prices"]["memory"]),
        (&Value::from(20_000_000_000_u64), &Value::from(3_000_000))
    );
    let specs = serde_json::json!({
        "vcpus": 4, "memory_mb": 16_000, "storage_mb": 500_000, "outbound_kbits": 100_000
    });
    assert_eq!(node["specs"], specs);
    assert_eq!(node["online"], false);

    let update = ["node", "update", "--owner-key-file", &key, "--vcpu-price", "1", "--vcpus", "3"];
    let changed = person.run(&update).await[0]["changed"].clone();
    assert_eq!(changed, serde_json::json!(["prices", "specs"]));
    let node = listed(&person, 2).await;
    assert_eq!(
        (&node["prices"]["vcpu"], &node["prices"]["memory"]),
        (&1.into(), &3_000_000.into())
    );
    assert_eq!((&node["specs"]["vcpus"], &node["specs"]["memory_mb"]), (&3.into(), &16_000.into()));
    assert_eq!(person.run(&update).await[0]["changed"], serde_json::json!([]));

    // Without gas it works, and the chain does not know.
    let child = start(&person, private).await;
    assert_eq!(listed(&person, 2).await["online"], false);
    stop(child).await;

    let wallet = registered[0]["wallet"].as_str().unwrap().parse().unwrap();
    world.admin.fund(wallet, U256::from(COIN)).await.unwrap();
    let child = start(&person, private).await;
    until_online(&person, 2, true).await;
    stop(child).await;
    until_online(&person, 2, false).await;

    // A node that was killed still says that it works, until it is told otherwise.
    let mut child = start(&person, private).await;
    child.kill().await.unwrap();
    until_online(&person, 2, true).await;
    assert_eq!(person.run(&["node", "offline"]).await[0]["online"], false);
    until_online(&person, 2, false).await;
    person.run(&["node", "online"]).await;
    until_online(&person, 2, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_shall_not_say_so_does_not() {
    let world = World::start_with(vec![Plan::with(|config| config.chain.announce = false)]).await;
    let person = Person::at(&world.folder.path().join("person"));
    world.write_network_file(person.home());
    assert_eq!(listed(&person, 1).await["online"], false);
}

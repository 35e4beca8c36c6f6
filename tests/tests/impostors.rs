//! People who claim keys, wallets and nodes of others on chain, where anybody can write
//! anything: nobody believes them.

use alloy::primitives::{B256, U256};
use conet_bindings::{NodeRegistry, endpoint, roles};
use conet_chain::{Admin, key_set};
use conet_node::keys::NodeKeys;
use conet_tests::{
    client::{Client, exchange, look_up, status},
    command::Person,
    eventually, now_seconds,
    world::World,
};
use conet_wire::{
    claim::verify_route,
    openpgp::SubkeySecret,
    parcel::{Content, Status},
    request::{Request, SignedRoute},
};

/// One coin.
const COIN: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// Mallory says that Bobo's keys are hers: to the agent, then on chain, paid by herself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_on_somebody_elses_keys_is_worth_nothing() {
    let world = World::start(4).await;
    let (bobo, mallory, peter) = (Client::new(&world), Client::new(&world), Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);

    // An agent that has never heard of Bobo, and so has only the certificate to go by.
    let another = world.contact(3);
    let mut update = mallory.route_update(another.id);
    update.keys = bobo.wallet.keys();
    let (signer, network) = (mallory.wallet.secret.signer(), &world.network);
    let deadline = U256::from(now_seconds() + 3_000);
    let route = SignedRoute::sign(network, signer, update.clone(), U256::ZERO, deadline).unwrap();
    let register = async |route: SignedRoute| {
        let terms = mallory.terms(another.id, false);
        let request = Request::register(network, signer, &terms, route, None).unwrap();
        status(exchange(&relay, &another, Content::Request, &request.encode()).await)
    };
    assert_eq!(register(route).await, Status::Malformed);
    assert!(world.reader.route(mallory.address()).await.unwrap().is_none(), "no gas for her");

    world.admin.fund(mallory.address(), COIN).await.unwrap();
    let own = Admin::new(world.reader.clone(), signer.clone());
    let record = own.set_route(update).await.expect("the contract cannot know");
    let signature = record.signature[..].try_into().unwrap();
    let (update, nonce, deadline) = (record.update, record.nonce, record.deadline);
    let route = SignedRoute { update, nonce, deadline, signature };
    assert_eq!(register(route).await, Status::Malformed, "it being on chain changes nothing");

    eventually("nodes know what the chain says", async || {
        let found = look_up(&relay, &world.contact(2), &[mallory.address()]).await.unwrap();
        let record = found.records.first();
        record.is_some_and(|record| verify_route(network, record, now_seconds()).is_err())
    })
    .await;
    let to = bobo.wallet.certificate();
    assert_eq!(status(peter.send(&relay, &agent, &to, "for Bobo").await), Status::Done);
    assert!(mallory.listen(&relay, &another).await.is_err(), "she is no client");
    let waiting = bobo.listen(&relay, &agent).await.unwrap().drain().await.unwrap();
    assert_eq!(waiting.len(), 1);

    let person = Person::at(&world.folder.path().join("peter"));
    world.write_network_file(person.home());
    person.run(&["wallet", "new", "--name", "peter"]).await;
    let address = mallory.address().to_string();
    let output = person.output(&["route", &address]).await;
    assert!(!output.status.success());
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("what it found");
    assert_eq!((&said["verified"], &said["certificate"]), (&false.into(), &().into()));
    let send = ["send", "--wallet", "peter", "--to", &address, "--text", "hello?"];
    let why = person.fails(&send).await;
    assert!(why.contains(&address), "{why}");
}

/// OpenPGP asks no consent of an encryption key, so anybody can make a certificate that
/// verifies and names Bobo's key. Mail to that key must still reach Bobo, whatever such
/// people do, and however often he registers again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_with_the_same_encryption_key_does_not_push_its_owner_aside() {
    let mut world = World::start(2).await;
    let (mut bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    let (subkey, created) = (SubkeySecret::generate(&mut rand::rng()), now_seconds());
    bobo.wallet.rotate_to(&subkey, created);
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
    for _ in 0..6 {
        let mut mallory = Client::new(&world);
        // Her own certificate, with Bobo's key in it. (She does not have its secret; only
        // this story's tools need that to write the certificate.)
        mallory.wallet.rotate_to(&subkey, created);
        assert_eq!(mallory.wallet.identity.handle(), bobo.wallet.identity.handle());
        assert_eq!(status(mallory.register(&relay, &agent).await), Status::NotAdmitted);
    }
    let to = bobo.wallet.certificate();
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done, "once more");
    assert_eq!(status(peter.send(&relay, &agent, &to, "one").await), Status::Done);
    world.nodes[1].kill().await;
    world.nodes[1].start().await;
    assert_eq!(status(peter.send(&relay, &agent, &to, "two").await), Status::Done);
    let waiting = bobo.listen(&relay, &agent).await.unwrap().drain().await.unwrap();
    assert_eq!(waiting.len(), 2, "both are with Bobo");
}

/// Mallory registers nodes with another node's certificate, and with its transport key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_somebody_elses_keys_gets_none_of_its_traffic() {
    let world = World::start(2).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
    let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let record = |mallory: &NodeKeys| NodeRegistry::NodeConfig {
        wallet: mallory.wallet.address(),
        keys: key_set(&mallory.identity().unwrap()),
        transportKey: B256::from(mallory.transport.public().0),
        endpoints: vec![endpoint::encode(trap.local_addr().unwrap())],
        roles: roles::RELAY | roles::AGENT,
        prices: NodeRegistry::Prices::default(),
        specs: NodeRegistry::Specs::default(),
    };
    let [with_keys, with_transport] = [NodeKeys::generate(), NodeKeys::generate()];
    let mut stolen_keys = record(&with_keys);
    stolen_keys.keys = key_set(&world.nodes[1].identity());
    let mut stolen_transport = record(&with_transport);
    stolen_transport.transportKey = B256::from(agent.transport.0);
    for (keys, record) in [(&with_keys, stolen_keys), (&with_transport, stolen_transport)] {
        // The contract may refuse; if it cannot know, the readers must.
        let accepted = world.admin.register_node(keys.wallet.signer(), record).await;
        eprintln!("impostors: the contract says {accepted:?}");
    }
    let head = world.reader.head().await.unwrap().number;
    for node in &world.nodes {
        eventually("the registry was read", async || node.health().await.block >= head).await;
    }
    let to = bobo.wallet.certificate();
    for text in ["one", "two", "three"] {
        assert_eq!(status(peter.send(&relay, &agent, &to, text).await), Status::Done);
    }
    let waiting = bobo.listen(&relay, &agent).await.unwrap().drain().await.unwrap();
    assert_eq!(waiting.len(), 3);
    let visited = tokio::time::timeout(std::time::Duration::from_millis(300), trap.accept()).await;
    assert!(visited.is_err(), "nobody went to Mallory");
}

/// The command line says what is wrong, and what to do, when the ground is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_explains_what_is_missing() {
    let world = World::start(3).await;
    let person = Person::at(&world.folder.path().join("bobo"));
    let why = person.fails(&["route", &world.admin.address().to_string()]).await;
    assert!(why.contains("conet devnet"), "no network yet: {why}");
    world.write_network_file(person.home());
    let why = person.fails(&["register", "--wallet", "bobo"]).await;
    assert!(why.contains("bobo"), "no such wallet: {why}");
    person.run(&["wallet", "new", "--name", "bobo"]).await;
    let why = person.fails(&["wallet", "new", "--name", "bobo"]).await;
    assert!(why.contains("bobo"), "never written over: {why}");
    let mut wrong = person.command(&["register", "--wallet", "bobo"]);
    let output = wrong.env("CONET_PASSWORD", "another").output().await.unwrap();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && why.to_lowercase().contains("password"), "{why}");

    let network = person.home().join("network.json");
    let text = std::fs::read_to_string(&network).unwrap();
    let text = text.replace("\"chain_id\": 31337", "\"chain_id\": 43114");
    std::fs::write(&network, text).unwrap();
    let why = person.fails(&["register", "--wallet", "bobo"]).await;
    assert!(why.contains("43114") && why.contains("31337"), "another chain: {why}");
    assert!(!why.contains("panicked"), "{why}");
}

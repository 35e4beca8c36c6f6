//! Small chains by the command line (white paper, *How CoNET-DLE working*): drawn groups, final blocks, and what anybody
//! can check of them.

use std::time::Duration;

use alloy::{
    hex,
    primitives::{Address, B256, FixedBytes, keccak256},
    signers::local::PrivateKeySigner,
    sol_types::SolValue as _,
};
use conet_bindings::{History, definitions::HistoryDefinitions};
use conet_committee::keys::NodeId;
use conet_dle::{
    client::{Client, Place},
    clock,
    keys::WalletKey,
    mainchain::openings::{NewChain, OPEN_PATH, Opened, chain_id},
};
use conet_ledger::genesis::{ChainClass, Genesis};
use conet_tests::{command::Person, devnet::Devnet, eventually, node::free_port};
use rustix::process::Signal;
use serde_json::Value;
use zeroize::Zeroizing;

/// Of the chain of a development network.
const CHAIN_ID: u64 = 31_337;

/// A network with four seats and so many participants, and a wallet with means.
async fn begin(participants: usize, more: &[&str]) -> Devnet {
    let net = Devnet::with_seats(4 + participants, 4, more).await;
    net.person.run(&["wallet", "new", "--name", "bobo"]).await;
    net.person.run(&["devnet", "fund", "--wallet", "bobo"]).await;
    net
}

/// A chain's id.
async fn create(person: &Person, more: &[&str]) -> String {
    let create = ["chain", "create", "--wallet", "bobo", "--witnesses", "2"];
    let made = person.one(&[&create, more].concat()).await;
    assert_eq!(made["witnesses"].as_array().map(Vec::len), Some(2), "{made}");
    made["chain"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_grows_and_anybody_can_check_it() {
    let net = begin(6, &[]).await;
    let person = &net.person;
    let chain = create(person, &["--title", "My car"]).await;
    let append = async |text: &str| {
        person.one(&["chain", "append", &chain, "--wallet", "bobo", "--text", text]).await
    };
    for (height, text) in (1..).zip(["bought", "new tyres", "sold"]) {
        let sent = append(text).await;
        assert_eq!((&sent["height"], &sent["success"]), (&height.into(), &true.into()), "{sent}");
    }
    let refused =
        person.fails(&["chain", "append", &chain, "--wallet", "bobo", "--text", "sold"]).await;
    assert!(refused.contains("AlreadyRecorded"), "{refused}");

    let records = person.run(&["chain", "records", &chain]).await;
    let texts: Vec<_> = records.iter().map(|record| record["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["bought", "new tyres", "sold"]);
    let title = person.one(&["chain", "call", &chain, "title()(string)"]).await;
    assert_eq!(title["values"][0], "My car");
    assert_eq!(person.run(&["chain", "blocks", &chain]).await.len(), 3);
    let listed = person.one(&["chain", "list"]).await;
    assert_eq!((&listed["chain"], &listed["height"]), (&chain.as_str().into(), &3.into()));

    // Its group certified, on the main chain, by more than two thirds of the seats.
    eventually("the chain is anchored", async || {
        let shown = person.one(&["chain", "show", &chain]).await;
        assert_eq!(shown["verified"], true);
        shown["anchored"] == true
    })
    .await;

    let verified = person.one(&["chain", "verify", &chain]).await;
    assert_eq!((&verified["blocks"], &verified["is_final"]), (&3.into(), &true.into()));
    let drawn = person.run(&["chain", "selections"]).await;
    for pair in drawn.windows(2) {
        assert_eq!(pair[1]["parent"], pair[0]["id"], "a draw that follows from the one before");
    }
    // Drawn again, from what a seat keeps and the seeds that the group signed.
    let again = person.run(&["chain", "selections", "--verify"]).await;
    let (sum, again) = again.split_last().unwrap();
    assert_eq!(again[..drawn.len()], drawn);
    assert_eq!(sum["redrawn"].as_u64(), Some(again.len() as u64));
    assert_eq!((&sum["missing"], &sum["vouching"]), (&0.into(), &sum["seats"]));
    // How much time passed on a seat between two entries of the log.
    let time = person.one(&["chain", "history"]).await;
    let (hashes, entries) = (time["hashes"].as_u64().unwrap(), time["marks"].as_u64().unwrap());
    assert!(entries > 1 && hashes > 1_000, "{time}");
    assert!(time["least_ms"].as_u64() < time["log_ms"].as_u64(), "{time}");

    // Whoever likes pays for its storage for longer. Its group signs the next block with that.
    let paid = async || person.one(&["chain", "show", &chain]).await["paid_through_s"].as_u64();
    let before = paid().await.unwrap();
    person.one(&["chain", "pay", &chain, "--wallet", "bobo", "--days", "10"]).await;
    eventually("the log knows of the rent", async || paid().await == Some(before + 10 * 86_400))
        .await;
    assert_eq!(append("washed").await["height"], 4);

    let file = net.folder.path().join("car.json");
    let path = file.display().to_string();
    person.one(&["chain", "export", &chain, "--out", &path]).await;
    let verify = ["chain", "verify", "--file", &path];
    // The file alone proves what its seats signed; whose seats they are the main chain says.
    let alone = person.one(&verify).await;
    assert_eq!((&alone["is_final"], &alone["seats_by"]), (&false.into(), &"file".into()));
    let compared = person.one(&[&verify[..], &["--main-chain"]].concat()).await;
    assert_eq!((&compared["is_final"], &compared["height"]), (&true.into(), &4.into()));
    let exported: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let fails = async |change: &dyn Fn(&mut Value)| {
        let mut changed = exported.clone();
        change(&mut changed);
        std::fs::write(&file, changed.to_string()).unwrap();
        person.fails(&verify).await
    };
    let wrong = fails(&|file| {
        let root = &mut file["chain"]["blocks"][1]["header"]["outcome"]["state_root"];
        *root = format!("{:#x}", keccak256("x")).into();
    });
    assert!(wrong.await.contains("height 2"));
    let cut = fails(&|file| {
        file["chain"]["blocks"].as_array_mut().unwrap().pop();
    });
    assert!(cut.await.contains("the archive group made"));
    let forged = fails(&|file| {
        let wallets = file["seated"]["wallets"].as_object_mut().unwrap();
        wallets.values_mut().for_each(|wallet| *wallet = format!("{:#x}", Address::ZERO).into());
    });
    assert!(forged.await.contains("more than two thirds of the seats that the file names"));
}

/// Nobody of the chain is left to complain: the seat that took the transaction does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_whose_whole_group_dies_gets_another_and_goes_on() {
    let net = begin(9, &[]).await;
    let chain = create(&net.person, &["--title", "My car"]).await;
    let append = async |text: &str| {
        let append = ["chain", "append", &chain, "--wallet", "bobo", "--timeout-s", "120"];
        net.person.one(&[&append[..], &["--text", text]].concat()).await
    };
    assert_eq!(append("bought").await["height"], 1);
    let group = async || {
        let shown = net.person.one(&["chain", "show", &chain]).await;
        let witnesses = shown["witnesses"].as_array().expect("witnesses").clone();
        let all = witnesses.iter().chain([&shown["creator"]]).map(|node| node.as_u64().unwrap());
        all.collect::<Vec<_>>()
    };
    let before = group().await;
    assert_eq!(before.len(), 3);
    for node in &before {
        net.end(*node, Signal::KILL).await;
    }
    assert_eq!(append("sold").await["height"], 2);
    let after = group().await;
    assert!(after.iter().all(|node| !before.contains(node)), "{before:?}, then {after:?}");
    assert_eq!(net.person.one(&["chain", "verify", &chain]).await["blocks"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_chains_and_contracts_of_ones_own() {
    // The same contract with a byte more is another one: only nodes whose operators added it take it.
    let own = [&History::DEPLOYED_BYTECODE[..], &[0]].concat();
    let unknown = [&own[..], &[0]].concat();
    let folder = conet_tests::folder::Folder::new();
    let file = |name: &str, code: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, hex::encode(code)).unwrap();
        path.display().to_string()
    };
    let (own, unknown) = (file("own.hex", &own), file("unknown.hex", &unknown));
    let net = begin(6, &["--chain-code", &own]).await;
    let person = &net.person;
    person.run(&["wallet", "new", "--name", "mallory"]).await;

    let secret = create(person, &["--title", "A deed", "--private"]).await;
    let append = ["chain", "append", &secret, "--wallet", "bobo", "--text", "signed"];
    person.one(&append).await;
    let read = ["chain", "records", &secret];
    assert!(person.fails(&read).await.contains("expected a signed request"));
    let as_mallory = person.fails(&[&read[..], &["--wallet", "mallory"]].concat()).await;
    assert!(as_mallory.contains("expected a wallet that may read"), "{as_mallory}");
    assert_eq!(person.run(&[&read[..], &["--wallet", "bobo"]].concat()).await.len(), 1);
    assert!(person.run(&["chain", "list"]).await.is_empty(), "a private chain is listed");

    let shown = person.one(&["wallet", "show", "--name", "bobo"]).await;
    let owner = shown["address"].as_str().unwrap().parse().unwrap();
    let mine = HistoryDefinitions { owner, asset: keccak256("mine"), title: "Mine".into() };
    let definitions = hex::encode_prefixed(mine.abi_encode());
    let with = |code: &str| ["--code", code, "--definitions", &definitions].map(str::to_owned);
    let arguments = with(&own);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mine = create(person, &arguments).await;
    let title = person.one(&["chain", "call", &mine, "title()(string)"]).await;
    assert_eq!(title["values"][0], "Mine");
    let verify = ["chain", "verify", &mine];
    assert!(person.fails(&verify).await.contains("--code"));
    person.one(&[&verify[..], &["--code", &own]].concat()).await;

    let arguments = with(&unknown);
    let create = ["chain", "create", "--wallet", "bobo"];
    let arguments: Vec<_> =
        create.into_iter().chain(arguments.iter().map(String::as_str)).collect();
    let refused = person.fails(&arguments).await;
    assert!(refused.contains("expected a genesis that can begin"), "{refused}");
}

/// Why a seat does not open a chain that begins like one it knows, but for its `genesis` and a wallet of its own.
async fn refusal(person: &Person, chain: &str, change: impl FnOnce(&mut Genesis)) -> String {
    let nodes = person.run(&["node", "list"]).await;
    let endpoint = nodes[0]["endpoints"][0].as_str().expect("an endpoint").to_owned();
    let place = Place { node: NodeId(nodes[0]["id"].as_u64().expect("an id")), endpoint };
    let chain: B256 = chain.parse().expect("an id");
    let client = Client::new(CHAIN_ID);
    let mut genesis = client.genesis(&place, chain, None).await.expect("a genesis").genesis;
    let wallet = WalletKey::new(&Zeroizing::new([7; 32])).expect("a key");
    (genesis.wallet, genesis.time_ms) = (wallet.wallet(), clock::unix_ms());
    genesis.chain = chain_id(genesis.main_chain_id, genesis.wallet, B256::ZERO);
    change(&mut genesis);
    let until = clock::unix_s() + 60;
    let new = NewChain::new(genesis.clone(), B256::ZERO, (2, 1), until).signed(&wallet);
    let asked = client.post::<_, Opened>(&place, genesis.chain, OPEN_PATH, &new, None).await;
    asked.expect_err("it is refused").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_would_take_calls_unpaid_does_not_begin() {
    let net = begin(6, &[]).await;
    let chain = create(&net.person, &["--title", "My car"]).await;
    let unpaid = refusal(&net.person, &chain, |genesis| {
        genesis.unpaid_selectors = vec![FixedBytes::repeat_byte(1)];
    });
    let unpaid = unpaid.await;
    assert!(unpaid.contains("takes nothing while it is unpaid"), "{unpaid}");
    let free = refusal(&net.person, &chain, |genesis| genesis.paid_through_s = u64::MAX).await;
    assert!(free.contains("a time until which rent is paid"), "{free}");
    let money = refusal(&net.person, &chain, |genesis| genesis.class = ChainClass::Asset).await;
    assert!(money.contains("a storage chain"), "{money}");
}

/// How many nodes wait to be drawn.
async fn waiting(person: &Person) -> u64 {
    person.one(&["chain", "status"]).await["waiting"].as_u64().expect("a count")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_stake_waits_in_vain() {
    let net = begin(2, &[]).await;
    let person = &net.person;
    eventually("both participants wait", async || waiting(person).await == 2).await;

    let late = Person::at(&net.folder.path().join("late"));
    std::fs::create_dir_all(late.home()).unwrap();
    std::fs::copy(person.home().join("network.json"), late.home().join("network.json")).unwrap();
    let owner = PrivateKeySigner::random();
    let key = late.home().join("owner.key");
    std::fs::write(&key, hex::encode(owner.to_bytes())).unwrap();
    let key = key.display().to_string();
    late.run(&["wallet", "import", "--name", "owner", "--secret-file", &key]).await;
    late.run(&["devnet", "fund", "--wallet", "owner", "--conet", "100000"]).await;
    let [endpoint, private] = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let mut register = vec!["node", "register", "--owner-key-file", &key, "--development"];
    register.extend(["--endpoint", &endpoint, "--private", &private, "--roles", "relay,witness"]);
    let node = late.one(&register).await["id"].to_string();
    let mut running = late.command(&["node", "run"]).spawn().expect("it runs");
    eventually("the new node is well", async || {
        late.output(&["node", "status"]).await.status.success()
    })
    .await;
    // Long enough for a wish to be logged, if there were one.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(waiting(person).await, 2, "a node without a stake waits to be drawn");

    late.run(&[
        "stake", "add", "--wallet", "owner", "--node", &node, "--role", "witness", "--amount",
        "5000",
    ])
    .await;
    eventually("the new node waits", async || waiting(person).await == 3).await;
    running.kill().await.expect("it ends");
}

/// The demo has the rest: a witness that loses its power, a creator that signs two blocks, its stake that goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_comes_true() {
    let folder = conet_tests::folder::Folder::new();
    let person = Person::at(&folder.path().join("home"));
    let patience = Duration::from_secs(240);
    let told = tokio::time::timeout(patience, person.command(&["devnet", "--demo"]).output());
    let told = told.await.expect("a story in time").expect("it runs");
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.status.success(), "{text}\n{}", String::from_utf8_lossy(&told.stderr));
    for part in [
        "is back, unpunished",
        "CoNET of stake are gone",
        "The Selection Chain, as far as it is about this chain",
        "were drawn again here and are the same",
        "executed again",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

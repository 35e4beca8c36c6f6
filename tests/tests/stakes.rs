//! Staking (white paper, *Proof of Stake*): CoNET behind a node's roles, bound for 21 days when it leaves.

use alloy::{hex, providers::Provider, signers::local::PrivateKeySigner};
use conet_chain::{Mainchain, NetworkFile};
use conet_tests::{command::Person, node::free_port, world::World};
use serde_json::{Value, json};

const DAY: u64 = 24 * 3600;

/// Moves the chain's time.
async fn skip(person: &Person, seconds: u64) {
    let file = NetworkFile::load(&person.home().join(NetworkFile::NAME)).unwrap();
    let chain = Mainchain::connect(&file).await.unwrap();
    let later: Value =
        chain.provider().raw_request("evm_increaseTime".into(), json!([seconds])).await.unwrap();
    assert!(!later.is_null());
    let _: Value = chain.provider().raw_request("evm_mine".into(), json!([])).await.unwrap();
}

/// An operator with CoNET, and a node of its own that is a witness.
async fn operator(world: &World) -> Person {
    let person = Person::at(&world.folder.path().join("operator"));
    world.write_network_file(person.home());
    let owner = PrivateKeySigner::random();
    let key = person.home().join("owner.key");
    std::fs::write(&key, hex::encode(owner.to_bytes())).unwrap();
    let key = key.display().to_string();
    person.run(&["wallet", "import", "--name", "owner", "--secret-file", &key]).await;
    person.run(&["devnet", "fund", "--wallet", "owner", "--conet", "5000"]).await;
    let [endpoint, private] = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let mut register = vec!["node", "register", "--owner-key-file", &key, "--development"];
    register.extend(["--endpoint", &endpoint, "--private", &private, "--roles", "relay,witness"]);
    person.run(&register).await;
    person
}

fn stake<'a>(what: &'a str, role: &'a str, amount: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["stake", what, "--wallet", "owner", "--node", "1", "--role", role];
    if !amount.is_empty() {
        arguments.extend(["--amount", amount]);
    }
    arguments
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stake_carries_seats_and_comes_back_after_21_days() {
    let world = World::without_nodes().await;
    let person = operator(&world).await;
    let said = person.fails(&stake("add", "witness", "6000")).await;
    assert!(said.contains("expected 6000 CoNET") && said.contains("found 5000"), "{said}");
    assert!(person.fails(&stake("add", "king", "1")).await.contains("expected one of relay"));
    assert!(person.fails(&stake("add", "archive", "1")).await.contains("refused"));
    assert!(person.fails(&stake("withdraw", "witness", "")).await.contains("refused"));

    let staked = person.run(&stake("add", "witness", "3500")).await;
    assert_eq!(
        staked[0],
        json!({
            "node": 1, "role": "witness", "bonded_conet": "3500", "seats": 0, "capacity": "3",
            "unbonding": [], "frozen_conet": "0"
        })
    );
    assert!(person.fails(&stake("unbond", "witness", "3600")).await.contains("refused"));
    let unbonded = person.run(&stake("unbond", "witness", "3000")).await;
    assert_eq!(
        (&unbonded[0]["bonded_conet"], &unbonded[0]["capacity"]),
        (&"500".into(), &"0".into())
    );
    let shown = person.run(&["stake", "show", "--node", "1"]).await;
    let witness = shown.iter().find(|role| role["role"] == "witness").expect("the role");
    assert_eq!(witness["unbonding"][0]["conet"], "3000", "{witness}");
    let until = witness["unbonding"][0]["withdrawable_at"].as_u64().expect("a time");
    assert!(until > conet_tests::now_seconds() + 20 * DAY, "{witness}");

    skip(&person, 21 * DAY - 60).await;
    assert!(person.fails(&stake("withdraw", "witness", "")).await.contains("refused"));
    skip(&person, 61).await;
    let back = person.run(&stake("withdraw", "witness", "")).await;
    assert_eq!(back[0]["withdrawn_conet"], "3000");
    let shown = person.run(&["stake", "show", "--node", "1"]).await;
    assert!(shown.iter().all(|role| role["unbonding"] == json!([])), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_stakes_for_anothers_node() {
    let world = World::without_nodes().await;
    let person = operator(&world).await;
    person.run(&["wallet", "new", "--name", "thief"]).await;
    person.run(&["devnet", "fund", "--wallet", "thief"]).await;
    let mut arguments = stake("add", "witness", "1000");
    arguments[3] = "thief";
    assert!(person.fails(&arguments).await.contains("refused"));
    let shown = person.run(&["stake", "show", "--node", "1"]).await;
    assert!(shown.iter().all(|role| role["bonded_conet"] == "0"));
}

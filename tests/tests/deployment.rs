//! One command puts every contract on a chain; again, it finds them there.

use conet_chain::{Mainchain, NetworkFile, amounts};
use conet_tests::{command::Person, world::World};
use serde_json::Value;

async fn founder(world: &World) -> Person {
    let person = Person::at(&world.folder.path().join("founder"));
    world.write_network_file(person.home());
    person.run(&["wallet", "new", "--name", "founder"]).await;
    person.run(&["devnet", "fund", "--wallet", "founder", "--gas", "100", "--conet", "0"]).await;
    std::fs::remove_file(person.home().join("network.json")).unwrap();
    person
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_deployment_finds_the_first() {
    let world = World::without_nodes().await;
    let person = founder(&world).await;
    let deploy = ["deploy", "--rpc-url", &world.rpc_url, "--wallet", "founder", "--development"];
    let first = person.run(&deploy).await;
    assert_eq!(first[0]["contracts"].as_object().unwrap().len(), world.contracts.len());
    // Another wallet's contracts are others.
    assert_ne!(first[0]["contracts"]["Cash"], Value::from(world.contracts["Cash"].to_string()));
    let second = person.run(&deploy).await;
    assert_eq!(first, second);
    let rules = person.run(&["gov", "rules"]).await;
    assert_eq!(rules[0]["minting"], "open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_genesis_file_says_what_contracts_are_told() {
    let world = World::without_nodes().await;
    let person = founder(&world).await;
    let path = person.home().join("genesis.toml");
    let file = path.display().to_string();
    let deploy = ["deploy", "--rpc-url", &world.rpc_url, "--wallet", "founder", "--genesis", &file];
    assert!(person.fails(&deploy).await.contains("cannot read"));
    std::fs::write(&path, "allocation = 3").unwrap();
    assert!(person.fails(&deploy).await.contains("the genesis file"));

    let example = conet_chain::Genesis::example();
    let mut genesis = example.clone();
    genesis.stablecoins.clear();
    genesis.allocation[1].to = "King".into();
    std::fs::write(&path, toml(&genesis)).unwrap();
    assert!(person.fails(&deploy).await.contains("found King"));
    genesis.allocation[1].to = "Timelock".into();
    genesis.allocation[1].conet -= 1;
    std::fs::write(&path, toml(&genesis)).unwrap();
    let said = person.fails(&deploy).await;
    assert!(said.contains("found 499999999"), "an allocation that does not add up: {said}");
    genesis.allocation = example.allocation;
    genesis.governance.quorum_percent = 50;
    std::fs::write(&path, toml(&genesis)).unwrap();
    let said = person.fails(&deploy).await;
    assert!(
        said.contains("ConetGovernor refused") && said.contains("SettingOutOfBounds"),
        "{said}"
    );

    // The same command goes on once the file is right.
    genesis.governance = example.governance;
    std::fs::write(&path, toml(&genesis)).unwrap();
    person.run(&deploy).await;
    let rules = person.run(&["gov", "rules"]).await;
    assert_eq!(rules[0]["price_dollars"], Value::Null, "nobody has reported a price yet");

    // Each share is where the file says, free or coming free.
    let file = NetworkFile::load(&person.home().join(NetworkFile::NAME)).unwrap();
    let chain = Mainchain::connect(&file).await.unwrap();
    for share in &genesis.allocation {
        let holder = match (&share.vesting, share.to.parse()) {
            (Some(_), _) => chain.address(&format!("Vesting {}", share.name)),
            (None, Ok(address)) => address,
            (None, Err(_)) => chain.address(&share.to),
        };
        let balance = chain.token().balanceOf(holder).call().await.unwrap();
        assert_eq!(amounts::conet_text(balance), share.conet.to_string(), "{}", share.name);
    }
}

fn toml(genesis: &conet_chain::Genesis) -> String {
    toml::to_string(genesis).unwrap()
}

//! Governance (white paper, *Governance*): holders of CoNET change the rules, within bounds, after a delay.

use conet_tests::{command::Person, world::World};
use serde_json::Value;

/// Somebody with CoNET and gas, whose home names the network.
async fn holder(world: &World, name: &str, conet: &str) -> Person {
    let person = Person::at(&world.folder.path().join(name));
    world.write_network_file(person.home());
    person.run(&["wallet", "new", "--name", name]).await;
    person.run(&["devnet", "fund", "--wallet", name, "--conet", conet]).await;
    person
}

/// The number of the proposal just made.
fn number(proposed: &[Value]) -> String {
    proposed[0]["number"].to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holders_raise_a_fee_and_list_a_stablecoin() {
    let world = World::without_nodes().await;
    let carol = holder(&world, "carol", "25000000").await;
    let dave = holder(&world, "dave", "5000000").await;
    let second = format!("approve-stablecoin={}", world.contracts["DevUSD18"]);

    // What is not delegated does not vote.
    let propose = ["gov", "propose", "--wallet", "carol", "transfer-fee=0.06%", &second];
    assert!(carol.fails(&propose).await.contains("conet gov delegate --wallet carol"));
    carol.run(&["gov", "delegate", "--wallet", "carol"]).await;
    dave.run(&["gov", "delegate", "--wallet", "dave"]).await;
    let before = carol.run(&["gov", "rules"]).await;
    assert_eq!(before[0]["transfer_fee"], "0.05%");
    assert_eq!(before[0]["stablecoins"].as_array().unwrap().len(), 1);

    let id = number(&carol.run(&propose).await);
    let early = ["gov", "vote", &id, "yes", "--wallet", "carol"];
    assert!(carol.fails(&early).await.contains("GovernorUnexpectedProposalState"));
    carol.run(&["gov", "wait", &id, "active", "--timeout-s", "30"]).await;
    // A development network votes for ten seconds.
    let against = ["gov", "vote", &id, "no", "--wallet", "dave", "--reason", "no"];
    tokio::join!(dave.run(&against), async {
        carol.run(&early).await;
        assert!(carol.fails(&early).await.contains("GovernorAlreadyCastVote"));
    });
    let voted = dave.run(&["gov", "show", &id]).await;
    assert_eq!(
        (&voted[0]["yes_conet"], &voted[0]["no_conet"]),
        (&"25000000".into(), &"5000000".into())
    );

    dave.run(&["gov", "wait", &id, "succeeded", "--timeout-s", "30"]).await;
    let execute = ["gov", "execute", &id, "--wallet", "dave"];
    assert!(dave.fails(&execute).await.contains("refused"));
    dave.run(&["gov", "queue", &id, "--wallet", "dave"]).await;
    dave.run(&["gov", "wait", &id, "queued", "--timeout-s", "30"]).await;
    assert_eq!(dave.run(&execute).await[0]["state"], "executed");

    let after = carol.run(&["gov", "rules"]).await;
    assert_eq!(after[0]["transfer_fee"], "0.06%");
    assert_eq!(after[0]["stablecoins"].as_array().unwrap().len(), 2);
    let listed = carol.run(&["gov", "list"]).await;
    assert_eq!(listed[0]["changes"][0], "transfer-fee=0.06%");
    assert!(dave.fails(&execute).await.contains("GovernorUnexpectedProposalState"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_before_anybody_votes() {
    let world = World::without_nodes().await;
    let carol = holder(&world, "carol", "1000000").await;
    carol.run(&["gov", "delegate", "--wallet", "carol"]).await;
    let unlisted = format!("approve-stablecoin={}", world.contracts["Parameters"]);
    for (change, why) in [
        ("transfer-fee=0.501%", "OutOfBounds"),
        ("minimum-stake.archive=0.5", "OutOfBounds"),
        (&*unlisted, "NotAStablecoin"),
        ("list-asset=gold", "NotAnAssetType"),
        ("minting=open", "NotPaused"),
        ("transfer-fee=much", "expected percent"),
        ("king=me", "expected NAME=VALUE"),
    ] {
        let said = carol.fails(&["gov", "propose", "--wallet", "carol", change]).await;
        assert!(said.contains(why), "{change}: {said}");
    }
    assert_eq!(carol.run(&["gov", "list"]).await, Vec::<Value>::new());
    assert!(carol.fails(&["gov", "show", "1"]).await.contains("there are 0"));

    // Too few take part: 1 of 500 million.
    let id = number(&carol.run(&["gov", "propose", "--wallet", "carol", "exit-fee=0.3%"]).await);
    carol.run(&["gov", "wait", &id, "active", "--timeout-s", "30"]).await;
    carol.run(&["gov", "vote", &id, "yes", "--wallet", "carol"]).await;
    let said = carol.fails(&["gov", "wait", &id, "succeeded", "--timeout-s", "30"]).await;
    assert!(said.contains("found it defeated"), "{said}");
}

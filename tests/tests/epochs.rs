//! Seats of an archive group come and go (white paper, *The Archive Node Cluster Group*): one node asks for a seat, another
//! gives its own up, the group makes a key of its own in each epoch, and every chain goes on.

use std::time::Duration;

use conet_tests::{command::Person, devnet::Devnet, eventually, eventually_within};
use serde_json::Value;

const SEATS: usize = 4;
const NODES: usize = 11;

/// What a handover takes at most: a ceremony, and every seat's look at the main chain.
const HANDOVER: Duration = Duration::from_secs(90);

async fn seats(person: &Person) -> (u64, Vec<u64>) {
    let group = person.one(&["archive", "group"]).await;
    let seats = group["seats"].as_array().unwrap().iter();
    let ids = seats.map(|seat| seat["node"].to_string().trim_matches('"').parse().unwrap());
    (group["epoch"].as_u64().unwrap(), ids.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_come_and_go_and_every_chain_goes_on() {
    let net = Devnet::with_seats(NODES, SEATS, &["--epoch-seconds", "1"]).await;
    let person = &net.person;
    person.run(&["wallet", "new", "--name", "bobo"]).await;
    person.run(&["devnet", "fund", "--wallet", "bobo"]).await;
    let create = ["chain", "create", "--wallet", "bobo", "--witnesses", "2", "--title"];
    let made = person.one(&[&create[..], &["A house"]].concat()).await;
    let chain = made["chain"].as_str().unwrap().to_owned();
    let append = async |text: &str| {
        person.one(&["chain", "append", &chain, "--wallet", "bobo", "--text", text]).await
    };
    assert_eq!(append("built").await["height"], 1);
    assert_eq!(seats(person).await, (1, vec![1, 2, 3, 4]));

    // Node 9 made blocks so far. Now it asks for a seat, and announces its keys.
    let (leaver, joiner) = (net.node_home(1), net.node_home(9));
    let place = person.one(&["archive", "join", "--node", "9", "--node-home", &joiner]).await;
    assert_eq!((&place["waiting"], &place["placed"]), (&true.into(), &Value::Null), "{place}");
    // The group's log makes the seed that says where.
    eventually("a seed has placed it", async || {
        person.one(&["archive", "place", "9"]).await["placed"] == 1
    })
    .await;
    let _joined = net.start_again(9).await;
    eventually_within(HANDOVER, "node 9 has a seat", async || {
        seats(person).await == (2, vec![1, 2, 3, 4, 9])
    })
    .await;
    let sent = append("sold").await;
    assert_eq!((&sent["height"], &sent["success"]), (&2.into(), &true.into()), "{sent}");

    // Another one leaves. What it has signed until then counts, and what it would sign from now on does not.
    person.one(&["archive", "resign", "--node", "1", "--node-home", &leaver]).await;
    eventually_within(HANDOVER, "node 1 has left", async || {
        seats(person).await == (3, vec![2, 3, 4, 9])
    })
    .await;
    let _left = net.start_again(1).await;
    assert_eq!(append("painted").await["height"], 3);
    let shown = person.one(&["chain", "show", &chain]).await;
    assert_eq!(shown["verified"], true, "{shown}");
    let verified = person.one(&["chain", "verify", &chain]).await;
    assert_eq!((&verified["blocks"], &verified["is_final"]), (&3.into(), &true.into()));

    // The new seats draw, with a key that none of the old ones has a share of.
    let other = person.one(&[&create[..], &["A boat"]].concat()).await;
    assert_eq!(other["witnesses"].as_array().map(Vec::len), Some(2), "{other}");
    let drawn = person.run(&["chain", "selections"]).await;
    let of_other = drawn.iter().filter(|one| one["chain"] == other["chain"]).count();
    assert!(of_other >= 3, "its creator, witnesses and validator are drawn: {drawn:?}");
    for pair in drawn.windows(2) {
        assert_eq!(pair[1]["parent"], pair[0]["id"], "one Selection Chain over all epochs");
    }
}

//! An archive group that has grown becomes two (white paper, *The Archive Node Cluster Group*): each keeps one half of the
//! chains, nothing else moves, and everybody goes on.

use std::{collections::BTreeMap, time::Duration};

use conet_tests::{command::Person, devnet::Devnet, eventually, eventually_within};

/// The fewest seats of a group here: with twice as many it splits.
const SEATS: usize = 4;
const NODES: usize = 20;

/// All that have no seat in the end: a few chains leave each of them room for more.
const PARTICIPANTS: u64 = 12;

/// How many must wait in a half for a chain with one witness and one validator.
const GROUP: u64 = 3;

/// Who gets a seat later.
const JOIN: [u64; 4] = [5, 6, 7, 8];

/// What a split takes at most: ceremonies, and every seat's look at the main chain.
const SPLIT: Duration = Duration::from_secs(150);

/// The working groups, with their seats.
async fn groups(person: &Person) -> BTreeMap<u64, Vec<u64>> {
    let groups = person.run(&["archive", "group"]).await;
    let seats = |group: &serde_json::Value| {
        let seats = group["seats"].as_array().unwrap().iter();
        seats.map(|seat| seat["node"].to_string().trim_matches('"').parse().unwrap()).collect()
    };
    groups.iter().map(|group| (group["group"].as_u64().unwrap(), seats(group))).collect()
}

/// Whether a chain falls to the right half: by the first bit of its id.
fn is_right(chain: &str) -> bool {
    u8::from_str_radix(&chain[2..3], 16).unwrap() >= 8
}

async fn create(person: &Person, title: &str) -> String {
    let create = ["chain", "create", "--wallet", "bobo", "--witnesses", "1", "--title", title];
    person.one(&create).await["chain"].as_str().unwrap().to_owned()
}

/// Begins chains until there is one that falls to each half: the left one's, then the right one's.
async fn one_of_each(person: &Person, title: &str) -> [String; 2] {
    let mut found = [const { None }; 2];
    for number in 0..20 {
        let chain = create(person, &format!("{title} {number}")).await;
        found[usize::from(is_right(&chain))].get_or_insert(chain);
        if let [Some(left), Some(right)] = &found {
            return [left.clone(), right.clone()];
        }
    }
    panic!("of twenty chains none falls to one of the halves: {found:?}");
}

async fn append(person: &Person, chain: &str, text: &str) -> u64 {
    let sent = person.one(&["chain", "append", chain, "--wallet", "bobo", "--text", text]).await;
    assert_eq!(sent["success"], true, "{sent}");
    sent["height"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_has_grown_becomes_two_and_every_chain_goes_on() {
    let net = Devnet::with_seats(NODES, SEATS, &["--epoch-seconds", "1"]).await;
    let person = &net.person;
    person.run(&["wallet", "new", "--name", "bobo"]).await;
    person.run(&["devnet", "fund", "--wallet", "bobo"]).await;
    let chains = one_of_each(person, "A house").await;
    for chain in &chains {
        assert_eq!(append(person, chain, "built").await, 1);
    }
    assert_eq!(groups(person).await, BTreeMap::from([(1, vec![1, 2, 3, 4])]));

    for id in JOIN {
        let (number, home) = (id.to_string(), net.node_home(id));
        person.one(&["archive", "join", "--node", &number, "--node-home", &home]).await;
    }
    let mut again = Vec::new();
    for id in JOIN {
        again.push(net.start_again(id).await);
    }
    eventually_within(SPLIT, "there are two groups", async || {
        groups(person).await.keys().copied().eq([2, 3])
    })
    .await;
    let halves = groups(person).await;
    let mut all: Vec<_> = halves.values().flatten().copied().collect();
    all.sort_unstable();
    assert_eq!(all, (1..=8).collect::<Vec<_>>(), "everybody sits in one of them: {halves:?}");
    assert!(halves.values().all(|seats| seats.len() == SEATS), "{halves:?}");

    // Chains keep their groups, and go on in whichever half they fell to.
    for chain in &chains {
        assert_eq!(append(person, chain, "sold").await, 2);
        assert_eq!(append(person, chain, "painted").await, 3);
        let shown = person.one(&["chain", "show", chain]).await;
        assert_eq!(shown["verified"], true, "{shown}");
        let verified = person.one(&["chain", "verify", chain]).await;
        assert_eq!((&verified["blocks"], &verified["is_final"]), (&3.into(), &true.into()));
    }

    // Who stops and starts again finds its half, and a participant the groups of its chains: a creator, by its journal.
    let shown = person.one(&["chain", "show", &chains[0]]).await;
    for id in [1, shown["creator"].as_u64().unwrap()] {
        again.push(net.start_again(id).await);
    }
    for chain in &chains {
        assert_eq!(append(person, chain, "let").await, 4);
    }

    // Each half draws, with a key of its own, among those that wait there: a seed says who does.
    let waiting = async || {
        let status = person.run(&["chain", "status"]).await;
        assert_eq!([&status[0]["group"], &status[1]["group"]], [2, 3]);
        [&status[0], &status[1]].map(|status| status["waiting"].as_u64().unwrap())
    };
    eventually_within(SPLIT, "every participant waits in one half", async || {
        waiting().await.iter().sum::<u64>() == PARTICIPANTS
    })
    .await;
    let waiting = waiting().await;
    assert!(waiting.iter().any(|count| *count >= GROUP), "{waiting:?}");
    let drawn =
        async |half: u32| person.run(&["chain", "selections", "--group", &half.to_string()]).await;
    let before = [drawn(2).await.len(), drawn(3).await.len()];
    let can_draw = waiting.iter().all(|count| *count >= GROUP);
    if can_draw {
        for chain in one_of_each(person, "A boat").await {
            assert_eq!(append(person, &chain, "launched").await, 1);
        }
    }
    for (half, before) in [(2, before[0]), (3, before[1])] {
        let enough = if can_draw { before + 1 } else { 1 };
        // Whoever is asked may be a moment behind the seat that said a block is final.
        let what = format!("half {half} draws {enough} times");
        eventually(&what, async || drawn(half).await.len() >= enough).await;
        for pair in drawn(half).await.windows(2) {
            assert_eq!(pair[1]["parent"], pair[0]["id"], "one Selection Chain over the split");
        }
    }
    let listed = person.run(&["chain", "list"]).await;
    for chain in &chains {
        let found = listed.iter().filter(|one| one["chain"] == **chain).count();
        assert_eq!(found, 1, "{chain} is one group's: {listed:?}");
    }
}

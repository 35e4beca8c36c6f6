//! The white paper's own story (*How CoNET-SI working*): Bobo and Peter know only each
//! other's wallet addresses. Every node is asked afterwards what it could see.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use conet_tests::{
    PATIENCE,
    client::{Client, look_up, status},
    command::{Person, lines},
    eventually, now_seconds,
    proxy::Recorded,
    world::{Plan, World},
};
use conet_wire::{
    claim::{VerifiedRoute, verify_route},
    parcel::Status,
    session::Frame,
    sizes::WIRE_SIZES,
};

const HELLO: &str = "Hello Bobo, this is Peter.";
const LATER: &str = "Are you there, Bobo?";

/// After this long a node may have seen the next block.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Bobo's relay, Bobo's agent, Peter's agent, Peter's relay, and one who looks routes up.
const A: usize = 0;
const B: usize = 1;
const C: usize = 2;
const D: usize = 3;
const E: usize = 4;

/// What the chain says of Bobo, asked through a relay, and checked; and how often a node was asked: it may not have seen
/// his newest block at first.
async fn route_of(world: &World, bobo: &Client) -> (VerifiedRoute, u64) {
    let (relay, asked) = (world.contact(D), world.contact(E));
    let (start, mut times) = (Instant::now(), 0);
    loop {
        times += 1;
        let found = look_up(&relay, &asked, &[bobo.address()]).await.expect("an answer");
        if let Some(record) = found.records.first() {
            let route = verify_route(&world.network, record, now_seconds());
            return (route.expect("a claim that holds"), times);
        }
        assert!(start.elapsed() < PATIENCE, "Bobo's route is not known");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bobo_and_peter_talk_and_the_nodes_between_learn_little() {
    let world = World::start_with((0..5).map(|_| Plan::proxied()).collect()).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let [a, b, c, d] = [A, B, C, D].map(|place| world.contact(place));

    // Registers Recipient Node, 1 to 24.
    let mut stream = bobo.register_and_listen(&a, &b).await.expect("Bobo registers");
    assert!(matches!(stream.next().await, Ok(Frame::Opened { .. })));
    assert_eq!(stream.next().await, Ok(Frame::Drained));
    assert_eq!(status(peter.register(&d, &c).await), Status::Done);

    // Send Peer-to-Peer, 1 to 25. Peter has nothing but Bobo's address.
    let (route, look_ups) = route_of(&world, &bobo).await;
    assert_eq!((route.wallet(), route.agent()), (bobo.address(), Some(b.id)));
    let answer = peter.send(&d, &b, route.certificate(), HELLO).await;
    assert_eq!(status(answer), Status::Done);
    let (index, n1) = stream.message().await.expect("the message");
    let (from, text) = bobo.read(&n1).expect("a message that holds");
    assert_eq!((from, text.as_slice()), (Some(peter.address()), HELLO.as_bytes()));
    assert_eq!(stream.acknowledge(index).await.expect("an answer"), Status::Done);

    // Client is going to offline, 1 to 6.
    drop(stream);
    let agent = &world.nodes[B];
    eventually("Bobo is offline", async || agent.health().await.streams == 0).await;

    // Store Offline Messages, then Get offline messages.
    assert_eq!(status(peter.send(&d, &b, route.certificate(), LATER).await), Status::Done);
    let mut stream = bobo.listen(&a, &b).await.expect("Bobo comes back");
    let waiting = stream.drain().await.expect("the backlog");
    let read: Vec<_> = waiting.iter().map(|(_, n1)| bobo.read(n1).expect("it holds")).collect();
    assert_eq!(read, [(Some(peter.address()), LATER.as_bytes().to_vec())]);
    assert_eq!(stream.acknowledge(waiting[0].0).await.expect("an answer"), Status::Done);
    drop(stream);
    let again = bobo.listen(&a, &b).await.expect("once more").drain().await;
    assert_eq!(again, Ok(vec![]), "what was acknowledged is gone");

    what_each_node_did(&world, look_ups).await;
    what_each_node_could_see(&world, &bobo, &peter);
    what_the_path_could_see(&world);
}

/// Each did its own part of the story, and nobody else's.
async fn what_each_node_did(world: &World, look_ups: u64) {
    let [a, b, c, d, e] = [A, B, C, D, E].map(|place| &world.nodes[place]);
    assert_eq!(a.relayed("streaming").await, 3, "A carried Bobo's streams");
    assert_eq!(a.relayed("answered").await, 2, "and his acknowledgements");
    let answered = d.relayed("answered").await;
    assert_eq!(answered, 3 + look_ups, "D: a registration, look-ups, two messages");
    for (node, kind, count) in [
        (b, "register", 1),
        (b, "listen", 2),
        (b, "mail", 2),
        (b, "acknowledgement", 2),
        (c, "register", 1),
        (c, "mail", 0),
        (e, "lookup", look_ups),
        (a, "mail", 0),
        (d, "mail", 0),
    ] {
        assert_eq!(node.parcels(kind, "done").await, count, "{kind} at {}", node.contact.id);
    }
    assert_eq!((b.health().await.clients, c.health().await.clients), (1, 1));
}

/// Nothing that was said, and no wallet, is in any log, in any database, or on any wire, but for the wallets that the agents'
/// own mailbox databases name, and the chain's public routes, which all agents have alike, whoever asks for which.
fn what_each_node_could_see(world: &World, bobo: &Client, peter: &Client) {
    let contains = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|w| w == part);
    for (path, bytes) in world.folder.files() {
        for text in [HELLO, LATER] {
            assert!(!contains(&bytes, text.as_bytes()), "{} holds a message", path.display());
        }
        let owner = path.parent().and_then(|home| home.file_name()).unwrap_or_default();
        let is_log = path.extension().is_some_and(|kind| kind == "log");
        for (client, agent) in [(bobo, B), (peter, C)] {
            let wallet = client.address();
            let hexes = [format!("{wallet}"), format!("{wallet:x}")];
            let named = contains(&bytes, wallet.as_slice())
                || hexes.iter().any(|hex| contains(&bytes, &hex.as_bytes()[2..]));
            let may_name =
                !is_log && owner == world.nodes[agent].home.file_name().unwrap_or_default();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_chain = name == "anvil.log" || name.starts_with("routes.db");
            assert!(!named || may_name || is_chain, "{} names a wallet", path.display());
        }
    }
    for node in &world.nodes {
        let proxy = node.proxy.as_ref().expect("a proxy");
        for passed in proxy.requests().iter().chain(&proxy.responses()) {
            assert!(!contains(&passed.body, b"Bobo"), "a message in the clear");
            for client in [bobo, peter] {
                assert!(!contains(&passed.body, client.address().as_slice()), "a wallet");
                let handle = client.wallet.identity.handle();
                assert!(!contains(&passed.body, &handle), "a client's key in the clear");
            }
            let agent = node.identity().handle();
            assert!(!contains(&passed.body, &agent), "a node's key in the clear");
        }
    }
}

/// Bodies of a few sizes, and nothing of what goes into a node comes out of it again.
fn what_the_path_could_see(world: &World) {
    const RUN: usize = 8;
    let proxies = world.nodes.iter().map(|node| node.proxy.as_ref().expect("a proxy"));
    let bodies: Vec<Vec<Vec<u8>>> = proxies
        .map(|proxy| {
            let sized = |passed: &Recorded| {
                !passed.head.starts_with(b"HTTP/1.1 200")
                    || String::from_utf8_lossy(&passed.head)
                        .to_lowercase()
                        .contains("content-length")
            };
            let all = proxy.requests().into_iter().chain(proxy.responses());
            all.filter(sized).map(|passed| passed.body).collect()
        })
        .collect();
    for body in bodies.iter().flatten() {
        assert!(WIRE_SIZES.contains(&body.len()), "a body of {} bytes", body.len());
    }
    let mut seen: HashMap<&[u8], (usize, usize)> = HashMap::new();
    for (node, bodies) in bodies.iter().enumerate() {
        for (number, body) in bodies.iter().enumerate() {
            for run in body.windows(RUN) {
                let before = seen.insert(run, (node, number));
                assert!(
                    before.is_none_or(|before| before == (node, number)),
                    "{RUN} bytes of a body at node {node} were seen before, at {before:?}"
                );
            }
        }
    }
}

/// The same story as two people type it, each with a home of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_story_on_the_command_line() {
    let world = World::start(5).await;
    let person = async |name: &str| {
        let person = Person::at(&world.folder.path().join(name));
        world.write_network_file(person.home());
        let wallet = &person.run(&["wallet", "new", "--name", name]).await[0];
        let address = wallet["address"].as_str().expect("an address").to_owned();
        (person, address)
    };
    let ((bobo, bobos), (peter, peters)) = (person("bobo").await, person("peter").await);
    let registered = &bobo.run(&["register", "--wallet", "bobo", "--agent", "2"]).await[0];
    assert_eq!((&registered["agent"], &registered["serial"]), (&2.into(), &1.into()));
    assert_ne!(registered["relay"], 2, "not through the agent itself");
    peter.run(&["register", "--wallet", "peter", "--agent", "3"]).await;

    let once = ["listen", "--wallet", "bobo", "--via", "1", "--count", "1", "--timeout-s", "30"];
    let listening = bobo.command(&once).spawn().expect("it runs");
    let agent = &world.nodes[B];
    eventually("Bobo listens", async || agent.health().await.streams == 1).await;
    let send = async |text: &str| {
        let arguments = ["send", "--wallet", "peter", "--to", &bobos, "--text", text, "--via", "4"];
        let sent = peter.run(&arguments).await.remove(0);
        assert_eq!((&sent["agent"], &sent["relay"]), (&2.into(), &4.into()));
        assert_eq!(sent["by_agent"], true, "the agent's own sealed answer");
    };
    send(HELLO).await;
    let heard = listening.wait_with_output().await.expect("it ends");
    let heard = lines(&once, &heard);
    assert_eq!(heard.len(), 1);
    assert_eq!((&heard[0]["from"], &heard[0]["text"]), (&peters.as_str().into(), &HELLO.into()));
    assert_eq!(heard[0]["verified"], true);

    eventually("Bobo is offline", async || agent.health().await.streams == 0).await;
    send(LATER).await;
    let heard = bobo.run(&once).await;
    assert_eq!((&heard[0]["from"], &heard[0]["text"]), (&peters.as_str().into(), &LATER.into()));
    let listen = ["listen", "--wallet", "bobo", "--via", "1", "--timeout-s", "2"];
    let nothing = bobo.run(&listen).await;
    assert!(nothing.is_empty(), "each is shown once: {nothing:?}");
    assert_eq!(world.nodes[A].relayed("streaming").await, 3);
}

/// A file of several parts comes whole, as a file; a stranger's address says what is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_files_come_whole_and_strangers_are_explained() {
    let world = World::start(4).await;
    let home = Person::at(&world.folder.path().join("both"));
    world.write_network_file(home.home());
    for name in ["bobo", "peter"] {
        home.run(&["wallet", "new", "--name", name]).await;
    }
    home.run(&["register", "--wallet", "bobo", "--agent", "2"]).await;
    let wallet = &home.run(&["wallet", "show", "--name", "bobo"]).await[0];
    let bobos = wallet["address"].as_str().expect("an address").to_owned();
    let content: Vec<u8> = (0..3_500_000).map(|_| rand::random()).collect();
    let file = home.home().join("photo.bin");
    std::fs::write(&file, &content).unwrap();
    let file = file.to_str().expect("text");
    let send = ["send", "--wallet", "peter", "--to", &bobos, "--file", file];
    let sent = &home.run(&send).await[0];
    assert_eq!(sent["bytes"], content.len());
    assert!(sent["parts"].as_u64().is_some_and(|parts| parts > 3), "{sent}");
    let inbox = home.home().join("inbox");
    let inbox = inbox.to_str().expect("text");
    let listen =
        ["listen", "--wallet", "bobo", "--count", "1", "--timeout-s", "30", "--out", inbox];
    let heard = &home.run(&listen).await[0];
    let path = heard["path"].as_str().expect("a path");
    assert!(std::fs::read(path).unwrap() == content, "the file came whole");

    let nobody = format!("{}", Client::new(&world).address());
    let send = ["send", "--wallet", "peter", "--to", &nobody, "--text", "hello?"];
    let why = home.fails(&send).await;
    assert!(why.contains(&nobody) && !why.contains("panicked"), "{why}");
    let why = home.fails(&["listen", "--wallet", "peter", "--timeout-s", "5"]).await;
    assert!(why.contains("register"), "it says what to do: {why}");
}

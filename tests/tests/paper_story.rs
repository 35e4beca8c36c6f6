//! The white paper's own story (*How CoNET-SI working*): Bobo and Peter know only each
//! other's wallet addresses. Every node is asked afterwards what it could see.

use conet_tests::{
    client::{Client, look_up, status},
    eventually, now_seconds,
    world::{Plan, World},
};
use conet_wire::{
    claim::{VerifiedRoute, verify_route},
    parcel::Status,
    session::Frame,
};

const HELLO: &str = "Hello Bobo, this is Peter.";
const LATER: &str = "Are you there, Bobo?";

/// Bobo's relay, Bobo's agent, Peter's agent, Peter's relay, and one who looks routes up.
const A: usize = 0;
const B: usize = 1;
const C: usize = 2;
const D: usize = 3;
const E: usize = 4;

/// What the chain says of Bobo, asked through a relay, and checked.
async fn route_of(world: &World, bobo: &Client) -> VerifiedRoute {
    let found = look_up(&world.contact(D), &world.contact(E), &[bobo.address()]).await;
    let found = found.expect("an answer");
    verify_route(&world.network, &found.records[0], now_seconds()).expect("a claim that holds")
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
    let route = route_of(&world, &bobo).await;
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

    what_each_node_did(&world).await;
    what_each_node_could_see(&world, &bobo, &peter);
}

/// Each did its own part of the story, and nobody else's.
async fn what_each_node_did(world: &World) {
    let [a, b, c, d, e] = [A, B, C, D, E].map(|place| &world.nodes[place]);
    assert_eq!(a.relayed("streaming").await, 3, "A carried Bobo's streams");
    assert_eq!(a.relayed("answered").await, 2, "and his acknowledgements");
    assert_eq!(d.relayed("answered").await, 4, "D: a registration, a look-up, two messages");
    for (node, kind, count) in [
        (b, "register", 1),
        (b, "listen", 2),
        (b, "mail", 2),
        (b, "acknowledgement", 2),
        (c, "register", 1),
        (c, "mail", 0),
        (e, "lookup", 1),
        (a, "mail", 0),
        (d, "mail", 0),
    ] {
        assert_eq!(node.parcels(kind, "done").await, count, "{kind} at {}", node.contact.id);
    }
    assert_eq!((b.health().await.clients, c.health().await.clients), (1, 1));
}

/// Nothing that was said, and no wallet, is in any log, in any database, or on any wire,
/// but for the wallets that the agents' own mailbox databases name.
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
                || hexes.iter().any(|hex| contains(&bytes, hex[2..].as_bytes()));
            let may_name =
                !is_log && owner == world.nodes[agent].home.file_name().unwrap_or_default();
            let is_chain = path.ends_with("anvil.log");
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

//! A node looks like an ordinary web site to everybody who has nothing better to say.

use std::time::Duration;

use conet_tests::{
    client::{Client, envelope, post_envelope, seal, status},
    http::{self, Connection, Response},
    node::Contact,
    world::{Plan, World},
};
use conet_wire::{
    parcel::{Content, Status},
    sizes::WIRE_SIZES,
    veil::EnvelopeKind,
};

/// Words that an ordinary site would not say.
const FINGERPRINTS: [&str; 9] =
    ["conet", "openpgp", "relay", "mailbox", "hyper", "axum", "rust", "veil", "wallet"];

fn assert_ordinary(response: &Response) {
    let seen = format!("{:?} {}", response.headers, response.text()).to_lowercase();
    for word in FINGERPRINTS {
        assert!(!seen.contains(word), "\"{word}\" in {seen}");
    }
    for header in ["date", "server", "content-type", "content-length"] {
        assert!(response.header(header).is_some(), "no {header}");
    }
    assert!(response.header("content-type").unwrap().starts_with("text/html"));
}

/// What the site says to a path that is not there.
async fn missing_page(node: &Contact) -> Response {
    let response = http::get(node.address, "/no/such/page").await.expect("an answer");
    assert_eq!(response.status, 404);
    assert_ordinary(&response);
    response
}

/// A node whose open profile is off: a bridge.
fn bridge() -> Plan {
    Plan::with(|config| config.open_profile = false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visitors_see_a_web_site_and_nothing_else() {
    let world = World::start_with(vec![bridge(), bridge()]).await;
    for node in &world.nodes {
        let at = node.contact.address;
        let page = http::get(at, "/").await.expect("a page");
        assert_eq!(page.status, 200);
        assert!(page.text().contains("<title>"), "{}", page.text());
        assert_ordinary(&page);
        assert_eq!(http::get(at, "/").await.unwrap().text(), page.text(), "a page that stays");
        assert_eq!(page.header("server"), missing_page(&node.contact).await.header("server"));
        for path in ["/health", "/metrics", "/robots.txt", "/.env", "/post", "//", "/%00"] {
            let missing = http::get(at, path).await.expect("an answer");
            assert_eq!(missing.status, 404, "{path}");
            assert_ordinary(&missing);
        }
        for path in ["/", "/post", "/nowhere"] {
            let refused = http::post(at, path, b"junk").await.expect("an answer");
            assert_eq!(refused.status, 405, "POST {path}");
            assert_ordinary(&refused);
        }
    }
    let titles = world.nodes.iter().map(|node| node.contact.profile.title.clone());
    let unique: std::collections::HashSet<_> = titles.collect();
    assert_eq!(unique.len(), 2, "no two sites look the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_without_its_body_has_the_same_head() {
    let world = World::start(1).await;
    let at = world.contact(0).address;
    let page = http::get(at, "/").await.unwrap();
    let mut connection = Connection::open(at).await.unwrap();
    connection.send(b"HEAD / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let head = connection.response_head().await.unwrap();
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), page.header("content-length"));
}

/// Junk on the node's own secret paths looks just like a path that is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn junk_on_the_secret_paths_gets_the_page_for_missing_ones() {
    let world = World::start_with(vec![bridge()]).await;
    let node = world.contact(0);
    let expected = missing_page(&node).await.looks();
    let profile = &node.profile;
    for path in [&profile.envelope_path, &profile.peer_path] {
        for length in [0, 1, 100, WIRE_SIZES[0] - 1, WIRE_SIZES[0], WIRE_SIZES[1], 70_000] {
            let junk: Vec<u8> = (0..length).map(|_| rand::random()).collect();
            let head = http::head(profile.method, path, profile.request_type, length);
            let answer = http::request(node.address, &head, &junk).await.expect("an answer");
            assert_eq!(answer.looks(), expected, "{length} bytes to {path}");
        }
        let chunked = format!(
            "{} {path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n",
            profile.method
        );
        let answer = http::request(node.address, &chunked, b"3\r\nabc\r\n0\r\n\r\n").await;
        assert_eq!(answer.expect("an answer").looks(), expected);
    }
    assert!(world.nodes[0].refused("body").await > 0, "the operator can count them");
    assert!(world.nodes[0].refused("unopened").await > 0);
}

/// A repeated, a late and an early envelope, and one with a free bit flipped, get the same page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_with_recorded_or_bent_envelopes_get_that_page_too() {
    let world = World::start_with(vec![bridge(), bridge()]).await;
    let (node, agent) = (world.contact(0), world.contact(1));
    let expected = missing_page(&node).await.looks();
    let sealed = seal(&node, &agent.certificate, EnvelopeKind::Forward, Content::Request, b"?");
    assert_eq!(post_envelope(&node, &sealed.body).await.unwrap().status, 200);
    let repeated = post_envelope(&node, &sealed.body).await.unwrap();
    assert_eq!(repeated.looks(), expected, "a repeated envelope");

    let n2 = vec![7; 100];
    for bit in [0x80, 0x40] {
        let (mut body, _) = envelope(&node, EnvelopeKind::Forward, &n2);
        body[31] ^= bit;
        let answer = post_envelope(&node, &body).await.unwrap();
        assert_eq!(answer.looks(), expected, "a free bit flipped");
    }
    let minute = u32::try_from(conet_tests::now_seconds() / 60).unwrap();
    for off in [minute - 6, minute + 7, 0, u32::MAX] {
        let (body, _) = conet_wire::veil::Envelope::seal(
            &node.transport,
            EnvelopeKind::Forward,
            off,
            &n2,
            &mut rand::rng(),
        )
        .unwrap();
        let answer = post_envelope(&node, &body).await.unwrap();
        assert_eq!(answer.looks(), expected, "minute {off}");
    }
    let for_another = envelope(&agent, EnvelopeKind::Forward, &n2).0;
    assert_eq!(post_envelope(&node, &for_another).await.unwrap().looks(), expected);
    assert!(world.nodes[0].refused("replayed").await >= 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_metrics_are_on_the_private_port_only() {
    let world = World::start(2).await;
    let (node, client) = (&world.nodes[1], Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    assert_eq!(status(client.register(&relay, &agent).await), Status::Done);
    let stream = client.listen(&relay, &agent).await.unwrap();

    let health = node.health().await;
    assert!(health.ok && health.store_ok == Some(true));
    assert_eq!((health.nodes, health.clients, health.streams), (2, 1, 1));
    assert_eq!(health.id, node.config.id);
    let private = node.config.private_listen;
    let text = http::get(private, "/metrics").await.unwrap().text();
    for name in ["conet_parcels_total", "conet_connections", "conet_streams", "conet_clients"] {
        assert!(text.contains(name), "no {name} in {text}");
    }
    assert_eq!(node.metric("conet_streams").await, 1);
    assert_eq!(http::get(private, "/").await.unwrap().status, 404, "no site there");
    drop(stream);
    conet_tests::eventually("no stream", async || node.metric("conet_streams").await == 0).await;
}

/// An idle stream keeps talking in cells of one size, so that silence says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_streams_send_cells_that_look_like_any_other() {
    let quick = || {
        Plan::with(|config| {
            config.limits.push.idle_cell_milliseconds_min = 50;
            config.limits.push.idle_cell_milliseconds_max = 150;
        })
    };
    let world = World::start_with(vec![Plan::new(), quick()]).await;
    let (relay, agent) = (world.contact(0), world.contact(1));
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let mut stream = bobo.register_and_listen(&relay, &agent).await.unwrap();
    stream.drain().await.unwrap();
    let silence = stream.next_within(Duration::from_millis(1_500)).await;
    assert_eq!(silence, Err(conet_tests::stream::StreamEnd::Silent), "no frames");
    assert!(stream.event_lengths.len() > 8, "{} cells", stream.event_lengths.len());
    let to = bobo.wallet.certificate();
    assert_eq!(status(peter.send(&relay, &agent, &to, "hi").await), Status::Done);
    stream.message().await.expect("the stream goes on");
    assert!(stream.event_lengths.iter().all(|length| WIRE_SIZES[..3].contains(length)));
    let small = stream.event_lengths.iter().filter(|length| **length == WIRE_SIZES[0]).count();
    assert!(small > 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_a_host_is_a_bad_one_as_everywhere() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let world = World::start(1).await;
    let endpoint = world.nodes[0].config.listen;
    let mut stream = tokio::net::TcpStream::connect(endpoint).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nserver: "), "{answer}");
}

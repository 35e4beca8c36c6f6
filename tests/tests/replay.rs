//! Somebody on the path records every request of a whole story, on every hop, and sends
//! each again: at once, to other nodes, and after the nodes have forgotten.

use conet_tests::{
    client::{Client, post_open, status},
    http,
    proxy::Recorded,
    stream::Stream,
    world::{Plan, World},
};
use conet_wire::{openpgp::seal, parcel::Status, session::Frame};

/// Through one relay to one agent; both behind recording proxies.
struct Story {
    world: World,
    bobo: Client,
    peter: Client,
}

impl Story {
    /// Registers, listens, sends in both profiles, acknowledges, leaves mail waiting.
    async fn tell() -> (Self, Stream) {
        let world = World::start_with(vec![Plan::proxied(), Plan::proxied()]).await;
        let (bobo, peter) = (Client::new(&world), Client::new(&world));
        let (relay, agent) = (world.contact(0), world.contact(1));
        let to = bobo.wallet.certificate();
        assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
        assert_eq!(status(peter.register(&relay, &agent).await), Status::Done);
        assert_eq!(status(peter.send(&relay, &agent, &to, "first").await), Status::Done);
        let mut stream = bobo.listen(&relay, &agent).await.unwrap();
        let (index, _) = stream.message().await.unwrap();
        assert_eq!(stream.acknowledge(index).await.unwrap(), Status::Done);
        assert_eq!(status(peter.send(&relay, &agent, &to, "second").await), Status::Done);
        let n1 = seal(b"third, unsigned", &to).unwrap();
        let n2 = seal(&n1, &agent.certificate).unwrap();
        assert_eq!(post_open(relay.address, &n2).await.unwrap().status, 200);
        for _ in 0..2 {
            stream.message().await.unwrap();
        }
        (Self { world, bobo, peter }, stream)
    }

    /// Every request that passed, with the node that it went to.
    fn recorded(&self) -> Vec<(usize, Recorded)> {
        let nodes = self.world.nodes.iter().enumerate();
        nodes
            .flat_map(|(place, node)| {
                let requests = node.proxy.as_ref().unwrap().requests();
                requests.into_iter().map(move |request| (place, request))
            })
            .collect()
    }

    /// What the chain says of the two.
    async fn serials(&self) -> (u64, u64) {
        let of = async |client: &Client| {
            self.world.reader.route(client.address()).await.unwrap().unwrap().serial
        };
        (of(&self.bobo).await, of(&self.peter).await)
    }

    /// The texts that wait for Bobo, on a stream of his own.
    async fn waiting(&self) -> Vec<String> {
        let (relay, agent) = (self.world.contact(0), self.world.contact(1));
        let mut stream = self.bobo.listen(&relay, &agent).await.unwrap();
        let messages = stream.drain().await.unwrap();
        let text =
            |(_, n1): &(u64, Vec<u8>)| String::from_utf8(self.bobo.read(n1).unwrap().1).unwrap();
        messages.iter().map(text).collect()
    }

    /// Sends a recorded request, byte for byte, past the proxies.
    async fn replay(&self, to: usize, request: &Recorded) -> http::Response {
        let head = String::from_utf8(request.head.clone()).unwrap();
        let at = self.world.nodes[to].config.listen;
        http::request(at, &head, &request.body).await.expect("an answer")
    }

    async fn missing_page(&self, place: usize) -> http::Response {
        http::get(self.world.nodes[place].config.listen, "/nowhere").await.unwrap()
    }
}

/// Whether it is the open profile's, which has no envelope to remember.
fn is_open(request: &Recorded) -> bool {
    request.head.starts_with(b"POST /post ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_recorded_on_any_hop_does_nothing_when_it_comes_again() {
    let (story, mut stream) = Story::tell().await;
    let (recorded, serials) = (story.recorded(), story.serials().await);
    assert!(recorded.len() >= 16, "{} requests", recorded.len());
    assert!(recorded.iter().any(|(_, request)| is_open(request)));

    for (place, request) in &recorded {
        let answer = story.replay(*place, request).await;
        if is_open(request) {
            assert_eq!((answer.status, answer.text().trim()), (200, "stored"), "as it said before");
        } else {
            assert_eq!(answer.looks(), story.missing_page(*place).await.looks());
        }
        // The other node cannot do anything with it either.
        let other = 1 - place;
        if !is_open(request) {
            let answer = story.replay(other, request).await;
            assert!([404, 405].contains(&answer.status), "{}", answer.status);
            assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        }
    }
    assert_eq!(story.serials().await, serials, "no second registration");
    let to = story.bobo.wallet.certificate();
    let (relay, agent) = (story.world.contact(0), story.world.contact(1));
    assert_eq!(status(story.peter.send(&relay, &agent, &to, "fourth").await), Status::Done);
    let (_, n1) = stream.message().await.expect("the stream was not taken over");
    assert_eq!(story.bobo.read(&n1).unwrap().1, b"fourth", "and nothing came in between");
    assert_eq!(story.waiting().await, ["second", "third, unsigned", "fourth"]);
}

/// A node that was restarted has forgotten the envelopes, but not the requests in them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_after_the_nodes_were_restarted() {
    let (mut story, stream) = Story::tell().await;
    drop(stream);
    let (recorded, serials) = (story.recorded(), story.serials().await);
    for node in &mut story.world.nodes {
        node.kill().await;
        node.start().await;
    }
    let (relay, agent) = (story.world.contact(0), story.world.contact(1));
    let mut stream = story.bobo.listen(&relay, &agent).await.unwrap();
    let before: Vec<_> = stream.drain().await.unwrap();
    assert_eq!(before.len(), 2);

    let mut replays_refused = 0;
    for (place, request) in &recorded {
        let answer = story.replay(*place, request).await;
        assert_ne!(answer.status, 500);
        replays_refused += usize::from(answer.status == 404);
    }
    let agent_node = &story.world.nodes[1];
    assert_eq!(agent_node.parcels("register", "replayed").await, 2, "both registrations");
    assert_eq!(agent_node.parcels("listen", "replayed").await, 1, "and the stream");
    assert_eq!(agent_node.parcels("acknowledgement", "done").await, 0, "no old acknowledgement");
    assert_eq!(agent_node.parcels("listen", "done").await, 1, "Bobo's own new stream");
    assert!(replays_refused > 0, "frames between nodes mean nothing on another connection");

    assert_eq!(story.serials().await, serials);
    let to = story.bobo.wallet.certificate();
    assert_eq!(status(story.peter.send(&relay, &agent, &to, "fourth").await), Status::Done);
    let Ok(Frame::Message { n1, .. }) = stream.next().await else { panic!("no message") };
    assert_eq!(story.bobo.read(&n1).unwrap().1, b"fourth");
    assert_eq!(story.waiting().await, ["second", "third, unsigned", "fourth"]);
}

/// Whoever opens the envelope's content, the agent itself or a relay that keeps N2, can send
/// N2 again in a fresh envelope: then only the agent's own memory helps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_in_a_new_envelope_by_a_relay_that_kept_it() {
    use conet_tests::client::{envelope, open_answer, post_envelope, seal as seal_parcel};
    use conet_wire::{
        parcel::Content,
        veil::{EnvelopeKind, TransportSecret},
    };
    let world = World::start(2).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    let to = bobo.wallet.certificate();
    let seized: &TransportSecret = &world.nodes[0].keys.transport;
    let n1 = peter.write(&to, b"once");
    let bodies = [
        (Content::Request, bobo.registration(agent.id, agent.id).await.encode()),
        (Content::Message(conet_wire::message::Kind::Mail), n1),
    ];
    for (content, body) in bodies {
        let sealed = seal_parcel(&relay, &agent.certificate, EnvelopeKind::Forward, content, &body);
        let mut copy = sealed.body.clone();
        let n2 = seized.open_envelope(&mut copy).unwrap().n2.to_vec();
        let first = post_envelope(&relay, &sealed.body).await.unwrap();
        let first = open_answer(first, sealed.opener, &sealed.reply_key).unwrap();
        assert_eq!(first.status, Status::Done);

        let (body, opener) = envelope(&relay, EnvelopeKind::Forward, &n2);
        let again = post_envelope(&relay, &body).await.unwrap();
        let again = open_answer(again, opener, &sealed.reply_key).unwrap();
        let expected = match content {
            Content::Request => Status::Replayed,
            _ => Status::Done,
        };
        assert_eq!(again.status, expected);
    }
    let mut stream = bobo.listen(&relay, &agent).await.unwrap();
    assert_eq!(stream.drain().await.unwrap().len(), 1, "stored once");
    assert_eq!(world.reader.route(bobo.address()).await.unwrap().unwrap().serial, 1);
}

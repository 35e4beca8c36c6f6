//! Somebody on the path changes bytes, hop by hop. Whatever was changed is rejected, no
//! sender is told "stored" wrongly, and the next try succeeds.

use std::time::Duration;

use conet_tests::{
    client::{Client, Failure, deliver, post_open, status},
    node::Contact,
    proxy::{Direction, Flip, Proxy},
    seed::story_rng,
    stream::StreamEnd,
    world::{Plan, World},
};
use conet_wire::{
    openpgp::seal,
    parcel::{Answer, Status},
    session::Frame,
    sizes::WIRE_SIZES,
};
use rand::{Rng as _, rngs::StdRng};

const TRIES: usize = 25;

struct Path {
    world: World,
    bobo: Client,
    peter: Client,
    /// Between client and relay.
    near: Proxy,
}

impl Path {
    async fn new() -> Self {
        // Quick look-alike cells, so that a stream with a hole shows it soon.
        let agent = Plan {
            configure: Box::new(|config| {
                config.limits.push.idle_cell_milliseconds_min = 50;
                config.limits.push.idle_cell_milliseconds_max = 100;
            }),
            ..Plan::proxied()
        };
        let world = World::start_with(vec![Plan::new(), agent]).await;
        let (bobo, peter) = (Client::new(&world), Client::new(&world));
        let near = Proxy::start(world.nodes[0].config.listen).await;
        let registered = bobo.register(&world.contact(0), &world.contact(1)).await;
        assert_eq!(status(registered), Status::Done);
        Self { world, bobo, peter, near }
    }

    fn relay(&self) -> Contact {
        self.world.contact(0).through(self.near.address)
    }

    fn agent(&self) -> Contact {
        self.world.contact(1)
    }

    /// Between relay and agent.
    fn far(&self) -> &Proxy {
        self.world.nodes[1].proxy.as_ref().unwrap()
    }

    async fn send(&self, text: &str) -> Result<Answer, Failure> {
        let to = self.bobo.wallet.certificate();
        self.peter.send(&self.relay(), &self.agent(), &to, text).await
    }

    /// Reads a stream in which a byte is changed: whether it ends, or does not even begin.
    async fn stream_ends(&self, text: &str) -> bool {
        let Ok(mut stream) = self.bobo.listen(&self.relay(), &self.agent()).await else {
            return true;
        };
        let mut shown = 0;
        loop {
            match stream.next_within(Duration::from_secs(3)).await {
                Ok(Frame::Message { n1, .. }) => {
                    assert_eq!(self.bobo.read(&n1).unwrap().1, text.as_bytes());
                    shown += 1;
                    assert_eq!(shown, 1, "shown twice");
                }
                Ok(_) => {}
                Err(end) => return matches!(end, StreamEnd::Broken(_) | StreamEnd::Closed),
            }
        }
    }

    /// Everything in Bobo's mailbox, which he then empties.
    async fn mailbox(&self) -> Vec<String> {
        let mut stream = self.bobo.listen(&self.world.contact(0), &self.agent()).await.unwrap();
        let messages = stream.drain().await.unwrap();
        if let Some((index, _)) = messages.last() {
            assert_eq!(stream.acknowledge(*index).await.unwrap(), Status::Done);
        }
        let text = |(_, n1): &(u64, Vec<u8>)| self.bobo.read(n1).unwrap().1;
        messages.iter().map(|message| String::from_utf8(text(message)).unwrap()).collect()
    }
}

fn flip(rng: &mut StdRng, direction: Direction, message: usize, bytes: usize) -> Flip {
    Flip {
        direction,
        message,
        offset: rng.random_range(0..bytes),
        mask: 1 << rng.random_range(0..8),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envelope_that_was_changed_reaches_nobody() {
    let (mut rng, path) = (story_rng("tamper, to the relay"), Path::new().await);
    for _ in 0..TRIES {
        path.near.flip(flip(&mut rng, Direction::Up, 0, WIRE_SIZES[0]));
        match path.send("changed").await {
            Err(Failure::Site(page)) => assert_eq!(page.status, 404),
            other => panic!("expected the site's page, found {other:?}"),
        }
    }
    assert_eq!(path.near.flipped(), TRIES);
    assert_eq!(path.world.nodes[1].parcels("mail", "done").await, 0, "the agent saw none of them");
    assert_eq!(status(path.send("unchanged").await), Status::Done);
    assert_eq!(path.mailbox().await, ["unchanged"]);
}

/// The message is stored, but its sender cannot know: it tries again, and it is stored once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_changed_says_nothing() {
    let (mut rng, path) = (story_rng("tamper, from the relay"), Path::new().await);
    let to = path.bobo.wallet.certificate();
    for round in 0..TRIES {
        let n1 = path.peter.write(&to, format!("round {round}").as_bytes());
        path.near.flip(flip(&mut rng, Direction::Down, 0, WIRE_SIZES[0]));
        match deliver(&path.relay(), &path.agent(), &n1).await {
            Err(Failure::Unsealed(_)) => {}
            other => panic!("expected an answer that does not open, found {other:?}"),
        }
        assert_eq!(status(deliver(&path.relay(), &path.agent(), &n1).await), Status::Done);
    }
    assert_eq!(path.near.flipped(), TRIES);
    let expected: Vec<String> = (0..TRIES).map(|round| format!("round {round}")).collect();
    assert_eq!(path.mailbox().await, expected);
}

/// Handshakes and frames between nodes, both ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_do_not_take_changed_bytes_from_each_other() {
    let (mut rng, path) = (story_rng("tamper, between nodes"), Path::new().await);
    let to = path.bobo.wallet.certificate();
    let mut expected = Vec::new();
    for round in 0..4 * TRIES {
        let direction = if round % 2 == 0 { Direction::Up } else { Direction::Down };
        // A new connection: message 0 is the handshake, message 1 the frame.
        let message = round / 2 % 2;
        path.far().cut();
        path.far().flip(flip(&mut rng, direction, message, WIRE_SIZES[0]));
        let text = format!("round {round}");
        let n1 = path.peter.write(&to, text.as_bytes());
        match deliver(&path.relay(), &path.agent(), &n1).await {
            Err(Failure::Relay(_)) => {}
            other => panic!("{direction:?} {message}: expected no answer, found {other:?}"),
        }
        assert_eq!(path.far().flipped(), round + 1);
        if round.is_multiple_of(8) {
            assert_eq!(status(deliver(&path.relay(), &path.agent(), &n1).await), Status::Done);
            expected.push(text);
        }
    }
    let mailbox = path.mailbox().await;
    // Frames whose answer was changed had arrived; their senders were not told so.
    let arrived = |round: usize| round.is_multiple_of(8) || round % 4 == 3;
    let may: Vec<String> =
        (0..4 * TRIES).filter(|round| arrived(*round)).map(|r| format!("round {r}")).collect();
    assert_eq!(mailbox, may, "each once, in order");
    assert!(expected.iter().all(|text| mailbox.contains(text)));
}

/// Bytes of a stream, on both hops: it ends, shows nothing wrong, and the next one has all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_changed_ends_and_the_next_one_brings_everything() {
    let (mut rng, path) = (story_rng("tamper, streams"), Path::new().await);
    let mut ended = 0;
    for round in 0..TRIES {
        let text = format!("round {round}");
        assert_eq!(status(path.send(&text).await), Status::Done);
        // About four cells, on their way through base64 or not.
        let (proxy, message, bytes) =
            if round.is_multiple_of(2) { (&path.near, 0, 20_000) } else { (path.far(), 1, 16_000) };
        let before = proxy.flipped();
        proxy.flip(flip(&mut rng, Direction::Down, message, bytes));
        ended += usize::from(path.stream_ends(&text).await);
        assert_eq!(proxy.flipped(), before + 1, "round {round}");
        assert_eq!(path.mailbox().await, [text]);
    }
    // A changed small cell looks like the start of a large one until 64 KiB have come; a
    // change in HTTP's own framing may leave a stream waiting for bytes that never come.
    assert!(ended * 10 >= TRIES * 8, "{ended} of {TRIES} streams ended soon");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_message_that_was_changed_is_not_stored() {
    let (mut rng, path) = (story_rng("tamper, open profile"), Path::new().await);
    let to = path.bobo.wallet.certificate();
    let n1 = seal(b"open words", &to).unwrap();
    let n2 = seal(&n1, &path.agent().certificate).unwrap();
    for _ in 0..2 * TRIES {
        path.near.flip(flip(&mut rng, Direction::Up, 0, n2.len()));
        let answer = post_open(path.near.address, &n2).await.unwrap();
        assert!([400, 404].contains(&answer.status), "{} {}", answer.status, answer.text());
    }
    assert_eq!(path.mailbox().await, Vec::<String>::new());
    assert_eq!(post_open(path.near.address, &n2).await.unwrap().status, 200);
    assert_eq!(path.mailbox().await, ["open words"]);
}

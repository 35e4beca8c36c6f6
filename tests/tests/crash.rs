//! An agent is killed at random points while a thousand messages come in and go out.
//! Nothing that it acknowledged is lost, and nothing is shown twice.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use conet_tests::{
    client::{Client, deliver},
    command::Person,
    node::Contact,
    seed::story_rng,
    stream::{Stream, StreamEnd},
    world::World,
};
use conet_wire::{openpgp::PublicCertificate, parcel::Status, session::Frame};
use rand::{Rng as _, rngs::StdRng};
use tokio::time::sleep;

const SENDERS: usize = 4;
const MESSAGES_EACH: usize = 250;
const KILLS: std::ops::Range<usize> = 5..13;
/// The whole story is over by then, or something is stuck.
const STORY_SECONDS_MAX: u64 = 150;

#[derive(Clone)]
struct Places {
    relay: Contact,
    other_relay: Contact,
    agent: Contact,
}

/// Delivers its messages one by one; each again until the agent says that it is stored.
async fn sender(
    number: usize,
    peter: Client,
    to: PublicCertificate,
    places: Places,
    stored: Arc<AtomicUsize>,
) -> usize {
    let mut retries = 0;
    for message in 0..MESSAGES_EACH {
        let n1 = peter.write(&to, format!("{number}/{message}").as_bytes());
        loop {
            match deliver(&places.other_relay, &places.agent, &n1).await {
                Ok(answer) if answer.status == Status::Done => break,
                Ok(answer) => assert!(answer.status.is_temporary(), "{:?}", answer.status),
                Err(_) => {}
            }
            retries += 1;
            sleep(Duration::from_millis(20)).await;
        }
        stored.fetch_add(1, Ordering::Relaxed);
    }
    retries
}

/// What Bobo's device holds: what was shown, and what the agent confirmed as acknowledged.
#[derive(Default)]
struct Reader {
    shown: HashMap<Vec<u8>, Vec<u8>>,
    acknowledged: HashSet<Vec<u8>>,
    again: usize,
    connections: usize,
}

impl Reader {
    /// Reads until `count` messages were shown and the mailbox is empty. (An acknowledgement
    /// may have taken effect though its answer was lost: then its messages do not come again.)
    async fn read(&mut self, bobo: &Client, places: &Places, count: usize) {
        loop {
            match bobo.listen(&places.relay, &places.agent).await {
                Ok(stream) => {
                    self.connections += 1;
                    if self.read_stream(bobo, stream, count).await {
                        return;
                    }
                }
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Reads one stream to its end; whether the mailbox was empty and all is here.
    async fn read_stream(&mut self, bobo: &Client, mut stream: Stream, count: usize) -> bool {
        let (mut on_this_stream, mut waiting) = (HashSet::new(), Vec::new());
        loop {
            let has_all = self.shown.len() >= count;
            let quiet = match stream.next_within(Duration::from_millis(30)).await {
                Ok(Frame::Message { index, n1, .. }) => {
                    assert!(on_this_stream.insert(n1.clone()), "twice on one stream");
                    assert!(!self.acknowledged.contains(&n1), "acknowledged, and comes again");
                    self.show(bobo, &n1);
                    waiting.push((index, n1));
                    waiting.len() >= 32
                }
                Ok(Frame::Drained) if on_this_stream.is_empty() && has_all => return true,
                Ok(_) => false,
                // Only a new stream says that the mailbox is empty.
                Err(StreamEnd::Silent) if waiting.is_empty() && has_all => return false,
                Err(StreamEnd::Silent) => true,
                Err(StreamEnd::Closed) => return false,
                Err(StreamEnd::Broken(why)) => panic!("a stream that does not open: {why}"),
            };
            if let (true, Some((index, _))) = (quiet, waiting.last()) {
                match stream.acknowledge(*index).await {
                    Ok(Status::Done) => {
                        self.acknowledged.extend(waiting.drain(..).map(|(_, n1)| n1));
                    }
                    _ => return false,
                }
            }
        }
    }

    fn show(&mut self, bobo: &Client, n1: &[u8]) {
        let (_, text) = bobo.read(n1).expect("a message that holds");
        if self.shown.insert(n1.to_vec(), text).is_some() {
            self.again += 1;
        }
    }
}

/// Kills the agent while messages come in: each time that so many are stored, however fast that is. Gives the times it did.
async fn kill_now_and_then(world: &mut World, rng: &mut StdRng, stored: &AtomicUsize) -> usize {
    let kills = rng.random_range(KILLS);
    let mut points: Vec<_> =
        (0..kills).map(|_| rng.random_range(0..SENDERS * MESSAGES_EACH)).collect();
    points.sort_unstable();
    for point in points {
        while stored.load(Ordering::Relaxed) < point {
            sleep(Duration::from_millis(2)).await;
        }
        // Between two messages, or in the middle of one.
        sleep(Duration::from_millis(rng.random_range(0..20))).await;
        world.nodes[2].kill().await;
        sleep(Duration::from_millis(rng.random_range(0..200))).await;
        world.nodes[2].start().await;
    }
    kills
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_is_shown_twice() {
    let mut rng = story_rng("crash");
    let mut world = World::start(3).await;
    let (bobo, start) = (Client::new(&world), Instant::now());
    let places =
        Places { relay: world.contact(0), other_relay: world.contact(1), agent: world.contact(2) };
    bobo.register(&places.relay, &places.agent).await.expect("registered");

    let stored = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..SENDERS)
        .map(|number| {
            let (peter, to) = (Client::new(&world), bobo.wallet.certificate());
            tokio::spawn(sender(number, peter, to, places.clone(), Arc::clone(&stored)))
        })
        .collect();
    let reading = tokio::spawn({
        let (bobo, places) = (bobo.clone(), places.clone());
        async move {
            let mut reader = Reader::default();
            reader.read(&bobo, &places, SENDERS * MESSAGES_EACH).await;
            reader
        }
    });
    let story = async {
        let kills = kill_now_and_then(&mut world, &mut rng, &stored).await;
        let mut retries = 0;
        for sender in senders {
            retries += sender.await.expect("a sender");
        }
        (kills, retries, reading.await.expect("a reader"))
    };
    let (kills, retries, reader) =
        tokio::time::timeout(Duration::from_secs(STORY_SECONDS_MAX), story)
            .await
            .expect("the story ends");
    eprintln!(
        "crash: {kills} kills, {retries} retries, {} streams, {} came again, {:?}",
        reader.connections,
        reader.again,
        start.elapsed()
    );
    let expected: HashSet<Vec<u8>> = (0..SENDERS)
        .flat_map(|number| (0..MESSAGES_EACH).map(move |m| format!("{number}/{m}").into_bytes()))
        .collect();
    assert_eq!(reader.shown.len(), expected.len(), "each delivery is one message");
    let shown: HashSet<Vec<u8>> = reader.shown.into_values().collect();
    assert_eq!(shown, expected, "what was stored is what was shown");
    let left = bobo.listen(&places.relay, &places.agent).await.expect("a stream").drain().await;
    assert_eq!(left, Ok(vec![]), "an empty mailbox");
}

/// The command line's own promise: with `--out` each message becomes one file, also when
/// both the agent and the listening program are killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_writes_each_message_once_though_it_is_killed() {
    const MESSAGES: usize = 60;
    let mut rng = story_rng("crash on the command line");
    let mut world = World::start(4).await;
    let bobo = Person::at(&world.folder.path().join("bobo"));
    world.write_network_file(bobo.home());
    let wallet = &bobo.run(&["wallet", "new", "--name", "bobo"]).await[0];
    let address = wallet["address"].as_str().expect("an address").parse().expect("an address");
    let agent_id = world.nodes[2].config.id.to_string();
    bobo.run(&["register", "--wallet", "bobo", "--agent", &agent_id]).await;
    let record = world.reader.route(address).await.unwrap().expect("a route");
    let now = conet_tests::now_seconds();
    let route = conet_wire::claim::verify_route(&world.network, &record, now).expect("a claim");

    let (to, peter) = (route.certificate().clone(), Client::new(&world));
    let (relay, agent) = (world.contact(1), world.contact(2));
    let sending = tokio::spawn(async move {
        for message in 0..MESSAGES {
            let n1 = peter.write(&to, format!("message {message}").as_bytes());
            while !deliver(&relay, &agent, &n1).await.is_ok_and(|a| a.status == Status::Done) {
                sleep(Duration::from_millis(50)).await;
            }
        }
    });
    let inbox = bobo.home().join("inbox");
    let inbox_text = inbox.to_str().expect("text").to_owned();
    let arguments = ["listen", "--wallet", "bobo", "--out", &inbox_text];
    for round in 0..6 {
        let mut listening = bobo.command(&arguments).spawn().expect("it runs");
        sleep(Duration::from_millis(rng.random_range(600..1_600))).await;
        if round % 2 == 0 {
            world.nodes[2].kill().await;
            world.nodes[2].start().await;
            sleep(Duration::from_millis(rng.random_range(0..600))).await;
        }
        listening.kill().await.expect("killed");
    }
    sending.await.expect("all are stored");
    bobo.run(&[&arguments[..], &["--timeout-s", "6"]].concat()).await;
    let files = std::fs::read_dir(&inbox).expect("an inbox").flatten();
    let mut texts: Vec<String> = files
        .filter(|file| !file.file_name().to_string_lossy().starts_with('.'))
        .map(|file| std::fs::read_to_string(file.path()).expect("a text"))
        .collect();
    texts.sort();
    let mut expected: Vec<String> = (0..MESSAGES).map(|n| format!("message {n}")).collect();
    expected.sort();
    assert_eq!(texts, expected);
}

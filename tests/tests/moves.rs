//! Clients and nodes that come, go and change: agents, keys, listeners, restarts.

use conet_tests::{
    client::{Client, Failure, deliver, post_open, status},
    command::{Person, lines},
    eventually,
    stream::{Stream, StreamEnd},
    world::{Plan, World},
};
use conet_wire::{
    message::Kind,
    openpgp::seal,
    parcel::{Content, Status},
    session::Notice,
};

/// What is in these messages, in order.
fn texts(reader: &Client, messages: &[(u64, Vec<u8>)]) -> Vec<String> {
    let text = |(_, n1): &(u64, Vec<u8>)| reader.read(n1).expect("a message that holds").1;
    messages.iter().map(|m| String::from_utf8(text(m)).expect("a text")).collect()
}

async fn acknowledge_all(stream: &mut Stream, messages: &[(u64, Vec<u8>)]) {
    let last = messages.last().expect("a message").0;
    assert_eq!(stream.acknowledge(last).await.expect("an answer"), Status::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_moves_leaves_no_mail_behind() {
    let world = World::start(3).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, old, new) = (world.contact(0), world.contact(1), world.contact(2));
    let to = bobo.wallet.certificate();
    assert_eq!(status(bobo.register(&relay, &old).await), Status::Done);
    assert_eq!(status(peter.send(&relay, &old, &to, "to the old").await), Status::Done);
    let mut stream = bobo.listen(&relay, &old).await.unwrap();
    stream.message().await.unwrap();

    assert_eq!(status(bobo.register(&relay, &new).await), Status::Done);
    assert_eq!(stream.notice().await, Ok(Notice::Moved));
    let moved = peter.send(&relay, &old, &to, "too late").await;
    assert_eq!(status(moved), Status::Moved);
    let n2 = seal(&seal(b"too late", &to).unwrap(), &old.certificate).unwrap();
    assert_eq!(post_open(relay.address, &n2).await.unwrap().status, 410);
    assert_eq!(status(peter.send(&relay, &new, &to, "to the new").await), Status::Done);

    let mut stream = bobo.listen(&relay, &old).await.expect("the old one still hands out");
    let waiting = stream.drain().await.unwrap();
    assert_eq!(texts(&bobo, &waiting), ["to the old"]);
    acknowledge_all(&mut stream, &waiting).await;
    let waiting = bobo.listen(&relay, &new).await.unwrap().drain().await.unwrap();
    assert_eq!(texts(&bobo, &waiting), ["to the new"]);

    // And back again.
    assert_eq!(status(bobo.register(&relay, &old).await), Status::Done);
    assert_eq!(status(peter.send(&relay, &old, &to, "welcome back").await), Status::Done);
    eventually("the other one knows", async || {
        status(peter.send(&relay, &new, &to, "?").await) == Status::Moved
    })
    .await;
}

/// The old agent was down when its client moved: the chain tells it when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_was_down_learns_who_left() {
    let mut world = World::start(3).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, old, new) = (world.contact(0), world.contact(1), world.contact(2));
    let to = bobo.wallet.certificate();
    assert_eq!(status(bobo.register(&relay, &old).await), Status::Done);
    assert_eq!(status(peter.send(&relay, &old, &to, "waits").await), Status::Done);
    world.nodes[1].kill().await;
    assert_eq!(status(bobo.register(&relay, &new).await), Status::Done);
    world.nodes[1].start().await;
    assert_eq!(status(peter.send(&relay, &old, &to, "too late").await), Status::Moved);
    let waiting = bobo.listen(&relay, &old).await.unwrap().drain().await.unwrap();
    assert_eq!(texts(&bobo, &waiting), ["waits"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_gets_no_more_mail() {
    let world = World::start(2).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    let to = bobo.wallet.certificate();
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
    assert_eq!(status(peter.send(&relay, &agent, &to, "waits").await), Status::Done);
    assert_eq!(status(bobo.leave(&relay, &agent).await), Status::Done);
    let route = world.reader.route(bobo.address()).await.unwrap().unwrap();
    assert!(route.update.agent.is_zero() && route.serial == 2);
    assert_eq!(status(peter.send(&relay, &agent, &to, "too late").await), Status::Moved);
    let waiting = bobo.listen(&relay, &agent).await.unwrap().drain().await.unwrap();
    assert_eq!(texts(&bobo, &waiting), ["waits"], "what was acknowledged is still handed out");
}

/// New encryption keys: mail to the old ones is taken, and read, until the overlap ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_overlap_when_they_are_rotated() {
    const OVERLAP_SECONDS: u64 = 4;
    let plan = Plan::with(|config| config.agent.rotation_overlap_seconds = OVERLAP_SECONDS);
    let world = World::start_with(vec![Plan::new(), plan]).await;
    let (mut bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
    let old = bobo.wallet.certificate();
    bobo.wallet.rotate();
    let new = bobo.wallet.certificate();
    assert_ne!(old.handle(), new.handle());
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
    let rotated = std::time::Instant::now();
    assert_eq!(world.reader.route(bobo.address()).await.unwrap().unwrap().update.epoch, 1);

    assert_eq!(status(peter.send(&relay, &agent, &old, "to the old key").await), Status::Done);
    assert_eq!(status(peter.send(&relay, &agent, &new, "to the new key").await), Status::Done);
    let mut stream = bobo.listen(&relay, &agent).await.unwrap();
    let waiting = stream.drain().await.unwrap();
    assert_eq!(texts(&bobo, &waiting), ["to the old key", "to the new key"]);
    eventually("the overlap ends", async || {
        let sent = status(peter.send(&relay, &agent, &old, "?").await);
        assert!([Status::Done, Status::UnknownRecipient].contains(&sent));
        sent == Status::UnknownRecipient
    })
    .await;
    assert!(rotated.elapsed().as_secs() >= OVERLAP_SECONDS - 1, "{:?}", rotated.elapsed());
    assert_eq!(status(peter.send(&relay, &agent, &new, "still").await), Status::Done);
}

/// Two devices that share: each message goes to one; what a device did not acknowledge when
/// it went away, the other gets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shared_listeners_get_each_message_once_between_them() {
    let world = World::start(3).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (one, two, agent) = (world.contact(0), world.contact(1), world.contact(2));
    let to = bobo.wallet.certificate();
    assert_eq!(status(bobo.register(&one, &agent).await), Status::Done);
    let share = || bobo.terms(agent.id, true);
    let mut first = bobo.listen_with(&one, &agent, &share()).await.unwrap();
    let mut second = bobo.listen_with(&two, &agent, &share()).await.unwrap();
    first.drain().await.unwrap();
    second.drain().await.unwrap();
    let expected: Vec<String> = (0..40).map(|number| format!("{number:02}")).collect();
    for text in &expected {
        assert_eq!(status(peter.send(&one, &agent, &to, text).await), Status::Done);
    }
    let quiet = std::time::Duration::from_millis(500);
    let mut got = [Vec::new(), Vec::new()];
    for (stream, got) in [&mut first, &mut second].into_iter().zip(&mut got) {
        loop {
            match stream.next_within(quiet).await {
                Ok(conet_wire::session::Frame::Message { index, n1, .. }) => got.push((index, n1)),
                Ok(_) => {}
                Err(end) => break assert_eq!(end, StreamEnd::Silent),
            }
        }
    }
    let [of_first, of_second] = &got;
    let mut all = [texts(&bobo, of_first), texts(&bobo, of_second)].concat();
    all.sort();
    assert_eq!(all, expected, "each once between them");
    if !of_second.is_empty() {
        acknowledge_all(&mut second, of_second).await;
    }
    let left = texts(&bobo, of_first);
    drop(first);
    let mut again = Vec::new();
    while again.len() < left.len() {
        again.push(second.message().await.unwrap());
    }
    let mut handed_on = texts(&bobo, &again);
    handed_on.sort();
    assert_eq!(handed_on, left);
    acknowledge_all(&mut second, &again).await;
    assert_eq!(bobo.listen(&one, &agent).await.unwrap().drain().await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_listener_replaces_the_old_one_and_starts_over() {
    let world = World::start(3).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (one, two, agent) = (world.contact(0), world.contact(1), world.contact(2));
    let to = bobo.wallet.certificate();
    assert_eq!(status(bobo.register(&one, &agent).await), Status::Done);
    let expected = ["acknowledged", "read only", "later"];
    let mut old = bobo.listen(&one, &agent).await.unwrap();
    for text in &expected[..2] {
        assert_eq!(status(peter.send(&one, &agent, &to, text).await), Status::Done);
    }
    let (index, _) = old.message().await.unwrap();
    old.message().await.unwrap();
    assert_eq!(old.acknowledge(index).await.unwrap(), Status::Done);
    let too_late = old.acknowledgement(index + 1);

    let mut new = bobo.listen(&two, &agent).await.unwrap();
    assert_eq!(old.notice().await, Ok(Notice::Replaced));
    assert!(old.next().await.is_err(), "and nothing after it");
    assert_eq!(status(peter.send(&one, &agent, &to, expected[2]).await), Status::Done);
    let got = [new.message().await.unwrap(), new.message().await.unwrap()];
    assert_eq!(texts(&bobo, &got), expected[1..]);
    // The old one's words count no more: its messages are with the new one now.
    let content = Content::Acknowledgement;
    let answer = conet_tests::client::exchange(&one, &agent, content, &too_late).await;
    let _ = status(answer);
    drop(new);
    let got = bobo.listen(&two, &agent).await.unwrap().drain().await.unwrap();
    assert_eq!(texts(&bobo, &got), expected[1..]);
}

/// Live messages are handed over, or refused; never kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_messages_go_to_connected_readers_only() {
    let world = World::start(2).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    let to = bobo.wallet.certificate();
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
    let live = async |text: &str| {
        let n1 = peter.write_as(&to, text.as_bytes(), Kind::Live);
        let content = Content::Message(Kind::Live);
        status(conet_tests::client::exchange(&relay, &agent, content, &n1).await)
    };
    assert_eq!(live("nobody there").await, Status::NotConnected);
    let mut stream = bobo.listen(&relay, &agent).await.unwrap();
    assert_eq!(stream.drain().await, Ok(vec![]));
    assert_eq!(live("now").await, Status::HandedOver);
    let (_, n1) = stream.message().await.unwrap();
    assert_eq!(bobo.read(&n1).unwrap().1, b"now");
    drop(stream);
    eventually("offline", async || live("gone").await == Status::NotConnected).await;
    assert_eq!(bobo.listen(&relay, &agent).await.unwrap().drain().await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_says_goodbye_and_comes_back_with_everything() {
    let mut world = World::start(2).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    let to = bobo.wallet.certificate();
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
    let mut through_relay = bobo.listen(&relay, &agent).await.unwrap();
    assert_eq!(status(peter.send(&relay, &agent, &to, "unacknowledged").await), Status::Done);
    through_relay.message().await.unwrap();

    let stopping = std::time::Instant::now();
    assert!(world.nodes[1].stop().await.success());
    assert!(stopping.elapsed().as_secs() < 15, "{:?}", stopping.elapsed());
    assert_eq!(through_relay.notice().await, Ok(Notice::ShuttingDown));
    assert_eq!(through_relay.next().await, Err(StreamEnd::Closed));
    assert!(bobo.listen(&relay, &agent).await.is_err());
    world.nodes[1].start().await;
    let mut stream = bobo.listen(&relay, &agent).await.expect("it is back");
    let waiting = stream.drain().await.unwrap();
    assert_eq!(texts(&bobo, &waiting), ["unacknowledged"]);

    // A relay that stops ends the streams through it; the agent notices.
    assert!(world.nodes[0].stop().await.success());
    assert_eq!(stream.notice().await, Err(StreamEnd::Closed));
    let agent_node = &world.nodes[1];
    eventually("offline", async || agent_node.health().await.streams == 0).await;
}

/// Requests under way when a node is told to stop are still answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_under_way_are_answered_before_a_node_stops() {
    let mut world = World::start(2).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
    let to = bobo.wallet.certificate();
    let sending: Vec<_> = (0..40)
        .map(|number| {
            let n1 = peter.write(&to, format!("{number:02}").as_bytes());
            let (relay, agent) = (relay.clone(), agent.clone());
            tokio::spawn(async move { (number, deliver(&relay, &agent, &n1).await) })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    assert!(world.nodes[1].stop().await.success());
    let mut stored = Vec::new();
    for sent in sending {
        match sent.await.unwrap() {
            (number, Ok(answer)) if answer.status == Status::Done => {
                stored.push(format!("{number:02}"));
            }
            (_, Ok(answer)) => assert!(answer.status.is_temporary(), "{:?}", answer.status),
            (_, Err(Failure::Relay(_))) => {}
            (_, Err(other)) => panic!("{other:?}"),
        }
    }
    world.nodes[1].start().await;
    let waiting = bobo.listen(&relay, &agent).await.unwrap().drain().await.unwrap();
    let mut there = texts(&bobo, &waiting);
    there.sort();
    assert!(stored.iter().all(|text| there.contains(text)), "{stored:?} in {there:?}");
}

/// What a person does who moves, with our own program: nothing is lost on the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moving_rotating_and_leaving_on_the_command_line() {
    let world = World::start(5).await;
    let person = |name: &str| {
        let person = Person::at(&world.folder.path().join(name));
        world.write_network_file(person.home());
        person
    };
    let (bobo, peter) = (person("bobo"), person("peter"));
    let wallet = bobo.run(&["wallet", "new", "--name", "bobo"]).await.remove(0);
    let address = wallet["address"].as_str().expect("an address").to_owned();
    peter.run(&["wallet", "new", "--name", "peter"]).await;
    let send = async |text: &str| {
        let send = ["send", "--wallet", "peter", "--to", &address, "--text", text];
        peter.run(&send).await.remove(0)["agent"].clone()
    };
    bobo.run(&["register", "--wallet", "bobo", "--agent", "2"]).await;
    assert_eq!(send("one, to the first agent").await, 2);
    bobo.run(&["register", "--wallet", "bobo", "--agent", "3"]).await;
    assert_eq!(send("two, to the second").await, 3, "Peter's program looks again");
    let rotated = &bobo.run(&["register", "--wallet", "bobo", "--rotate"]).await[0];
    assert_eq!((&rotated["epoch"], &rotated["agent"]), (&1.into(), &3.into()));
    assert_eq!(send("three, to a new key or an old one").await, 3);

    let listen = ["listen", "--wallet", "bobo", "--count", "3", "--timeout-s", "40"];
    let heard = bobo.run(&listen).await;
    let mut texts: Vec<_> = heard.iter().map(|m| m["text"].as_str().expect("a text")).collect();
    texts.sort_unstable();
    let expected =
        ["one, to the first agent", "three, to a new key or an old one", "two, to the second"];
    assert_eq!(texts, expected);

    bobo.run(&["register", "--wallet", "bobo", "--leave"]).await;
    let send = ["send", "--wallet", "peter", "--to", &address, "--text", "too late"];
    let why = peter.fails(&send).await;
    assert!(why.contains("has left"), "{why}");
}

/// A listening program goes on by itself when its agent, and its relay, were restarted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_listens_on_through_restarts() {
    let mut world = World::start(5).await;
    let both = Person::at(&world.folder.path().join("both"));
    world.write_network_file(both.home());
    let wallet = both.run(&["wallet", "new", "--name", "bobo"]).await.remove(0);
    let address = wallet["address"].as_str().expect("an address").to_owned();
    both.run(&["wallet", "new", "--name", "peter"]).await;
    both.run(&["register", "--wallet", "bobo", "--agent", "2"]).await;
    let listen = ["listen", "--wallet", "bobo", "--count", "3", "--timeout-s", "50"];
    let listening = both.command(&listen).spawn().expect("it runs");
    let send = async |text: &str| {
        let send = ["send", "--wallet", "peter", "--to", &address, "--text", text];
        both.run(&send).await;
    };
    send("before").await;
    world.nodes[1].kill().await;
    world.nodes[1].start().await;
    send("after the agent's crash").await;
    for place in [0, 2, 3, 4] {
        assert!(world.nodes[place].stop().await.success());
        world.nodes[place].start().await;
    }
    send("after all others stopped").await;
    let heard = lines(&listen, &listening.wait_with_output().await.expect("it ends"));
    let texts: Vec<_> = heard.iter().map(|m| m["text"].as_str().expect("a text")).collect();
    assert_eq!(texts, ["before", "after the agent's crash", "after all others stopped"]);
}

//! The world around a node fails: disks, chains, other nodes, people who stall. What was
//! promised is kept, what cannot be done is said, and others are not held up.

use std::time::{Duration, Instant};

use conet_node::config::RoutesFrom;
use conet_tests::{
    client::{Client, Failure, deliver, exchange, look_up, post_open, status},
    http::{self, Connection},
    node::{Contact, free_port},
    world::{Plan, World, local},
};
use conet_wire::{
    openpgp::seal,
    parcel::{Content, Status},
    relay::RelayStatus,
    session::{Frame, Notice},
    sizes::WIRE_SIZES,
};

/// Somebody with mail on his mind, registered at the second of two nodes.
async fn scene(agent: Plan) -> (World, Client, Client) {
    let world = World::start_with(vec![Plan::new(), agent]).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let registered = bobo.register(&world.contact(0), &world.contact(1)).await;
    assert_eq!(status(registered), Status::Done);
    (world, bobo, peter)
}

/// What an open message to Bobo through his agent gets.
async fn open_status(relay: &Contact, agent: &Contact, bobo: &Client, text: &str) -> u16 {
    let n1 = seal(text.as_bytes(), &bobo.wallet.certificate()).unwrap();
    let n2 = seal(&n1, &agent.certificate).unwrap();
    post_open(relay.address, &n2).await.unwrap().status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_is_down_is_said_to_be_and_the_next_try_succeeds() {
    let (mut world, bobo, peter) = scene(Plan::new()).await;
    let (relay, agent) = (world.contact(0), world.contact(1));
    let to = bobo.wallet.certificate();
    assert_eq!(status(peter.send(&relay, &agent, &to, "before").await), Status::Done);
    world.nodes[1].kill().await;
    let down = peter.send(&relay, &agent, &to, "meanwhile").await;
    assert!(matches!(down, Err(Failure::Relay(RelayStatus::Unreachable))), "{down:?}");
    assert_eq!(open_status(&relay, &agent, &bobo, "meanwhile").await, 502);
    let down = bobo.listen(&relay, &agent).await;
    assert!(matches!(down, Err(Failure::Relay(RelayStatus::Unreachable))), "{down:?}");
    world.nodes[1].start().await;
    assert_eq!(status(peter.send(&relay, &agent, &to, "after").await), Status::Done);
    let read = bobo.listen(&relay, &agent).await.unwrap().drain().await.unwrap();
    let read: Vec<_> = read.iter().map(|(_, n1)| bobo.read(n1).unwrap().1).collect();
    assert_eq!(read, [b"before".to_vec(), b"after".to_vec()]);
}

/// The registry says that a node is where nobody listens, or where an ordinary site is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_that_points_nowhere_or_to_a_stranger_leads_to_no_false_answer() {
    let mut world = World::start(1).await;
    let stranger = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stranger_at = stranger.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((mut visitor, _)) = stranger.accept().await {
            let page = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstored";
            let _ = (visitor.read(&mut [0; 512]).await, visitor.write_all(page).await);
        }
    });
    let misled = |at| Plan { registered_at: Some(at), ..Plan::new() };
    let nowhere = world.add(misled(local(free_port()))).await;
    let wrong = world.add(misled(stranger_at)).await;
    let relay = world.contact(0);
    world.nodes[0].knows_nodes(3).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    for place in [nowhere, wrong] {
        let agent = world.contact(place);
        let found = peter.send(&relay, &agent, &bobo.wallet.certificate(), "hello?").await;
        assert!(matches!(found, Err(Failure::Relay(RelayStatus::Unreachable))), "{found:?}");
        assert_eq!(open_status(&relay, &agent, &bobo, "hello?").await, 502);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_mailbox_refuses_and_evicts_nothing() {
    let plan = Plan::with(|config| config.limits.store.mailbox_messages_max = 3);
    let (world, bobo, peter) = scene(plan).await;
    let (relay, agent) = (world.contact(0), world.contact(1));
    let to = bobo.wallet.certificate();
    for number in 0..3 {
        let sent = peter.send(&relay, &agent, &to, &format!("{number}")).await;
        assert_eq!(status(sent), Status::Done);
    }
    let fourth = peter.write(&to, b"3");
    assert_eq!(status(deliver(&relay, &agent, &fourth).await), Status::MailboxFull);
    assert_eq!(open_status(&relay, &agent, &bobo, "open").await, 507);
    let mut stream = bobo.listen(&relay, &agent).await.unwrap();
    let waiting = stream.drain().await.unwrap();
    assert_eq!(waiting.len(), 3, "all that was acknowledged is there");
    assert_eq!(stream.acknowledge(waiting[0].0).await.unwrap(), Status::Done);
    assert_eq!(status(deliver(&relay, &agent, &fourth).await), Status::Done, "the same once more");
    let (_, n1) = stream.message().await.unwrap();
    assert_eq!(bobo.read(&n1).unwrap().1, b"3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_keeps_what_it_has_and_recovers() {
    let plan = Plan::with(|config| config.limits.store.file_bytes_max = 1 << 20);
    let (mut world, bobo, peter) = scene(plan).await;
    let (relay, agent) = (world.contact(0), world.contact(1));
    let to = bobo.wallet.certificate();
    let text = |number: usize| format!("{number} {}", "x".repeat(50_000));
    let mut stored = 0;
    loop {
        assert!(stored < 100, "a megabyte holds less");
        match status(peter.send(&relay, &agent, &to, &text(stored)).await) {
            Status::Done => stored += 1,
            Status::Unavailable => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(stored >= 5, "only {stored} messages fit");
    assert_eq!(open_status(&relay, &agent, &bobo, &text(0)).await, 503);
    // A crash now must not make it worse.
    world.nodes[1].kill().await;
    world.nodes[1].start().await;
    let mut stream = bobo.listen(&relay, &agent).await.expect("a reader can still come");
    let waiting = stream.drain().await.unwrap();
    let read: Vec<_> = waiting.iter().map(|(_, n1)| bobo.read(n1).unwrap().1).collect();
    assert_eq!(read, (0..stored).map(|number| text(number).into_bytes()).collect::<Vec<_>>());
    let last = waiting.last().unwrap().0;
    assert_eq!(stream.acknowledge(last).await.unwrap(), Status::Done, "and make room");
    assert_eq!(status(peter.send(&relay, &agent, &to, "again").await), Status::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_a_wrong_configuration_says_so_and_does_not_start() {
    let mut world = World::without_nodes().await;
    let wrong_chain = world.add(Plan::with(|config| config.chain.chain_id = 43_114)).await;
    let wrong_contract = Plan::with(|config| {
        config.chain.registry = alloy::primitives::Address::repeat_byte(7);
    });
    let wrong_contract = world.add(wrong_contract).await;
    let wrong_id = world.add(Plan::with(|config| config.id = 1)).await;
    let no_chain = Plan::with(|config| config.chain.rpc_url = "http://127.0.0.1:9".into());
    let no_chain = world.add(no_chain).await;
    for (place, reasons) in [
        (wrong_chain, &["43114", "31337"][..]),
        (wrong_contract, &["NodeRegistry", "0x0707"]),
        (wrong_id, &["right id in node.toml"]),
        (no_chain, &["the connection to the chain failed"]),
    ] {
        let node = &mut world.nodes[place];
        node.spawn();
        assert!(!node.ended().await.success());
        for reason in reasons {
            assert!(node.log().contains(reason), "no {reason} in:\n{}", node.log());
        }
        assert!(!node.log().contains("panicked"), "{}", node.log());
    }
}

/// Without its chain a node goes on with what it knows: mail and streams need none. One that has no index of routes says that
/// it cannot look any up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_goes_on_without_the_chain() {
    let asks = Plan::with(|config| config.chain.routes_from = RoutesFrom::Contract);
    let (mut world, bobo, peter) = scene(asks).await;
    let (relay, agent) = (world.contact(0), world.contact(1));
    let late = Client::new(&world);
    let registration = late.registration(agent.id, agent.id).await.encode();
    world.stop_chain().await;
    let to = bobo.wallet.certificate();
    assert_eq!(status(peter.send(&relay, &agent, &to, "no chain").await), Status::Done);
    let mut stream = bobo.listen(&relay, &agent).await.unwrap();
    assert_eq!(stream.drain().await.unwrap().len(), 1);
    let wallets = [bobo.address()];
    let (found, registered) = tokio::join!(
        look_up(&relay, &agent, &wallets),
        exchange(&relay, &agent, Content::Request, &registration),
    );
    match found {
        Err(Failure::Refused(answer)) => assert_eq!(answer.status, Status::Unavailable),
        other => panic!("{other:?}"),
    }
    assert_eq!(status(registered), Status::Unavailable, "nothing was promised");
}

/// Heads and bodies that drip, and requests that never end, hold nobody else up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_senders_are_ended_and_hold_nobody_up() {
    let quick = |config: &mut conet_node::config::NodeConfig| {
        config.limits.server.head_seconds_max = 3;
        config.limits.server.body_seconds_max = 3;
    };
    let world = World::start_with(vec![Plan::with(quick), Plan::with(quick)]).await;
    let (bobo, peter) = (Client::new(&world), Client::new(&world));
    let (relay, agent) = (world.contact(0), world.contact(1));
    assert_eq!(status(bobo.register(&relay, &agent).await), Status::Done);
    let missing = http::get(relay.address, "/nowhere").await.unwrap();

    // Larger ones are sent on while they arrive: they hold a connection to the agent, too.
    let n1 = seal(&vec![7; 100_000], &bobo.wallet.certificate()).unwrap();
    let large = seal(&n1, &agent.certificate).unwrap();
    let veil_body = vec![7; WIRE_SIZES[0]];
    let head = http::head("POST", "/post", "text/plain", large.len());
    let starts = [
        b"GET / HTTP/1.1\r\nho".to_vec(),
        [head.as_bytes(), &large[..70_000]].concat(),
        [http::head("POST", "/post", "text/plain", 4_000).as_bytes(), b"-----BEGIN"].concat(),
        [relay.veil_head(veil_body.len()).as_bytes(), &veil_body[..100]].concat(),
    ];
    let mut slow = Vec::new();
    for start in starts.iter().cycle().take(200) {
        let mut connection = Connection::open(relay.address).await.unwrap();
        connection.send(start).await.unwrap();
        slow.push(connection);
    }
    let began = Instant::now();
    let to = bobo.wallet.certificate();
    for _ in 0..20 {
        assert_eq!(status(peter.send(&relay, &agent, &to, "quick").await), Status::Done);
    }
    assert!(began.elapsed() < Duration::from_secs(3), "others took {:?}", began.elapsed());

    for (number, connection) in slow.iter_mut().enumerate() {
        let answer = tokio::time::timeout(Duration::from_secs(10), connection.response()).await;
        let answer = answer.expect("an end");
        match number % 4 {
            0 => assert!(answer.is_err() || answer.is_ok_and(|a| a.status == 408)),
            1 | 2 => assert_eq!(answer.unwrap().status, 408, "{number}"),
            _ => assert_eq!(answer.unwrap().looks(), missing.looks()),
        }
    }
    let mut stream = bobo.listen(&relay, &agent).await.unwrap();
    assert_eq!(stream.drain().await.unwrap().len(), 20, "none of the slow ones was stored");
}

/// Readers that do not acknowledge, and readers that do not even read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stuck_readers_are_ended_and_hold_nobody_up() {
    let plan = Plan::with(|config| {
        config.limits.push.in_flight_messages_max = 4;
        config.limits.push.acknowledgement_seconds_max = 1;
        config.limits.push.idle_cell_milliseconds_min = 50;
        config.limits.push.idle_cell_milliseconds_max = 100;
    });
    let (world, bobo, peter) = scene(plan).await;
    let (relay, agent) = (world.contact(0), world.contact(1));
    let carol = Client::new(&world);
    assert_eq!(status(carol.register(&relay, &agent).await), Status::Done);
    let texts: Vec<String> = (0..10).map(|number| format!("{number}")).collect();
    for text in &texts {
        let to = bobo.wallet.certificate();
        assert_eq!(status(peter.send(&relay, &agent, &to, text).await), Status::Done);
    }
    // One does not acknowledge: it gets a window's worth, then the end.
    let mut stuck = bobo.listen(&relay, &agent).await.unwrap();
    let mut unread = bobo.listen_with(&relay, &agent, &bobo.terms(agent.id, true)).await.unwrap();
    assert_eq!(stuck.notice().await, Ok(Notice::Replaced));
    let mut got = 0;
    let notice = loop {
        match unread.next().await.unwrap() {
            Frame::Message { .. } => got += 1,
            Frame::Notice(notice) => break notice,
            _ => {}
        }
    };
    assert_eq!((notice, got), (Notice::TooSlow, 4));

    // One opens a stream and never reads: others go on.
    let _never_read = bobo.listen(&relay, &agent).await.unwrap();
    let mut other = carol.listen(&relay, &agent).await.unwrap();
    let to = carol.wallet.certificate();
    assert_eq!(status(peter.send(&relay, &agent, &to, "for Carol").await), Status::Done);
    let (_, n1) = other.message().await.unwrap();
    assert_eq!(carol.read(&n1).unwrap().1, b"for Carol");

    // And nothing of Bobo's was lost.
    let mut stream = bobo.listen(&relay, &agent).await.unwrap();
    let mut read = Vec::new();
    while read.len() < texts.len() {
        let (index, n1) = stream.message().await.unwrap();
        read.push(String::from_utf8(bobo.read(&n1).unwrap().1).unwrap());
        assert_eq!(stream.acknowledge(index).await.unwrap(), Status::Done);
    }
    assert_eq!(read, texts);
}

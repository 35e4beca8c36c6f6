//! Everything that can be wrong with what comes in: each has its answer, and loses nothing.

use conet_tests::{
    client::{self, Client, Failure, N1_MAX, deliver, envelope, n2_len_for, post_open, status},
    http, openpgp,
    world::World,
};
use conet_wire::{
    message::Kind,
    openpgp::{PublicCertificate, capacity, seal, seal_exact},
    parcel::{self, Answer, Content, ReplyKey, Status},
    relay::RelayStatus,
    sizes::N2_MAX,
    veil::EnvelopeKind,
};

/// One relay, one agent with Bobo as its client, and a stranger.
struct Scene {
    world: World,
    bobo: Client,
    stranger: Client,
}

impl Scene {
    async fn new() -> Self {
        let world = World::start(2).await;
        let (bobo, stranger) = (Client::new(&world), Client::new(&world));
        let registered = bobo.register(&world.contact(0), &world.contact(1)).await;
        assert_eq!(status(registered), Status::Done);
        Self { world, bobo, stranger }
    }

    /// Posts an N2 in the open profile.
    async fn open(&self, n2: &[u8]) -> u16 {
        let answer = post_open(self.world.contact(0).address, n2).await.expect("an answer");
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
        answer.status
    }

    /// Posts an N2 in an envelope.
    async fn veil(&self, n2: &[u8], reply_key: &ReplyKey) -> Result<Answer, Failure> {
        let relay = self.world.contact(0);
        let (body, opener) = envelope(&relay, EnvelopeKind::Forward, n2);
        let response = client::post_envelope(&relay, &body).await?;
        client::open_answer(response, opener, reply_key)
    }

    /// Delivers an N1 in both profiles.
    async fn both(&self, n1: &[u8]) -> (Status, u16) {
        let (relay, agent) = (self.world.contact(0), self.world.contact(1));
        let sealed = status(deliver(&relay, &agent, n1).await);
        let n2 = seal(n1, &agent.certificate).unwrap();
        (sealed, self.open(&n2).await)
    }

    /// The system still works, and there is nothing in the mailbox but what should be.
    async fn nothing_is_lost_and_nothing_else_is_there(&self, expected: &[&[u8]]) {
        let (relay, agent) = (self.world.contact(0), self.world.contact(1));
        let to = self.bobo.wallet.certificate();
        let peter = Client::new(&self.world);
        assert_eq!(status(peter.send(&relay, &agent, &to, "still here").await), Status::Done);
        let mut stream = self.bobo.listen(&relay, &agent).await.unwrap();
        let messages = stream.drain().await.unwrap();
        let texts: Vec<_> = messages.iter().filter_map(|(_, n1)| self.bobo.read(n1).ok()).collect();
        let mut all: Vec<_> = expected.iter().map(|text| (None, text.to_vec())).collect();
        all.push((Some(peter.address()), b"still here".to_vec()));
        assert_eq!(texts, all);
    }
}

fn parcel_for(agent: &PublicCertificate, body: &[u8]) -> (Vec<u8>, ReplyKey) {
    let key = ReplyKey::new(rand::random());
    let parcel = parcel::encode(Content::Message(Kind::Mail), &key, body);
    (seal_exact(&parcel, n2_len_for(parcel.len()), agent).unwrap(), key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outer_messages_that_are_none_are_refused_by_the_relay() {
    let scene = Scene::new().await;
    let agent = scene.world.contact(1).certificate;
    let n1 = scene.stranger.write(&scene.bobo.wallet.certificate(), b"never");
    let (good, key) = parcel_for(&agent, &n1);
    let (other, _) = parcel_for(&scene.world.contact(0).certificate, &n1);
    let junk: Vec<u8> = (0..3_000).map(|_| rand::random()).collect();
    let cases: [(&str, Vec<u8>); 9] = [
        ("nothing", vec![]),
        ("junk", junk),
        ("a text", b"Hello, is this the right address?".to_vec()),
        ("armor without a message", b"-----BEGIN PGP MESSAGE-----\n\n-----END".to_vec()),
        ("cut in its first packet", good[..50].to_vec()),
        ("an unknown key packet version", openpgp::with_key_version(&good, 9)),
        ("an unknown data packet version", openpgp::with_data_version(&good, 9)),
        ("nobody's key", openpgp::to_nobody(&good)),
        ("two keys", openpgp::for_several(&[&good, &other])),
    ];
    for (what, n2) in cases {
        assert_eq!(scene.open(&n2).await, 400, "open: {what}");
        match scene.veil(&n2, &key).await {
            Err(Failure::Relay(RelayStatus::Malformed)) => {}
            found => panic!("veil: {what}: {found:?}"),
        }
    }
    // A recipient can be read, but it is no node, or the rest is missing.
    let (to_a_wallet, _) = parcel_for(&scene.bobo.wallet.certificate(), &n1);
    assert_eq!(scene.open(&to_a_wallet).await, 404);
    let found = scene.veil(&to_a_wallet, &key).await;
    assert!(matches!(found, Err(Failure::Relay(RelayStatus::UnknownNode))), "{found:?}");
    for cut in [good.len() / 2, good.len() - 1] {
        assert_eq!(scene.open(&good[..cut]).await, 400);
        let found = scene.veil(&good[..cut], &key).await;
        assert!(matches!(found, Err(Failure::Plain(Status::Malformed))), "{found:?}");
    }
    assert_eq!(scene.world.nodes[1].parcels("mail", "done").await, 0);
    scene.nothing_is_lost_and_nothing_else_is_there(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inner_messages_that_are_none_are_refused_by_the_agent() {
    let scene = Scene::new().await;
    let to = scene.bobo.wallet.certificate();
    let n1 = scene.stranger.write(&to, b"never");
    let other = scene.stranger.write(&scene.stranger.wallet.certificate(), b"never");
    let cases: [(&str, Vec<u8>); 5] = [
        ("cut in its first packet", n1[..50].to_vec()),
        ("an unknown key packet version", openpgp::with_key_version(&n1, 9)),
        ("an unknown data packet version", openpgp::with_data_version(&n1, 9)),
        ("nobody's key", openpgp::to_nobody(&n1)),
        ("two keys", openpgp::for_several(&[&n1, &other])),
    ];
    for (what, n1) in cases {
        assert_eq!(scene.both(&n1).await, (Status::Malformed, 400), "{what}");
    }
    assert_eq!(scene.both(&other).await, (Status::UnknownRecipient, 404));
    let agent = scene.world.contact(1).certificate;
    for text in ["", "a text without any OpenPGP", "\u{1}\u{9}"] {
        let n2 = seal(text.as_bytes(), &agent).unwrap();
        assert_eq!(scene.open(&n2).await, 400, "{text:?}");
    }
    // Nobody but Bobo can tell that it does not open: it is stored, and he passes over it.
    assert_eq!(scene.both(&n1[..n1.len() - 1]).await, (Status::Done, 200));
    scene.nothing_is_lost_and_nothing_else_is_there(&[]).await;
}

/// A message that claims a sender who did not sign it, or was written for somebody else, has
/// no sender.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claimed_sender_who_did_not_sign_is_no_sender() {
    let scene = Scene::new().await;
    let (relay, agent) = (scene.world.contact(0), scene.world.contact(1));
    let (bobo, mallory) = (&scene.bobo, &scene.stranger);
    let carol = Client::new(&scene.world);
    let to = bobo.wallet.certificate();
    // Carol wrote this to Mallory, who passes it on as if it were for Bobo.
    let for_mallory = carol.write(&mallory.wallet.certificate(), b"I trust you");
    let opened = conet_wire::openpgp::open(
        &for_mallory,
        mallory.wallet.decryptor(),
        conet_wire::openpgp::OpenLimits::default(),
    );
    let passed_on = seal(&opened.unwrap().plaintext, &to).unwrap();
    assert_eq!(status(deliver(&relay, &agent, &passed_on).await), Status::Done);
    // And this names Carol, but one bit of her signature is missing.
    let mut plaintext = {
        let own = carol.write(&carol.wallet.certificate(), b"pay Mallory");
        let keys = carol.wallet.decryptor();
        conet_wire::openpgp::open(&own, keys, Default::default()).unwrap().plaintext.to_vec()
    };
    plaintext[20] ^= 1;
    let forged = seal(&plaintext, &to).unwrap();
    assert_eq!(status(deliver(&relay, &agent, &forged).await), Status::Done);

    let mut stream = bobo.listen(&relay, &agent).await.unwrap();
    for (_, n1) in stream.drain().await.unwrap() {
        let why = bobo.read(&n1).unwrap_err();
        assert!(why.contains("written for"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_is_refused_and_the_most_is_taken() {
    let scene = Scene::new().await;
    let (relay, agent) = (scene.world.contact(0), scene.world.contact(1));
    let to = scene.bobo.wallet.certificate();
    let head = http::head("POST", "/post", "text/plain", N2_MAX + 1);
    let answer = http::request(relay.address, &head, &[]).await.unwrap();
    assert_eq!(answer.status, 413, "by what it announces");
    let endless = "POST /post HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = [b"80000\r\n".to_vec(), vec![7; 0x8_0000], b"\r\n".to_vec()].concat();
    let answer = http::request(relay.address, endless, &chunk.repeat(3)).await.unwrap();
    assert_eq!(answer.status, 413, "by what comes");

    let too_many_headers = "x: y\r\n".repeat(300);
    let head = format!("GET / HTTP/1.1\r\nhost: x\r\n{too_many_headers}\r\n");
    let answer = http::request(relay.address, &head, &[]).await;
    assert!(answer.is_err() || answer.is_ok_and(|a| a.status == 431), "headers");

    // The largest of each profile.
    let most = capacity(N1_MAX).unwrap() - conet_wire::message::OVERHEAD;
    let text = "x".repeat(most);
    let peter = Client::new(&scene.world);
    assert_eq!(status(peter.send(&relay, &agent, &to, &text).await), Status::Done);
    let overhead = conet_wire::openpgp::OVERHEAD;
    let largest = vec![b'y'; N2_MAX - 2 * overhead];
    let n2 = seal(&seal(&largest, &to).unwrap(), &agent.certificate).unwrap();
    assert_eq!(n2.len(), N2_MAX);
    assert_eq!(scene.open(&n2).await, 200);
    let mut stream = scene.bobo.listen(&relay, &agent).await.unwrap();
    let read: Vec<_> = stream.drain().await.unwrap();
    let read: Vec<_> = read.iter().map(|(_, n1)| scene.bobo.read(n1).unwrap().1).collect();
    assert!(read == [text.into_bytes(), largest], "both came whole");
}

/// Requests by clocks that are off: refused with the agent's clock, taken within two minutes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_by_wrong_clocks_are_told_the_time() {
    let scene = Scene::new().await;
    let (relay, agent) = (scene.world.contact(0), scene.world.contact(1));
    let now = conet_tests::now_seconds();
    for (expiry, taken) in [
        (now - 3_600, false),
        (now - 130, false),
        (now - 90, true),
        (now + 700, true),
        (now + 740, false),
        (now + 86_400, false),
        (u64::MAX, false),
    ] {
        let mut terms = scene.bobo.terms(agent.id, false);
        terms.expiry = expiry;
        match scene.bobo.listen_with(&relay, &agent, &terms).await {
            Ok(_) => assert!(taken, "{expiry} at {now}"),
            Err(Failure::Refused(answer)) => {
                assert!(!taken, "{expiry} at {now}: {answer:?}");
                assert_eq!(answer.status, Status::Expired);
                assert!(answer.agent_clock.abs_diff(conet_tests::now_milliseconds()) < 30_000);
                let reason = String::from_utf8(answer.body).unwrap();
                assert!(reason.contains("clock"), "{reason}");
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Requests for another agent, by another wallet, of no client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_others_are_refused() {
    let scene = Scene::new().await;
    let (relay, agent) = (scene.world.contact(0), scene.world.contact(1));
    let refusal =
        async |client: &Client, terms| match client.listen_with(&relay, &agent, &terms).await {
            Err(Failure::Refused(answer)) => answer.status,
            other => panic!("expected a refusal, found {:?}", other.map(|_| "a stream")),
        };
    let elsewhere = scene.bobo.terms(relay.id, false);
    assert_eq!(refusal(&scene.bobo, elsewhere).await, Status::WrongAddressee);
    let of_no_client = scene.stranger.terms(agent.id, false);
    assert_eq!(refusal(&scene.stranger, of_no_client).await, Status::NotRegistered);
    let mut on_another_chain = scene.bobo.clone();
    on_another_chain.network.chain_id += 1;
    let terms = on_another_chain.terms(agent.id, false);
    assert_eq!(refusal(&on_another_chain, terms).await, Status::BadSignature);

    let mut forged = scene.bobo.registration(agent.id, agent.id).await.encode();
    let at = forged.len() - 40;
    forged[at] ^= 1;
    let answer = client::exchange(&relay, &agent, Content::Request, &forged).await;
    let refused = [Status::BadSignature, Status::Malformed];
    assert!(refused.contains(&status(answer)), "a bent registration");
    for junk in [&[][..], &[9], &[1], &[2, 0, 0], &[3; 500]] {
        let answer = client::exchange(&relay, &agent, Content::Request, junk).await;
        assert_eq!(status(answer), Status::Malformed, "{junk:?}");
    }
}

//! Fixed bytes: the same keys and the same random bytes give the bodies in
//! `vectors/veil.json`, and these open to what the file says.
//!
//! After a deliberate change of the protocol, write them anew with
//! `UPDATE_VECTORS=1 cargo test -p conet-wire --test veil_vectors`.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

use conet_wire::sizes::CELL_SMALL;
use conet_wire::veil::peer::{AnswerHead, Initiator, Profile, RequestHead, Responder};
use conet_wire::veil::{Envelope, EnvelopeKind, TransportPublic, TransportSecret, WebProfile};
use rand::{CryptoRng, RngCore};
use serde_json::{Value, json};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/veil.json");
const MINUTE: u32 = 29_000_000;
const CHAIN_ID: u64 = 43_113;
const N2: &[u8] = b"not really an N2";
const ANSWER: &[u8] = b"not really a sealed answer";
const REASON: &[u8] = b"not really a reason";

/// "Random" bytes that never change: a counter through a small mixer.
struct Fixed(u64);

impl RngCore for Fixed {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let bytes = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

impl CryptoRng for Fixed {}

fn cell() -> Vec<u8> {
    (0..CELL_SMALL - 16).map(|at| (at % 251) as u8).collect()
}

fn secret(byte: u8) -> TransportSecret {
    TransportSecret::from_bytes([byte; 32].into())
}

fn hex_of(bytes: impl AsRef<[u8]>) -> Value {
    hex::encode(bytes).into()
}

fn bytes_of(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// Seals one of everything.
fn generate() -> Value {
    json!({
        "about": "agents/wire/tests/veil_vectors.rs",
        "relay_secret": hex_of(*secret(1).to_bytes()),
        "relay_public": hex_of(secret(1).public().0),
        "agent_secret": hex_of(*secret(2).to_bytes()),
        "agent_public": hex_of(secret(2).public().0),
        "chain_id": CHAIN_ID,
        "minute": MINUTE,
        "n2": hex_of(N2),
        "answer": hex_of(ANSWER),
        "reason": hex_of(REASON),
        "cell": hex_of(cell()),
        "envelopes": envelopes(&mut Fixed(1)),
        "peer": peer(&mut Fixed(2)),
        "web": [web(&secret(1).public()), web(&secret(2).public())],
    })
}

fn envelopes(rng: &mut Fixed) -> Value {
    let relay = secret(1);
    let (forward, _) =
        Envelope::seal(&relay.public(), EnvelopeKind::Forward, MINUTE, N2, rng).unwrap();
    let opened = relay.open_envelope(&mut forward.clone()).unwrap().response;
    let answer = opened.seal_answer(0, ANSWER, rng).unwrap();
    let (stream, _) =
        Envelope::seal(&relay.public(), EnvelopeKind::Stream, MINUTE, N2, rng).unwrap();
    let opened = relay.open_envelope(&mut stream.clone()).unwrap().response;
    let (mut events, first) = opened.start_stream(0, REASON, rng).unwrap();
    json!({
        "forward": hex_of(forward),
        "answer": hex_of(answer),
        "stream": hex_of(stream),
        "first_event": hex_of(first),
        "second_event": hex_of(events.seal_cell(&cell()).unwrap()),
    })
}

fn peer(rng: &mut Fixed) -> Value {
    let (relay, agent) = (secret(1), secret(2));
    let (initiator, first) =
        Initiator::start(&relay, &agent.public(), CHAIN_ID, MINUTE, rng).unwrap();
    let responder = Responder::read(&agent, CHAIN_ID, &first).unwrap();
    let (second, mut theirs) = responder.reply(rng).unwrap();
    let mut ours = initiator.finish(&second).unwrap();
    let head = AnswerHead { status: 0 };
    json!({
        "first": hex_of(first),
        "second": hex_of(second),
        "request": hex_of(ours.sealing.seal_frame(REQUEST, N2).unwrap()),
        "answer": hex_of(theirs.sealing.seal_frame(head, ANSWER).unwrap()),
        "stream_start": hex_of(theirs.sealing.seal_stream_start(head, REASON).unwrap()),
        "cell": hex_of(theirs.sealing.seal_cell(&cell()).unwrap()),
    })
}

const REQUEST: RequestHead =
    RequestHead { kind: EnvelopeKind::Forward, hops_left: 2, profile: Profile::Veil };

fn web(node: &TransportPublic) -> Value {
    let profile = WebProfile::derive(node);
    json!({
        "node": hex_of(node.0),
        "method": profile.method,
        "envelope_path": profile.envelope_path,
        "peer_path": profile.peer_path,
        "request_type": profile.request_type,
        "answer_type": profile.answer_type,
        "server": profile.server,
        "headers": profile.headers,
        "title": profile.title,
        "page": profile.page(),
        "not_found": profile.error_page(404),
    })
}

fn stored() -> Value {
    serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap()
}

#[test]
fn the_same_random_bytes_give_the_same_bodies() {
    let generated = generate();
    if std::env::var("UPDATE_VECTORS").is_ok_and(|update| update == "1") {
        let text = serde_json::to_string_pretty(&generated).unwrap();
        std::fs::write(PATH, text + "\n").unwrap();
    }
    let stored = stored();
    for (name, expected) in generated.as_object().unwrap() {
        assert!(&stored[name] == expected, "{name} changed");
    }
}

#[test]
fn a_relay_opens_the_envelopes() {
    let stored = stored();
    let key: [u8; 32] = bytes_of(&stored["relay_secret"]).try_into().unwrap();
    let relay = TransportSecret::from_bytes(key.into());
    assert_eq!(hex_of(relay.public().0), stored["relay_public"]);
    for (name, kind) in [("forward", EnvelopeKind::Forward), ("stream", EnvelopeKind::Stream)] {
        let mut body = bytes_of(&stored["envelopes"][name]);
        let opened = relay.open_envelope(&mut body).unwrap();
        assert_eq!(opened.kind, kind);
        assert_eq!(opened.minute, stored["minute"]);
        assert_eq!(hex_of(opened.n2), stored["n2"]);
    }
}

#[test]
fn a_client_opens_the_answers() {
    let stored = stored();
    // The client's half of the exchange comes from sealing the envelope again.
    let rng = &mut Fixed(1);
    let relay = secret(1).public();
    let (_, opener) = Envelope::seal(&relay, EnvelopeKind::Forward, MINUTE, N2, rng).unwrap();
    let mut answer = bytes_of(&stored["envelopes"]["answer"]);
    assert_eq!(hex_of(opener.open_answer(&mut answer).unwrap().body), stored["answer"]);
    rng.fill_bytes(&mut [0; 32]);
    let (_, opener) = Envelope::seal(&relay, EnvelopeKind::Stream, MINUTE, N2, rng).unwrap();
    let mut first = bytes_of(&stored["envelopes"]["first_event"]);
    let (mut cells, start) = opener.open_stream(&mut first).unwrap();
    assert_eq!(hex_of(start.body), stored["reason"]);
    let mut second = bytes_of(&stored["envelopes"]["second_event"]);
    assert_eq!(hex_of(cells.open_cell(&mut second).unwrap()), stored["cell"]);
}

#[test]
fn an_agent_reads_the_handshake_and_the_request() {
    let stored = stored();
    let rng = &mut Fixed(2);
    let (_, first) =
        Initiator::start(&secret(1), &secret(2).public(), CHAIN_ID, MINUTE, rng).unwrap();
    assert_eq!(hex_of(&first), stored["peer"]["first"]);
    let responder =
        Responder::read(&secret(2), CHAIN_ID, &bytes_of(&stored["peer"]["first"])).unwrap();
    assert_eq!(hex_of(responder.remote().0), stored["relay_public"]);
    assert_eq!(responder.minute(), stored["minute"]);
    let (second, mut session) = responder.reply(rng).unwrap();
    assert_eq!(hex_of(second), stored["peer"]["second"]);
    let mut request = bytes_of(&stored["peer"]["request"]);
    let (head, n2) = session.opening.open_frame::<RequestHead>(&mut request).unwrap();
    assert_eq!(head, REQUEST);
    assert_eq!(hex_of(n2), stored["n2"]);
}

#[test]
fn a_relay_reads_the_reply_and_what_follows() {
    let stored = stored();
    let (initiator, _) =
        Initiator::start(&secret(1), &secret(2).public(), CHAIN_ID, MINUTE, &mut Fixed(2)).unwrap();
    let mut session = initiator.finish(&bytes_of(&stored["peer"]["second"])).unwrap();
    for (name, expected) in [("answer", "answer"), ("stream_start", "reason")] {
        let mut body = bytes_of(&stored["peer"][name]);
        let (head, content) = session.opening.open_frame::<AnswerHead>(&mut body).unwrap();
        assert_eq!((head.status, hex_of(content)), (0, stored[expected].clone()));
    }
    let mut reader = conet_wire::veil::peer::StreamReader::new();
    let wire = [bytes_of(&stored["peer"]["cell"]), vec![0; 65_536]].concat();
    // A cell where a stream should start is no start.
    assert!(reader.next_event(&mut session.opening, &mut wire.as_slice()).is_err());
}

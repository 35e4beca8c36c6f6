//! An agent's sealed answers.

use conet_wire::parcel::{Answer, ReplyKey, Status};
use serde_json::{Value, json};

use super::{NOW, bytes_of, digest_of, hex_of, pinned};

const REPLY_KEY: [u8; 32] = [3; 32];

fn answer(status: Status, body: &[u8]) -> Answer {
    Answer { status, agent_clock: NOW * 1000 + 456, body: body.to_vec() }
}

fn cases() -> [Answer; 2] {
    [answer(Status::Done, b""), answer(Status::Moved, b"the route names agent 5")]
}

/// The longest body of the smallest size, and the next one.
fn lengths() -> [Answer; 2] {
    [3555, 3556].map(|len| answer(Status::Done, &vec![0x41; len]))
}

fn generate() -> Value {
    let key = ReplyKey::new(REPLY_KEY);
    let described = |answer: Answer| {
        json!({
            "status": answer.status as u8,
            "agent_clock": answer.agent_clock,
            "body": hex_of(&answer.body),
            "sealed": hex_of(answer.seal(&key).unwrap()),
        })
    };
    let long = |answer: Answer| {
        let sealed = digest_of(answer.seal(&key).unwrap());
        json!({ "body_bytes": answer.body.len(), "body_byte": 0x41, "sealed": sealed })
    };
    let statuses: Vec<_> = (0..=255)
        .filter_map(|byte| {
            Status::from_byte(byte).map(|status| json!({ "byte": byte, "name": status }))
        })
        .collect();
    json!({
        "about": "docs/protocol.md, answer",
        "reply_key": hex_of(REPLY_KEY),
        "answers": cases().map(described),
        "lengths": lengths().map(long),
        "statuses": statuses,
    })
}

#[test]
fn answers_are_those_of_the_vectors() {
    let stored = pinned("answer", generate());
    for (stored, answer) in stored["answers"].as_array().unwrap().iter().zip(cases()) {
        let opened = Answer::open(&ReplyKey::new(REPLY_KEY), &bytes_of(&stored["sealed"]));
        assert_eq!(opened.unwrap(), answer);
    }
}

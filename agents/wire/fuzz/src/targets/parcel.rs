//! Parcels, and answers to them: as they arrive, and sealed with any plaintext.

use conet_wire::{
    message::Kind,
    parcel::{Answer, Content, OVERHEAD, Parcel, ReplyKey, Status, decode, encode},
};

use super::{
    Target,
    fixed::{seal, variant},
};

pub(crate) const TARGET: Target = Target { name: "parcel", run, samples };

const REPLY_KEY: [u8; 32] = [3; 32];

/// Variant 0 is a parcel, 1 a sealed answer, 2 an answer's plaintext.
fn run(data: &[u8]) {
    let Some((number, data)) = data.split_first() else { return };
    let key = ReplyKey::new(REPLY_KEY);
    let sealed = match number % 3 {
        0 => return parcel(data),
        1 => data.to_vec(),
        _ => seal((&REPLY_KEY, &[], &[b"conet/answer/1"]), 0, &[], data.to_vec()),
    };
    if let Ok(answer) = Answer::open(&key, &sealed) {
        assert!(answer.body.len() < sealed.len());
        if number % 3 == 2 {
            assert_eq!(answer.status as u8, data[0]);
            assert_eq!(answer.body, data[13..13 + answer.body.len()]);
        }
        let again = answer.seal(&key).unwrap();
        assert_eq!(Answer::open(&key, &again).unwrap(), answer);
    }
}

fn parcel(data: &[u8]) {
    match decode(data) {
        Ok(Parcel::Sealed { content, reply_key, body }) => {
            let encoded = encode(content, &reply_key, body);
            assert_eq!(encoded.len(), OVERHEAD + body.len());
            let (same, zeros) = data.split_at(encoded.len());
            assert_eq!(same, encoded);
            assert!(zeros.iter().all(|byte| *byte == 0));
        }
        Ok(Parcel::Open(message)) => assert_eq!(message, data),
        Err(_) => {}
    }
}

fn samples() -> Vec<Vec<u8>> {
    let key = ReplyKey::new(REPLY_KEY);
    let contents = [
        Content::Message(Kind::Mail),
        Content::Message(Kind::Live),
        Content::Request,
        Content::Acknowledgement,
        Content::Ledgers,
    ];
    let parcels = contents.map(|content| variant(0, &encode(content, &key, b"a body")));
    let answer = Answer { status: Status::Moved, agent_clock: 7, body: b"gone".to_vec() };
    let mut plain = vec![18, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 4];
    plain.extend_from_slice(b"gone\0\0\0");
    let rest =
        [variant(0, b"\xc1\x05open"), variant(1, &answer.seal(&key).unwrap()), variant(2, &plain)];
    parcels.into_iter().chain(rest).collect()
}

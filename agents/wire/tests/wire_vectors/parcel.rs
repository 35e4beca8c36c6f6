//! Parcels.

use conet_wire::{
    message::Kind,
    parcel::{Content, Parcel, ReplyKey, decode, encode},
};
use serde_json::{Value, json};

use super::{bytes_of, hex_of, pinned};

const REPLY_KEY: [u8; 32] = [3; 32];

const CASES: [(&str, Content, &[u8]); 5] = [
    ("mail", Content::Message(Kind::Mail), b"\xc1 not really an N1"),
    ("live", Content::Message(Kind::Live), b"\xc1 not really an N1"),
    ("request", Content::Request, b"\x03 not really a request"),
    ("acknowledgement", Content::Acknowledgement, b""),
    ("ledgers", Content::Ledgers, b"\x01 not really a parcel of the ledgers"),
];

fn generate() -> Value {
    let key = ReplyKey::new(REPLY_KEY);
    let parcel = |(kind, content, body): (&str, Content, &[u8])| {
        let encoded = hex_of(encode(content, &key, body));
        json!({ "kind": kind, "body": hex_of(body), "encoded": encoded })
    };
    json!({
        "about": "docs/protocol.md, parcel; without padding",
        "reply_key": hex_of(REPLY_KEY),
        "parcels": CASES.map(parcel),
    })
}

#[test]
fn parcels_are_those_of_the_vectors() {
    let stored = pinned("parcel", generate());
    for (stored, (_, expected, text)) in stored["parcels"].as_array().unwrap().iter().zip(CASES) {
        let mut bytes = bytes_of(&stored["encoded"]);
        bytes.resize(3387, 0);
        let Parcel::Sealed { content, reply_key, body } = decode(&bytes).unwrap() else {
            panic!("not sealed");
        };
        assert_eq!((content, body), (expected, text));
        // Nobody shows a reply key; it is the one that encodes to the same bytes.
        assert_eq!(hex_of(encode(content, &reply_key, body)), stored["encoded"]);
    }
}

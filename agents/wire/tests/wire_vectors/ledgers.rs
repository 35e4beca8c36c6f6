//! Requests to the ledgers' part of an archive node, and the cells of a participant's stream.

use alloy::primitives::U256;
use conet_wire::{
    ledgers::{LedgerRequest, PART_BYTES, PROOF_LEN, Part, WHOLE_BYTES_MAX, stream_binding},
    session::{CellOpener, CellSealer, Frame, SessionSecret},
};
use serde_json::{Value, json};

use super::{bytes_of, hex_of, pinned};

const NODE: u64 = 3;
const SECRET: [u8; 32] = [9; 32];
const RANDOM: [u8; 32] = [1; 32];
const ASKS: &[u8] = b"not really a parcel that asks";

fn requests() -> [(&'static str, Vec<u8>); 3] {
    let secret = SessionSecret::new(SECRET);
    let part = Part { proof: &[7; PROOF_LEN], length: 9, index: 0, bytes: b"contents!" };
    [
        ("parcel", LedgerRequest::Parcel(b"not really a parcel")),
        ("stream", LedgerRequest::Stream { secret, parcel: ASKS }),
        ("part", LedgerRequest::Part(part)),
    ]
    .map(|(name, request)| (name, request.encode()))
}

fn generate() -> Value {
    let (secret, binding) = (SessionSecret::new(SECRET), stream_binding(U256::from(NODE), ASKS));
    let (mut sealer, _) = CellSealer::new(&secret, RANDOM, &binding).unwrap();
    sealer.queue(&Frame::Bytes(vec![0; 4]));
    json!({
        "about": "docs/protocol.md, requests to the ledgers' part; the cell is the first of the stream that is asked for",
        "node": NODE,
        "secret": hex_of(SECRET),
        "random": hex_of(RANDOM),
        "asks": hex_of(ASKS),
        "request": binding.request,
        "whole_bytes_max": WHOLE_BYTES_MAX,
        "part_bytes": PART_BYTES,
        "requests": requests().map(|(name, bytes)| json!({ "type": name, "encoded": hex_of(bytes) })),
        "cell": hex_of(sealer.seal().unwrap()),
    })
}

#[test]
fn requests_to_ledgers_are_those_of_the_vectors() {
    let stored = pinned("ledgers", generate());
    for stored in stored["requests"].as_array().unwrap() {
        let bytes = bytes_of(&stored["encoded"]);
        assert_eq!(LedgerRequest::decode(&bytes).unwrap().encode(), bytes);
    }
    let binding = stream_binding(U256::from(NODE), ASKS);
    let mut frames = Vec::new();
    let mut opener = CellOpener::new(SessionSecret::new(SECRET), binding);
    opener.open(&bytes_of(&stored["cell"]), &mut frames).unwrap();
    assert_eq!(frames, [Frame::Bytes(vec![0; 4])]);
}

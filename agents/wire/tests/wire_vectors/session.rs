//! Session keys, cells and acknowledgements.

use alloy::primitives::{Address, B256, U256};
use conet_wire::{
    message::Kind,
    session::{
        AckReceiver, AckSender, CellOpener, CellSealer, Frame, Notice, SessionBinding,
        SessionSecret,
    },
};
use hkdf::Hkdf;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{NOW, bytes_of, digest_of, hex_of, pinned};

const SECRET: [u8; 32] = [9; 32];
const RANDOM: [u8; 32] = [1; 32];

fn binding() -> SessionBinding {
    SessionBinding {
        wallet: Address::repeat_byte(5),
        agent: U256::from(3),
        request: B256::repeat_byte(6),
    }
}

fn secret() -> SessionSecret {
    SessionSecret::new(SECRET)
}

/// A key as the protocol has it, derived without the crate.
fn derived(direction: &[u8], len: usize) -> Vec<u8> {
    let SessionBinding { wallet, agent, request } = binding();
    let info = [
        b"conet/session/1",
        direction,
        wallet.as_slice(),
        &agent.to_be_bytes::<32>(),
        request.as_slice(),
    ];
    let mut key = vec![0; len];
    Hkdf::<Sha256>::new(Some(&RANDOM), &SECRET).expand(&info.concat(), &mut key).unwrap();
    key
}

/// What goes into each of three small cells: the opening, one message with what
/// follows it, and nothing.
fn cells() -> [Vec<Frame>; 3] {
    let n1 = b"\xc1 not really an N1".to_vec();
    [
        vec![Frame::Opened { agent_clock: NOW * 1000 }],
        vec![
            Frame::Message { index: 0, received_at: NOW * 1000 + 1, kind: Kind::Mail, n1 },
            Frame::Drained,
            Frame::Notice(Notice::ShuttingDown),
        ],
        vec![],
    ]
}

fn large() -> Frame {
    Frame::Message {
        index: 1,
        received_at: NOW * 1000 + 2,
        kind: Kind::Live,
        n1: vec![0xc1; 70_000],
    }
}

fn both_ends() -> (CellSealer, AckReceiver, CellOpener) {
    let (sealer, acks) = CellSealer::new(&secret(), RANDOM, &binding()).unwrap();
    (sealer, acks, CellOpener::new(secret(), binding()))
}

fn generate() -> Value {
    let (mut sealer, acks, mut opener) = both_ends();
    let small = cells().map(|frames| {
        frames.iter().for_each(|frame| sealer.queue(frame));
        sealer.seal().unwrap()
    });
    sealer.queue(&large());
    let large = [sealer.seal().unwrap(), sealer.seal().unwrap()];
    let mut sender: AckSender = opener.open(&small[0], &mut Vec::new()).unwrap().unwrap();
    let id = derived(b"id", 16);
    assert_eq!(acks.id()[..], id);
    let acknowledgements = [0, 7].map(
        |index| json!({ "index": index, "sealed": hex_of(sender.acknowledge(index).unwrap()) }),
    );
    json!({
        "about": "docs/protocol.md, session and cells; agents/wire/tests/wire_vectors/session.rs has the frames",
        "secret": hex_of(SECRET),
        "commitment": secret().commitment(),
        "random": hex_of(RANDOM),
        "wallet": binding().wallet,
        "agent": 3,
        "request": binding().request,
        "push_key": hex_of(derived(b"push", 32)),
        "ack_key": hex_of(derived(b"ack", 32)),
        "id": hex_of(id),
        "cells": small.map(hex_of),
        "cells_of_a_long_message": large.map(digest_of),
        "acknowledgements": acknowledgements,
    })
}

#[test]
fn sessions_are_those_of_the_vectors() {
    let stored = pinned("session", generate());
    let (_, mut acks, mut opener) = both_ends();
    for (cell, expected) in stored["cells"].as_array().unwrap().iter().zip(cells()) {
        let mut frames = Vec::new();
        opener.open(&bytes_of(cell), &mut frames).unwrap();
        assert_eq!(frames, expected);
    }
    for ack in stored["acknowledgements"].as_array().unwrap() {
        assert_eq!(acks.open(&bytes_of(&ack["sealed"])).unwrap(), ack["index"]);
    }
}

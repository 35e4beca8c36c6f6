//! The signed form.

use alloy::{
    primitives::{Address, B256, keccak256},
    sol_types::SolStruct,
};
use conet_wire::message::{Header, Kind, Message, decode, encode, signer};
use serde_json::{Value, json};

use super::{NOW, bytes_of, hex_of, network, network_json, pinned, wallet, wallet_json};

mod typed {
    alloy::sol! {
        struct Message {
            address from;
            address to;
            bytes32 id;
            uint64 sentAt;
            uint8 kind;
            uint32 part;
            uint32 parts;
            bytes32 contentHash;
        }
    }
}

const SENDER: u8 = 7;
const READER: u8 = 8;

fn cases() -> [(Header, &'static [u8]); 3] {
    let mail = Header {
        from: wallet(SENDER).address(),
        to: wallet(READER).address(),
        id: B256::repeat_byte(9),
        sent_at: NOW * 1000 + 123,
        kind: Kind::Mail,
        part: 0,
        parts: 1,
    };
    let part = Header { id: B256::repeat_byte(10), part: 2, parts: 3, ..mail };
    let live = Header { kind: Kind::Live, to: Address::repeat_byte(0xab), ..mail };
    [(mail, b"Hello Bobo"), (part, &[0; 40]), (live, b"")]
}

/// What the sender signs, put together without the crate.
fn digest(header: &Header, content: &[u8]) -> B256 {
    typed::Message {
        from: header.from,
        to: header.to,
        id: header.id,
        sentAt: header.sent_at,
        kind: header.kind.byte(),
        part: header.part,
        parts: header.parts,
        contentHash: keccak256(content),
    }
    .eip712_signing_hash(&network().message_domain())
}

fn generate() -> Value {
    let message = |(header, content): (Header, &[u8])| {
        json!({
            "from": header.from,
            "to": header.to,
            "id": header.id,
            "sent_at": header.sent_at,
            "kind": header.kind,
            "part": header.part,
            "parts": header.parts,
            "content": hex_of(content),
            "digest": digest(&header, content),
            "encoded": hex_of(encode(&network(), &wallet(SENDER), &header, content).unwrap()),
        })
    };
    json!({
        "about": "docs/protocol.md, signed message; without padding",
        "network": network_json(),
        "sender": wallet_json(SENDER),
        "reader": wallet_json(READER),
        "messages": cases().map(message),
    })
}

#[test]
fn messages_are_those_of_the_vectors() {
    let stored = pinned("message", generate());
    for (stored, (header, content)) in stored["messages"].as_array().unwrap().iter().zip(cases()) {
        let mut bytes = bytes_of(&stored["encoded"]);
        let signature = bytes[4..69].try_into().unwrap();
        assert_eq!(signer(&digest(&header, content), &signature), Some(header.from));
        bytes.resize(bytes.len() + 100, 0);
        let read = decode(&network(), header.to, &bytes).unwrap();
        assert_eq!(read, Message::Signed(header, content));
    }
}

//! Fixed keys and inputs give the bytes in `vectors/{message,parcel,answer,
//! ledgers,request,session}.json`, and these are read as what the files say.
//!
//! After a deliberate change of the protocol, write the files anew with
//! `UPDATE_VECTORS=1 cargo test -p conet-wire --test wire_vectors`.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands"
)]

use alloy::{
    primitives::{Address, B256, keccak256},
    signers::local::PrivateKeySigner,
};
use conet_wire::network::Network;
use serde_json::{Value, json};

#[path = "wire_vectors/answer.rs"]
mod answer;
#[path = "wire_vectors/ledgers.rs"]
mod ledgers;
#[path = "wire_vectors/message.rs"]
mod message;
#[path = "wire_vectors/parcel.rs"]
mod parcel;
#[path = "wire_vectors/request.rs"]
mod request;
#[path = "wire_vectors/session.rs"]
mod session;

/// 2027-01-15T08:00:00Z, unix seconds.
const NOW: u64 = 1_800_000_000;

/// Compares with the committed file, or writes it; gives what it holds.
fn pinned(name: &str, generated: Value) -> Value {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if std::env::var("UPDATE_VECTORS").is_ok_and(|update| update == "1") {
        let text = serde_json::to_string_pretty(&generated).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let stored: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for (field, value) in generated.as_object().unwrap() {
        assert!(&stored[field] == value, "{name}: {field} changed");
    }
    assert_eq!(stored.as_object().unwrap().len(), generated.as_object().unwrap().len());
    stored
}

fn network() -> Network {
    Network {
        chain_id: 43_113,
        registry: Address::repeat_byte(0x11),
        routes: Address::repeat_byte(0x22),
    }
}

fn network_json() -> Value {
    let Network { chain_id, registry, routes } = network();
    json!({ "chain_id": chain_id, "registry": registry, "routes": routes })
}

/// The wallet whose secret is this byte, 32 times.
fn wallet(byte: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
}

fn wallet_json(byte: u8) -> Value {
    json!({ "secret": hex_of([byte; 32]), "address": wallet(byte).address() })
}

fn hex_of(bytes: impl AsRef<[u8]>) -> Value {
    hex::encode(bytes).into()
}

fn bytes_of(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// Long bytes, by length and digest.
fn digest_of(bytes: impl AsRef<[u8]>) -> Value {
    let bytes = bytes.as_ref();
    json!({ "bytes": bytes.len(), "keccak256": keccak256(bytes) })
}

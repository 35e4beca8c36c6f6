//! Requests, and the answer to a look-up.

use alloy::primitives::{Address, B256, U256};
use conet_bindings::RouteTable::{KeySet, RouteRecord, RouteUpdate};
use conet_wire::{
    request::{LookupAnswer, Request, SignedRoute, Terms},
    session::SessionSecret,
};
use serde_json::{Value, json};

use super::{NOW, bytes_of, hex_of, network, network_json, pinned, wallet, wallet_json};

const WALLET: u8 = 7;
const AGENT: u64 = 4;
const SECRET: [u8; 32] = [9; 32];

fn update() -> RouteUpdate {
    RouteUpdate {
        wallet: wallet(WALLET).address(),
        keys: KeySet {
            certificate: b"not really a certificate".into(),
            certificateV4: b"nor a v4 one".into(),
            handle: B256::repeat_byte(3),
            handleV4: [4; 20].into(),
        },
        epoch: 1,
        agent: U256::from(AGENT),
        expiry: NOW + 1_000_000,
    }
}

fn terms(share: bool) -> Terms {
    Terms { agent: U256::from(AGENT), share, nonce: B256::repeat_byte(8), expiry: NOW + 60 }
}

fn route() -> SignedRoute {
    let (nonce, deadline) = (U256::from(1), U256::from(NOW + 600));
    SignedRoute::sign(&network(), &wallet(WALLET), update(), nonce, deadline).unwrap()
}

fn requests() -> [(&'static str, Request); 4] {
    let (network, wallet) = (network(), wallet(WALLET));
    let register =
        |secret| Request::register(&network, &wallet, &terms(false), route(), secret).unwrap();
    let secret = || SessionSecret::new(SECRET);
    let wallets = vec![Address::repeat_byte(0x33), Address::repeat_byte(0x44)];
    [
        ("register", register(None)),
        ("register_and_listen", register(Some(secret()))),
        ("listen", Request::listen(&network, &wallet, &terms(true), secret()).unwrap()),
        ("lookup", Request::Lookup { wallets }),
    ]
}

fn lookup_answer() -> LookupAnswer {
    let route = route();
    let record = RouteRecord {
        update: route.update,
        serial: 2,
        updatedAt: NOW,
        nonce: route.nonce,
        deadline: route.deadline,
        signature: route.signature.to_vec().into(),
    };
    LookupAnswer { block: 99, timestamp: NOW + 5, records: vec![record] }
}

fn generate() -> Value {
    let (update, route) = (update(), route());
    let requests = requests().map(|(name, request)| {
        json!({
            "name": name,
            "digest": request.digest(&network()),
            "encoded": hex_of(request.encode()),
        })
    });
    json!({
        "about": "docs/protocol.md, requests",
        "network": network_json(),
        "wallet": wallet_json(WALLET),
        "agent": AGENT,
        "nonce": terms(true).nonce,
        "expiry": terms(true).expiry,
        "session_secret": hex_of(SECRET),
        "session_commitment": SessionSecret::new(SECRET).commitment(),
        "route": {
            "certificate": update.keys.certificate,
            "certificate_v4": update.keys.certificateV4,
            "handle": update.keys.handle,
            "handle_v4": update.keys.handleV4,
            "epoch": update.epoch,
            "agent": AGENT,
            "expiry": update.expiry,
            "nonce": 1,
            "deadline": NOW + 600,
            "digest": route.digest(&network()),
            "signature": hex_of(route.signature),
        },
        "requests": requests,
        "lookup_answer": {
            "block": 99,
            "timestamp": NOW + 5,
            "serial": 2,
            "updated_at": NOW,
            "encoded": hex_of(lookup_answer().encode()),
        },
    })
}

#[test]
fn requests_are_those_of_the_vectors() {
    let stored = pinned("request", generate());
    for (stored, (name, request)) in stored["requests"].as_array().unwrap().iter().zip(requests()) {
        assert_eq!(stored["name"], name);
        let read = Request::decode(&bytes_of(&stored["encoded"])).unwrap();
        let digest = read.check(&network(), U256::from(AGENT), NOW).unwrap();
        assert_eq!(digest, request.digest(&network()));
        assert_eq!(json!(digest), stored["digest"]);
    }
    let answer = LookupAnswer::decode(&bytes_of(&stored["lookup_answer"]["encoded"])).unwrap();
    assert_eq!(answer, lookup_answer());
}

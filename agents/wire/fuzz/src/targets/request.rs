//! Requests to an agent, and its answers to look-ups.

use alloy::primitives::{Address, B256, U256};
use conet_bindings::RouteTable::{KeySet, RouteRecord, RouteUpdate};
use conet_wire::{
    request::{LOOKUP_WALLETS_MAX, LookupAnswer, Request, SignedRoute, Terms},
    session::SessionSecret,
};

use super::{
    Target,
    fixed::{IDENTITY, NOW, network, variant, wallet},
};

pub(crate) const TARGET: Target = Target { name: "request", run, samples };

/// Variant 0 is a request, 1 the answer to a look-up.
fn run(data: &[u8]) {
    let Some((number, data)) = data.split_first() else { return };
    if number % 2 == 0 {
        if let Ok(request) = Request::decode(data) {
            assert_eq!(request.encode(), data, "one encoding for each request");
            if let Ok(Some(digest)) = request.check(&network(), U256::from(4), NOW) {
                assert_eq!(Some(digest), request.digest(&network()));
            }
        }
    } else if let Ok(answer) = LookupAnswer::decode(data) {
        assert!(answer.records.len() <= LOOKUP_WALLETS_MAX);
        assert_eq!(answer.encode(), data, "one encoding for each answer");
    }
}

fn samples() -> Vec<Vec<u8>> {
    let (network, wallet) = (network(), wallet(7));
    let update = RouteUpdate {
        wallet: wallet.address(),
        keys: KeySet {
            certificate: IDENTITY.certificate().to_vec().into(),
            certificateV4: IDENTITY.certificate_v4().to_vec().into(),
            handle: IDENTITY.handle().into(),
            handleV4: IDENTITY.handle_v4().into(),
        },
        epoch: 0,
        agent: U256::from(4),
        expiry: NOW + 1000,
    };
    let terms =
        Terms { agent: U256::from(4), share: true, nonce: B256::repeat_byte(8), expiry: NOW + 60 };
    let secret = || SessionSecret::new([3; 32]);
    let sign =
        |update| SignedRoute::sign(&network, &wallet, update, U256::ZERO, U256::from(NOW)).unwrap();
    let route = sign(update.clone());
    let record = RouteRecord {
        update,
        nonce: route.nonce,
        deadline: route.deadline,
        signature: route.signature.to_vec().into(),
        serial: 1,
        updatedAt: NOW,
    };
    let register = |secret| {
        Request::register(&network, &wallet, &terms, route.clone(), secret).unwrap().encode()
    };
    let listen = Request::listen(&network, &wallet, &terms, secret()).unwrap().encode();
    let answer = |count| {
        LookupAnswer { block: 9, timestamp: NOW, records: vec![record.clone(); count] }.encode()
    };
    vec![
        variant(0, &register(None)),
        variant(0, &register(Some(secret()))),
        variant(0, &listen),
        variant(0, &Request::Lookup { wallets: vec![Address::ZERO; 3] }.encode()),
        variant(1, &answer(0)),
        variant(1, &answer(2)),
    ]
}

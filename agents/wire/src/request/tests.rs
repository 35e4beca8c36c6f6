use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_800_000_000;

fn network() -> Network {
    Network { chain_id: 31_337, registry: Address::repeat_byte(1), routes: Address::repeat_byte(2) }
}

fn wallet(byte: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
}

fn terms() -> Terms {
    Terms { agent: U256::from(4), share: true, nonce: B256::repeat_byte(8), expiry: NOW + 60 }
}

fn listen() -> Request {
    Request::listen(&network(), &wallet(7), &terms(), SessionSecret::new([3; 32])).unwrap()
}

fn register() -> Request {
    let update = RouteUpdate {
        wallet: wallet(7).address(),
        keys: conet_bindings::RouteTable::KeySet {
            certificate: vec![1; 618].into(),
            certificateV4: vec![2; 400].into(),
            handle: B256::repeat_byte(3),
            handleV4: [4; 20].into(),
        },
        epoch: 0,
        agent: U256::from(4),
        expiry: NOW + 1_000_000,
    };
    let route =
        SignedRoute::sign(&network(), &wallet(7), update, U256::ZERO, U256::from(NOW + 600))
            .unwrap();
    Request::register(&network(), &wallet(7), &terms(), route, None).unwrap()
}

#[test]
fn requests_check_after_a_round_trip() {
    for request in [listen(), register()] {
        let read = Request::decode(&request.encode()).unwrap();
        let digest = read.check(&network(), U256::from(4), NOW).unwrap();
        assert_eq!(digest, request.digest(&network()));
    }
    let lookup = Request::Lookup { wallets: vec![Address::ZERO; 2] };
    let read = Request::decode(&lookup.encode()).unwrap();
    assert_eq!(read.check(&network(), U256::ZERO, NOW).unwrap(), None);
}

#[test]
fn a_request_counts_only_where_and_when_it_was_meant_to() {
    let check = |network: &Network, agent: u64, now| {
        Request::decode(&listen().encode())
            .unwrap()
            .check(network, U256::from(agent), now)
            .unwrap_err()
            .status()
    };
    assert_eq!(check(&network(), 5, NOW), Status::WrongAddressee);
    assert_eq!(check(&network(), 4, NOW + 60 + CLOCK_SKEW_SECONDS + 1), Status::Expired);
    assert_eq!(check(&network(), 4, NOW - EXPIRY_SECONDS_MAX - 100), Status::Expired);
    let other_chain = Network { chain_id: 1, ..network() };
    assert_eq!(check(&other_chain, 4, NOW), Status::BadSignature);
    let other_contract = Network { registry: Address::ZERO, ..network() };
    assert_eq!(check(&other_contract, 4, NOW), Status::BadSignature);
}

#[test]
fn every_flipped_byte_is_refused() {
    for request in [listen(), register()] {
        let bytes = request.encode();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            let checked =
                Request::decode(&bad).and_then(|read| read.check(&network(), U256::from(4), NOW));
            assert!(checked.is_err() || checked.unwrap().is_none(), "byte {at} of {}", bytes.len());
        }
    }
}

#[test]
fn nothing_may_follow_a_request() {
    for request in [listen(), register(), Request::Lookup { wallets: vec![Address::ZERO] }] {
        for more in [1, 32] {
            let bytes = [request.encode(), vec![0; more]].concat();
            assert!(matches!(Request::decode(&bytes), Err(RequestError::Malformed(_))));
        }
    }
}

fn record(certificate_bytes: usize) -> conet_bindings::RouteTable::RouteRecord {
    let Request::Register { route, .. } = register() else { panic!("not a registration") };
    let mut update = route.update.clone();
    update.keys.certificate = vec![1; certificate_bytes].into();
    conet_bindings::RouteTable::RouteRecord {
        update,
        nonce: route.nonce,
        deadline: route.deadline,
        signature: route.signature.to_vec().into(),
        serial: 1,
        ..Default::default()
    }
}

#[test]
fn answers_to_lookups_come_back() {
    for count in [0, 1, LOOKUP_WALLETS_MAX] {
        let answer = LookupAnswer { block: 9, timestamp: NOW, records: vec![record(618); count] };
        assert_eq!(LookupAnswer::decode(&answer.encode()).unwrap(), answer);
    }
    let many = LookupAnswer {
        block: 9,
        timestamp: NOW,
        records: vec![record(618); LOOKUP_WALLETS_MAX + 1],
    };
    assert!(LookupAnswer::decode(&many.encode()).is_err());
}

#[test]
fn an_answer_does_not_unfold() {
    // Thousands of records that all point to the bytes of one.
    let one = LookupAnswer { block: 9, timestamp: NOW, records: vec![record(500_000)] }.encode();
    let (head, record) = one.split_at(5 * 32);
    let count = 10_000_u64;
    let word = |value: u64| U256::from(value).to_be_bytes::<32>();
    let mut bomb = head[..3 * 32].to_vec();
    bomb.extend_from_slice(&word(count));
    (0..count).for_each(|_| bomb.extend_from_slice(&word(count * 32)));
    bomb.extend_from_slice(record);
    let mut refused = false;
    let counted = allocation_counter::measure(|| refused = LookupAnswer::decode(&bomb).is_err());
    assert!(refused);
    assert!(counted.bytes_max < 2 * bomb.len() as u64, "{counted:?}");
}

#[test]
fn a_lookup_is_bounded() {
    for count in [0, LOOKUP_WALLETS_MAX + 1] {
        let lookup = Request::Lookup { wallets: vec![Address::ZERO; count] };
        assert!(Request::decode(&lookup.encode()).is_err());
    }
}

proptest! {
    #[test]
    fn strangers_cannot_panic_the_decoder(kind in 0..5_u8, bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Request::decode(&[&[kind], &bytes[..]].concat());
    }
}

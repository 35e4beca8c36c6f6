use alloy::{
    primitives::{B256, Bytes},
    signers::SignerSync,
    sol_types::SolStruct,
};
use conet_bindings::{
    NodeKeys,
    NodeRegistry::{Consent, NodeConfig, Prices, Specs},
    endpoint, node_registry_domain,
};
use conet_wire::openpgp::{Identity, WalletSecret};

use super::*;
use crate::{Directory, key_set};

const NOW: u64 = 1_800_000_000;

fn network() -> Network {
    Network { chain_id: 31_337, registry: Address::repeat_byte(1), routes: Address::repeat_byte(2) }
}

fn identity(wallet: u8) -> (WalletSecret, Identity) {
    let secret = WalletSecret::from_bytes(&[wallet; 32]).unwrap();
    let identity = Identity::derive(&secret).unwrap();
    (secret, identity)
}

fn record(id: u64, wallet: u8) -> NodeRecord {
    let (secret, identity) = identity(wallet);
    let owner = Address::repeat_byte(8);
    let config = NodeConfig {
        wallet: secret.address(),
        keys: key_set(&identity),
        transportKey: B256::repeat_byte(wallet),
        endpoints: vec![endpoint::encode("127.0.0.1:80".parse().unwrap())],
        roles: if wallet.is_multiple_of(2) { 1 } else { 3 },
        prices: Prices::default(),
        specs: Specs::default(),
    };
    let consent =
        Consent { owner, nonce: U256::ZERO, deadline: U256::ZERO, signature: Bytes::new() };
    let id = U256::from(id);
    let mut record =
        NodeRecord { id, owner, serial: 1, updatedAt: 0, online: false, config, consent };
    let domain = node_registry_domain(network().chain_id, network().registry);
    let digest = NodeKeys::from(&record).eip712_signing_hash(&domain);
    let signature = secret.signer().sign_hash_sync(&digest).unwrap();
    record.consent.signature = signature.as_bytes().to_vec().into();
    record
}

fn directory(records: Vec<NodeRecord>) -> Directory {
    Directory::from_records(&network(), records, EndpointPolicy::Development, NOW)
}

#[test]
fn a_node_is_found_by_all_its_names() {
    let directory = directory(vec![record(3, 1), record(4, 2)]);
    let (secret, identity) = identity(1);
    let handles = [Handle::V6(identity.handle()), Handle::V4(identity.handle_v4())];
    for handle in handles {
        for name in [handle, Handle::KeyId(handle.key_id())] {
            let found = directory.find(&name);
            assert_eq!(found.len(), 1, "{name:?}");
            assert_eq!(found.iter().next().unwrap().node.id(), U256::from(3));
        }
    }
    let id = |entry: Option<Arc<NodeEntry>>| entry.map(|entry| entry.node.id().to::<u64>());
    assert_eq!(id(directory.by_id(U256::from(4))), Some(4));
    assert_eq!(id(directory.by_id(U256::from(5))), None);
    assert_eq!(id(directory.by_transport_key(&TransportPublic([2; 32]))), Some(4));
    assert_eq!(id(directory.by_wallet(secret.address())), Some(3));
    assert!(directory.find(&Handle::V6([0; 32])).is_empty());
    assert!(directory.find(&Handle::KeyId([0; 8])).is_empty());
}

#[test]
fn roles_tell_relays_from_agents() {
    let directory = directory(vec![record(1, 1), record(2, 2)]);
    assert_eq!(directory.all().len(), 2);
    assert_eq!(directory.relays().len(), 2);
    let agents: Vec<_> = directory.agents().iter().map(|entry| entry.node.id()).collect();
    assert_eq!(agents, [U256::from(1)]);
}

#[test]
fn a_record_that_does_not_verify_is_left_out_and_counted() {
    let mut forged = record(2, 2);
    forged.config.transportKey = B256::repeat_byte(9);
    let directory = directory(vec![record(1, 1), forged]);
    let health = directory.health();
    assert_eq!((health.nodes, health.left_out), (1, 1));
    assert!(directory.by_id(U256::from(2)).is_none());
    let public =
        Directory::from_records(&network(), vec![record(1, 1)], EndpointPolicy::Public, NOW);
    assert_eq!(public.health().left_out, 1);
}

#[test]
fn of_many_claims_to_one_key_the_oldest_four_are_found() {
    // The registry lets a wallet have one node; a lying source does not care.
    let records = (1..=6).rev().map(|id| record(id, 1)).collect();
    let found = directory(records).find(&Handle::V6(identity(1).1.handle()));
    let ids: Vec<_> = found.into_iter().map(|entry| entry.node.id().to::<u64>()).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
}

#[test]
fn an_unchanged_record_is_not_verified_twice() {
    let mut table = Table::new(network(), EndpointPolicy::Development);
    table.replace(vec![record(1, 1), record(2, 2)], NOW);
    let before = table.map(NOW).by_id(U256::from(1)).unwrap();
    let mut moved = record(2, 2);
    moved.config.endpoints = vec![endpoint::encode("127.0.0.1:81".parse().unwrap())];
    table.replace(vec![record(1, 1), moved], NOW);
    let map = table.map(NOW);
    assert!(Arc::ptr_eq(&before, &map.by_id(U256::from(1)).unwrap()));
    assert_eq!(map.by_id(U256::from(2)).unwrap().node.endpoints()[0].port(), 81);
    table.replace(vec![record(2, 2)], NOW);
    assert_eq!(table.map(NOW).all().len(), 1);
    table.set(U256::from(2), None, NOW);
    assert!(table.map(NOW).all().is_empty());
    // A source that answers with another node than asked for says nothing.
    table.set(U256::from(2), Some(record(1, 1)), NOW);
    assert!(table.map(NOW).all().is_empty());
}

//! What wallets sign is what `contracts/test/vectors/eip712.json` says, which Foundry checks too.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::signers::{Signature, SignerSync, local::PrivateKeySigner};
use alloy::sol_types::{Eip712Domain, SolStruct};
use conet_bindings::{
    NodeKeys, NodeRegistry, Route, RouteTable, node_registry_domain, route_domain,
};
use serde_json::Value;

const VECTORS: &str = include_str!("../../test/vectors/eip712.json");

#[test]
fn node_keys() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let domain = node_registry_domain(uint(&vectors["chainId"]), parse(&vectors["nodeRegistry"]));
    for vector in vectors["nodeKeys"].as_array().unwrap() {
        let message = NodeKeys::new(
            parse(&vector["wallet"]),
            parse(&vector["owner"]),
            &keys(vector).into(),
            parse(&vector["transportKey"]),
            U256::from(uint(&vector["nonce"])),
            U256::from(uint(&vector["deadline"])),
        );
        check(&message, &domain, vector);
    }
}

#[test]
fn routes() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let domain = route_domain(uint(&vectors["chainId"]), parse(&vectors["routeTable"]));
    for vector in vectors["routes"].as_array().unwrap() {
        let update = RouteTable::RouteUpdate {
            wallet: parse(&vector["wallet"]),
            keys: keys(vector),
            epoch: uint(&vector["epoch"]).try_into().unwrap(),
            agent: U256::from(uint(&vector["agent"])),
            expiry: uint(&vector["expiry"]),
        };
        let message = Route::new(
            &update,
            U256::from(uint(&vector["nonce"])),
            U256::from(uint(&vector["deadline"])),
        );
        check(&message, &domain, vector);
    }
}

fn check<T: SolStruct>(message: &T, domain: &Eip712Domain, vector: &Value) {
    let digest: B256 = parse(&vector["digest"]);
    assert_eq!(message.eip712_hash_struct(), parse::<B256>(&vector["structHash"]));
    assert_eq!(message.eip712_signing_hash(domain), digest);

    let signer: PrivateKeySigner = parse(&vector["privateKey"]);
    let signature = signer.sign_typed_data_sync(message, domain).unwrap();
    assert_eq!(signature.as_bytes().as_slice(), parse::<Bytes>(&vector["signature"]).as_ref());
    assert_eq!(
        Signature::recover_address_from_prehash(&signature, &digest).unwrap(),
        parse::<Address>(&vector["wallet"])
    );
}

fn keys(vector: &Value) -> RouteTable::KeySet {
    let keys = NodeRegistry::KeySet {
        certificate: parse(&vector["certificate"]),
        certificateV4: parse(&vector["certificateV4"]),
        handle: parse(&vector["handle"]),
        handleV4: parse(&vector["handleV4"]),
    };
    keys.into()
}

fn parse<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().unwrap().parse().unwrap()
}

fn uint(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

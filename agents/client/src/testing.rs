//! Nodes and routes that verify, made without a chain.

use alloy::{
    primitives::{Address, B256, U256},
    signers::{SignerSync as _, local::PrivateKeySigner},
};
use conet_bindings::{
    NodeKeys,
    NodeRegistry::{Consent, NodeConfig, NodeRecord, Prices, Specs},
    RouteTable::{RouteRecord, RouteUpdate},
    endpoint, node_registry_domain, roles,
};
use conet_chain::{Directory, key_set};
use conet_wire::{
    claim::EndpointPolicy,
    network::Network,
    openpgp::{Identity, WalletSecret},
    request::SignedRoute,
};

pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn network() -> Network {
    Network { chain_id: 31_337, registry: Address::repeat_byte(1), routes: Address::repeat_byte(2) }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct TestNode {
    pub(crate) id: u64,
    pub(crate) owner: u8,
    pub(crate) relay: bool,
    pub(crate) agent: bool,
}

pub(crate) fn secret(byte: u8) -> WalletSecret {
    WalletSecret::from_bytes(&[byte; 32]).unwrap()
}

fn record(node: &TestNode) -> NodeRecord {
    let secret = secret(100 + node.id as u8);
    let signer: &PrivateKeySigner = secret.signer();
    let owner = Address::repeat_byte(node.owner);
    let keys = key_set(&Identity::derive(&secret).unwrap());
    let transport_key = B256::repeat_byte(node.id as u8);
    let (nonce, deadline) = (U256::ZERO, U256::from(NOW));
    let typed = NodeKeys::new(signer.address(), owner, &keys, transport_key, nonce, deadline);
    let network = network();
    let domain = node_registry_domain(network.chain_id, network.registry);
    let signature = signer.sign_typed_data_sync(&typed, &domain).unwrap();
    let mut mask = 0;
    if node.relay {
        mask |= roles::RELAY;
    }
    if node.agent {
        mask |= roles::AGENT;
    }
    let address = format!("127.0.0.1:{}", 4000 + node.id).parse().unwrap();
    NodeRecord {
        id: U256::from(node.id),
        owner,
        serial: 1,
        config: NodeConfig {
            wallet: signer.address(),
            keys,
            transportKey: transport_key,
            endpoints: vec![endpoint::encode(address)],
            roles: mask,
            prices: Prices::default(),
            specs: Specs::default(),
        },
        consent: Consent {
            owner,
            nonce,
            deadline,
            signature: signature.as_bytes().to_vec().into(),
        },
        ..NodeRecord::default()
    }
}

pub(crate) fn directory(nodes: &[TestNode]) -> Directory {
    let records = nodes.iter().map(record).collect();
    let directory = Directory::from_records(&network(), records, EndpointPolicy::Development, NOW);
    assert_eq!(directory.all().len(), nodes.len());
    directory
}

pub(crate) fn route(wallet: u8, agent: u64, serial: u64) -> RouteRecord {
    let secret = secret(wallet);
    let keys = key_set(&Identity::derive(&secret).unwrap()).into();
    let update = RouteUpdate {
        wallet: secret.address(),
        keys,
        epoch: 0,
        agent: U256::from(agent),
        expiry: NOW + 1_000,
    };
    let (nonce, deadline) = (U256::from(serial - 1), U256::from(NOW));
    let signed = SignedRoute::sign(&network(), secret.signer(), update, nonce, deadline).unwrap();
    RouteRecord {
        update: signed.update,
        serial,
        updatedAt: NOW,
        nonce,
        deadline,
        signature: signed.signature.to_vec().into(),
    }
}

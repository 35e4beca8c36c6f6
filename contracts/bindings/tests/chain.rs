//! The committed bytecode runs, and what Rust writes Rust reads back: on a real anvil, which `scripts/setup`
//! installs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::net::SocketAddr;

use alloy::network::EthereumWallet;
use alloy::node_bindings::{Anvil, AnvilInstance};
use alloy::primitives::{B256, FixedBytes, Signature, U256, keccak256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy::sol_types::{SolInterface, SolStruct};
use conet_bindings::{
    Addresses, NodeKeys, NodeRegistry, Route, RouteTable, endpoint, left_aligned,
    node_registry_domain, roles, route_domain,
};

const ANVIL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node_modules/.bin/anvil");

#[tokio::test]
async fn a_node_and_a_route_read_back_as_written() {
    let anvil = Anvil::at(ANVIL).try_spawn().unwrap();
    let (provider, owner) = connect(&anvil);
    let contracts = Addresses::of_owner(owner).contracts();
    let registry = NodeRegistry::deploy(provider.clone(), contracts).await.unwrap();
    let table = RouteTable::deploy(provider.clone(), *registry.address()).await.unwrap();
    let deadline = U256::from(now(&provider).await + 600);

    let signer = PrivateKeySigner::random();
    let domain = node_registry_domain(anvil.chain_id(), *registry.address());
    let config = some_config(&signer);
    let message = NodeKeys::new(
        signer.address(),
        owner,
        &config.keys,
        config.transportKey,
        U256::ZERO,
        deadline,
    );
    let signature = signer.sign_typed_data_sync(&message, &domain).unwrap();
    registry
        .register(config.clone(), deadline, signature.as_bytes().into())
        .send()
        .await
        .unwrap()
        .get_receipt()
        .await
        .unwrap();

    let records = registry.nodes(U256::ZERO, U256::from(100)).call().await.unwrap();
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(record.config, config);
    assert_eq!((record.id, record.owner, record.serial), (U256::ONE, owner, 1));
    assert_eq!(endpoint::decode(record.config.endpoints[0]), some_address());
    assert_eq!(NodeKeys::from(record), message);
    let claims = registry
        .nodesOfHandle(left_aligned(config.keys.handleV4), U256::ZERO, U256::from(100))
        .call()
        .await
        .unwrap();
    assert_eq!(claims, [U256::ONE]);

    let client = PrivateKeySigner::random();
    let domain = route_domain(anvil.chain_id(), *table.address());
    let update = RouteTable::RouteUpdate {
        wallet: client.address(),
        keys: some_keys(2).into(),
        epoch: 0,
        agent: U256::ONE,
        expiry: now(&provider).await + 86_400,
    };
    let message = Route::new(&update, U256::ZERO, deadline);
    let signature = client.sign_typed_data_sync(&message, &domain).unwrap();
    let receipt = table
        .setRoute(update.clone(), deadline, signature.as_bytes().into())
        .send()
        .await
        .unwrap()
        .get_receipt()
        .await
        .unwrap();
    let event = receipt.decoded_log::<RouteTable::RouteSet>().unwrap();
    assert_eq!((event.wallet, event.agent, event.serial), (client.address(), U256::ONE, 1));
    assert_eq!(event.update, update);

    let record = table.route(client.address()).call().await.unwrap();
    assert_eq!(record.update, update);
    let signed = Route::from(&record).eip712_signing_hash(&domain);
    let signature = Signature::from_raw(&record.signature).unwrap();
    assert_eq!(signature.recover_address_from_prehash(&signed).unwrap(), client.address());
}

#[tokio::test]
async fn a_refusal_comes_back_as_its_error() {
    let anvil = Anvil::at(ANVIL).try_spawn().unwrap();
    let (provider, owner) = connect(&anvil);
    let contracts = Addresses::of_owner(owner).contracts();
    let registry = NodeRegistry::deploy(provider, contracts).await.unwrap();
    let refusal = registry.node(U256::from(7)).call().await.unwrap_err();
    let data = refusal.as_revert_data().unwrap();
    let error = NodeRegistry::NodeRegistryErrors::abi_decode(&data).unwrap();
    let NodeRegistry::NodeRegistryErrors::UnknownNode(unknown) = error else {
        unreachable!("another error: {error:?}")
    };
    assert_eq!(unknown.id, U256::from(7));
}

fn connect(anvil: &AnvilInstance) -> (DynProvider, alloy::primitives::Address) {
    let key: PrivateKeySigner = anvil.keys()[0].clone().into();
    let owner = key.address();
    let provider =
        ProviderBuilder::new().wallet(EthereumWallet::from(key)).connect_http(anvil.endpoint_url());
    (provider.erased(), owner)
}

async fn now(provider: &DynProvider) -> u64 {
    provider.get_block_by_number(Default::default()).await.unwrap().unwrap().header.timestamp
}

fn some_config(wallet: &PrivateKeySigner) -> NodeRegistry::NodeConfig {
    NodeRegistry::NodeConfig {
        wallet: wallet.address(),
        keys: some_keys(1),
        transportKey: B256::repeat_byte(3),
        endpoints: vec![endpoint::encode(some_address())],
        roles: roles::RELAY | roles::AGENT,
        prices: NodeRegistry::Prices {
            bandwidth: 14_000,
            storage_: 14,
            vcpu: 20_000_000_000,
            memory_: 3_000_000,
            minimumAuthorization: 10_000,
        },
        specs: NodeRegistry::Specs {
            vcpus: 8,
            memory_: 32_000,
            storage_: 1_000_000,
            outbound: 100_000,
        },
    }
}

fn some_keys(seed: u8) -> NodeRegistry::KeySet {
    NodeRegistry::KeySet {
        certificate: vec![seed; 618].into(),
        certificateV4: vec![seed; 420].into(),
        handle: keccak256([seed]),
        handleV4: FixedBytes::repeat_byte(seed),
    }
}

fn some_address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 8001))
}

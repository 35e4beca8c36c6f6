//! Deployment against a real anvil: whole, again, cut off, and where it cannot be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::{
    node_bindings::{Anvil, AnvilInstance},
    primitives::{B256, Bytes},
    providers::{Provider, ProviderBuilder, RootProvider},
    signers::local::PrivateKeySigner,
};
use conet_bindings::{
    Addresses, CREATE2_DEPLOYER, Deployer, NodeRegistry::NodeRegistryInstance,
    RouteTable::RouteTableInstance, name,
};
use conet_chain::{ChainError, ChainReader, Deployment, Genesis, deploy};

struct Chain {
    anvil: AnvilInstance,
    provider: RootProvider,
    owner: PrivateKeySigner,
}

impl Chain {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let local = root.join("contracts/node_modules/.bin/anvil");
        let program = if local.exists() { local } else { PathBuf::from("anvil") };
        let anvil =
            Anvil::at(program).port(0_u16).args(arguments).try_spawn().expect("anvil starts");
        let provider = ProviderBuilder::default().connect_http(anvil.endpoint_url());
        let owner = PrivateKeySigner::from(anvil.first_key().clone());
        Self { anvil, provider, owner }
    }

    async fn sent(&self) -> u64 {
        self.provider.get_transaction_count(self.owner.address()).await.unwrap()
    }

    async fn call(&self, method: &'static str, params: serde_json::Value) -> serde_json::Value {
        self.provider.raw_request(method.into(), params).await.unwrap()
    }

    /// The transaction of this number, as it was sent: anvil puts each into a block of its own.
    async fn raw_transaction(&self, number: u64) -> serde_json::Value {
        let place = serde_json::json!([format!("{:#x}", number + 1), "0x0"]);
        self.call("eth_getRawTransactionByBlockNumberAndIndex", place).await
    }
}

/// Deploys everything from `wallet`.
async fn put(chain: &Chain, wallet: &PrivateKeySigner) -> Result<Deployment, ChainError> {
    let genesis = Genesis::development(wallet.address());
    deploy(&chain.anvil.endpoint(), wallet, &genesis, |_, _, _| {}).await
}

#[tokio::test]
async fn contracts_are_where_they_are_said_to_be() {
    let chain = Chain::start();
    let addresses = Addresses::of_owner(chain.owner.address());
    let deployment = put(&chain, &chain.owner).await.unwrap();
    assert_eq!(deployment.network.registry, addresses.of("NodeRegistry"));
    assert_eq!(deployment.network.routes, addresses.of("RouteTable"));
    let deployer = Deployer::new(addresses.deployer(), &chain.provider);
    for (text, address) in &deployment.contracts {
        assert_eq!(*address, addresses.of(text));
        let said = deployer.addressOf(chain.owner.address(), name(text)).call().await.unwrap();
        assert_eq!(said, *address, "{text}");
        assert!(!chain.provider.get_code_at(*address).await.unwrap().is_empty(), "{text}");
    }
    ChainReader::connect(&chain.anvil.endpoint(), deployment.network).await.unwrap();

    let registry = NodeRegistryInstance::new(deployment.network.registry, &chain.provider);
    assert_eq!(registry.STAKING().call().await.unwrap(), addresses.of("Staking"));
    let routes = RouteTableInstance::new(deployment.network.routes, &chain.provider);
    assert_eq!(routes.REGISTRY().call().await.unwrap(), deployment.network.registry);
}

#[tokio::test]
async fn a_second_deployment_sends_nothing_and_another_owners_is_another() {
    let chain = Chain::start();
    let first = put(&chain, &chain.owner).await.unwrap();
    let sent = chain.sent().await;
    assert_eq!(put(&chain, &chain.owner).await.unwrap(), first);
    assert_eq!(chain.sent().await, sent);

    let other = PrivateKeySigner::from(chain.anvil.nth_key(1).unwrap().clone());
    let second = put(&chain, &other).await.unwrap();
    assert_ne!(second.network, first.network);
}

/// At whatever step it was cut off, the next attempt ends where a whole one does.
#[tokio::test]
async fn a_deployment_that_was_cut_off_goes_on() {
    let whole = Chain::start();
    let expected = put(&whole, &whole.owner).await.unwrap();
    let steps = whole.sent().await;
    assert_eq!(steps, 1 + u64::try_from(expected.contracts.len()).unwrap());
    for cut in (0..steps).step_by(5) {
        let chain = Chain::start();
        // A fresh chain that has the first transactions of the whole one.
        for number in 0..cut {
            let raw = whole.raw_transaction(number).await;
            chain.call("eth_sendRawTransaction", serde_json::json!([raw])).await;
            while chain.sent().await == number {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        assert_eq!(chain.sent().await, cut);
        assert_eq!(put(&chain, &chain.owner).await.unwrap(), expected);
        assert_eq!(chain.sent().await, steps);
    }
}

/// A contract is never taken for deployed because somebody else put code near it: only the owner's own names count.
#[tokio::test]
async fn a_stranger_cannot_take_a_name() {
    let chain = Chain::start();
    let addresses = Addresses::of_owner(chain.owner.address());
    let stranger = PrivateKeySigner::from(chain.anvil.nth_key(1).unwrap().clone());
    put(&chain, &stranger).await.unwrap();
    let code = chain.provider.get_code_at(addresses.of("NodeRegistry")).await.unwrap();
    assert_eq!(code, Bytes::new());
    put(&chain, &chain.owner).await.unwrap();
}

/// A chain whose genesis does not have it, and a deployment that was cut off after its maker was paid.
#[tokio::test]
async fn a_chain_without_the_canonical_deployer_gets_it() {
    for paid in [0_u64, 1, 10_000_000_000_000_000] {
        let chain = Chain::start_with(&["--disable-default-create2-deployer"]);
        let code = chain.provider.get_code_at(CREATE2_DEPLOYER).await.unwrap();
        assert_eq!(code, Bytes::new());
        let maker = "0x3fAB184622Dc19b6109349B94811493BF2a45362";
        chain.call("anvil_setBalance", serde_json::json!([maker, format!("{paid:#x}")])).await;
        let deployment = put(&chain, &chain.owner).await.unwrap();
        ChainReader::connect(&chain.anvil.endpoint(), deployment.network).await.unwrap();
        let elsewhere = Addresses::of_owner(chain.owner.address()).of("NodeRegistry");
        assert_eq!(deployment.network.registry, elsewhere, "the same as on every chain");
    }
}

/// Its maker has sent another transaction: nobody can, but a chain may have lost the contract's code.
#[tokio::test]
async fn a_chain_that_does_not_take_the_canonical_deployer_is_named() {
    let chain = Chain::start_with(&["--disable-default-create2-deployer"]);
    let maker = "0x3fAB184622Dc19b6109349B94811493BF2a45362";
    chain.call("anvil_setNonce", serde_json::json!([maker, "0x1"])).await;
    let error = put(&chain, &chain.owner).await.unwrap_err();
    assert!(
        matches!(error, ChainError::NoCreate2Deployer { address, .. } if address == CREATE2_DEPLOYER),
        "{error}"
    );
}

#[test]
fn names_are_left_aligned() {
    assert_eq!(name("Cash"), B256::right_padding_from(b"Cash"));
}

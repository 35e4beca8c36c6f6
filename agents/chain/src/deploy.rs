//! Putting the contracts on a chain: a list of names with their code, each deployed unless it is there already. So a
//! deployment that was cut off goes on where it stopped, and a finished one is only looked up.
//!
//! Addresses follow from the wallet that deploys and from names alone ([`Addresses`]): every contract is told at
//! construction where all others are or will be, and nothing is wired afterwards. What is there stays as it is, of
//! whatever version: who wants all anew deploys from another wallet.

use std::collections::BTreeMap;

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256, address, hex},
    providers::{Provider, RootProvider},
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
    sol_types::SolValue,
};
use conet_bindings::{
    Addresses, CREATE2_DEPLOYER, Deployer, NodeRegistry, NodeRegistry::Contracts, RouteTable, name,
};
use conet_wire::network::Network;

use crate::{error::ChainError, gas_wallet::GasWallet, transport};

/// Whose one transaction makes the canonical CREATE2 deployer. Nobody has its key: the signature was made up, and the
/// address follows from it.
const CREATE2_MAKER: Address = address!("0x3fAB184622Dc19b6109349B94811493BF2a45362");

/// That transaction, the same on every chain. It names no chain id.
const CREATE2_TRANSACTION: &[u8] = &hex!(
    "f8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd"
    "5b8082525050506014600cf31ba0222222222222222222222222222222222222222222222222222222222222"
    "2222a02222222222222222222222222222222222222222222222222222222222222222"
);

/// What it costs: 100,000 gas at 100 gwei.
const CREATE2_WEI: u128 = 10_000_000_000_000_000;

/// What is on a chain now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// What signatures name.
    pub network: Network,
    /// Every contract that was deployed, by name.
    pub contracts: BTreeMap<String, Address>,
}

/// A contract to deploy.
struct Step {
    name: &'static str,
    /// Creation code, then the encoded arguments of the constructor.
    code: Vec<u8>,
}

impl Step {
    fn new(name: &'static str, creation_code: &Bytes, arguments: &[u8]) -> Self {
        Self { name, code: [creation_code, arguments].concat() }
    }

    /// A contract whose constructor takes `Contracts` and nothing else.
    fn told(name: &'static str, creation_code: &Bytes, contracts: &Contracts) -> Self {
        Self::new(name, creation_code, &contracts.abi_encode())
    }
}

/// All contracts, in the order in which they are deployed: a constructor may call only those before it. One more takes
/// its name in `contracts/script/abi`, its bindings in `conet-bindings`, and its line here.
fn steps(addresses: &Addresses) -> Vec<Step> {
    let all = addresses.contracts();
    vec![
        Step::told("NodeRegistry", &NodeRegistry::BYTECODE, &all),
        Step::new("RouteTable", &RouteTable::BYTECODE, &all.nodeRegistry.abi_encode()),
    ]
}

/// Deploys, from `wallet`, every contract that is not there yet, and says where all are.
///
/// # Errors
/// [`ChainError`]; [`ChainError::NoCreate2Deployer`] on a chain that has none and takes none.
pub async fn deploy(rpc_url: &str, wallet: &PrivateKeySigner) -> Result<Deployment, ChainError> {
    let provider = transport::provider(rpc_url)?;
    let chain_id = provider.get_chain_id().await?;
    let gas = GasWallet::new(provider.clone(), chain_id, wallet.clone());
    let addresses = Addresses::of_owner(wallet.address());
    deploy_deployer(&provider, &gas, &addresses).await?;
    let deployer = Deployer::new(addresses.deployer(), &provider);
    let mut contracts = BTreeMap::new();
    for Step { name: text, code } in steps(&addresses) {
        let call = Deployer::deployCall { name: name(text), code: code.into() };
        let request = deployer.call_builder(&call).into_transaction_request();
        ensure(&provider, &gas, addresses.of(text), request).await?;
        contracts.insert(text.to_owned(), addresses.of(text));
    }
    let (registry, routes) = (addresses.of("NodeRegistry"), addresses.of("RouteTable"));
    Ok(Deployment { network: Network { chain_id, registry, routes }, contracts })
}

async fn deploy_deployer(
    provider: &RootProvider,
    gas: &GasWallet,
    addresses: &Addresses,
) -> Result<(), ChainError> {
    make_create2_deployer(provider, gas).await?;
    let salt = U256::ZERO.to_be_bytes::<32>();
    let input = [&salt[..], &Deployer::BYTECODE].concat();
    let request = TransactionRequest::default().with_to(CREATE2_DEPLOYER).with_input(input);
    ensure(provider, gas, addresses.deployer(), request).await
}

/// Most chains have it. On others its maker gets the coins and its transaction is sent.
async fn make_create2_deployer(provider: &RootProvider, gas: &GasWallet) -> Result<(), ChainError> {
    if has_code(provider, CREATE2_DEPLOYER).await? {
        return Ok(());
    }
    let needed = U256::from(CREATE2_WEI);
    let missing = needed.saturating_sub(provider.get_balance(CREATE2_MAKER).await?);
    if !missing.is_zero() {
        let request = TransactionRequest::default().with_to(CREATE2_MAKER).with_value(missing);
        gas.execute(request).await?;
    }
    let sent = match provider.send_raw_transaction(CREATE2_TRANSACTION).await {
        Ok(pending) => gas.wait(*pending.tx_hash()).await.map(drop),
        Err(error) => Err(ChainError::from(error)),
    };
    if has_code(provider, CREATE2_DEPLOYER).await? {
        return Ok(());
    }
    let reason = sent.err().map_or_else(|| "it made nothing".into(), |error| error.to_string());
    Err(ChainError::NoCreate2Deployer { address: CREATE2_DEPLOYER, reason })
}

/// Sends a transaction that puts a contract at `address`, unless there is one.
async fn ensure(
    provider: &RootProvider,
    gas: &GasWallet,
    address: Address,
    request: TransactionRequest,
) -> Result<(), ChainError> {
    if has_code(provider, address).await? {
        return Ok(());
    }
    match gas.execute(request).await {
        Ok(_) if has_code(provider, address).await? => Ok(()),
        Ok(_) => Err(ChainError::Answer {
            expected: "the deployed contract's code",
            found: format!("none at {address}"),
        }),
        // A transaction of an attempt before this one was on its way.
        Err(_) if has_code(provider, address).await? => Ok(()),
        Err(error) => Err(error),
    }
}

async fn has_code(provider: &RootProvider, address: Address) -> Result<bool, ChainError> {
    Ok(!provider.get_code_at(address).await?.is_empty())
}

//! Putting the contracts on a chain: a list of names with their code, each deployed unless it is there already. So a
//! deployment that was cut off goes on where it stopped, and a finished one is only looked up.
//!
//! Addresses follow from the wallet that deploys and from names alone ([`Addresses`]): every contract is told at
//! construction where all others are or will be, and nothing is wired afterwards. What is there stays as it is, of
//! whatever version: who wants all anew deploys from another wallet.

mod genesis;

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
    Addresses, ArchiveGroups, CREATE2_DEPLOYER, Cash, CashOrders, CashPool, ChainAnchor,
    ConetGovernor, ConetToken, DappRegistry, Deployer, DevStablecoin, ForcedExits,
    MedianAggregator, Names, NativeConetToken, NodeRatings, NodeRegistry, NodeRegistry::Contracts,
    Parameters, Parameters::ParametersGenesis, PriceFeed, Rewards, RouteTable, Slasher, Staking,
    Timelock, Vesting, name,
};
use conet_wire::network::Network;

pub use genesis::{Archive, Genesis, Governance, Price, SUPPLY_CONET, Schedule, Share};

use crate::{error::ChainError, gas_wallet::GasWallet, transport};

/// Play money's names and decimals, on development chains.
pub const PLAY_MONEY: [(&str, u8); 2] = [("DevUSD6", 6), ("DevUSD18", 18)];

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
    name: String,
    /// Creation code, then the encoded arguments of the constructor.
    code: Vec<u8>,
}

impl Step {
    fn new(name: &str, creation_code: &Bytes, arguments: &[u8]) -> Self {
        Self { name: name.to_owned(), code: [creation_code, arguments].concat() }
    }

    /// A contract whose constructor takes `Contracts` and nothing else.
    fn told(name: &str, creation_code: &Bytes, contracts: &Contracts) -> Self {
        Self::new(name, creation_code, &contracts.abi_encode())
    }
}

/// All contracts, in the order in which they are deployed: a constructor may call only those before it. One more takes
/// its name in `contracts/script/abi`, its bindings in `conet-bindings`, and its line here.
fn steps(addresses: &Addresses, genesis: &Genesis, owner: Address) -> Vec<Step> {
    let all = addresses.contracts();
    let mut steps = token_and_votes(addresses, genesis);
    steps.extend(price_and_parameters(addresses, genesis));
    let founder = genesis.archive.founder.unwrap_or(owner);
    let archive = (all.clone(), U256::from(genesis.archive.seats_min), founder).abi_encode_params();
    steps.extend([
        Step::told("NodeRegistry", &NodeRegistry::BYTECODE, &all),
        Step::new("RouteTable", &RouteTable::BYTECODE, &all.nodeRegistry.abi_encode()),
        Step::told("NodeRatings", &NodeRatings::BYTECODE, &all),
        Step::told("Staking", &Staking::BYTECODE, &all),
        Step::told("Slasher", &Slasher::BYTECODE, &all),
        Step::new("ArchiveGroups", &ArchiveGroups::BYTECODE, &archive),
        Step::told("ChainAnchor", &ChainAnchor::BYTECODE, &all),
        Step::told("Rewards", &Rewards::BYTECODE, &all),
        Step::told("Cash", &Cash::BYTECODE, &all),
        Step::told("CashOrders", &CashOrders::BYTECODE, &all),
        Step::told("CashPool", &CashPool::BYTECODE, &all),
        Step::told("ForcedExits", &ForcedExits::BYTECODE, &all),
        Step::told("Names", &Names::BYTECODE, &all),
        Step::told("DappRegistry", &DappRegistry::BYTECODE, &all),
    ]);
    steps.extend(vesting(addresses, genesis));
    steps
}

/// What holds the shares of the supply that come free over time.
fn vesting(addresses: &Addresses, genesis: &Genesis) -> Vec<Step> {
    let step = |share: &Share| {
        let Schedule { start, seconds, cliff_seconds } = share.vesting?;
        let arguments = (share.recipient(addresses)?, start, seconds, cliff_seconds);
        Some(Step::new(&share.contract(), &Vesting::BYTECODE, &arguments.abi_encode_params()))
    };
    genesis.allocation.iter().filter_map(step).collect()
}

fn token_and_votes(addresses: &Addresses, genesis: &Genesis) -> Vec<Step> {
    let all = addresses.contracts();
    let token = match genesis.allocation.is_empty() {
        true => Step::new("ConetToken", &NativeConetToken::BYTECODE, &[]),
        false => {
            let allocation = genesis.allocation(addresses).abi_encode();
            Step::new("ConetToken", &ConetToken::BYTECODE, &allocation)
        }
    };
    let votes = &genesis.governance;
    let delay = (all.clone(), U256::from(votes.timelock_seconds)).abi_encode_params();
    let settings = (all, votes.settings()).abi_encode_params();
    vec![
        token,
        Step::new("Timelock", &Timelock::BYTECODE, &delay),
        Step::new("ConetGovernor", &ConetGovernor::BYTECODE, &settings),
    ]
}

fn price_and_parameters(addresses: &Addresses, genesis: &Genesis) -> Vec<Step> {
    let all = addresses.contracts();
    let Price { reporters, reports_min, report_seconds_max, .. } = &genesis.price;
    let median = (all.clone(), *report_seconds_max, U256::from(*reports_min), reporters.clone());
    let feed = (all.clone(), addresses.of("MedianAggregator"), genesis.price.guard());
    let mut steps = Vec::new();
    let mut stablecoins = genesis.stablecoins.clone();
    if genesis.play_money {
        for (name, decimals) in PLAY_MONEY {
            let arguments = (name.to_owned(), U256::from(decimals)).abi_encode_params();
            steps.push(Step::new(name, &DevStablecoin::BYTECODE, &arguments));
        }
        stablecoins.push(addresses.of(PLAY_MONEY[0].0));
    }
    let start = ParametersGenesis {
        guardian: genesis.governance.guardian.unwrap_or_default(),
        priceFeed: addresses.of("PriceFeed"),
        stablecoins,
    };
    let start = (all, start).abi_encode_params();
    steps.extend([
        Step::new("MedianAggregator", &MedianAggregator::BYTECODE, &median.abi_encode_params()),
        Step::new("PriceFeed", &PriceFeed::BYTECODE, &feed.abi_encode_params()),
        Step::new("Parameters", &Parameters::BYTECODE, &start),
    ]);
    steps
}

/// Deploys, from `wallet`, every contract that is not there yet, and says where all are. `say` hears of each contract
/// and whether it was there already.
///
/// # Errors
/// [`ChainError`]; [`ChainError::NoCreate2Deployer`] on a chain that has none and takes none.
pub async fn deploy(
    rpc_url: &str,
    wallet: &PrivateKeySigner,
    genesis: &Genesis,
    mut say: impl FnMut(&str, Address, bool),
) -> Result<Deployment, ChainError> {
    let provider = transport::provider(rpc_url)?;
    let chain_id = provider.get_chain_id().await?;
    let gas = GasWallet::new(provider.clone(), chain_id, wallet.clone());
    let addresses = Addresses::of_owner(wallet.address());
    genesis.check(&addresses)?;
    deploy_deployer(&provider, &gas, &addresses).await?;
    let deployer = Deployer::new(addresses.deployer(), &provider);
    let mut contracts = BTreeMap::new();
    for Step { name: text, code } in steps(&addresses, genesis, wallet.address()) {
        let code = Bytes::from(code);
        let call = Deployer::deployCall { name: name(&text), code: code.clone() };
        let request = deployer.call_builder(&call).into_transaction_request();
        let made = match ensure(&provider, &gas, addresses.of(&text), request).await {
            Err(ChainError::Refused(_)) => {
                return Err(why_refused(&provider, addresses.deployer(), text, code).await);
            }
            other => other?,
        };
        say(&text, addresses.of(&text), made);
        contracts.insert(text.clone(), addresses.of(&text));
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
    ensure(provider, gas, addresses.deployer(), request).await.map(drop)
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

/// Sends a transaction that puts a contract at `address`, unless there is one: then the answer is
/// false.
async fn ensure(
    provider: &RootProvider,
    gas: &GasWallet,
    address: Address,
    request: TransactionRequest,
) -> Result<bool, ChainError> {
    if has_code(provider, address).await? {
        return Ok(false);
    }
    match gas.execute(request).await {
        Ok(_) if has_code(provider, address).await? => Ok(true),
        Ok(_) => Err(ChainError::Answer {
            expected: "the deployed contract's code",
            found: format!("none at {address}"),
        }),
        // A transaction of an attempt before this one was on its way.
        Err(_) if has_code(provider, address).await? => Ok(true),
        Err(error) => Err(error),
    }
}

/// CREATE3 says only that a constructor refused; this asks the constructor itself.
async fn why_refused(
    provider: &RootProvider,
    deployer: Address,
    contract: String,
    code: Bytes,
) -> ChainError {
    let create = TransactionRequest::default().with_from(deployer).with_deploy_code(code);
    let refusal = match provider.call(create).await.map_err(ChainError::from) {
        Err(ChainError::Refused(refusal)) => refusal.to_string(),
        Err(error) => error.to_string(),
        Ok(_) => "no reason given".into(),
    };
    ChainError::Constructor { contract, refusal }
}

async fn has_code(provider: &RootProvider, address: Address) -> Result<bool, ChainError> {
    Ok(!provider.get_code_at(address).await?.is_empty())
}

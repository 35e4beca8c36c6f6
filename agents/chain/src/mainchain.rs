//! Every contract of a network by its type, and wallets that call them and pay for it.

use std::collections::BTreeMap;

use alloy::{
    contract::{CallBuilder, CallDecoder},
    eips::BlockId,
    network::TransactionBuilder,
    primitives::{Address, U256},
    providers::{Provider, RootProvider},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
};
use conet_bindings::{
    ArchiveGroups, Cash, CashOrders, CashPool, ChainAnchor, ConetGovernor, ConetToken,
    DappRegistry, DevStablecoin, ForcedExits, MedianAggregator, Names, NativeConetToken,
    NodeRatings, NodeRegistry, Parameters, PriceFeed, Rewards, Slasher, Staking, Timelock,
};

use crate::{error::ChainError, gas_wallet::GasWallet, network_file::NetworkFile, transport};

/// One network's contracts over one RPC. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mainchain {
    provider: RootProvider,
    chain_id: u64,
    contracts: BTreeMap<String, Address>,
}

/// A method for each contract that gives its typed handle.
macro_rules! contracts {
    ($($method:ident: $contract:ident, $instance:ident;)*) => {
        /// The contracts that a network's file must name.
        const NEEDED: &[&str] = &[$(stringify!($contract)),*];

        impl Mainchain {
            $(
                #[doc = concat!("The contract `", stringify!($contract), "`.")]
                #[must_use]
                pub fn $method(&self) -> $contract::$instance<RootProvider> {
                    $contract::new(self.address(stringify!($contract)), self.provider.clone())
                }
            )*
        }
    };
}

contracts! {
    archive_groups: ArchiveGroups, ArchiveGroupsInstance;
    cash: Cash, CashInstance;
    cash_orders: CashOrders, CashOrdersInstance;
    cash_pool: CashPool, CashPoolInstance;
    chain_anchor: ChainAnchor, ChainAnchorInstance;
    forced_exits: ForcedExits, ForcedExitsInstance;
    governor: ConetGovernor, ConetGovernorInstance;
    token: ConetToken, ConetTokenInstance;
    dapp_registry: DappRegistry, DappRegistryInstance;
    median_aggregator: MedianAggregator, MedianAggregatorInstance;
    names: Names, NamesInstance;
    node_ratings: NodeRatings, NodeRatingsInstance;
    node_registry: NodeRegistry, NodeRegistryInstance;
    parameters: Parameters, ParametersInstance;
    price_feed: PriceFeed, PriceFeedInstance;
    rewards: Rewards, RewardsInstance;
    slasher: Slasher, SlasherInstance;
    staking: Staking, StakingInstance;
    timelock: Timelock, TimelockInstance;
}

impl Mainchain {
    /// Connects, and checks that this RPC serves this network.
    ///
    /// # Errors
    /// [`ChainError::WrongChain`], [`ChainError::NotInNetworkFile`], [`ChainError::NoContract`], or
    /// [`ChainError::Connection`] when nobody answers.
    pub async fn connect(file: &NetworkFile) -> Result<Self, ChainError> {
        if let Some(contract) = NEEDED.iter().find(|name| !file.contracts.contains_key(**name)) {
            return Err(ChainError::NotInNetworkFile { contract });
        }
        let provider = transport::provider(&file.rpc_url)?;
        let found = provider.get_chain_id().await?;
        if found != file.chain_id {
            return Err(ChainError::WrongChain { expected: file.chain_id, found });
        }
        let (contract, address) = ("Parameters", file.contract("Parameters"));
        if provider.get_code_at(address).await?.is_empty() {
            return Err(ChainError::NoContract { contract, address });
        }
        Ok(Self { provider, chain_id: file.chain_id, contracts: file.contracts.clone() })
    }

    /// EIP-155 chain id.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Where a contract is; the zero address when the network has none of this name.
    #[must_use]
    pub fn address(&self, contract: &str) -> Address {
        self.contracts.get(contract).copied().unwrap_or_default()
    }

    /// All contracts by name.
    #[must_use]
    pub fn contracts(&self) -> &BTreeMap<String, Address> {
        &self.contracts
    }

    /// The token on a chain whose gas is paid in CoNET: it wraps the coins.
    #[must_use]
    pub fn native_token(&self) -> NativeConetToken::NativeConetTokenInstance<RootProvider> {
        NativeConetToken::new(self.address("ConetToken"), self.provider.clone())
    }

    /// A stablecoin, or any ERC-20 with permit.
    #[must_use]
    pub fn stablecoin(
        &self,
        address: Address,
    ) -> DevStablecoin::DevStablecoinInstance<RootProvider> {
        DevStablecoin::new(address, self.provider.clone())
    }

    /// What time the next block will have, unix seconds: by the RPC's pending block, or by this machine's clock where
    /// that is later. A chain without transactions may make no blocks, and its pending one may be the newest.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn now(&self) -> Result<u64, ChainError> {
        let header = self.provider.get_header(BlockId::pending()).await?;
        let missing = || ChainError::Answer { expected: "the pending block", found: "none".into() };
        Ok(header.ok_or_else(missing)?.timestamp.max(crate::now_unix()))
    }

    /// The chain.
    #[must_use]
    pub fn provider(&self) -> &RootProvider {
        &self.provider
    }

    /// A wallet that calls contracts here.
    #[must_use]
    pub fn payer(&self, signer: PrivateKeySigner) -> Payer {
        let gas = GasWallet::new(self.provider.clone(), self.chain_id, signer.clone());
        Payer { gas, signer }
    }
}

/// A wallet that calls contracts and pays for it. One call at a time.
#[derive(Debug, Clone)]
pub struct Payer {
    gas: GasWallet,
    signer: PrivateKeySigner,
}

impl Payer {
    /// The wallet.
    #[must_use]
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// The wallet's key, for what it signs without sending.
    #[must_use]
    pub fn signer(&self) -> &PrivateKeySigner {
        &self.signer
    }

    /// Sends coins, for example for another wallet's gas.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn pay(&self, to: Address, wei: U256) -> Result<(), ChainError> {
        let request = TransactionRequest::default().with_to(to).with_value(wei);
        self.gas.execute(request).await.map(drop)
    }

    /// Makes a block when the newest is older than a moment, by a payment of nothing to oneself. Chains that make no
    /// empty blocks judge a call by the newest block's time, and so refuse what has become due since.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn catch_up(&self) -> Result<(), ChainError> {
        let header = self.gas.provider().get_header(BlockId::latest()).await?;
        let newest = header.map_or(0, |header| header.timestamp);
        if crate::now_unix() <= newest.saturating_add(1) {
            return Ok(());
        }
        self.pay(self.address(), U256::ZERO).await
    }

    /// Sends a call and waits until it is in a block.
    ///
    /// # Errors
    /// [`ChainError::Refused`] when the contract refuses, before anything is sent.
    pub async fn send<P, D>(
        &self,
        call: CallBuilder<P, D>,
    ) -> Result<TransactionReceipt, ChainError>
    where
        P: Provider,
        D: CallDecoder,
    {
        self.gas.execute(call.into_transaction_request()).await
    }
}

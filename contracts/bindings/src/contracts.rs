//! Generated from the committed ABI. The contracts share Solidity types, which the generator repeats for each:
//! conversions between them are below.

#![allow(missing_docs)]
// The generated code's own habits.
#![allow(clippy::indexing_slicing, clippy::too_many_arguments)]

alloy::sol! {
    #[sol(rpc, all_derives)]
    ArchiveGroups,
    "../abi/ArchiveGroups.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Cash,
    "../abi/Cash.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    CashOrders,
    "../abi/CashOrders.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    CashPool,
    "../abi/CashPool.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    ChainAnchor,
    "../abi/ChainAnchor.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    ConetGovernor,
    "../abi/ConetGovernor.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    ConetToken,
    "../abi/ConetToken.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    DappRegistry,
    "../abi/DappRegistry.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Deployer,
    "../abi/Deployer.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    DevStablecoin,
    "../abi/DevStablecoin.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    ForcedExits,
    "../abi/ForcedExits.json"
}

alloy::sol! {
    // For genesis blocks: `DEPLOYED_BYTECODE`.
    #[sol(rpc, all_derives)]
    History,
    "../abi/History.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    MedianAggregator,
    "../abi/MedianAggregator.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Names,
    "../abi/Names.json"
}

pub use native::NativeConetToken;

/// In a module of its own: both tokens bring a library of the same name.
mod native {
    alloy::sol! {
        #[sol(rpc, all_derives)]
        NativeConetToken,
        "../abi/NativeConetToken.json"
    }
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    NodeRatings,
    "../abi/NodeRatings.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    NodeRegistry,
    "../abi/NodeRegistry.json"
}

alloy::sol! {
    // For genesis blocks: `DEPLOYED_BYTECODE`.
    #[sol(rpc, all_derives)]
    NoteChain,
    "../abi/NoteChain.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Parameters,
    "../abi/Parameters.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    PriceFeed,
    "../abi/PriceFeed.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Rewards,
    "../abi/Rewards.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    RouteTable,
    "../abi/RouteTable.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Slasher,
    "../abi/Slasher.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Staking,
    "../abi/Staking.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Timelock,
    "../abi/Timelock.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    Vesting,
    "../abi/Vesting.json"
}

impl From<RouteTable::KeySet> for NodeRegistry::KeySet {
    fn from(keys: RouteTable::KeySet) -> Self {
        let RouteTable::KeySet { certificate, certificateV4, handle, handleV4 } = keys;
        Self { certificate, certificateV4, handle, handleV4 }
    }
}

impl From<NodeRegistry::KeySet> for RouteTable::KeySet {
    fn from(keys: NodeRegistry::KeySet) -> Self {
        let NodeRegistry::KeySet { certificate, certificateV4, handle, handleV4 } = keys;
        Self { certificate, certificateV4, handle, handleV4 }
    }
}

impl From<NoteChain::Leaf> for ForcedExits::Leaf {
    fn from(leaf: NoteChain::Leaf) -> Self {
        let NoteChain::Leaf { kind, account, payee, lockId, withdrawal, amount, claimed } = leaf;
        Self { kind, account, payee, lockId, withdrawal, amount, claimed }
    }
}

impl From<ForcedExits::Voucher> for NoteChain::Voucher {
    fn from(voucher: ForcedExits::Voucher) -> Self {
        let ForcedExits::Voucher { genesisHash, series, authorization, total } = voucher;
        Self { genesisHash, series, authorization, total }
    }
}

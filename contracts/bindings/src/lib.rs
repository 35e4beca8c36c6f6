//! The main-chain contracts as Rust types.
//!
//! All of them, and the [`Deployer`] that puts them on a chain, are generated from `contracts/abi`, bytecode included;
//! [`abis`] has their interfaces as JSON. What each call, event, error and field means is said once, in
//! `contracts/src/interfaces`. [`NoteChain`] and the example [`History`] run on DLE chains instead: they come with their
//! code as it is deployed, because a genesis puts it there.
//!
//! The rest is what a contract's interface cannot express: the EIP-712 messages that wallets sign ([`Route`],
//! [`NodeKeys`]) with their domains, the [`statement`]s of archive groups and their [`certificate`]s, the votes of a
//! [`ledger`]'s members, what a [`forced_exit`] takes and the [`leaves`] of a note, the [`definitions`] of small chains,
//! [`merkle`] trees, [`endpoint`] conversions, [`fees`], [`roles`], and [`Addresses`], where a deployer's contracts are
//! before they are there.
//!
//! This crate knows no runtime, no clock and no I/O: a provider comes from the caller.

pub mod abis;
mod addresses;
pub mod certificate;
mod contracts;
pub mod definitions;
pub mod endpoint;
pub mod fees;
pub mod forced_exit;
pub mod leaves;
pub mod ledger;
pub mod merkle;
pub mod roles;
pub mod statement;
mod typed_data;

pub use addresses::{Addresses, CREATE2_DEPLOYER, name};
pub use contracts::{
    ArchiveGroups, Cash, CashOrders, CashPool, ChainAnchor, ConetGovernor, ConetToken,
    DappRegistry, Deployer, DevStablecoin, ForcedExits, History, MedianAggregator, Names,
    NativeConetToken, NodeRatings, NodeRegistry, NoteChain, Parameters, PriceFeed, Rewards,
    RouteTable, Slasher, Staking, Timelock, Vesting,
};
pub use typed_data::{NodeKeys, Route, node_registry_domain, route_domain};

use alloy::primitives::{B256, FixedBytes};

/// How the contracts index a v4 handle: followed by 12 zero bytes.
#[must_use]
pub fn left_aligned(handle_v4: FixedBytes<20>) -> B256 {
    B256::right_padding_from(handle_v4.as_slice())
}

//! A log as RPCs write it.

use alloy::primitives::{Address, B256, Bytes, U64};
use serde::Deserialize;

/// A log, as far as it is looked at. alloy's own type is read twice: its fields are another struct's among them, which
/// serde keeps as text first, and that takes three times as long.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RpcLog {
    /// The contract.
    pub address: Address,
    /// The event's signature, then what is indexed.
    pub topics: Vec<B256>,
    /// The rest.
    pub data: Bytes,
    /// The block's hash; none while it waits for one.
    pub block_hash: Option<B256>,
    /// The block's number.
    pub block_number: Option<U64>,
    /// The transaction.
    pub transaction_hash: Option<B256>,
    /// Its place among all logs of the block.
    pub log_index: Option<U64>,
    /// Whether the chain took it back.
    #[serde(default)]
    pub removed: bool,
}

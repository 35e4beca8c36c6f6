//! What became of transactions.

use alloy::primitives::{B256, Log};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use alloy_trie::root::ordered_trie_root;
use serde::{Deserialize, Serialize};

/// What became of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Receipt {
    /// Whether it did what it was to do. On a chain that holds money, one that failed is in the block all the same, and
    /// paid for its gas.
    pub success: bool,
    /// What it used.
    pub gas_used: u64,
    /// What the contract told.
    pub logs: Vec<Log>,
    /// keccak256 of what the contract returned, or said as it refused.
    pub output_hash: B256,
}

/// The root over a block's receipts: as Ethereum's, the Merkle-Patricia root of a list, so that its tools prove what is
/// in one.
#[must_use]
pub fn receipts_root(receipts: &[Receipt]) -> B256 {
    ordered_trie_root(receipts)
}

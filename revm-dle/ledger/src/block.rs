//! Blocks, as they are hashed and signed.
//!
//! ```text
//! Proposal ── execute ──► Outcome        Header = Proposal + Outcome, and its hash is what members vote on
//!    │ body_hash
//!    ▼
//!   Body: transactions, withdrawals that the main chain paid
//! ```
//!
//! A validator gets proposal, body and a state witness, never the outcome: it cannot sign what it did not compute.
//! Bytes are RLP, which has one form for each value.

use alloy::primitives::{B256, Bytes, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};

/// What a block is to be, before anybody executed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Proposal {
    /// The chain's id.
    pub chain: B256,
    /// Its series: 1, and one more each time that a note is resold.
    pub series: u32,
    /// The genesis is 0. Heights go on over series.
    pub height: u64,
    /// The attempt at this height: grows when the archive log voids a block or changes the group.
    pub view: u64,
    /// The archive group's epoch in which the block is made.
    pub epoch: u64,
    /// Hash of the block before; zero for the genesis of series 1.
    pub parent: B256,
    /// Chain time: that of the newest tick of the archive log that the creator knows. Milliseconds since 1970.
    pub time_ms: u64,
    /// Until when the chain's storage is paid, as the main chain says. Seconds since 1970.
    pub paid_through_s: u64,
    /// Pico-dollars for a unit of gas. Zero on chains that hold no money.
    pub gas_price: u64,
    /// keccak256 of the node ids of those who sign: creator, witnesses, validators. See `members_hash` in the
    /// bindings.
    pub members_hash: B256,
    /// Hash of the body.
    pub body_hash: B256,
}

/// What executing a proposal gave.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Outcome {
    /// Of all transactions.
    pub gas_used: u64,
    /// Pico-dollars that the block's signers earned: transfer fees, not gas.
    pub fees: u64,
    /// Root over the receipts.
    pub receipts_root: B256,
    /// Merkle-Patricia root of the state after the block.
    pub state_root: B256,
}

/// A block without its body.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Header {
    /// What it was to be.
    pub proposal: Proposal,
    /// What it became.
    pub outcome: Outcome,
}

impl Header {
    /// What members vote on, and what the next block names as its parent.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256(alloy_rlp::encode(self))
    }
}

/// What a block does.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable,
)]
pub struct Body {
    /// In the order of execution.
    pub transactions: Vec<SignedTransaction>,
    /// Numbers of withdrawals that the main chain has paid since: they leave the state.
    pub settled: Vec<u64>,
    /// Fees that left for the main chain, for members to claim there.
    pub collected: Vec<Collection>,
}

impl Body {
    /// What the proposal names.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256(alloy_rlp::encode(self))
    }
}

/// Fees of one period that leave a note: a `MemberFees` certificate pays them out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Collection {
    /// The archive group's number for it.
    pub period: u64,
    /// Micro-dollars of transfer and claim fees.
    pub fees: u64,
    /// Micro-dollars of gas.
    pub gas: u64,
}

/// A call of the chain's contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Transaction {
    /// The chain's id.
    pub chain: B256,
    /// The sender's: 0 for its first transaction on the chain, then one more each.
    pub nonce: u64,
    /// The last second in which it counts, since 1970.
    pub valid_until_s: u64,
    /// The most gas that it may use.
    pub gas_limit: u64,
    /// ABI-encoded call.
    pub data: Bytes,
}

/// A transaction with its sender's signature.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct SignedTransaction {
    /// What is signed.
    pub transaction: Transaction,
    /// 64 bytes, ERC-2098, low s.
    pub signature: Bytes,
}

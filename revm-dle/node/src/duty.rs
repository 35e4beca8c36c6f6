//! What a seat owes the main chain. It is kept until it is done: by this seat, or by another one.

use alloy::primitives::B256;
use conet_committee::{archive::Finding, vote::Ballot};
use serde::{Deserialize, Serialize};

/// One thing that the main chain should hear. What is urgent comes first: duties are looked at in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Duty {
    /// An epoch of the group is over: the seats certify what it left, so that the next one begins.
    Handover(u64),
    /// Two votes of one node that exclude each other: they prove themselves.
    Report(Box<(Ballot, Ballot)>),
    /// The log found somebody wrong: the seats certify it.
    Verdict(Finding),
    /// A chain's genesis, or its group, is not as the main chain has it: the seats certify it.
    Anchor(B256),
}

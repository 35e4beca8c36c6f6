//! What a seat owes the main chain. It is kept until it is done: by this seat, or by another one.

use alloy::primitives::B256;
use conet_committee::{archive::Finding, vote::Ballot};
use serde::{Deserialize, Serialize};

/// One thing that the main chain should hear. A hand-over comes first, then they are looked at in this order.
/// The store has their numbers: new ones come last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Duty {
    /// Two votes of one node that exclude each other: they prove themselves.
    Report(Box<(Ballot, Ballot)>),
    /// The log found somebody wrong: the seats certify it.
    Verdict(Finding),
    /// A chain's genesis, or its group, is not as the main chain has it: the seats certify it.
    Anchor(B256),
    /// An epoch of a group is over: the seats certify what it left, so that the next one begins.
    Handover(u32, u64),
    /// A seed that the main chain wants of a group, by its number there: the seats certify what the log made.
    Seed(u32, u64),
}

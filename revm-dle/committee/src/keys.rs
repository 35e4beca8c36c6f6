//! Whose signature is whose. The core signs digests and checks them; how is the driver's matter: secp256k1 in a node,
//! a keyed hash in the simulator, where millions of signatures are checked.

use std::fmt;

use alloy::primitives::{Address, B256, FixedBytes};
use serde::{Deserialize, Serialize};

/// A node's id: that of its NFT in the registry.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    alloy_rlp::RlpEncodableWrapper,
    alloy_rlp::RlpDecodableWrapper,
)]
pub struct NodeId(pub u64);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.0)
    }
}

/// A signature in the one form that counts: ERC-2098, low s.
pub type Compact = FixedBytes<64>;

/// Signs as one wallet, and checks any.
pub trait Keys: Send + Sync {
    /// Signs a digest.
    fn sign(&self, digest: B256) -> Compact;

    /// Whether `signature` is that of `wallet` over `digest`.
    fn verify(&self, wallet: Address, digest: B256, signature: &Compact) -> bool;
}

/// What a node reads on the main chain of others. Nodes read it at different moments: what the log goes by is compared
/// before a seat votes, and taken from the log after.
pub trait Registry: Send + Sync {
    /// None when there is no such node.
    fn wallet(&self, node: NodeId) -> Option<Address>;

    /// In which roles a node may be drawn (bits of [`conet_bindings::roles`]), and for how many seats its stake is
    /// enough.
    fn offer(&self, node: NodeId) -> (u16, u32);
}

//! Seeds: one value for each final entry of an archive group's log, which more than two thirds of the seats make
//! together, and nobody before them knows.
//!
//! A seed is a signature of the group over the entry's place. There is exactly one such signature for a group's key,
//! whichever seats sign, so that nobody chooses it; its hash is what draws use.

use std::fmt;

use alloy::primitives::{B256, Bytes, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};

use crate::keys::NodeId;

/// Begins what seats sign for a seed, and nothing else.
pub const NAMESPACE: &[u8] = b"CoNET seed 1";

/// The entry that a seed belongs to.
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
    RlpEncodable,
    RlpDecodable,
)]
pub struct SeedPoint {
    /// The archive group.
    pub group: u32,
    /// Its epoch.
    pub epoch: u64,
    /// The entry's height in the group's log.
    pub height: u64,
}

impl SeedPoint {
    /// What seats sign, after [`NAMESPACE`].
    #[must_use]
    pub fn message(&self) -> [u8; 20] {
        let mut message = [0; 20];
        let bytes = self.group.to_be_bytes().into_iter();
        let bytes = bytes.chain(self.epoch.to_be_bytes()).chain(self.height.to_be_bytes());
        message.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
        message
    }
}

impl fmt::Display for SeedPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, epoch, height } = self;
        write!(f, "group {group}, epoch {epoch}, entry {height}")
    }
}

/// One seat's part of a seed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Partial {
    /// The node with the seat.
    pub node: NodeId,
    /// Its signature.
    pub signature: Bytes,
}

/// A seed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Seed {
    /// Which one.
    pub point: SeedPoint,
    /// The group's signature.
    pub signature: Bytes,
}

impl Seed {
    /// What draws use.
    #[must_use]
    pub fn value(&self) -> B256 {
        keccak256(&self.signature)
    }
}

/// Why there is no seed, or not this one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// The node has no share of the key.
    #[error("expected a part from a seat, found one from {node}")]
    NoSeat {
        /// The node.
        node: NodeId,
    },
    /// Not made with the node's share, or for another entry.
    #[error("expected the part of {node} for {point}, found another's or another entry's")]
    PartialInvalid {
        /// Which seed.
        point: SeedPoint,
        /// The node.
        node: NodeId,
    },
    /// Too few good parts.
    #[error("expected good parts of {needed} seats for {point}, found {found}")]
    QuorumMissing {
        /// Which seed.
        point: SeedPoint,
        /// More than two thirds of all seats.
        needed: usize,
        /// How many seats' parts are good.
        found: usize,
    },
    /// Not the group's signature over this entry.
    #[error("expected the seed of {point}, found another signature")]
    SeedInvalid {
        /// Which seed.
        point: SeedPoint,
    },
}

/// What a group makes its seeds with, as everybody knows it. One for each epoch.
pub trait SeedKey: fmt::Debug + Send + Sync {
    /// How many seats' parts it takes: more than two thirds of all.
    fn needed(&self) -> usize;

    /// Whether a node has a share.
    fn has_seat(&self, node: NodeId) -> bool;

    /// Checks one seat's part.
    ///
    /// # Errors
    /// [`SeedError::NoSeat`], [`SeedError::PartialInvalid`].
    fn verify_partial(&self, point: &SeedPoint, partial: &Partial) -> Result<(), SeedError>;

    /// Makes the seed, and checks it. Parts need not be checked before: bad ones are left out.
    ///
    /// # Errors
    /// [`SeedError::QuorumMissing`].
    fn combine(&self, point: &SeedPoint, partials: &[Partial]) -> Result<Seed, SeedError>;

    /// Checks a seed.
    ///
    /// # Errors
    /// [`SeedError::SeedInvalid`].
    fn verify(&self, seed: &Seed) -> Result<(), SeedError>;
}

/// One seat's share of what makes seeds. Its node signs a seed only when its entry is final: who signs earlier lets a
/// leader drop an entry whose seed it dislikes.
pub trait SeedSigner: Send + Sync {
    /// The seat's part of a seed.
    fn sign(&self, point: &SeedPoint) -> Partial;
}

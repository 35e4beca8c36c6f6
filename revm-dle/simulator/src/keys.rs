//! Signatures that cost nothing, and seeds that cost a hash. Nobody in the simulation signs but through its own [`ToyKeys`].

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::{Address, B256, Bytes, keccak256};
use conet_bindings::roles;
use conet_committee::{
    archive::Seeds,
    keys::{Compact, Keys, NodeId, Registry},
    seat::{EpochKeys, SeedKeys},
    seats::Seats,
};
use zeroize::Zeroizing;

/// One node's keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToyKeys(pub(crate) NodeId);

impl Keys for ToyKeys {
    fn sign(&self, digest: B256) -> Compact {
        signature(wallet(self.0), digest)
    }

    fn verify(&self, wallet: Address, digest: B256, found: &Compact) -> bool {
        *found == signature(wallet, digest)
    }
}

/// What was signed and who did: there is nothing to compute, and nobody makes another's.
fn signature(wallet: Address, digest: B256) -> Compact {
    Compact::right_padding_from(&[digest.as_slice(), wallet.as_slice()].concat())
}

/// For how many chains at once everybody's stake is enough.
pub(crate) const SEATS: u32 = 8;

/// In how many chains every member wishes to serve at once.
pub(crate) const PARTS_MAX: usize = 2;

/// For how long a wish to be drawn stands: short, so that many end within a run.
pub(crate) const WISH_MS: u64 = 12_000;

/// Of so many blocks, creators set a trap beside one.
pub(crate) const TRAP_ONE_IN: u64 = 2;

/// Every node has the wallet of its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Everybody;

impl Registry for Everybody {
    fn wallet(&self, node: NodeId) -> Option<Address> {
        Some(wallet(node))
    }

    fn offer(&self, _node: NodeId) -> (u16, u32) {
        (roles::CREATOR | roles::WITNESS | roles::VALIDATOR, SEATS)
    }
}

fn wallet(node: NodeId) -> Address {
    Address::left_padding_from(&node.0.to_be_bytes())
}

/// Seeds that follow from the run's own seed, once a quorum has made its parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToySeeds {
    pub(crate) me: NodeId,
    pub(crate) quorum: usize,
    pub(crate) secret: u64,
    pub(crate) epoch: u64,
}

/// The keys of all epochs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToyRing {
    pub(crate) me: NodeId,
    pub(crate) secret: u64,
    /// Whether seats make their keys themselves: real ones, which take a while.
    pub(crate) holds_ceremonies: bool,
}

/// What a group's seeds follow from: each group has others.
pub(crate) const fn secret_of(secret: u64, group: u32) -> u64 {
    secret.wrapping_add(group as u64 - 1)
}

impl EpochKeys for ToyRing {
    fn seeds(&self, seats: &Seats) -> Option<Arc<dyn SeedKeys>> {
        let Self { me, secret, .. } = *self;
        let secret = secret_of(secret, seats.group);
        let seeds = ToySeeds { me, quorum: seats.quorum(), secret, epoch: seats.epoch };
        (!self.holds_ceremonies).then(|| Arc::new(seeds) as Arc<dyn SeedKeys>)
    }

    fn secret(&self, epoch: u64) -> Option<Zeroizing<[u8; 32]>> {
        let words = [self.secret, epoch, self.me.0].map(u64::to_be_bytes).concat();
        self.holds_ceremonies.then(|| Zeroizing::new(keccak256(words).0))
    }
}

impl ToySeeds {
    fn hash(&self, height: u64, who: u64) -> B256 {
        let words = [self.secret, self.epoch, height, who];
        keccak256(words.map(u64::to_be_bytes).concat())
    }
}

/// Whose hash is the seed itself.
const ALL: u64 = u64::MAX;

impl SeedKeys for ToySeeds {
    fn part(&self, height: u64) -> Bytes {
        self.hash(height, self.me.0).into()
    }

    fn is_part(&self, node: NodeId, height: u64, part: &[u8]) -> bool {
        self.hash(height, node.0) == part
    }

    fn combine(&self, height: u64, parts: &BTreeMap<NodeId, Bytes>) -> Option<Bytes> {
        (parts.len() >= self.quorum).then(|| self.hash(height, ALL).into())
    }

    fn checker(self: Arc<Self>) -> Arc<dyn Seeds> {
        self
    }
}

impl Seeds for ToySeeds {
    fn value(&self, height: u64, signature: &[u8]) -> Option<B256> {
        (self.hash(height, ALL) == signature).then(|| keccak256(signature))
    }
}

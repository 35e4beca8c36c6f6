//! Which chains a group keeps and who waits in it, by arithmetic of its own.

use alloy::primitives::{B256, U256, keccak256};
use conet_committee::keys::NodeId;

/// Where a group stands: at each split above it, the seed, and whether it is the right half.
#[derive(Debug, Clone, Default)]
pub(super) struct Place(Vec<(B256, bool)>);

impl Place {
    /// The place of a half of the group here.
    pub(super) fn half(&self, seed: B256, is_right: bool) -> Self {
        let mut splits = self.0.clone();
        splits.push((seed, is_right));
        Self(splits)
    }

    /// What the numbers of its epochs count on from: those of the groups above are all lower.
    pub(super) const fn epochs_from(&self) -> u64 {
        (self.0.len() as u64) * (1 << 40)
    }

    /// The bits of a chain's id say where it went, from the highest on.
    pub(super) fn keeps(&self, chain: B256) -> bool {
        let mut bits = U256::from_be_bytes(chain.0);
        self.0.iter().all(|(_, is_right)| {
            let is_one = bits >= U256::from(1) << 255;
            bits <<= 1;
            is_one == *is_right
        })
    }

    /// At each split the upper half of all hashes goes right.
    pub(super) fn admits(&self, node: NodeId) -> bool {
        self.0.iter().all(|(seed, is_right)| {
            let words = [b"CoNET waits".as_slice(), seed.as_slice(), &node.0.to_be_bytes()];
            let hash = keccak256(words.concat());
            (hash >= B256::right_padding_from(&[0x80])) == *is_right
        })
    }
}

/// The id of a group's log.
pub(super) fn log_id(main_chain_id: u64, group: u32) -> B256 {
    let (chain, group) = (main_chain_id.to_be_bytes(), group.to_be_bytes());
    keccak256([b"CoNET archive log".as_slice(), &chain, &group].concat())
}

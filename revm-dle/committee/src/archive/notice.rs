//! What the log tells members of chains.

use alloy::primitives::{B256, keccak256};
use conet_bindings::merkle::{self, Tree};
use conet_ledger::block::Proposal;
use serde::{Deserialize, Serialize};

use super::{chain::Chain, signers::Signers, traps::Commitment};
use crate::{keys::NodeId, log::EntryProof, seats::Seats, vote::Voting};

/// Where a chain stands after an entry. The newer one replaces the older.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Notice {
    /// The chain.
    pub chain: B256,
    /// Its series.
    pub series: u32,
    /// Hash of the series' genesis.
    pub genesis: B256,
    /// The newest final block.
    pub height: u64,
    /// Its hash.
    pub hash: B256,
    /// The present view.
    pub view: u64,
    /// Who makes blocks.
    pub creator: Option<NodeId>,
    /// By what the creator sets traps.
    pub trap: Option<Commitment>,
    /// The witnesses.
    pub witnesses: Vec<NodeId>,
    /// The validators of the next blocks, as far as they are drawn.
    pub validators: Vec<(u64, Vec<NodeId>)>,
    /// How many validators sign a block.
    pub validator_count: u8,
    /// Whether creator and all witnesses are there.
    pub is_whole: bool,
    /// How many of the signers must sign; 0 for all.
    pub quorum: u8,
    /// Until when storage is paid. Seconds since 1970.
    pub paid_through_s: u64,
    /// Pico-dollars for a unit of gas.
    pub gas_price: u64,
}

impl Notice {
    pub(crate) fn of(chain: &Chain) -> Self {
        Self {
            chain: chain.id,
            series: chain.series,
            genesis: chain.genesis,
            height: chain.height,
            hash: chain.hash,
            view: chain.view,
            creator: chain.creator,
            trap: chain.trap,
            witnesses: chain.witness.clone(),
            validators: chain.validator.by_height().into_iter().collect(),
            validator_count: chain.validators,
            is_whole: chain.is_whole(),
            quorum: chain.quorum,
            paid_through_s: chain.paid_through_s,
            gas_price: chain.gas_price,
        }
    }

    /// Who signs the block of a height; `None` while somebody is missing.
    #[must_use]
    pub fn signers(&self, height: u64) -> Option<Signers> {
        let drawn = self.validators.iter().find(|(drawn_for, _)| *drawn_for == height);
        let validators = drawn.map_or(&[][..], |(_, nodes)| nodes.as_slice());
        let is_drawn = self.is_whole && validators.len() == usize::from(self.validator_count);
        let creator = self.creator.filter(|_| is_drawn)?;
        Some(Signers::new(creator, &self.witnesses, validators.iter().copied(), self.quorum))
    }

    /// The frame of a block of this height on `parent`, at a chain time; `None` while somebody of its signers is to be
    /// drawn.
    pub(crate) fn frame(
        &self,
        height: u64,
        parent: B256,
        epoch: u64,
        time_ms: u64,
    ) -> Option<Proposal> {
        let signers = self.signers(height)?;
        Some(Proposal {
            chain: self.chain,
            series: self.series,
            height,
            view: self.view,
            epoch,
            parent,
            time_ms,
            paid_through_s: self.paid_through_s,
            gas_price: self.gas_price,
            members_hash: signers.hash(),
            body_hash: B256::ZERO,
        })
    }

    /// All who have a part in the chain.
    #[must_use]
    pub fn members(&self) -> Vec<NodeId> {
        let validators = self.validators.iter().flat_map(|(_, nodes)| nodes);
        let mut all: Vec<_> =
            self.creator.iter().chain(&self.witnesses).chain(validators).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What the tree has as its leaf. The preimage is never 64 bytes long.
    #[must_use]
    pub fn leaf(&self) -> B256 {
        let mut preimage = b"CoNET notice".to_vec();
        preimage.extend(postcard::to_allocvec(self).unwrap_or_default());
        if preimage.len() == 64 {
            preimage.push(0);
        }
        keccak256(preimage)
    }
}

/// The tree over an entry's notices.
#[must_use]
pub fn tree(notices: &[Notice]) -> Tree {
    Tree::new(notices.iter().map(Notice::leaf).collect())
}

/// A notice, and why it is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenNotice {
    /// What it says.
    pub notice: Notice,
    /// From it to the entry's root of notices.
    pub path: Vec<B256>,
    /// Why the entry is final.
    pub proof: EntryProof,
}

impl ProvenNotice {
    /// The height that its entry claims; 0 without one.
    #[must_use]
    pub fn entry(&self) -> u64 {
        self.proof.height()
    }

    /// Chain time: its entry's, milliseconds since 1970; 0 without one.
    #[must_use]
    pub fn time_ms(&self) -> u64 {
        self.proof.headers.first().map_or(0, |header| header.time_ms)
    }

    /// The height of its entry, if a quorum of these seats made it final.
    #[must_use]
    pub fn verify(&self, seats: &Seats, voting: &Voting) -> Option<u64> {
        let named = self.proof.headers.first()?.notices_root;
        // Cheap first: votes are signatures.
        if merkle::root_of(self.notice.leaf(), &self.path) != named {
            return None;
        }
        self.proof.verify(seats, voting).map(|entry| entry.height)
    }
}

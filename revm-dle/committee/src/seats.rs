//! The seats of an archive group in one epoch.

use alloy::primitives::{B256, keccak256};
use conet_bindings::certificate::quorum;

use serde::{Deserialize, Serialize};

use crate::{
    keys::NodeId,
    log::EntryHeader,
    tree::{Branch, epoch_number, follows_split},
};

/// Who sits in an archive group, by seat: ascending node ids, as on the main chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seats {
    /// The group.
    pub group: u32,
    /// Where it stands among the groups.
    pub branch: Branch,
    /// Its epoch, as [`Branch::epoch`] counts them.
    pub epoch: u64,
    /// The epoch for which the seats announced the keys of their ceremony: this one; in a group's first after a split
    /// the one that the group above would have begun.
    pub keyed_for: u64,
    /// The log's id, which votes about it name as their chain.
    pub log: B256,
    nodes: Vec<NodeId>,
}

impl Seats {
    /// Sorts the nodes into their seats, in a group that no split is above of.
    #[must_use]
    pub fn new(main_chain_id: u64, group: u32, epoch: u64, nodes: Vec<NodeId>) -> Self {
        Self::on(Branch::default(), (main_chain_id, group), epoch, nodes)
    }

    /// The same in a group anywhere; `number` is the main chain's of the epoch.
    #[must_use]
    pub fn on(
        branch: Branch,
        (main_chain_id, group): (u64, u32),
        number: u64,
        mut nodes: Vec<NodeId>,
    ) -> Self {
        nodes.sort_unstable();
        nodes.dedup();
        let epoch = branch.epoch(number);
        let log = log_id(main_chain_id, group);
        Self { group, branch, epoch, keyed_for: epoch, log, nodes }
    }

    /// The same group's seats in another epoch, as [`Branch::epoch`] counts them.
    #[must_use]
    pub fn in_epoch(&self, epoch: u64, mut nodes: Vec<NodeId>) -> Self {
        nodes.sort_unstable();
        nodes.dedup();
        Self { epoch, keyed_for: epoch, nodes, ..self.clone() }
    }

    /// The first seats after a split: their keys are those that were announced for this epoch of the group above.
    #[must_use]
    pub fn keyed_for(self, keyed_for: u64) -> Self {
        Self { keyed_for, ..self }
    }

    /// The number of the epoch on the main chain.
    #[must_use]
    pub const fn number(&self) -> u64 {
        epoch_number(self.epoch)
    }

    /// Whether they are the first after a split: they begin with what the group above left, of both halves.
    #[must_use]
    pub const fn is_half(&self) -> bool {
        follows_split(self.epoch)
    }

    /// What the first entry of this epoch stands on: a header that nobody proposed. It follows from the state that the
    /// epoch begins with, so that all who have that begin alike.
    #[must_use]
    pub const fn beginning(&self, state_hash: B256, height: u64, time_ms: u64) -> EntryHeader {
        EntryHeader {
            log: self.log,
            epoch: self.epoch,
            view: 0,
            height,
            parent: B256::ZERO,
            parent_view: 0,
            time_ms,
            items_hash: B256::ZERO,
            notices_root: B256::ZERO,
            state_hash,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// How many must agree: more than two thirds of all seats, whoever is active.
    #[must_use]
    pub fn quorum(&self) -> usize {
        quorum(self.nodes.len())
    }

    /// All of them.
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Whether a node has a seat.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.nodes.binary_search(&node).is_ok()
    }

    /// Who leads a view of the log: all in turn.
    #[must_use]
    pub fn leader(&self, view: u64) -> NodeId {
        let count = self.nodes.len().max(1) as u64;
        let seat = usize::try_from(view % count).unwrap_or(0);
        self.nodes.get(seat).copied().unwrap_or(NodeId(0))
    }
}

/// The id of a group's log.
#[must_use]
pub fn log_id(main_chain_id: u64, group: u32) -> B256 {
    let mut preimage = b"CoNET archive log".to_vec();
    preimage.extend(main_chain_id.to_be_bytes());
    preimage.extend(group.to_be_bytes());
    keccak256(preimage)
}

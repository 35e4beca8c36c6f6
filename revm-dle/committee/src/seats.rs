//! The seats of an archive group in one epoch.

use alloy::primitives::{B256, keccak256};
use conet_bindings::certificate::quorum;

use crate::keys::NodeId;

/// Who sits in an archive group, by seat: ascending node ids, as on the main chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seats {
    /// The group.
    pub group: u32,
    /// Its epoch.
    pub epoch: u64,
    /// The log's id, which votes about it name as their chain.
    pub log: B256,
    nodes: Vec<NodeId>,
}

impl Seats {
    /// Sorts the nodes into their seats.
    #[must_use]
    pub fn new(main_chain_id: u64, group: u32, epoch: u64, mut nodes: Vec<NodeId>) -> Self {
        nodes.sort_unstable();
        nodes.dedup();
        Self { group, epoch, log: log_id(main_chain_id, group), nodes }
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

//! Which wallet each node has, and where archive nodes are: a map that somebody else keeps current.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use alloy::primitives::Address;
use conet_bindings::roles;
use conet_committee::keys::{NodeId, Registry};
use serde::{Deserialize, Serialize};

/// A node as the main chain's registry has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeEntry {
    /// Its id.
    pub node: NodeId,
    /// Its wallet.
    pub wallet: Address,
    /// `host:port` of an archive node. Participants need none.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// In which roles it may be drawn: bits of [`conet_bindings::roles`].
    #[serde(default = "all_drawn_roles")]
    pub roles: u16,
    /// For how many seats its stake is enough: its lots in draws.
    #[serde(default = "many_seats")]
    pub seats: u32,
}

const fn all_drawn_roles() -> u16 {
    roles::CREATOR | roles::WITNESS | roles::VALIDATOR
}

/// As many as a participant's default.
const fn many_seats() -> u32 {
    64
}

impl NodeEntry {
    /// A node that may be drawn for everything, in many chains at once.
    #[must_use]
    pub const fn new(node: NodeId, wallet: Address, endpoint: Option<String>) -> Self {
        Self { node, wallet, endpoint, roles: all_drawn_roles(), seats: many_seats() }
    }
}

/// All nodes. Cheap to clone; all clones see a change.
#[derive(Debug, Clone, Default)]
pub struct NodeMap {
    nodes: Arc<RwLock<Arc<BTreeMap<NodeId, NodeEntry>>>>,
}

impl NodeMap {
    /// Of these nodes; of one id, the last counts.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = NodeEntry>) -> Self {
        let map = Self::default();
        map.replace(entries);
        map
    }

    /// Takes these nodes in place of all before.
    pub fn replace(&self, entries: impl IntoIterator<Item = NodeEntry>) {
        let nodes = entries.into_iter().map(|entry| (entry.node, entry)).collect();
        *self.nodes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(nodes);
    }

    /// All nodes as they are now.
    #[must_use]
    pub fn all(&self) -> Arc<BTreeMap<NodeId, NodeEntry>> {
        self.nodes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where an archive node is.
    #[must_use]
    pub fn endpoint(&self, node: NodeId) -> Option<String> {
        self.all().get(&node).and_then(|entry| entry.endpoint.clone())
    }
}

impl Registry for NodeMap {
    fn wallet(&self, node: NodeId) -> Option<Address> {
        self.all().get(&node).map(|entry| entry.wallet)
    }

    fn offer(&self, node: NodeId) -> (u16, u32) {
        self.all().get(&node).map_or((0, 0), |entry| (entry.roles, entry.seats))
    }
}

//! Who waits to be drawn, in the order of the log (white paper, *Awaiting Participants Ordering Consensus*).

use imbl::OrdMap;

use crate::keys::NodeId;

/// The most that wait. Who comes later waits for room.
pub const WAITING_MAX: usize = 100_000;

/// The waiting pool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pool {
    places: OrdMap<u64, NodeId>,
    of: OrdMap<NodeId, u64>,
    numbers: OrdMap<NodeId, u64>,
    next: u64,
}

impl Pool {
    /// Puts a node at the end; a second wish ends the first. False: the wish is an old one, or there is no room.
    pub fn join(&mut self, node: NodeId, number: u64) -> bool {
        let is_old = self.numbers.get(&node).is_some_and(|known| *known >= number);
        if is_old || (!self.of.contains_key(&node) && self.of.len() >= WAITING_MAX) {
            return false;
        }
        self.numbers.insert(node, number);
        self.take(node);
        self.places.insert(self.next, node);
        self.of.insert(node, self.next);
        self.next += 1;
        true
    }

    /// Takes a node out.
    pub fn take(&mut self, node: NodeId) {
        if let Some(place) = self.of.remove(&node) {
            self.places.remove(&place);
        }
    }

    /// All who wait, the longest first.
    pub fn waiting(&self) -> impl Iterator<Item = NodeId> {
        self.places.values().copied()
    }

    /// Whether a node waits.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.of.contains_key(&node)
    }

    /// The number of a node's last wish.
    #[must_use]
    pub fn number(&self, node: NodeId) -> u64 {
        self.numbers.get(&node).copied().unwrap_or_default()
    }
}

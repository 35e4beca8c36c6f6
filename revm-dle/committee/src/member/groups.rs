//! The archive groups that a member speaks to: those that keep its chains, and the one in which it waits to be drawn.

use std::sync::Arc;

use alloy::primitives::B256;

use crate::{
    archive::Beginning, keys::NodeId, message::Message, outbox::Outbox, seats::Seats, tree::Branch,
};

/// Groups of one tree, each in the newest epoch that is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups(Vec<Arc<Seats>>);

impl Groups {
    pub(super) const fn new(groups: Vec<Arc<Seats>>) -> Self {
        Self(groups)
    }

    /// The lowest group for which something holds: those above it have split.
    fn lowest(&self, holds: impl Fn(&Seats) -> bool) -> Option<&Arc<Seats>> {
        let held = self.0.iter().filter(|seats| holds(seats));
        held.max_by_key(|seats| seats.branch.depth())
    }

    /// Who keeps a chain.
    pub(super) fn of(&self, chain: B256) -> Option<&Arc<Seats>> {
        self.lowest(|seats| seats.branch.keeps(chain))
    }

    /// Where a node waits to be drawn.
    pub(super) fn home(&self, node: NodeId) -> Option<&Arc<Seats>> {
        self.lowest(|seats| seats.branch.admits(node))
    }

    /// The epoch of who keeps a chain; none that a block could be of when nobody is known.
    pub(super) fn epoch(&self, chain: B256) -> u64 {
        self.of(chain).map_or(u64::MAX, |seats| seats.epoch)
    }

    /// Sends to all who keep a chain.
    pub(super) fn tell(&self, chain: B256, message: Message, out: &mut Outbox) {
        if let Some(seats) = self.of(chain) {
            out.send_all(seats.nodes(), message);
        }
    }

    /// The main chain has begun an epoch of a group, maybe of one that is new here.
    pub(super) fn follow(&mut self, beginning: Beginning) {
        let seats = beginning.seats;
        match self.0.iter_mut().find(|known| known.group == seats.group) {
            Some(known) if known.epoch < seats.epoch => *known = Arc::new(seats),
            Some(_) => {}
            None => {
                self.0.push(Arc::new(seats));
                self.forget_split();
            }
        }
    }

    /// Where both halves are known the group above them is over.
    fn forget_split(&mut self) {
        let all = self.0.clone();
        let knows = |upper: &Branch, is_right: bool| {
            let below = all.iter().map(|seats| &seats.branch).filter(|lower| upper.is_above(lower));
            below.map(|lower| lower.side_at(upper.depth())).any(|side| side == Some(is_right))
        };
        let is_split = |upper: &Branch| knows(upper, false) && knows(upper, true);
        self.0.retain(|seats| !is_split(&seats.branch));
    }
}

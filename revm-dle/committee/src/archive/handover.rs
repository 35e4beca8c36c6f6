//! One epoch of the group ends, and the next one begins with what it left.
//!
//! ```text
//! main chain ── who shall sit next ─► all of them ── Member ─► log     their keys for the ceremony of the next epoch
//! main chain ── who shall sit next ─► seats ── Handover ─► log        no draw is asked for any more
//! the first entry after which no draw waits                           the epoch is over: its state is frozen
//! seats ── statement ─► main chain ── Beginning ─► old seats, new seats, members
//! new seats ── first entry of the new epoch ─► members                every chain in a new view
//! ```
//!
//! - *It ends with nothing half drawn.* The seed of an entry that is final may be known to some. If it could be dropped
//!   by ending the epoch, the draw would have a second chance.
//! - *One end.* Entries after the last one have no items and change nothing: they are there to make it final. With one
//!   log there is one last state, and the seats certify its hash.
//! - *The main chain says who sits.* A list that it refuses (a newcomer has no stake any more) is certified anew without
//!   that node; the state that is handed over stays the same. So the group waits for the main chain once in each epoch,
//!   and nobody has to believe the word of seats that left.
//! - *Nothing of the old epoch counts in the new one.* Votes name their epoch. Blocks that are not final are void: every
//!   chain begins a new view, and its creator makes them again of the transactions that still wait. Heights, groups,
//!   validators that are drawn, the pool and its order, and the Selection Chain stay. Accusations end.
//! - *Old lies count.* Two votes of the old epoch that exclude each other bar their voter in the new one.

use std::sync::Arc;

use alloy::primitives::{B256, U256};
use conet_bindings::{certificate::SEATS_MAX, statement};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::{
    chain::Chain,
    error::{ItemError, Result},
    item::Handover,
    state::{Seeds, State},
};
use crate::{keys::NodeId, seats::Seats};

/// The main chain has begun an epoch of the group: see `IArchiveGroups.EpochStarted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    /// The epoch.
    pub epoch: u64,
    /// Its nodes, by seat.
    pub nodes: Vec<NodeId>,
    /// Who sat in the epoch before: they have what this one begins with.
    pub before: Vec<NodeId>,
    /// The state that it begins with.
    pub state_hash: B256,
}

impl State {
    /// The main chain names who sits next: nothing is asked of the roulette any more, and what waits for it is done.
    pub(super) fn name_successors(&mut self, handover: &Handover) -> Result<()> {
        if self.handover.is_some() {
            return Err(ItemError::Nothing);
        }
        let nodes = &handover.nodes;
        if let Some(node) = nodes.iter().copied().find(|node| self.barred.contains(node)) {
            return Err(ItemError::NotEntitled { node });
        }
        let epoch = self.seats.epoch + 1;
        let is_list = (1..=SEATS_MAX).contains(&nodes.len()) && nodes.is_sorted_by(|a, b| a < b);
        if handover.epoch != epoch || !is_list {
            return Err(ItemError::Successors { epoch });
        }
        if !self.have_announced(nodes) {
            return Err(ItemError::Keyless);
        }
        self.handover = Some(handover.clone());
        Ok(())
    }

    /// Whether it is known who sits next, and nothing is left to do before.
    pub(super) fn has_ended(&self) -> bool {
        self.handover.is_some() && self.lineups.is_empty()
    }

    /// Whether further entries are to end this epoch.
    pub(super) const fn is_ending(&self) -> bool {
        self.handover.is_some() && !self.is_over
    }

    /// Whether this epoch has no more entries, but those that make its last one final.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether an entry of this epoch was already.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        !self.is_new
    }

    /// Who sits next, once the log knows.
    #[must_use]
    pub const fn handover(&self) -> Option<&Handover> {
        self.handover.as_ref()
    }

    /// What the seats certify when the epoch is over: that these nodes have what it left.
    #[must_use]
    pub fn statement(&self, nodes: &[NodeId]) -> Option<statement::Handover> {
        self.is_over.then(|| statement::Handover {
            nodes: nodes.iter().map(|node| U256::from(node.0)).collect(),
            stateHash: self.hash(),
            group: self.seats.group,
            epoch: self.seats.epoch,
        })
    }

    /// The state that the next epoch begins with. All its seats are active but for those that are barred: who was
    /// suspended starts anew.
    #[must_use]
    pub fn succeed(&self, seats: Arc<Seats>, seeds: Option<Arc<dyn Seeds>>) -> Self {
        let active = seats.nodes().iter().filter(|node| !self.barred.contains(*node));
        let mut next = Self {
            active: active.copied().collect(),
            suspended: OrdMap::new(),
            handover: None,
            is_over: false,
            is_new: true,
            seats,
            ..self.clone()
        };
        next.begin_seeds(seeds);
        next
    }

    /// The first entry of an epoch: who has a seat has no part in a chain, and every chain begins a new view.
    pub(super) fn begin_views(&mut self) {
        let seats = self.seats.clone();
        for node in seats.nodes() {
            self.end_wish(*node);
            for id in self.chains_of(*node) {
                self.replace(id, *node);
            }
        }
        let others = self.chains.values().filter(|chain| !self.changed.contains(&chain.id));
        let others: Vec<_> = others.map(|chain| Chain::clone(chain)).collect();
        for mut chain in others {
            chain.begin_view();
            self.put(chain);
        }
    }
}

#[cfg(test)]
mod tests;

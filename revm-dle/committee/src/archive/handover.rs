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
//! - *Nobody's silence holds it up.* Who does not announce keys in time gets no seat, or loses the one it has, unless too
//!   few would be left.
//! - *A group that has grown splits* ([`Division`]). It ends as any epoch does; both halves begin with the state that it
//!   left, and each drops what falls to the other: its chains, and who waits there. See [`crate::tree`]. Nothing else
//!   moves: a participant keeps its places in chains of both.
//! - *Nothing of the old epoch counts in the new one.* Votes name their epoch. Blocks that are not final are void: every
//!   chain begins a new view, and its creator makes them again of the transactions that still wait. Heights, groups,
//!   validators that are drawn, the pool and its order, and the Selection Chain stay. Accusations end.
//! - *Old lies count.* Two votes of the old epoch that exclude each other bar their voter in the new one.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::{B256, U256};
use conet_bindings::{
    certificate::SEATS_MAX,
    statement::{self, Statement},
};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::{
    chain::Chain,
    error::{ItemError, Result},
    item::{Division, Handover},
    state::{Seeds, State},
};
use crate::{keys::NodeId, seats::Seats};

/// Who shall sit next, as a node reads it on the main chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The epoch that begins.
    pub epoch: u64,
    /// Its nodes, ascending.
    pub nodes: Vec<NodeId>,
    /// The fewest that a group has.
    pub least: usize,
    /// By what the group splits when there are twice as many.
    pub division: Option<Division>,
}

impl Named {
    /// What the log says of it when only some of them take part; none when those are too few.
    #[must_use]
    pub fn with(&self, takes_part: impl Fn(NodeId) -> bool) -> Option<Handover> {
        let nodes: Vec<_> = self.nodes.iter().copied().filter(|node| takes_part(*node)).collect();
        let division = self.division.filter(|_| nodes.len() >= 2 * self.least);
        let are_enough = nodes.len() >= self.least;
        are_enough.then_some(Handover { epoch: self.epoch, nodes, division })
    }
}

/// The main chain has begun an epoch of the group, or of a half of it: see `IArchiveGroups.EpochStarted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    /// Its seats.
    pub seats: Seats,
    /// Who sat in the epoch before: they have what this one begins with.
    pub before: Vec<NodeId>,
    /// When the group came from a split: the nodes of the other half.
    pub siblings: Vec<NodeId>,
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
        let bounds = if handover.division.is_some() { 2..=2 * SEATS_MAX } else { 1..=SEATS_MAX };
        let is_list = bounds.contains(&nodes.len()) && nodes.is_sorted_by(|a, b| a < b);
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

    /// What the seats certify when the epoch is over: that these nodes have what it left, the state of this hash.
    #[must_use]
    pub fn statement(&self, handover: &Handover, state_hash: B256) -> Option<Statement> {
        if !self.is_over {
            return None;
        }
        let nodes = handover.nodes.iter().map(|node| U256::from(node.0)).collect();
        let (group, epoch) = (self.seats.group, self.seats.number());
        Some(match handover.division {
            None => Statement::Handover(statement::Handover {
                nodes,
                stateHash: state_hash,
                group,
                epoch,
            }),
            Some(Division { index, .. }) => Statement::Split(statement::Split {
                nodes,
                seedIndex: index,
                stateHash: state_hash,
                group,
                epoch,
            }),
        })
    }

    /// The state that the next epoch begins with, of the group or of a half of it, whose other half has `siblings`. All its
    /// seats are active but for those that are barred: who was suspended starts anew.
    #[must_use]
    pub fn succeed(
        &self,
        seats: Arc<Seats>,
        siblings: Vec<NodeId>,
        seeds: Option<Arc<dyn Seeds>>,
    ) -> Self {
        let active = seats.nodes().iter().filter(|node| !self.barred.contains(*node));
        let mut next = Self {
            active: active.copied().collect(),
            suspended: OrdMap::new(),
            handover: None,
            is_over: false,
            is_new: true,
            is_first: false,
            standing: None,
            seats: seats.clone(),
            ..self.clone()
        };
        next.begin_seeds(seeds);
        if seats.is_half() {
            next.siblings = siblings;
            next.fall();
        }
        next
    }

    /// Drops what is the other half's.
    fn fall(&mut self) {
        let branch = self.seats.branch.clone();
        let gone: Vec<_> = self.chains.keys().copied().filter(|id| !branch.keeps(*id)).collect();
        let mut others: BTreeMap<NodeId, u32> = BTreeMap::new();
        for chain in gone.iter().filter_map(|id| self.chains.get(id)) {
            chain.members_once().into_iter().for_each(|node| *others.entry(node).or_default() += 1);
        }
        gone.into_iter().for_each(|id| self.drop_chain(id));
        let waiting: Vec<_> = self.expiring.iter().map(|(_, node)| *node).collect();
        for node in waiting.into_iter().filter(|node| !branch.admits(*node)) {
            self.end_wish(node);
        }
        others.into_iter().for_each(|(node, count)| self.lessen_wish(node, count));
        // The main chain counts the seeds of each group from the first.
        self.beacon = None;
    }

    /// Who has a seat waits no more, and has no part in a chain.
    fn take_seat(&mut self, node: NodeId) {
        self.end_wish(node);
        for id in self.chains_of(node) {
            self.replace(id, node);
        }
    }

    /// The first entry of an epoch: who has a seat, also one in the other half, has no part in a chain, and every chain
    /// begins a new view.
    pub(super) fn begin_views(&mut self) {
        let siblings = std::mem::take(&mut self.siblings);
        let seats = self.seats.clone();
        seats.nodes().iter().chain(&siblings).for_each(|node| self.take_seat(*node));
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

//! Who waits to be drawn: the waiting pool of an archive group (white paper, *Verifiable Roulette*).
//!
//! Every change is an entry of the group's log, so that all its nodes have the same list in the same order. Who joins
//! goes to the back; who joins twice ends its first wait. Who is drawn leaves the list; as long as its wish for more work
//! stands, it joins again in the same entry, after all draws with the seed. A standby that was not needed returns to its
//! place. Whose wish stands, and who has room for another chain, is not the pool's matter: see [`crate::archive`].

mod steps;

use std::{collections::BTreeSet, sync::OnceLock};

use alloy::primitives::{B256, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

pub use steps::PoolStep;

use super::draw::Lots;
use crate::keys::NodeId;

/// Why the pool refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The node cheated before.
    #[error("expected a node that never cheated, found {node}")]
    Barred {
        /// The node.
        node: NodeId,
    },
    /// It offers nothing that is drawn.
    #[error("expected {node} to offer a role and a seat, found roles {roles:#b} and {seats} seats")]
    NothingOffered {
        /// The node.
        node: NodeId,
        /// Its roles.
        roles: u16,
        /// Its seats.
        seats: u32,
    },
    /// No place is free. Nobody is pushed out.
    #[error("expected fewer than {nodes_max} nodes in the pool, found {nodes_max}")]
    Full {
        /// The pool's size.
        nodes_max: u64,
    },
    /// The node does not wait.
    #[error("expected {node} in the pool, found it not")]
    NotWaiting {
        /// The node.
        node: NodeId,
    },
    /// The node does not stand by.
    #[error("expected {node} to stand by, found it not")]
    NotStandingBy {
        /// The node.
        node: NodeId,
    },
    /// A snapshot of no pool.
    #[error("expected the canonical form of a pool, found {found}")]
    Malformed {
        /// What is wrong.
        found: &'static str,
    },
}

/// What a node offers when it joins, as the log knows it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable,
)]
pub struct Offer {
    /// The node.
    pub node: NodeId,
    /// Bits of [`conet_bindings::roles`].
    pub roles: u16,
    /// In how many chains it would serve at once: no more than its stake is enough for. Its lots where a draw is weighted.
    pub seats: u32,
}

impl Offer {
    /// Of nothing: who joins with it takes its wish back.
    #[must_use]
    pub const fn nothing(node: NodeId) -> Self {
        Self { node, roles: 0, seats: 0 }
    }

    /// Whether there is no role or no seat in it.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.roles == 0 || self.seats == 0
    }

    /// Whether another offer of the node has all that is in this one.
    #[must_use]
    pub const fn is_within(&self, most: &Self) -> bool {
        self.roles & !most.roles == 0 && self.seats <= most.seats
    }
}

/// A node that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Waiting {
    /// Counts joins: who joined before has a lower one. Never given twice.
    pub place: u64,
    /// What the node offers.
    pub offer: Offer,
}

/// A pool in the one form that is hashed, kept and handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Snapshot {
    /// For how many nodes it keeps places at most.
    pub nodes_max: u64,
    /// The place of the next join.
    pub next_place: u64,
    /// Who waits, in order.
    pub waiting: Vec<Waiting>,
    /// Who was drawn to stand by, in order of their places.
    pub standing_by: Vec<Waiting>,
    /// Who is never drawn again, ascending.
    pub barred: Vec<NodeId>,
}

impl Snapshot {
    /// What stands for it.
    #[must_use]
    pub fn digest(&self) -> B256 {
        keccak256(alloy_rlp::encode(self))
    }
}

/// The pool. Cheap to clone: each entry of the log that is not final has its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    nodes_max: u64,
    next_place: u64,
    waiting: OrdMap<u64, Offer>,
    /// Where each node waits.
    places: OrdMap<NodeId, u64>,
    standing_by: OrdMap<NodeId, Waiting>,
    barred: OrdSet<NodeId>,
}

impl Pool {
    /// An empty pool for at most so many nodes.
    #[must_use]
    pub fn new(nodes_max: u64) -> Self {
        Self {
            nodes_max,
            next_place: 0,
            waiting: OrdMap::new(),
            places: OrdMap::new(),
            standing_by: OrdMap::new(),
            barred: OrdSet::new(),
        }
    }

    /// A node goes to the back of the list. If it waits or stands by already, that ends.
    ///
    /// # Errors
    /// [`PoolError::Barred`], [`PoolError::NothingOffered`], [`PoolError::Full`].
    pub fn join(&mut self, offer: Offer) -> Result<u64, PoolError> {
        let Offer { node, roles, seats } = offer;
        if self.barred.contains(&node) {
            return Err(PoolError::Barred { node });
        }
        if offer.is_nothing() {
            return Err(PoolError::NothingOffered { node, roles, seats });
        }
        let known = self.places.contains_key(&node) || self.standing_by.contains_key(&node);
        if !known && self.len() as u64 >= self.nodes_max {
            return Err(PoolError::Full { nodes_max: self.nodes_max });
        }
        self.forget(node);
        let place = self.next_place;
        self.next_place += 1;
        self.put(Waiting { place, offer });
        Ok(place)
    }

    /// A node does not want to wait any more, or was drawn and serves now.
    ///
    /// # Errors
    /// [`PoolError::NotWaiting`].
    pub fn leave(&mut self, node: NodeId) -> Result<Waiting, PoolError> {
        let place = self.places.remove(&node).ok_or(PoolError::NotWaiting { node })?;
        let offer = self.waiting.remove(&place).ok_or(PoolError::NotWaiting { node })?;
        Ok(Waiting { place, offer })
    }

    /// A node was drawn to stand by: it leaves the list, which keeps its place for it.
    ///
    /// # Errors
    /// [`PoolError::NotWaiting`].
    pub fn stand_by(&mut self, node: NodeId) -> Result<(), PoolError> {
        let waiting = self.leave(node)?;
        self.standing_by.insert(node, waiting);
        Ok(())
    }

    /// A standby serves now.
    ///
    /// # Errors
    /// [`PoolError::NotStandingBy`].
    pub fn call(&mut self, node: NodeId) -> Result<Waiting, PoolError> {
        self.standing_by.remove(&node).ok_or(PoolError::NotStandingBy { node })
    }

    /// A standby was not needed: it returns to its place.
    ///
    /// # Errors
    /// [`PoolError::NotStandingBy`], also when it joined anew meanwhile.
    pub fn give_back(&mut self, node: NodeId) -> Result<(), PoolError> {
        let waiting = self.call(node)?;
        self.put(waiting);
        Ok(())
    }

    /// A node cheated: it leaves, and never returns.
    pub fn bar(&mut self, node: NodeId) {
        self.forget(node);
        self.barred.insert(node);
    }

    fn put(&mut self, Waiting { place, offer }: Waiting) {
        self.waiting.insert(place, offer);
        self.places.insert(offer.node, place);
    }

    fn forget(&mut self, node: NodeId) {
        if let Some(place) = self.places.remove(&node) {
            self.waiting.remove(&place);
        }
        self.standing_by.remove(&node);
    }

    /// How many nodes it keeps places for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len() + self.standing_by.len()
    }

    /// Whether it keeps no places.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this node waits, and at this place: who joined anew ended its wait.
    #[must_use]
    pub fn waits(&self, waiting: &Waiting) -> bool {
        self.waiting.get(&waiting.place) == Some(&waiting.offer)
    }

    /// Whether a node waits, at any place.
    #[must_use]
    pub fn is_waiting(&self, node: NodeId) -> bool {
        self.places.contains_key(&node)
    }

    /// The place of who joined last, of those who wait.
    #[must_use]
    pub fn newest(&self) -> Option<u64> {
        self.waiting.get_max().map(|(place, _)| *place)
    }

    /// Whether a node is barred.
    #[must_use]
    pub fn is_barred(&self, node: NodeId) -> bool {
        self.barred.contains(&node)
    }

    /// Who waits, in order.
    pub fn waiting(&self) -> impl Iterator<Item = Waiting> + '_ {
        self.waiting.iter().map(|(place, offer)| Waiting { place: *place, offer: *offer })
    }

    /// The pool as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut standing_by: Vec<_> = self.standing_by.values().copied().collect();
        standing_by.sort_unstable_by_key(|waiting| waiting.place);
        Snapshot {
            nodes_max: self.nodes_max,
            next_place: self.next_place,
            waiting: self.waiting().collect(),
            standing_by,
            barred: self.barred.iter().copied().collect(),
        }
    }

    /// The pool as it was then.
    ///
    /// # Errors
    /// [`PoolError::Malformed`] when no pool has this snapshot; [`PoolError::Full`].
    pub fn restore(snapshot: &Snapshot) -> Result<Self, PoolError> {
        let mut pool = Self { next_place: snapshot.next_place, ..Self::new(snapshot.nodes_max) };
        snapshot.waiting.iter().for_each(|waiting| pool.put(*waiting));
        for waiting in &snapshot.standing_by {
            pool.standing_by.insert(waiting.offer.node, *waiting);
        }
        pool.barred.extend(snapshot.barred.iter().copied());
        pool.check()?;
        if pool.snapshot() != *snapshot {
            return Err(PoolError::Malformed { found: "another order, or a node or place twice" });
        }
        Ok(pool)
    }

    /// What always holds.
    fn check(&self) -> Result<(), PoolError> {
        let malformed = |found| Err(PoolError::Malformed { found });
        let all = || self.waiting().chain(self.standing_by.values().copied());
        let places: BTreeSet<_> = all().map(|waiting| waiting.place).collect();
        let nodes: BTreeSet<_> = all().map(|waiting| waiting.offer.node).collect();
        if places.len() != self.len() || nodes.len() != self.len() {
            return malformed("a node or place twice");
        }
        if places.last().is_some_and(|last| *last >= self.next_place) {
            return malformed("a place that was not given yet");
        }
        if nodes.iter().any(|node| self.is_barred(*node)) {
            return malformed("a barred node that waits");
        }
        if all().any(|waiting| waiting.offer.is_nothing()) {
            return malformed("a node that offers nothing");
        }
        if self.len() as u64 > self.nodes_max {
            return Err(PoolError::Full { nodes_max: self.nodes_max });
        }
        Ok(())
    }

    /// Who waits now, for draws to come.
    #[must_use]
    pub fn lineup(&self) -> Lineup {
        let snapshot = self.snapshot();
        let (digest, waiting) = (snapshot.digest(), snapshot.waiting);
        Lineup { digest, waiting, lots: Default::default() }
    }
}

/// Who waited when a request was logged: from it a seed draws. Whoever joins or leaves afterwards changes no turn in
/// it, else who knows the seed could choose among the outcomes.
#[derive(Debug)]
pub struct Lineup {
    digest: B256,
    waiting: Vec<Waiting>,
    /// For each role, by its bit: equal and weighted lots. Made when they are first needed.
    lots: [[OnceLock<Lots>; 2]; 16],
}

impl Lineup {
    /// As it was: see [`Self::digest`] and [`Self::waiting`].
    #[must_use]
    pub fn restore(digest: B256, waiting: Vec<Waiting>) -> Self {
        Self { digest, waiting, lots: Default::default() }
    }

    /// [`Snapshot::digest`] of the pool.
    #[must_use]
    pub const fn digest(&self) -> B256 {
        self.digest
    }

    /// Who waited, in order.
    #[must_use]
    pub fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    /// The lots of those who offer a role; none when `role` is not one role.
    #[must_use]
    pub fn lots(&self, role: u16, weighted: bool) -> Option<&Lots> {
        let bit = role.trailing_zeros() as usize;
        let made = self.lots.get(bit)?.get(usize::from(weighted))?;
        let lots = |waiting: &Waiting| match waiting.offer {
            offer if offer.roles & role == 0 => 0,
            offer if weighted => offer.seats,
            _ => 1,
        };
        (role.count_ones() == 1)
            .then(|| made.get_or_init(|| self.waiting.iter().map(lots).collect()))
    }
}

#[cfg(test)]
mod tests;

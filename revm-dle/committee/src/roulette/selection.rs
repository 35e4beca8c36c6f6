//! The Selection Chain: every draw of an archive group, each linked to the one before, so that anybody can draw again
//! and find the same (white paper, *Roulette*).
//!
//! ```text
//! entry r    a request, and who waits then (its Lineup)              nobody knows the seed of entry k yet
//! entry k    final; only then do seats sign for its seed             k is at least r + 2, and the request names it
//! entry d    the seed, and all draws for requests that name k        d > k; who does not wait any more is passed over
//! ```

mod replay;

use alloy::primitives::{B256, Keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};

pub use replay::{Evidence, Replay, ReplayError};

use super::{
    pool::{Lineup, Pool, PoolError},
    request::{NODES_MAX, Outcome, Request},
};
use crate::keys::NodeId;

/// Begins what is hashed.
const DOMAIN: &[u8] = b"CoNET selection 1";

/// An entry of the Selection Chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Selection {
    /// Counts selections from 0.
    pub index: u64,
    /// The selection before; zero for the first.
    pub parent: B256,
    /// What was asked for.
    pub request: Request,
    /// The entry of the log in which it was drawn.
    pub drawn_in: u64,
    /// The value of the seed that the request names.
    pub seed: B256,
    /// [`super::pool::Snapshot::digest`] of the pool before that entry's draws with this seed.
    pub pool: B256,
    /// What it gave.
    pub outcome: Outcome,
}

impl Selection {
    /// What the next one links to.
    #[must_use]
    pub fn id(&self) -> B256 {
        let mut hasher = Keccak256::new();
        hasher.update(DOMAIN);
        hasher.update(alloy_rlp::encode(self));
        hasher.finalize()
    }

    /// Who serves.
    #[must_use]
    pub fn members(&self) -> &[NodeId] {
        self.split().0
    }

    /// Who stands by.
    #[must_use]
    pub fn standbys(&self) -> &[NodeId] {
        self.split().1
    }

    fn split(&self) -> (&[NodeId], &[NodeId]) {
        let nodes = &self.outcome.nodes;
        nodes.split_at(nodes.len().min(usize::from(self.request.seats)))
    }

    /// Takes who was drawn out of the pool.
    fn apply(&self, pool: &mut Pool) -> Result<(), PoolError> {
        for node in self.members() {
            pool.leave(*node)?;
        }
        self.standbys().iter().try_for_each(|node| pool.stand_by(*node))
    }
}

/// Why a selection is not what the chain, the seeds and the pools make it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("selection {index}: {problem}")]
pub struct SelectionError {
    /// The selection.
    pub index: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

/// See [`SelectionError`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not the next one.
    #[error("expected index {expected}, found {found}")]
    Index {
        /// How many there are.
        expected: u64,
        /// What it says.
        found: u64,
    },
    /// Linked to another.
    #[error("expected parent {expected}, found {found}")]
    Parent {
        /// The selection before.
        expected: B256,
        /// What it says.
        found: B256,
    },
    /// Asks for nobody, or too many.
    #[error("expected 1 to {NODES_MAX} nodes to be wanted, found {seats} and {standbys} standbys")]
    Wanted {
        /// Members.
        seats: u16,
        /// Standbys.
        standbys: u16,
    },
    /// No role, or several.
    #[error("expected one role, found {found:#b}")]
    Role {
        /// What it says.
        found: u16,
    },
    /// Somebody could have known the seed when the request was logged.
    #[error("expected the seed of entry {least} or later, found that of entry {found}")]
    SeedTooEarly {
        /// The first that counts.
        least: u64,
        /// What the request names.
        found: u64,
    },
    /// Before there could be a seed, or before an earlier selection.
    #[error("expected a draw in entry {least} or later, found it in entry {found}")]
    DrawnTooEarly {
        /// The first in which it can be.
        least: u64,
        /// What the selection says.
        found: u64,
    },
    /// A second draw is a second chance.
    #[error("expected a request that was not drawn for yet, found {request} again")]
    DrawnAgain {
        /// [`Request::id`].
        request: B256,
    },
    /// Not the seed that the request names. None: there is no such seed.
    #[error("expected the seed {expected:?} of entry {height}, found {found}")]
    Seed {
        /// The entry.
        height: u64,
        /// Its seed.
        expected: Option<B256>,
        /// What the selection says.
        found: B256,
    },
    /// Not the pool that it should be. None: there is no such pool.
    #[error("expected pool {expected:?}, found {found}")]
    Pool {
        /// Its digest.
        expected: Option<B256>,
        /// What the selection or request says.
        found: B256,
    },
    /// The seed draws others, or passes over others.
    #[error("expected {expected:?}, found {found:?}")]
    Outcome {
        /// What the seed draws.
        expected: Box<Outcome>,
        /// What the selection says.
        found: Box<Outcome>,
    },
    /// The pool does not have who was drawn from it.
    #[error(transparent)]
    Refused(#[from] PoolError),
}

impl Problem {
    const fn of(self, index: u64) -> SelectionError {
        SelectionError { index, problem: self }
    }
}

/// The end of a Selection Chain: all that it takes to go on.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, RlpEncodable, RlpDecodable,
)]
pub struct Head {
    /// How many selections there are.
    pub length: u64,
    /// The last one; zero when there is none.
    pub last: B256,
}

impl Head {
    fn advance(&mut self, selection: &Selection) {
        *self = Self { length: selection.index + 1, last: selection.id() };
    }
}

/// The seed of entry `seed_height` draws in entry `entry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The entry in which it draws.
    pub entry: u64,
    /// The entry whose seed it is.
    pub seed_height: u64,
    /// Its value.
    pub seed: B256,
}

/// The draws of one seed in one entry, from one pool.
#[derive(Debug)]
pub struct Drawing<'a> {
    head: &'a mut Head,
    pool: &'a mut Pool,
    turn: Turn,
    /// The pool before the first draw.
    before: B256,
}

impl<'a> Drawing<'a> {
    /// Begins.
    #[must_use]
    pub fn new(head: &'a mut Head, pool: &'a mut Pool, turn: Turn) -> Self {
        let before = pool.snapshot().digest();
        Self { head, pool, turn, before }
    }

    /// [`super::pool::Snapshot::digest`] of the pool before the first draw.
    #[must_use]
    pub const fn before(&self) -> B256 {
        self.before
    }

    /// Draws for a request, from who waited when it was logged, and takes who was drawn out of the pool. Once: the
    /// caller forgets the request.
    ///
    /// # Errors
    /// What is wrong with the request; then nothing is drawn.
    pub fn draw(&mut self, request: Request, lineup: &Lineup) -> Result<Selection, SelectionError> {
        let (index, Turn { entry, seed_height, seed }) = (self.head.length, self.turn);
        let draw = || {
            request.check()?;
            if request.seed_height != seed_height {
                let height = request.seed_height;
                return Err(Problem::Seed { height, expected: None, found: seed });
            }
            if entry <= seed_height {
                return Err(Problem::DrawnTooEarly {
                    least: seed_height.saturating_add(1),
                    found: entry,
                });
            }
            if lineup.digest() != request.pool {
                let (expected, found) = (Some(request.pool), lineup.digest());
                return Err(Problem::Pool { expected, found });
            }
            Ok(Outcome::of(&request, seed, lineup, self.pool))
        };
        let outcome = draw().map_err(|problem| problem.of(index))?;
        let (parent, drawn_in, pool) = (self.head.last, entry, self.before);
        let selection = Selection { index, parent, request, drawn_in, seed, pool, outcome };
        selection.apply(self.pool).map_err(|error| Problem::from(error).of(index))?;
        self.head.advance(&selection);
        Ok(selection)
    }
}

#[cfg(test)]
mod tests;

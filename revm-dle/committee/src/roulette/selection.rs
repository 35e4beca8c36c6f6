//! The Selection Chain: every draw of an archive group, each linked to the one before, so that anybody can draw again
//! and find the same (white paper, *Roulette*).
//!
//! ```text
//! entry r    a request, and who waits then (its Lineup)              nobody knows the seed of entry k yet
//! entry k    final; only then do seats sign for its seed             k is at least r + 2, and the request names it
//! entry d    the seed, and all draws for requests that name k        d > k; who does not wait any more is passed over
//! ```

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{B256, Keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};

use super::{
    pool::{Lineup, Pool, PoolError, Snapshot},
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
    /// [`Snapshot::digest`] of the pool before that entry's draws with this seed.
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

/// What selections refer to.
#[derive(Debug, Default)]
pub struct Records {
    seeds: BTreeMap<u64, B256>,
    pools: BTreeMap<B256, (Pool, Lineup)>,
}

impl Records {
    /// Seeds by their entries' heights, verified as by [`super::seed::verify_all`], and pools that the log had.
    ///
    /// # Errors
    /// [`PoolError::Malformed`].
    pub fn new<'a>(
        seeds: BTreeMap<u64, B256>,
        pools: impl IntoIterator<Item = &'a Snapshot>,
    ) -> Result<Self, PoolError> {
        let restored = |snapshot| {
            let pool = Pool::restore(snapshot)?;
            let lineup = pool.lineup();
            Ok((lineup.digest(), (pool, lineup)))
        };
        let pools = pools.into_iter().map(restored).collect::<Result<_, PoolError>>()?;
        Ok(Self { seeds, pools })
    }

    fn pool(&self, found: B256) -> Result<&(Pool, Lineup), Problem> {
        self.pools.get(&found).ok_or(Problem::Pool { expected: None, found })
    }
}

/// Draws everything again, from the first selection on, and gives the end of the chain.
///
/// # Errors
/// [`SelectionError`] with what should be there and what is.
pub fn replay<'a>(
    selections: impl IntoIterator<Item = &'a Selection>,
    records: &Records,
) -> Result<Head, SelectionError> {
    let mut replay =
        Replay { records, head: Head::default(), drawn: BTreeSet::new(), drawing: None };
    for selection in selections {
        let index = replay.head.length;
        replay.take(selection).map_err(|problem| problem.of(index))?;
    }
    Ok(replay.head)
}

struct Replay<'a> {
    records: &'a Records,
    head: Head,
    /// Requests that were drawn for.
    drawn: BTreeSet<B256>,
    /// The entry and the seed of the last draw, the pool before its first draw, and what is left of it.
    drawing: Option<((u64, u64), B256, Pool)>,
}

impl Replay<'_> {
    fn take(&mut self, selection: &Selection) -> Result<(), Problem> {
        self.check_link(selection)?;
        let Selection { request, seed, outcome, .. } = selection;
        request.check()?;
        let height = request.seed_height;
        let expected = self.records.seeds.get(&height).copied();
        if expected != Some(*seed) {
            return Err(Problem::Seed { height, expected, found: *seed });
        }
        let id = request.id();
        if !self.drawn.insert(id) {
            return Err(Problem::DrawnAgain { request: id });
        }
        let (_, lineup) = self.records.pool(request.pool)?;
        let mut pool = self.pool_before(selection)?;
        let expected = Outcome::of(request, *seed, lineup, &pool);
        if expected != *outcome {
            let (expected, found) = (Box::new(expected), Box::new(outcome.clone()));
            return Err(Problem::Outcome { expected, found });
        }
        selection.apply(&mut pool)?;
        self.drawing = Some(((selection.drawn_in, height), selection.pool, pool));
        self.head.advance(selection);
        Ok(())
    }

    fn check_link(&self, selection: &Selection) -> Result<(), Problem> {
        let (expected, found) = (self.head.length, selection.index);
        if expected != found {
            return Err(Problem::Index { expected, found });
        }
        let (expected, found) = (self.head.last, selection.parent);
        if expected != found {
            return Err(Problem::Parent { expected, found });
        }
        let last = self.drawing.as_ref().map_or(0, |((entry, _), _, _)| *entry);
        let after_seed = selection.request.seed_height.saturating_add(1);
        let (least, found) = (last.max(after_seed), selection.drawn_in);
        if found < least {
            return Err(Problem::DrawnTooEarly { least, found });
        }
        Ok(())
    }

    /// The pool that a selection draws from: what the ones before it in the same entry, with the same seed, left.
    fn pool_before(&self, selection: &Selection) -> Result<Pool, Problem> {
        let (turn, found) = ((selection.drawn_in, selection.request.seed_height), selection.pool);
        match &self.drawing {
            Some((last, before, pool)) if *last == turn => {
                if *before != found {
                    return Err(Problem::Pool { expected: Some(*before), found });
                }
                Ok(pool.clone())
            }
            _ => self.records.pool(found).map(|(pool, _)| pool.clone()),
        }
    }
}

#[cfg(test)]
mod tests;

//! All draws once more, by whoever wants to: from what a seat has kept, and the group's keys.
//!
//! ```text
//! Key         of an epoch: whoever draws again asks several seats for it, for it is all that they could lie with
//! Pool        who waited when something was asked for, and when it was drawn: steps from one pool to the next
//! Seed        the group's signature over an entry
//! Selection   the draw; it names both pools, and the entry of the seed
//! ```
//!
//! They come in the order in which they came up. Who draws again holds each pool against its digest, each seed against
//! the key, and each draw against what that seed gives in those pools. A seat that changes something is found; what a
//! whole group agreed to draw falsely is found, too. Where a seat was away its record has a gap, which begins with a
//! whole pool and is counted: another seat has what is missing. So are draws that were asked for in the gap.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Range,
};

use alloy::primitives::{B256, Bytes};
use serde::{Deserialize, Serialize};

use super::{
    super::{
        pool::{Lineup, Pool, PoolStep},
        request::Outcome,
        seed::{Seed, SeedPoint},
    },
    Head, PoolError, Problem, Selection, SelectionError,
};

/// Pools and seeds that may still be drawn from. Nothing that is asked for waits for so many others.
const KEPT: usize = 4_096;

/// What it takes to draw again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// An epoch's key: [`super::super::bls::PublicKey`].
    Key {
        /// The epoch.
        epoch: u64,
        /// Its bytes.
        key: Bytes,
    },
    /// Who waits.
    Pool(Box<PoolStep>),
    /// The seed of an entry.
    Seed(Seed),
    /// A draw.
    Selection(Box<Selection>),
}

/// Why what a seat has kept is not what was drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A pool that does not follow from the one before.
    #[error("expected a step from pool {expected:?}, found one from {found:?}")]
    Step {
        /// The pool that is known.
        expected: Option<B256>,
        /// The one that the step names.
        found: Option<B256>,
    },
    /// A pool that is none.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// A signature that is not the group's.
    #[error("expected the group's signature for {0}, found another")]
    Seed(SeedPoint),
    /// A draw that is not what the seed gives.
    #[error(transparent)]
    Selection(#[from] SelectionError),
}

/// Draws again.
#[derive(Debug, Default)]
pub struct Replay {
    /// The newest pool, and its digest.
    newest: Option<(Pool, B256)>,
    /// With the number of the record's part that told of each last: a part begins with a whole pool.
    pools: BTreeMap<B256, (Pool, u64)>,
    parts: u64,
    /// In the order in which they came.
    order: VecDeque<B256>,
    seeds: BTreeMap<u64, B256>,
    /// None: nothing was drawn yet.
    head: Option<Head>,
    /// Requests that were drawn for, by the entry whose seed they name.
    drawn: BTreeSet<(u64, B256)>,
    drawing: Option<Drawn>,
    redrawn: u64,
    /// Whether draws may be missing here.
    may_skip: bool,
    /// Whether it may be missing who waited when a draw was asked for: that was before this part of the record began.
    may_lack: bool,
    missing: Vec<Range<u64>>,
}

/// The last draw.
#[derive(Debug)]
struct Drawn {
    /// Its entry, and its seed's.
    turn: (u64, u64),
    /// The pool before the first draw of this turn.
    before: B256,
    /// What is left of it.
    pool: Pool,
}

impl Replay {
    /// Where the Selection Chain ends, as far as it was drawn again.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head.unwrap_or_default()
    }

    /// How many draws were drawn again.
    #[must_use]
    pub const fn redrawn(&self) -> u64 {
        self.redrawn
    }

    /// Draws that are missing in what was kept.
    #[must_use]
    pub fn missing(&self) -> &[Range<u64>] {
        &self.missing
    }

    /// Takes the next of what was kept. `is_group_s` says whether a seed is the group's in its epoch. Whoever kept it may have
    /// begun late: the first draw may be any.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn take(
        &mut self,
        evidence: &Evidence,
        is_group_s: impl FnOnce(&Seed) -> bool,
    ) -> Result<(), ReplayError> {
        match evidence {
            Evidence::Key { .. } => Ok(()),
            Evidence::Pool(step) => self.take_pool(step),
            Evidence::Seed(seed) if !is_group_s(seed) => Err(ReplayError::Seed(seed.point)),
            Evidence::Seed(seed) => {
                self.seeds.insert(seed.point.height, seed.value());
                while self.seeds.len() > KEPT {
                    self.seeds.pop_first();
                }
                let oldest = self.seeds.first_key_value().map_or(0, |(height, _)| *height);
                self.drawn = self.drawn.split_off(&(oldest, B256::ZERO));
                Ok(())
            }
            Evidence::Selection(selection) => {
                let Selection { index, parent, .. } = **selection;
                let here = Head { length: index, last: parent };
                let mut head = self.head.unwrap_or(here);
                if std::mem::take(&mut self.may_skip) && index > head.length {
                    self.missing.push(head.length..index);
                    head = here;
                }
                let redrawn = self.draw(selection, head);
                self.head = Some(redrawn.map_err(|problem| problem.of(head.length))?);
                Ok(())
            }
        }
    }

    fn take_pool(&mut self, step: &PoolStep) -> Result<(), ReplayError> {
        let known = self.newest.as_ref().map(|(_, digest)| *digest);
        if step.from.is_some() && step.from != known {
            return Err(ReplayError::Step { expected: known, found: step.from });
        }
        if step.from.is_none() {
            (self.may_skip, self.may_lack) = (true, true);
            self.parts += 1;
        }
        let empty = Pool::new(step.nodes_max);
        let before = self.newest.as_ref().map_or(&empty, |(pool, _)| pool);
        let pool = before.after(step)?;
        if self.pools.insert(step.to, (pool.clone(), self.parts)).is_none() {
            self.order.push_back(step.to);
        }
        self.newest = Some((pool, step.to));
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.pools.remove(&oldest);
        }
        Ok(())
    }

    fn draw(&mut self, selection: &Selection, mut head: Head) -> Result<Head, Problem> {
        self.check_link(selection, head)?;
        let Selection { request, seed, outcome, .. } = selection;
        request.check()?;
        let height = request.seed_height;
        let expected = self.seeds.get(&height).copied();
        if expected != Some(*seed) {
            return Err(Problem::Seed { height, expected, found: *seed });
        }
        let id = request.id();
        if !self.drawn.insert((height, id)) {
            return Err(Problem::DrawnAgain { request: id });
        }
        let mut pool = self.pool_before(selection)?;
        match self.pools.get(&request.pool) {
            None if self.may_lack => self.missing.push(head.length..head.length + 1),
            None => return Err(Problem::Pool { expected: None, found: request.pool }),
            Some((waited, part)) => {
                let lineup: Lineup = waited.lineup();
                let expected = Outcome::of(request, *seed, &lineup, &pool);
                if expected != *outcome {
                    let (expected, found) = (Box::new(expected), Box::new(outcome.clone()));
                    return Err(Problem::Outcome { expected, found });
                }
                // Whatever is asked for later is, too.
                self.may_lack &= *part < self.parts;
                self.redrawn += 1;
            }
        }
        selection.apply(&mut pool)?;
        let turn = (selection.drawn_in, height);
        self.drawing = Some(Drawn { turn, before: selection.pool, pool });
        head.advance(selection);
        Ok(head)
    }

    fn check_link(&self, selection: &Selection, head: Head) -> Result<(), Problem> {
        let (expected, found) = (head.length, selection.index);
        if expected != found {
            return Err(Problem::Index { expected, found });
        }
        let (expected, found) = (head.last, selection.parent);
        if expected != found {
            return Err(Problem::Parent { expected, found });
        }
        let last = self.drawing.as_ref().map_or(0, |drawn| drawn.turn.0);
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
            Some(last) if last.turn == turn => {
                if last.before != found {
                    return Err(Problem::Pool { expected: Some(last.before), found });
                }
                Ok(last.pool.clone())
            }
            _ => self.pool(found).cloned(),
        }
    }

    fn pool(&self, found: B256) -> Result<&Pool, Problem> {
        self.pools.get(&found).map(|(pool, _)| pool).ok_or(Problem::Pool { expected: None, found })
    }
}

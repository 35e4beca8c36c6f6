//! What changes in a pool from one moment to another: what it takes to have each pool that was ever drawn from, without
//! keeping all of every one.

use alloy::primitives::B256;
use imbl::ordmap::DiffItem;
use serde::{Deserialize, Serialize};

use super::{Pool, PoolError, Waiting};
use crate::keys::NodeId;

/// From one pool to a later one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolStep {
    /// [`super::Snapshot::digest`] of the pool before; none: from an empty one.
    pub from: Option<B256>,
    /// The same of the pool after.
    pub to: B256,
    /// For how many nodes it keeps places at most.
    pub nodes_max: u64,
    /// The place of the next join.
    pub next_place: u64,
    /// Places where nobody waits any more.
    pub gone: Vec<u64>,
    /// Who waits since.
    pub come: Vec<Waiting>,
    /// All that stand by.
    pub standing_by: Vec<Waiting>,
    /// Who is barred since.
    pub barred: Vec<NodeId>,
}

impl Pool {
    /// What leads here from an earlier pool, if there is one that is known. Digests are the caller's: each takes a look at
    /// all who wait.
    #[must_use]
    pub fn step_from(&self, before: Option<(&Self, B256)>, to: B256) -> PoolStep {
        let empty = Self::new(self.nodes_max);
        let is_later = |(before, _): &(&Self, B256)| before.barred.is_subset(&self.barred);
        let known = before.filter(is_later);
        let (start, from) = known.map_or((&empty, None), |(before, digest)| (before, Some(digest)));
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for item in start.waiting.diff(&self.waiting) {
            match item {
                DiffItem::Remove(place, _) => gone.push(*place),
                DiffItem::Add(place, offer) | DiffItem::Update { new: (place, offer), .. } => {
                    come.push(Waiting { place: *place, offer: *offer });
                }
            }
        }
        let mut standing_by: Vec<_> = self.standing_by.values().copied().collect();
        standing_by.sort_unstable_by_key(|waiting| waiting.place);
        let barred = self.barred.clone().relative_complement(start.barred.clone());
        PoolStep {
            from,
            to,
            nodes_max: self.nodes_max,
            next_place: self.next_place,
            gone,
            come,
            standing_by,
            barred: barred.into_iter().collect(),
        }
    }

    /// The pool that a step leads to from this one, which is `step.from` if that names one, else any.
    ///
    /// # Errors
    /// [`PoolError::Malformed`] when it leads to no pool, or to another than it says.
    pub fn after(&self, step: &PoolStep) -> Result<Self, PoolError> {
        let mut next = if step.from.is_some() { self.clone() } else { Self::new(step.nodes_max) };
        (next.nodes_max, next.next_place) = (step.nodes_max, step.next_place);
        for place in &step.gone {
            let gone = next.waiting.remove(place);
            let gone = gone.ok_or(PoolError::Malformed { found: "a place that was free" })?;
            next.places.remove(&gone.node);
        }
        step.come.iter().for_each(|waiting| next.put(*waiting));
        next.standing_by = step.standing_by.iter().map(|it| (it.offer.node, *it)).collect();
        next.barred.extend(step.barred.iter().copied());
        next.check()?;
        if next.snapshot().digest() != step.to {
            return Err(PoolError::Malformed { found: "another pool than the step names" });
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Offer, *};

    fn digest(pool: &Pool) -> B256 {
        pool.snapshot().digest()
    }

    fn pool() -> Pool {
        let mut pool = Pool::new(50);
        for node in 1..20 {
            pool.join(Offer { node: NodeId(node), roles: 8, seats: 2 }).unwrap();
        }
        pool
    }

    #[test]
    fn steps_lead_through_all_pools() {
        let first = pool();
        let mut second = first.clone();
        second.leave(NodeId(3)).unwrap();
        second.bar(NodeId(4));
        second.stand_by(NodeId(5)).unwrap();
        second.join(Offer { node: NodeId(6), roles: 4, seats: 1 }).unwrap();
        second.join(Offer { node: NodeId(77), roles: 4, seats: 1 }).unwrap();
        let step = first.step_from(None, digest(&first));
        let again = Pool::new(1).after(&step).unwrap();
        assert_eq!(again, first);
        let step = second.step_from(Some((&first, digest(&first))), digest(&second));
        assert_eq!((step.gone.len(), step.come.len(), step.barred.len()), (4, 2, 1));
        assert_eq!(again.after(&step).unwrap(), second);
        // Who comes back from a pool with more that are barred has one that is not later.
        let back = first.step_from(Some((&second, digest(&second))), digest(&first));
        assert_eq!((back.from, second.after(&back).unwrap()), (None, first));
    }

    #[test]
    fn a_step_that_leads_elsewhere_is_none() {
        let first = pool();
        let mut second = first.clone();
        second.leave(NodeId(3)).unwrap();
        let step = second.step_from(Some((&first, digest(&first))), digest(&second));
        let lies: [fn(&mut PoolStep); 6] = [
            |step| step.to = B256::ZERO,
            |step| step.gone.push(99),
            |step| step.gone.clear(),
            |step| step.next_place += 1,
            |step| step.barred.push(NodeId(8)),
            |step| {
                step.come.push(Waiting { place: 1, ..step.come.first().copied().unwrap_or(LAST) })
            },
        ];
        for lie in lies {
            let mut step = step.clone();
            lie(&mut step);
            assert!(first.after(&step).is_err(), "{step:?}");
        }
    }

    const LAST: Waiting =
        Waiting { place: 19, offer: Offer { node: NodeId(8), roles: 8, seats: 1 } };
}

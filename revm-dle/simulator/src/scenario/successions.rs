//! Who sits in later epochs: some leave, others come, and in some runs the group splits.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{archive::item::Division, keys::NodeId};
use rand::{Rng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use super::TROUBLE_MS;
use crate::{byzantine::Kind, division::divide};

/// The fewest seats of a group on the main chain: `LEAST_MIN_SEATS` of `ArchiveGroups`.
const SEATS_MIN: usize = 4;

/// The first group, and the halves of the first one that splits.
pub(crate) const ROOT: u32 = 1;
const HALVES: [u32; 2] = [2, 3];

/// The main chain names who shall sit next in a group.
#[derive(Debug, Clone)]
pub(crate) struct Succession {
    /// When, at the earliest: the ones before it in its group come first.
    pub(crate) at_ms: u64,
    pub(crate) group: u32,
    pub(crate) who: Who,
    /// The seed by which the group splits, if it does.
    pub(crate) division: Option<Division>,
}

/// Who shall sit.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// All of them.
    These(Vec<NodeId>),
    /// Those who sit, but for so many honest ones, and others: who sits in a half is known when the group has split.
    Others { leave: usize, come: Vec<NodeId> },
}

impl Succession {
    fn plain(at_ms: u64, nodes: &[NodeId]) -> Self {
        Self { at_ms, group: ROOT, who: Who::These(nodes.to_vec()), division: None }
    }

    /// Those whom it names.
    pub(super) fn nodes(&self) -> &[NodeId] {
        match &self.who {
            Who::These(nodes) | Who::Others { come: nodes, .. } => nodes,
        }
    }
}

/// The fewest seats that leave every list enough when its liars are barred and one newcomer has no stake any more: a
/// group that cannot be handed over to so few stays as it is.
pub(super) fn least(successions: &[Succession], liars: &BTreeMap<NodeId, Kind>) -> usize {
    let left = successions.iter().filter_map(|succession| match &succession.who {
        Who::These(nodes) => {
            let lie = nodes.iter().filter(|node| liars.contains_key(node)).count();
            Some(nodes.len() - lie - 1)
        }
        Who::Others { .. } => None,
    });
    left.min().unwrap_or(SEATS_MIN).clamp(1, SEATS_MIN)
}

/// Whether no more than a third of either half lie, as far as they do.
pub(crate) fn both_hold(seed: B256, nodes: &[NodeId], lies: impl Fn(&NodeId) -> bool) -> bool {
    let holds = |half: &Vec<NodeId>| {
        let lie = half.iter().filter(|node| lies(node)).count();
        3 * lie < half.len()
    };
    divide(seed, nodes).iter().all(holds)
}

/// In some runs, the seats of later epochs: most stay, some leave, others come, and no more than a third lie.
pub(super) fn handovers(
    rng: &mut ChaCha8Rng,
    seats: &[NodeId],
    liars: &mut BTreeMap<NodeId, Kind>,
    only: Option<Kind>,
) -> Vec<Succession> {
    let count = if rng.random_ratio(1, 3) { rng.random_range(1..=2) } else { 0 };
    let (mut nodes, mut next) = (seats.to_vec(), seats.len() as u64 + 1);
    let (mut all, mut at_ms) = (Vec::new(), rng.random_range(500..TROUBLE_MS / 2));
    for _ in 0..count {
        let most_leave = if rng.random_ratio(1, 10) { nodes.len() } else { nodes.len() / 2 };
        nodes.shuffle(rng);
        nodes.truncate(nodes.len() - rng.random_range(0..=most_leave));
        let size = *[4, 4, 5, 7].get(rng.random_range(0..4)).unwrap_or(&4);
        let size = nodes.len().max(size);
        fill(rng, &mut nodes, (size, (size - 1) / 3), &mut next, (&mut *liars, only));
        all.push(Succession::plain(at_ms, &nodes));
        at_ms += rng.random_range(1_000..TROUBLE_MS / 2);
    }
    all
}

/// Makes so many of a group, of whom no more than `most` lie: with newcomers, and without some who lie.
fn fill(
    rng: &mut ChaCha8Rng,
    nodes: &mut Vec<NodeId>,
    (size, most): (usize, usize),
    next: &mut u64,
    (liars, only): (&mut BTreeMap<NodeId, Kind>, Option<Kind>),
) {
    let mut lie = 0;
    nodes.retain(|node| {
        lie += usize::from(liars.contains_key(node));
        !liars.contains_key(node) || lie <= most
    });
    lie = lie.min(most);
    while nodes.len() < size {
        let kind = only.unwrap_or_else(|| Kind::random(rng));
        if lie < most && rng.random_bool(0.3) {
            liars.insert(NodeId(*next), kind);
            lie += 1;
        }
        nodes.push(NodeId(*next));
        *next += 1;
    }
    nodes.sort_unstable();
}

/// A group that grows and splits, maybe after an epoch in which it did not; and maybe its halves have further epochs. Of
/// every list enough are left whoever is barred; now and then too few for two groups.
pub(super) fn splitting(
    rng: &mut ChaCha8Rng,
    seats: &[NodeId],
    liars: &mut BTreeMap<NodeId, Kind>,
    only: Option<Kind>,
) -> Vec<Succession> {
    let (mut nodes, mut next) = (seats.to_vec(), seats.len() as u64 + 1);
    let (mut all, mut at_ms) = (Vec::new(), rng.random_range(1_000..TROUBLE_MS / 3));
    if rng.random_ratio(1, 4) {
        nodes.shuffle(rng);
        nodes.truncate(nodes.len() - rng.random_range(0..=nodes.len() / 2));
        let size = nodes.len().max(SEATS_MIN + 2);
        fill(rng, &mut nodes, (size, 1), &mut next, (&mut *liars, only));
        all.push(Succession::plain(at_ms, &nodes));
        at_ms += rng.random_range(1_000..TROUBLE_MS / 3);
    }
    nodes.shuffle(rng);
    nodes.truncate(nodes.len() - rng.random_range(0..=2));
    let size = nodes.len().max(2 * SEATS_MIN + rng.random_range(0..=3));
    // One in each half.
    fill(rng, &mut nodes, (size, 2), &mut next, (&mut *liars, only));
    let lies = |node: &NodeId| liars.contains_key(node);
    let mut seed = B256::from(rng.random::<[u8; 32]>());
    while !both_hold(seed, &nodes, lies) {
        seed = B256::from(rng.random::<[u8; 32]>());
    }
    let division = Some(Division { index: rng.random_range(0..4), seed });
    all.push(Succession { division, ..Succession::plain(at_ms, &nodes) });
    for group in HALVES {
        if rng.random_ratio(1, 3) {
            let leave = rng.random_range(0..=2);
            let come: Vec<_> = (next..).take(leave + 2).map(NodeId).collect();
            next += come.len() as u64;
            let at_ms = at_ms + rng.random_range(2_000..TROUBLE_MS / 2);
            let who = Who::Others { leave, come };
            all.push(Succession { at_ms, group, who, division: None });
        }
    }
    all
}

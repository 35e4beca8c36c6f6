//! The archive group, as the main chain has it: who sits in it now, and who shall sit next.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy::primitives::{Address, B256};
use conet_committee::{
    archive::{Beginning, Named, item::Wanted},
    keys::NodeId,
    seats::Seats,
    tree::DEPTH_MAX,
};
use tokio::sync::watch;

use crate::store::Founding;

/// An archive group in one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveGroup {
    /// EIP-155 id of the main chain.
    pub main_chain_id: u64,
    /// `Slasher`: votes are signed for it.
    pub slasher: Address,
    /// Who has a seat.
    pub seats: Arc<Seats>,
    /// When the epoch began, milliseconds since 1970.
    pub began_ms: u64,
    /// The hash of the state that it began with; zero for the first group's first.
    pub state_hash: B256,
    /// The epoch before, of this group or of the one that split; none for the first group's first.
    pub before: Option<Arc<Seats>>,
    /// Who sits in the other half, when this is the first epoch after a split.
    pub siblings: Vec<NodeId>,
}

impl ArchiveGroup {
    /// The first group's first epoch.
    #[must_use]
    pub fn first(main_chain_id: u64, slasher: Address, seats: Seats, began_ms: u64) -> Self {
        Self {
            main_chain_id,
            slasher,
            seats: Arc::new(seats),
            began_ms,
            state_hash: B256::ZERO,
            before: None,
            siblings: Vec::new(),
        }
    }

    /// What a new journal goes on from: the first group's first epoch, or the one before this, whose state others have.
    #[must_use]
    pub fn founding(&self) -> Founding {
        let (seats, began_ms) = match &self.before {
            None => (&self.seats, self.began_ms),
            Some(before) => (before, 0),
        };
        let seats = Seats::clone(seats);
        Founding { main_chain_id: self.main_chain_id, seats, began_ms }
    }

    /// How the epoch began, for those who go on from the one before.
    #[must_use]
    pub fn beginning(&self) -> Option<Beginning> {
        self.before.as_ref().map(|before| Beginning {
            seats: Seats::clone(&self.seats),
            before: before.nodes().to_vec(),
            siblings: self.siblings.clone(),
            state_hash: self.state_hash,
        })
    }

    /// Whether a node may lack what this group has: it has a seat, had one in the epoch before, or got one in the other
    /// half. Who has left may be the only one whom a newcomer can ask.
    #[must_use]
    pub fn involves(&self, node: NodeId) -> bool {
        let had_one = self.before.as_ref().is_some_and(|before| before.contains(node));
        had_one || self.seats.contains(node) || self.siblings.contains(&node)
    }
}

/// Where a node stands with the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// It has a seat now.
    pub is_seated: bool,
    /// It asked to leave, or its stake is enough for no seat any more.
    pub goes: bool,
}

/// The groups that a node follows, in their newest epochs.
///
/// An archive node follows one: that in which it has its seat, or may get one. A participant follows that in which it waits
/// to be drawn, and those that keep chains in which it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Its own.
    pub own: Arc<ArchiveGroup>,
    /// The others.
    pub others: Vec<Arc<ArchiveGroup>>,
}

impl Followed {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ArchiveGroup>> {
        std::iter::once(&self.own).chain(&self.others)
    }
}

/// The groups that a node follows, kept current by somebody else. Cheap to clone; all clones see a change.
#[derive(Debug, Clone)]
pub struct Sitting {
    now: watch::Sender<Arc<Followed>>,
    next: watch::Sender<Option<Named>>,
    readings: Arc<Mutex<Readings>>,
}

/// What the main chain has for the log, and the log for who reads the main chain.
#[derive(Debug, Default)]
struct Readings {
    wanted: Option<Wanted>,
    rents: BTreeMap<B256, u64>,
    serving: BTreeSet<B256>,
}

impl Sitting {
    /// With nobody named to sit next, and no seed wanted.
    #[must_use]
    pub fn new(group: ArchiveGroup) -> Self {
        let followed = Followed { own: Arc::new(group), others: Vec::new() };
        Self {
            now: watch::Sender::new(Arc::new(followed)),
            next: watch::Sender::new(None),
            readings: Arc::default(),
        }
    }

    /// All groups that it follows.
    #[must_use]
    pub fn followed(&self) -> Arc<Followed> {
        self.now.borrow().clone()
    }

    /// Its own group.
    #[must_use]
    pub fn group(&self) -> Arc<ArchiveGroup> {
        self.now.borrow().own.clone()
    }

    /// The seats of its own group.
    #[must_use]
    pub fn seats(&self) -> Arc<Seats> {
        self.group().seats.clone()
    }

    /// Whether a node has a seat in a group that this one follows.
    #[must_use]
    pub fn has_seat(&self, node: NodeId) -> bool {
        self.now.borrow().iter().any(|group| group.seats.contains(node))
    }

    /// Whoever has a seat in a group that it follows.
    #[must_use]
    pub fn all_seats(&self) -> Vec<NodeId> {
        let followed = self.now.borrow();
        followed.iter().flat_map(|group| group.seats.nodes()).copied().collect()
    }

    /// It follows these groups from now on.
    pub fn follow(&self, followed: Followed) {
        self.now.send_if_modified(|known| {
            let is_other = **known != followed;
            if is_other {
                *known = Arc::new(followed);
            }
            is_other
        });
    }

    /// In which chains it serves.
    pub fn serve(&self, chains: BTreeSet<B256>) {
        self.readings().serving = chains;
    }

    /// The chains in which it serves.
    #[must_use]
    pub fn serving(&self) -> BTreeSet<B256> {
        self.readings().serving.clone()
    }

    /// Who shall sit in the epoch after the newest one.
    pub fn name(&self, next: Option<Named>) {
        self.next.send_if_modified(|known| {
            let is_other = *known != next;
            *known = next;
            is_other
        });
    }

    fn readings(&self) -> MutexGuard<'_, Readings> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody waits for a seed on the main chain, or nobody does any more.
    pub fn want(&self, wanted: Option<Wanted>) {
        self.readings().wanted = wanted;
    }

    /// The seed that somebody waits for on the main chain.
    #[must_use]
    pub fn wanted(&self) -> Option<Wanted> {
        self.readings().wanted
    }

    /// Rent was paid: until when each of these chains is paid now, seconds since 1970.
    pub fn pay(&self, paid: impl IntoIterator<Item = (B256, u64)>) {
        let mut readings = self.readings();
        for (chain, paid_through_s) in paid {
            let known = readings.rents.entry(chain).or_default();
            *known = (*known).max(paid_through_s);
        }
    }

    /// Takes the payments since the last call.
    #[must_use]
    pub fn take_paid(&self) -> BTreeMap<B256, u64> {
        std::mem::take(&mut self.readings().rents)
    }

    /// Hears of epochs.
    #[must_use]
    pub fn epochs(&self) -> watch::Receiver<Arc<Followed>> {
        self.now.subscribe()
    }

    /// Who shall sit next, if anybody was named.
    #[must_use]
    pub fn named(&self) -> Option<Named> {
        self.next.borrow().clone()
    }

    /// Hears of who shall sit next.
    #[must_use]
    pub fn successors(&self) -> watch::Receiver<Option<Named>> {
        self.next.subscribe()
    }
}

/// How many seats a group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The fewest. A group with twice as many splits.
    pub least: usize,
    /// The most.
    pub most: usize,
}

/// Who shall sit next, as far as the candidates say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successors {
    /// Ascending.
    pub nodes: Vec<NodeId>,
    /// Whether they are enough for two groups, and come to sit in two.
    pub splits: bool,
}

/// Who shall sit next: those who stay, and of those who were placed here as many as there is room for, by id: in two groups,
/// when they are enough. `None` when that changes nothing and nobody was named before, or leaves too few.
#[must_use]
pub fn successors(
    seats: &Seats,
    candidates: &BTreeMap<NodeId, Candidate>,
    bounds: Bounds,
    is_named: bool,
) -> Option<Successors> {
    let of = |is_seated: bool| {
        let fit = candidates.iter().filter(move |(_, one)| one.is_seated == is_seated && !one.goes);
        fit.map(|(node, _)| *node)
    };
    let mut nodes: Vec<_> = of(true).collect();
    let splits =
        nodes.len() + of(false).count() >= 2 * bounds.least && seats.branch.depth() < DEPTH_MAX;
    let most = if splits { 2 * bounds.most } else { bounds.most };
    let room = most.saturating_sub(nodes.len());
    nodes.extend(of(false).take(room));
    nodes.sort_unstable();
    let changes = is_named || nodes != seats.nodes();
    (changes && nodes.len() >= bounds.least).then_some(Successors { nodes, splits })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(nodes: impl IntoIterator<Item = u64>) -> Seats {
        Seats::new(1, 1, 3, nodes.into_iter().map(NodeId).collect())
    }

    fn candidates(seated: &[u64], waiting: &[u64], going: &[u64]) -> BTreeMap<NodeId, Candidate> {
        let all = seated.iter().map(|id| (*id, true)).chain(waiting.iter().map(|id| (*id, false)));
        all.map(|(id, is_seated)| (NodeId(id), Candidate { is_seated, goes: going.contains(&id) }))
            .collect()
    }

    const BOUNDS: Bounds = Bounds { least: 4, most: 7 };

    fn next(seated: &[u64], waiting: &[u64], going: &[u64]) -> Option<(Vec<u64>, bool)> {
        let seats = seats(seated.iter().copied());
        let named = successors(&seats, &candidates(seated, waiting, going), BOUNDS, false)?;
        Some((named.nodes.iter().map(|node| node.0).collect(), named.splits))
    }

    #[test]
    fn who_stays_and_who_was_placed_here_sits_next() {
        assert_eq!(next(&[1, 2, 3, 5], &[], &[]), None);
        assert_eq!(next(&[1, 2, 3, 5], &[4], &[]), Some((vec![1, 2, 3, 4, 5], false)));
        assert_eq!(next(&[1, 2, 3, 5], &[4], &[2]), Some((vec![1, 3, 4, 5], false)));
        // One that cannot hold a seat any more gets none.
        assert_eq!(next(&[1, 2, 3, 5], &[4], &[4]), None);
    }

    #[test]
    fn who_withdraws_after_being_named_is_left_out() {
        let (seats, stay) = (seats([1, 2, 3, 5]), candidates(&[1, 2, 3, 5], &[], &[]));
        let named = successors(&seats, &stay, BOUNDS, true).unwrap();
        assert_eq!(named.nodes, seats.nodes());
    }

    #[test]
    fn a_group_has_bounds_and_splits_when_there_are_enough_for_two() {
        assert_eq!(next(&[1, 2, 3, 4], &[], &[1]), None);
        assert_eq!(next(&[1, 2, 3, 4], &[10, 11, 12], &[]).map(|(_, splits)| splits), Some(false));
        let eight = (vec![1, 2, 3, 4, 10, 11, 12, 13], true);
        assert_eq!(next(&[1, 2, 3, 4], &[10, 11, 12, 13], &[]), Some(eight));
        let many: Vec<_> = (10..40).collect();
        let (nodes, splits) = next(&[1, 2, 3, 4], &many, &[2]).unwrap();
        assert_eq!((nodes.len(), nodes[3], nodes[13], splits), (14, 10, 20, true));
    }

    #[test]
    fn a_new_journal_goes_on_from_the_epoch_before() {
        let root = Seats::new(1, 1, 1, vec![NodeId(1), NodeId(2)]);
        let first = ArchiveGroup::first(1, Address::ZERO, root.clone(), 7);
        let founding = |group: &ArchiveGroup| {
            let founding = group.founding();
            (founding.seats, founding.began_ms)
        };
        assert_eq!(founding(&first), (root.clone(), 7));
        assert_eq!(first.beginning(), None);
        let second = ArchiveGroup {
            seats: Arc::new(root.in_epoch(2, vec![NodeId(2)])),
            before: Some(first.seats.clone()),
            ..first.clone()
        };
        assert_eq!(founding(&second), (root, 0));
        let beginning = second.beginning().unwrap();
        assert_eq!((beginning.seats.epoch, beginning.before), (2, vec![NodeId(1), NodeId(2)]));
        assert!(second.involves(NodeId(1)) && !second.involves(NodeId(3)));
    }

    #[test]
    fn somebody_may_follow_several_groups() {
        let group = |number, node: u64| {
            let seats = Seats::new(1, number, 1, vec![NodeId(node)]);
            ArchiveGroup::first(1, Address::ZERO, seats, 0)
        };
        let sitting = Sitting::new(group(2, 1));
        let mut epochs = sitting.epochs();
        epochs.borrow_and_update();
        let others = vec![Arc::new(group(3, 2))];
        sitting.follow(Followed { others, ..Followed::clone(&sitting.followed()) });
        assert!(epochs.has_changed().unwrap());
        assert_eq!(sitting.all_seats(), [1, 2].map(NodeId));
        assert!(sitting.has_seat(NodeId(2)) && !sitting.has_seat(NodeId(9)));
        assert_eq!(sitting.seats().group, 2);
        sitting.follow(Followed { own: Arc::new(group(2, 5)), others: Vec::new() });
        assert_eq!(sitting.all_seats(), [NodeId(5)]);
    }
}

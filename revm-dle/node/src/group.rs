//! The archive group, as the main chain has it: who sits in it now, and who shall sit next.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy::primitives::{Address, B256};
use conet_committee::{
    archive::{
        Beginning,
        item::{Handover, Wanted},
    },
    keys::NodeId,
    seats::Seats,
};
use tokio::sync::watch;

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
    /// The hash of the state that it began with; zero for a group's first.
    pub state_hash: B256,
    /// Who sat in the epoch before; nobody for a group's first.
    pub before: Vec<NodeId>,
}

impl ArchiveGroup {
    /// A group's first epoch.
    #[must_use]
    pub fn first(main_chain_id: u64, slasher: Address, seats: Seats, began_ms: u64) -> Self {
        let (seats, before) = (Arc::new(seats), Vec::new());
        Self { main_chain_id, slasher, seats, began_ms, state_hash: B256::ZERO, before }
    }

    /// What a new journal goes on from: the group's first epoch, or the one before this, whose state others have.
    #[must_use]
    pub fn founding(&self) -> (Arc<Seats>, u64) {
        match self.seats.epoch {
            0 | 1 => (self.seats.clone(), self.began_ms),
            epoch => (Arc::new(self.seats.in_epoch(epoch - 1, self.before.clone())), 0),
        }
    }

    /// How the epoch began, for those who go on from the one before.
    #[must_use]
    pub fn beginning(&self) -> Option<Beginning> {
        (self.seats.epoch > 1).then(|| Beginning {
            epoch: self.seats.epoch,
            nodes: self.seats.nodes().to_vec(),
            before: self.before.clone(),
            state_hash: self.state_hash,
        })
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

/// The group now, kept current by somebody else. Cheap to clone; all clones see a change.
#[derive(Debug, Clone)]
pub struct Sitting {
    now: watch::Sender<Arc<ArchiveGroup>>,
    next: watch::Sender<Option<Handover>>,
    readings: Arc<Mutex<Readings>>,
}

/// What the main chain has for the log.
#[derive(Debug, Default)]
struct Readings {
    wanted: Option<Wanted>,
    rents: BTreeMap<B256, u64>,
}

impl Sitting {
    /// With nobody named to sit next, and no seed wanted.
    #[must_use]
    pub fn new(group: ArchiveGroup) -> Self {
        Self {
            now: watch::Sender::new(Arc::new(group)),
            next: watch::Sender::new(None),
            readings: Arc::default(),
        }
    }

    /// The group in its newest epoch.
    #[must_use]
    pub fn group(&self) -> Arc<ArchiveGroup> {
        self.now.borrow().clone()
    }

    /// Its seats.
    #[must_use]
    pub fn seats(&self) -> Arc<Seats> {
        self.now.borrow().seats.clone()
    }

    /// The main chain has begun another epoch.
    pub fn begin(&self, group: ArchiveGroup) {
        self.now.send_if_modified(|known| {
            let is_newer = known.seats.epoch < group.seats.epoch;
            if is_newer {
                *known = Arc::new(group);
            }
            is_newer
        });
    }

    /// Who shall sit in the epoch after the newest one.
    pub fn name(&self, next: Option<Handover>) {
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
    pub fn epochs(&self) -> watch::Receiver<Arc<ArchiveGroup>> {
        self.now.subscribe()
    }

    /// Who shall sit next, if anybody was named.
    #[must_use]
    pub fn named(&self) -> Option<Handover> {
        self.next.borrow().clone()
    }

    /// Hears of who shall sit next.
    #[must_use]
    pub fn successors(&self) -> watch::Receiver<Option<Handover>> {
        self.next.subscribe()
    }
}

/// Who shall sit next: those who stay, and of those who were placed here as many as there is room for, by id. `None` when
/// that changes nothing and nobody was named before, or leaves too few.
#[must_use]
pub fn successors(
    seats: &Seats,
    candidates: &BTreeMap<NodeId, Candidate>,
    (least, most): (usize, usize),
    is_named: bool,
) -> Option<Handover> {
    let of = |is_seated: bool| {
        let fit = candidates.iter().filter(move |(_, one)| one.is_seated == is_seated && !one.goes);
        fit.map(|(node, _)| *node)
    };
    let mut nodes: Vec<_> = of(true).collect();
    let room = most.saturating_sub(nodes.len());
    nodes.extend(of(false).take(room));
    nodes.sort_unstable();
    let changes = is_named || nodes != seats.nodes();
    (changes && nodes.len() >= least).then(|| Handover { epoch: seats.epoch + 1, nodes })
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

    fn next(seated: &[u64], waiting: &[u64], going: &[u64]) -> Option<Vec<u64>> {
        let seats = seats(seated.iter().copied());
        let named = successors(&seats, &candidates(seated, waiting, going), (4, 7), false)?;
        assert_eq!(named.epoch, 4);
        Some(named.nodes.iter().map(|node| node.0).collect())
    }

    #[test]
    fn who_stays_and_who_was_placed_here_sits_next() {
        assert_eq!(next(&[1, 2, 3, 5], &[], &[]), None);
        assert_eq!(next(&[1, 2, 3, 5], &[4], &[]), Some(vec![1, 2, 3, 4, 5]));
        assert_eq!(next(&[1, 2, 3, 5], &[4], &[2]), Some(vec![1, 3, 4, 5]));
        // One that cannot hold a seat any more gets none.
        assert_eq!(next(&[1, 2, 3, 5], &[4], &[4]), None);
    }

    #[test]
    fn who_withdraws_after_being_named_is_left_out() {
        let (seats, stay) = (seats([1, 2, 3, 5]), candidates(&[1, 2, 3, 5], &[], &[]));
        let named = successors(&seats, &stay, (4, 7), true).unwrap();
        assert_eq!(named.nodes, seats.nodes());
    }

    #[test]
    fn a_group_has_bounds() {
        assert_eq!(next(&[1, 2, 3, 4], &[], &[1]), None);
        let many: Vec<_> = (10..20).collect();
        assert_eq!(next(&[1, 2, 3, 4], &many, &[]), Some(vec![1, 2, 3, 4, 10, 11, 12]));
        assert_eq!(next(&[1, 2, 3, 4], &many, &[2]), Some(vec![1, 3, 4, 10, 11, 12, 13]));
    }

    #[test]
    fn a_new_journal_goes_on_from_the_epoch_before() {
        let first = ArchiveGroup::first(1, Address::ZERO, seats([1, 2]), 7);
        let first =
            ArchiveGroup { seats: Arc::new(first.seats.in_epoch(1, vec![NodeId(1)])), ..first };
        assert_eq!(first.founding(), (first.seats.clone(), 7));
        assert_eq!(first.beginning(), None);
        let third = ArchiveGroup {
            seats: Arc::new(first.seats.in_epoch(3, vec![NodeId(2)])),
            before: vec![NodeId(1)],
            ..first
        };
        let (before, _) = third.founding();
        assert_eq!((before.epoch, before.nodes()), (2, [NodeId(1)].as_slice()));
        assert_eq!(third.beginning().map(|beginning| beginning.epoch), Some(3));
    }
}

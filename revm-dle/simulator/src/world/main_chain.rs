//! What the main chain has of archive groups: for each its seats, who shall sit next, and what its seats certify.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::primitives::B256;
use conet_bindings::statement::Statement;
use conet_committee::{
    archive::{Beginning, Named},
    keys::NodeId,
    seats::Seats,
    tree::{Branch, Fork},
};

use super::{MAIN_CHAIN, seeds::SeedBoard};
use crate::scenario::ROOT;

/// What the main chain has.
#[derive(Debug)]
pub(super) struct MainChain {
    groups: BTreeMap<u32, Group>,
}

/// One group.
#[derive(Debug)]
pub(super) struct Group {
    /// The newest epoch's seats.
    pub(super) seats: Arc<Seats>,
    /// The splits above it.
    forks: Vec<Fork>,
    /// How its newest epoch began; of the first group's first epoch nothing is to be said.
    pub(super) begun: Option<Beginning>,
    /// How many of its epochs ended.
    pub(super) ended: usize,
    /// Who shall sit next.
    pub(super) named: Option<Named>,
    /// What honest seats certify.
    pub(super) signed: BTreeMap<NodeId, Statement>,
    /// Who lost its stake: it is on no list any more.
    pub(super) unfit: Option<NodeId>,
    /// Who ever sat in it, or was named.
    pub(super) known: BTreeSet<NodeId>,
    /// The groups that it became, when it split.
    halves: Option<[u32; 2]>,
    /// Its seeds.
    pub(super) board: SeedBoard,
}

impl Group {
    fn new(seats: Arc<Seats>, forks: Vec<Fork>) -> Self {
        Self {
            known: seats.nodes().iter().copied().collect(),
            seats,
            forks,
            begun: None,
            ended: 0,
            named: None,
            signed: BTreeMap::new(),
            unfit: None,
            halves: None,
            board: SeedBoard::default(),
        }
    }

    /// Whether it is not split.
    pub(super) const fn is_whole(&self) -> bool {
        self.halves.is_none()
    }

    /// What enough seats certify.
    pub(super) fn certified(&self) -> Option<&Statement> {
        let agree = |one: &Statement| {
            self.signed.values().filter(|other| *other == one).count() >= self.seats.quorum()
        };
        self.signed.values().find(|one| agree(one))
    }

    /// Begins an epoch.
    pub(super) fn begin(&mut self, beginning: Beginning) {
        self.known.extend(beginning.seats.nodes());
        self.seats = Arc::new(beginning.seats.clone());
        self.begun = Some(beginning);
        self.ended += 1;
        self.signed.clear();
        (self.named, self.unfit) = (None, None);
    }
}

impl MainChain {
    pub(super) fn new(seats: Arc<Seats>) -> Self {
        Self { groups: BTreeMap::from([(ROOT, Group::new(seats, Vec::new()))]) }
    }

    pub(super) fn group(&self, number: u32) -> Option<&Group> {
        self.groups.get(&number)
    }

    pub(super) fn group_mut(&mut self, number: u32) -> Option<&mut Group> {
        self.groups.get_mut(&number)
    }

    /// All groups, also those that split.
    pub(super) fn all(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// The groups that work.
    pub(super) fn whole(&self) -> impl Iterator<Item = &Group> {
        self.all().filter(|group| group.is_whole())
    }

    pub(super) fn whole_numbers(&self) -> Vec<u32> {
        self.whole().map(|group| group.seats.group).collect()
    }

    /// How many seeds it took.
    pub(super) fn seeds(&self) -> usize {
        self.all().map(|group| group.board.count()).sum()
    }

    /// The group whose news an archive node follows: where it sits or is to sit. Who sits in neither half follows the left
    /// one.
    pub(super) fn followed_by(&self, node: NodeId) -> u32 {
        let mut number = ROOT;
        while let Some([left, right]) = self.group(number).and_then(|group| group.halves) {
            let goes_right = self.group(right).is_some_and(|group| group.known.contains(&node));
            number = if goes_right { right } else { left };
        }
        number
    }

    /// The seats of the group in which a participant waits to be drawn.
    pub(super) fn home(&self, node: NodeId) -> Option<Arc<Seats>> {
        let mut homes = self.whole().filter(|group| group.seats.branch.admits(node));
        homes.next().map(|group| group.seats.clone())
    }

    /// How the halves of a group begin that splits between these nodes.
    pub(super) fn halve(
        &self,
        parent: &Group,
        halves: [Vec<NodeId>; 2],
        last: (B256, B256),
    ) -> Vec<Beginning> {
        let (seed, state_hash) = last;
        let newest = self.groups.keys().last().copied().unwrap_or(ROOT);
        let [left, right] = halves;
        let sides = [(false, left.clone(), right.clone()), (true, right, left)];
        let begin = |(number, (is_right, nodes, siblings)): (u32, (bool, Vec<_>, Vec<_>))| {
            let mut forks = parent.forks.clone();
            forks.push(Fork { seed, is_right });
            let seats = Seats::on(Branch::new(forks), (MAIN_CHAIN.0, number), 1, nodes);
            let seats = seats.keyed_for(parent.seats.epoch + 1);
            Beginning { seats, before: parent.seats.nodes().to_vec(), siblings, state_hash }
        };
        (newest + 1..).zip(sides).map(begin).collect()
    }

    /// A group becomes two.
    pub(super) fn split(&mut self, number: u32, seed: B256, halves: &[Beginning]) {
        let Some(parent) = self.groups.get_mut(&number) else { return };
        let [left, right] = halves else { return };
        parent.halves = Some([left.seats.group, right.seats.group]);
        parent.ended += 1;
        (parent.named, parent.unfit) = (None, None);
        parent.signed.clear();
        parent.board.close();
        let above = parent.forks.clone();
        for (beginning, is_right) in [(left, false), (right, true)] {
            let mut forks = above.clone();
            forks.push(Fork { seed, is_right });
            let seats = Arc::new(beginning.seats.clone());
            let begun = Some(beginning.clone());
            let group = Group { begun, ..Group::new(seats, forks) };
            self.groups.insert(beginning.seats.group, group);
        }
    }
}

//! The main chain wants seeds, one after the other, and takes what the seats certify; and it takes rent. Nodes read it each
//! in its own time.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{
    archive::{
        item::{Paid, Wanted},
        rent::added_s_min,
    },
    keys::NodeId,
    seat::Event,
};
use rand::Rng as _;

use super::{Actor, Happening, Violation, World};

/// How often somebody wants one who did not before.
const WANT_MS: u64 = 1_500;

/// The longest that a node takes to read that one is wanted.
const READ_MS_MAX: u64 = 800;

/// Until when storage is paid, of chains for which rent was paid since they began.
pub(super) type Paying = BTreeMap<B256, u64>;

/// What the main chain has of a group's seeds.
#[derive(Debug, Default)]
pub(super) struct SeedBoard {
    /// Those that it took.
    taken: Vec<B256>,
    /// The next one, while somebody waits for it.
    wanted: Option<Wanted>,
    /// What honest seats certify.
    signed: BTreeMap<NodeId, (Wanted, B256)>,
}

impl SeedBoard {
    /// How many it took.
    pub(super) const fn count(&self) -> usize {
        self.taken.len()
    }

    /// Whether nobody waits for one.
    pub(super) const fn is_at_rest(&self) -> bool {
        self.wanted.is_none()
    }

    /// The group has split: nobody waits for its next one any more.
    pub(super) fn close(&mut self) {
        self.wanted = None;
    }
}

impl World<'_> {
    /// Somebody wants a seed.
    pub(super) fn want(&mut self) {
        if self.scenario.network.healed {
            return;
        }
        self.at(self.now_ms + WANT_MS, Happening::Wants);
        self.pay_rent();
        for number in self.main.whole_numbers() {
            self.want_of(number);
        }
    }

    /// Each group counts its seeds from the first.
    fn want_of(&mut self, number: u32) {
        let after_block = self.now_ms / 100;
        let Some(board) = self.main.group_mut(number).map(|group| &mut group.board) else { return };
        if board.wanted.is_some() {
            return;
        }
        board.wanted = Some(Wanted { index: board.taken.len() as u64, after_block });
        board.signed.clear();
        for seat in self.scenario.archives.clone() {
            let delay_ms = self.rng.random_range(1..READ_MS_MAX);
            self.at(self.now_ms + delay_ms, Happening::ReadsWant(seat, number));
        }
    }

    /// Now and then somebody pays rent.
    fn pay_rent(&mut self) {
        let count = self.scenario.chains.len();
        let index = self.rng.random_range(0..4 * count.max(1));
        let Some(opening) = self.scenario.chains.get(index) else { return };
        let (chain, first) = (opening.chain, opening.paid_through_s);
        let paid = self.paid.entry(chain).or_insert(first);
        // Now and then too little to be heard of.
        let least = added_s_min(*paid);
        *paid = paid.saturating_add(self.rng.random_range(least / 2..2 * least));
        let paid = *paid;
        self.oracle.see_paid(chain, paid);
    }

    /// An archive node reads what its group shall make, again and again. It proposes it at once, or when others have read
    /// it.
    pub(super) fn read_want(&mut self, node: NodeId, number: u32) -> Result<(), Violation> {
        let Some(wanted) = self.main.group(number).and_then(|group| group.board.wanted) else {
            return Ok(());
        };
        self.at(self.now_ms + 2 * READ_MS_MAX, Happening::ReadsWant(node, number));
        if !self.is_up(node) || self.main.followed_by(node) != number {
            return Ok(());
        }
        let proposes = self.rng.random_ratio(1, 2);
        self.step(node, Event::Wanted(wanted, proposes))
    }

    /// An archive node reads what rent was paid, again and again.
    pub(super) fn read_rent(&mut self, node: NodeId) -> Result<(), Violation> {
        self.at(self.now_ms + 2 * READ_MS_MAX, Happening::ReadsRent(node));
        if !self.is_up(node) {
            return Ok(());
        }
        let proposes = self.rng.random_ratio(1, 2);
        for (chain, paid_through_s) in self.paid.clone() {
            self.step(node, Event::Paid(Paid { chain, paid_through_s }, proposes))?;
        }
        Ok(())
    }

    /// Until when a chain's storage is paid, as the main chain says.
    pub(super) fn rent(&self, chain: B256) -> u64 {
        self.paid.get(&chain).copied().unwrap_or_default()
    }

    /// Honest seats certify the seed that their log made.
    pub(super) fn certify_seed(&mut self, id: NodeId) -> Result<(), Violation> {
        let Some(Actor::Seat(seat)) = self.nodes.get(&id).map(|node| &node.actor) else {
            return Ok(());
        };
        let number = seat.state().seats.group;
        let Some(group) = self.main.group_mut(number) else { return Ok(()) };
        let Some(wanted) = group.board.wanted else { return Ok(()) };
        let beacon = seat.state().beacon().copied();
        let made = beacon.filter(|beacon| beacon.wanted.index == wanted.index);
        let Some((beacon, value)) = made.and_then(|made| Some((made, made.value?))) else {
            return Ok(());
        };
        if !group.seats.contains(id) || !self.oracle.is_honest(id) {
            return Ok(());
        }
        self.oracle.see_beacon((id, number), &wanted, (&beacon, value))?;
        group.board.signed.insert(id, (beacon.wanted, value));
        if group.board.signed.len() >= group.seats.quorum() {
            group.board.taken.push(value);
            group.board.wanted = None;
        }
        Ok(())
    }
}

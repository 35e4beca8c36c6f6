//! Who waits to be drawn, once more: by the wishes in the log, and by the chains that each node serves in.
//!
//! A wish stands from the entry that has it until its node wishes something else, or nothing; until it lets an answer
//! wait too long, is barred or gets a seat; or until it is too old. Whose wish stands, and is for more chains than it
//! serves in, waits: at the end of the line when it was drawn, came back or wished anew, else where it was.
//!
//! When the group splits, everybody waits in one half. There it offers so many seats less as it has places in chains of the
//! other, and goes to the end of the line if it has any.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;
use conet_committee::{
    archive::{Chain, Item, State},
    keys::NodeId,
    log::Entry,
    roulette::pool::{Offer, Snapshot},
};

use super::{Cast, Violation, tree::Place};
use crate::keys::{SEATS, WISH_MS};

/// For how many entries it is kept what they have.
const ENTRIES_KEPT: u64 = 256;

/// What is known of who waits.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits {
    /// Time and wishes of final entries, by epoch and height.
    entries: BTreeMap<(u64, u64), (u64, Vec<Offer>)>,
    /// The number of each node's last wish.
    numbers: BTreeMap<NodeId, u64>,
    /// Wishes that stand, and until when.
    wishes: BTreeMap<NodeId, (Offer, u64)>,
    /// Those of whose wishes it was seen whether they stand.
    sure: BTreeSet<NodeId>,
    before: Before,
    /// Who offers less since the group split.
    lessened: BTreeSet<NodeId>,
    /// An entry was never seen: nothing is known any more.
    is_lost: bool,
    /// After how many entries it was looked who waits, and where.
    checked: usize,
}

/// The newest state that was seen.
#[derive(Debug, Clone, Default)]
struct Before {
    height: u64,
    next_place: u64,
    places: BTreeMap<NodeId, u64>,
    serves: BTreeMap<NodeId, BTreeSet<B256>>,
    /// Until when whoever is accused must answer, and in which chain of which height.
    accused: Vec<(NodeId, u64, (B256, u64))>,
}

impl Before {
    fn of(state: &State, pool: &Snapshot) -> Self {
        let mut serves: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for chain in state.chains.values() {
            for node in nodes(chain) {
                serves.entry(node).or_default().insert(chain.id);
            }
        }
        let accused = state.chains.values().flat_map(|chain| {
            let stands = (chain.id, chain.height);
            chain.accused.iter().map(move |(node, until)| (*node, *until, stands))
        });
        Self {
            height: state.height,
            next_place: pool.next_place,
            places: pool.waiting.iter().map(|it| (it.offer.node, it.place)).collect(),
            serves,
            accused: accused.collect(),
        }
    }
}

/// All who have a place in a chain, or will have one.
fn nodes(chain: &Chain) -> impl Iterator<Item = NodeId> {
    let group = chain.creator.iter().chain(&chain.witness).copied();
    group.chain(chain.validator.nodes())
}

impl Waits {
    /// A new final entry: wishes count up, and are for no more than there is stake for.
    pub(super) fn see_items(&mut self, entry: &Entry) -> Result<(), Violation> {
        let header = &entry.header;
        let wrong = |why| Violation::WrongEntry { height: header.height, node: NodeId(0), why };
        let mut wishes = Vec::new();
        for item in &entry.items {
            let Item::Join(joining) = item else { continue };
            let Offer { node, seats, .. } = joining.offer;
            if seats > SEATS {
                return Err(wrong("a node waits with more lots than its stake is enough for"));
            }
            let before = self.numbers.insert(node, joining.number);
            if before.is_some_and(|before| before >= joining.number) {
                return Err(wrong("a wish to be drawn counts twice"));
            }
            wishes.push(joining.offer);
        }
        self.entries.insert((header.epoch, header.height), (header.time_ms, wishes));
        let kept = header.height.saturating_sub(ENTRIES_KEPT);
        self.entries.retain(|(_, height), _| *height >= kept);
        Ok(())
    }

    pub(super) const fn checked(&self) -> usize {
        self.checked
    }

    /// The group splits between nodes that the log knows: what stays here.
    pub(super) fn fall(&mut self, place: &Place, logged: &[NodeId]) {
        self.checked = 0;
        let before = &mut self.before;
        for (node, (offer, _)) in &mut self.wishes {
            let serves = before.serves.get(node).into_iter().flatten();
            let elsewhere = serves.filter(|chain| !place.keeps(**chain)).count();
            if elsewhere > 0 {
                let elsewhere = u32::try_from(elsewhere).unwrap_or(u32::MAX);
                offer.seats = offer.seats.saturating_sub(elsewhere);
                self.lessened.insert(*node);
            }
        }
        self.wishes.retain(|node, (offer, _)| {
            offer.seats > 0 && place.admits(*node) && !logged.contains(node)
        });
        before.places.retain(|node, _| self.wishes.contains_key(node));
        before.accused.retain(|(_, _, (chain, _))| place.keeps(*chain));
        for chains in before.serves.values_mut() {
            chains.retain(|chain| place.keeps(*chain));
        }
        before.serves.retain(|_, chains| !chains.is_empty());
    }

    /// A new state, and those who wait in it.
    pub(super) fn see_state(
        &mut self,
        cast: &Cast,
        state: &State,
        pool: &Snapshot,
    ) -> Result<(), Violation> {
        let is_next = state.height == self.before.height + 1;
        if !is_next {
            self.sure.clear();
        }
        let mut wished = std::mem::take(&mut self.lessened);
        for height in self.before.height + 1..=state.height {
            wished.extend(self.pass(cast, state, height, is_next));
        }
        for node in state.barred.iter().chain(state.seats.nodes()) {
            self.wishes.remove(node);
        }
        let now = Before::of(state, pool);
        let height = state.height;
        if !self.is_lost {
            self.check_who(&now, pool).map_err(|(node, why)| wrong(height, node, why))?;
            if is_next {
                let drawn = state.selections.iter().flat_map(|selection| selection.members());
                let drawn: BTreeSet<_> = drawn.copied().collect();
                self.check_line(&now, &drawn, &wished)
                    .map_err(|(node, why)| wrong(height, node, why))?;
                self.checked += 1;
            }
        }
        self.sure.extend(now.places.keys());
        self.before = now;
        Ok(())
    }

    /// What an entry changes. Returns who wishes in it.
    fn pass(&mut self, cast: &Cast, state: &State, height: u64, is_next: bool) -> Vec<NodeId> {
        let epoch = cast.epoch_of(height);
        let Some((time_ms, wishes)) = self.entries.get(&(epoch, height)).cloned() else {
            self.is_lost = true;
            return Vec::new();
        };
        self.wishes.retain(|_, (_, until)| *until > time_ms);
        // The first entry of an epoch begins new views, in which nobody is accused.
        if is_next && cast.epoch_of(height.saturating_sub(1)) == epoch {
            let late = self.before.accused.iter().filter(|(_, until, _)| *until <= time_ms);
            for (node, _, (chain, height)) in late {
                // Who keeps its place was let off: seats judged a block in the same entry, and a new view began, or the
                // block is final, with which a validator's place ends.
                let keeps = state
                    .chains
                    .get(chain)
                    .is_some_and(|chain| chain.involves(*node) || chain.height > *height);
                if !keeps {
                    self.wishes.remove(node);
                }
            }
        }
        for offer in &wishes {
            // In an entry whose state was not seen, it may have ended again.
            if is_next {
                self.sure.insert(offer.node);
            }
            self.wishes.remove(&offer.node);
            if offer.roles != 0 && offer.seats != 0 {
                self.wishes.insert(offer.node, (*offer, time_ms + WISH_MS));
            }
        }
        wishes.into_iter().map(|offer| offer.node).collect()
    }

    /// Those wait whose wish stands and who have room, and nobody else.
    fn check_who(&self, now: &Before, pool: &Snapshot) -> Result<(), (NodeId, &'static str)> {
        let serves = |node: &NodeId| now.serves.get(node).map_or(0, BTreeSet::len);
        for waiting in &pool.waiting {
            let node = waiting.offer.node;
            let Some((offer, _)) = self.wishes.get(&node) else {
                return Err((node, "its wish stands no more"));
            };
            if *offer != waiting.offer {
                return Err((node, "it wished for something else"));
            }
            if serves(&node) as u64 >= u64::from(offer.seats) {
                return Err((node, "it serves in as many chains as it wished to"));
            }
        }
        let sure = self.wishes.iter().filter(|(node, _)| self.sure.contains(node));
        let mut left_out = sure.filter(|(node, (offer, _))| {
            !now.places.contains_key(node) && (serves(node) as u64) < u64::from(offer.seats)
        });
        match left_out.next() {
            Some((node, _)) => Err((*node, "it does not, though its wish stands")),
            None => Ok(()),
        }
    }

    /// Who was drawn, came back or wished anew is behind all others; others are where they were.
    fn check_line(
        &self,
        now: &Before,
        drawn: &BTreeSet<NodeId>,
        wished: &BTreeSet<NodeId>,
    ) -> Result<(), (NodeId, &'static str)> {
        for (node, place) in &now.places {
            let before = self.before.places.get(node);
            let is_behind = *place >= self.before.next_place;
            let moves = drawn.contains(node) || wished.contains(node) || before.is_none();
            if moves && !is_behind {
                return Err((*node, "it should be at the end of the line"));
            }
            let same_chains = self.before.serves.get(node) == now.serves.get(node);
            if !moves && same_chains && before != Some(place) {
                return Err((*node, "it lost its place in the line"));
            }
        }
        Ok(())
    }
}

fn wrong(height: u64, node: NodeId, why: &'static str) -> Violation {
    Violation::WrongWait { height, node, why }
}

//! Draws, once more: who waited when a place was asked for, and whom the seed takes of them.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{B256, Keccak256, keccak256};
use conet_committee::{
    archive::{Item, State},
    keys::NodeId,
    log::Entry,
    roulette::{
        pool::Snapshot,
        request::Unfit,
        selection::{Head, Selection},
    },
};

use super::{Cast, Violation, tree::Place, waits::Waits};

/// How many entries lie between a request and its seed's, at least.
pub(super) const SEED_DELAY: u64 = 2;

/// For how many entries it is kept who waited.
const ENTRIES_KEPT: u64 = 256;

/// What is known of draws.
#[derive(Debug, Clone)]
pub(super) struct Draws {
    /// From which seeds follow, if they are toys.
    secret: Option<u64>,
    /// Seeds that were seen, by their entries.
    seeds: BTreeMap<u64, B256>,
    newest: u64,
    /// Who waited after an entry.
    waited: BTreeMap<u64, Snapshot>,
    /// Who was barred after the newest entry that was seen.
    barred: BTreeSet<NodeId>,
    waits: Waits,
    /// Draws that were seen.
    seen: BTreeMap<u64, B256>,
    /// How many were drawn once more.
    redrawn: usize,
    /// Places that were drawn for: chain, role, height and entry of the request.
    done: BTreeSet<(B256, u16, u64, u64)>,
}

impl Draws {
    pub(super) fn new(secret: Option<u64>) -> Self {
        Self {
            secret,
            seeds: BTreeMap::new(),
            newest: 0,
            waited: BTreeMap::new(),
            barred: BTreeSet::new(),
            waits: Waits::default(),
            seen: BTreeMap::new(),
            redrawn: 0,
            done: BTreeSet::new(),
        }
    }

    /// How many draws were drawn once more, and after how many entries it was looked who waits.
    pub(super) const fn checked(&self) -> (usize, usize) {
        (self.redrawn, self.waits.checked())
    }

    /// The group splits: a half's seeds follow from another secret, and some wait elsewhere.
    pub(super) fn fall(&mut self, secret: Option<u64>, place: &Place, logged: &[NodeId]) {
        self.secret = secret;
        // What was looked at above is counted there.
        self.redrawn = 0;
        self.waits.fall(place, logged);
    }

    /// A new final entry: its seeds are of entries before.
    pub(super) fn see_items(&mut self, entry: &Entry) -> Result<(), Violation> {
        let height = entry.header.height;
        for item in &entry.items {
            if matches!(item, Item::Seed(seed) if seed.height >= height) {
                let why = "a seed is of no entry before";
                return Err(Violation::WrongEntry { height, node: NodeId(0), why });
            }
        }
        self.waits.see_items(entry)
    }

    /// The state after an entry, which may be new.
    pub(super) fn see_state(&mut self, cast: &Cast, state: &State) -> Result<(), Violation> {
        for selection in &state.selections {
            let id = id(selection);
            match self.seen.insert(selection.index, id) {
                Some(before) if before == id => continue,
                Some(_) => return Err(wrong(selection, "there are two of it")),
                None => {}
            }
            self.check_link(selection).map_err(|why| wrong(selection, why))?;
            self.check(cast, selection, state).map_err(|why| wrong(selection, why))?;
            if selection.members().iter().any(|node| self.barred.contains(node)) {
                return Err(wrong(selection, "it draws who is barred"));
            }
        }
        let Head { length, last } = state.selected;
        let newest = length.checked_sub(1).map_or(Some(&B256::ZERO), |index| self.seen.get(&index));
        if newest.is_some_and(|newest| *newest != last) {
            let (height, node) = (state.height, NodeId(0));
            let why = "its state ends with another draw";
            return Err(Violation::WrongEntry { height, node, why });
        }
        if state.height > self.newest {
            self.newest = state.height;
            self.barred = state.barred.iter().copied().collect();
            let pool = state.pool.snapshot();
            self.waits.see_state(cast, state, &pool)?;
            self.waited.insert(state.height, pool);
            self.waited = self.waited.split_off(&state.height.saturating_sub(ENTRIES_KEPT));
        }
        Ok(())
    }

    /// Each draw names the one before.
    fn check_link(&self, selection: &Selection) -> Result<(), &'static str> {
        let before = match selection.index.checked_sub(1) {
            None => Some(&B256::ZERO),
            Some(before) => self.seen.get(&before),
        };
        match before {
            Some(before) if *before != selection.parent => Err("it follows another"),
            _ => Ok(()),
        }
    }

    fn check(
        &mut self,
        cast: &Cast,
        selection: &Selection,
        after: &State,
    ) -> Result<(), &'static str> {
        let request = &selection.request;
        if request.seed_height < request.logged_at + SEED_DELAY {
            return Err("its seed could be known when it was asked for");
        }
        if selection.drawn_in <= request.seed_height {
            return Err("its seed's entry was not final");
        }
        let epoch = cast.epoch_of(selection.drawn_in);
        if cast.epoch_of(request.logged_at) != epoch {
            return Err("it was asked for in another epoch");
        }
        let toy = self.secret.map(|secret| toy_seed(secret, epoch, request.seed_height));
        let first = *self.seeds.entry(request.seed_height).or_insert(selection.seed);
        if selection.seed != toy.unwrap_or(first) {
            return Err("the seed is another");
        }
        let place = (request.chain, request.role, request.height, request.logged_at);
        if !self.done.insert(place) {
            return Err("it was drawn before");
        }
        match self.waited.get(&request.logged_at) {
            Some(waited) if waited.digest() != request.pool => Err("others waited"),
            Some(waited) => {
                check_turns(selection, waited)?;
                self.redrawn += 1;
                let before = selection.drawn_in.checked_sub(1);
                let before = before.and_then(|before| self.waited.get(&before));
                check_unfit(selection, waited, before, after)
            }
            None => Ok(()),
        }
    }
}

fn wrong(selection: &Selection, why: &'static str) -> Violation {
    Violation::WrongDraw { index: selection.index, why }
}

/// The seed of an entry, where seeds are toys.
pub(super) fn toy_seed(secret: u64, epoch: u64, height: u64) -> B256 {
    let words = [secret, epoch, height, u64::MAX].map(u64::to_be_bytes);
    keccak256(keccak256(words.concat()))
}

/// What the next draw names of one.
fn id(selection: &Selection) -> B256 {
    keccak256([b"CoNET selection 1".as_slice(), &alloy_rlp::encode(selection)].concat())
}

/// Who is passed over has cheated, or waits no more where it did; and who is drawn still does. `before` and `after`: the
/// entry that draws.
fn check_unfit(
    selection: &Selection,
    waited: &Snapshot,
    before: Option<&Snapshot>,
    after: &State,
) -> Result<(), &'static str> {
    let place = |pool: &Snapshot, node: NodeId| {
        let known = pool.waiting.iter().find(|waiting| waiting.offer.node == node);
        known.map(|waiting| waiting.place)
    };
    let now = after.pool.snapshot();
    for passed in &selection.outcome.skipped {
        let node = passed.node;
        let is_member = selection.request.members.contains(&node);
        match passed.reason {
            Unfit::Barred if !after.barred.contains(&node) => {
                return Err("it passes over one who did not cheat");
            }
            Unfit::Gone if is_member => return Err("it passes over a member as if it had left"),
            Unfit::Gone if place(&now, node) == place(waited, node) => {
                return Err("it passes over one who still waits");
            }
            _ => {}
        }
    }
    let mut drawn = selection.outcome.nodes.iter();
    let is_gone =
        |node: &NodeId| before.is_some_and(|before| place(before, *node) != place(waited, *node));
    if drawn.any(is_gone) { Err("it draws who did not wait any more") } else { Ok(()) }
}

/// Goes through the turns that the seed gives, and compares.
fn check_turns(selection: &Selection, waited: &Snapshot) -> Result<(), &'static str> {
    let outcome = &selection.outcome;
    let wanted = usize::from(selection.request.seats) + usize::from(selection.request.standbys);
    // A lot for each seat that somebody offers in this role.
    let offers = waited.waiting.iter().map(|waiting| waiting.offer);
    let able = offers.filter(|offer| offer.roles & selection.request.role != 0);
    let mut left: Vec<_> = able.map(|offer| (offer.node, u64::from(offer.seats))).collect();
    let (mut drawn, mut skipped) = (outcome.nodes.iter(), outcome.skipped.iter());
    let (mut next, mut passed) = (drawn.next(), skipped.next());
    let mut found = 0;
    for step in 0.. {
        if found == wanted || left.is_empty() {
            break;
        }
        let mut lot = below(selection, step, left.iter().map(|(_, lots)| lots).sum());
        let drawn_at = left.iter().position(|(_, lots)| {
            let is_here = lot < *lots;
            lot = lot.saturating_sub(if is_here { 0 } else { *lots });
            is_here
        });
        let (node, _) = left.remove(drawn_at.unwrap_or_default());
        if next == Some(&node) {
            if selection.request.members.contains(&node) {
                return Err("it draws a member again");
            }
            (next, found) = (drawn.next(), found + 1);
        } else if passed.is_some_and(|passed| passed.node == node) {
            let reason = passed.map(|passed| passed.reason);
            let is_member = selection.request.members.contains(&node);
            if (reason == Some(Unfit::Member)) && !is_member {
                return Err("it passes over one that is fit");
            }
            passed = skipped.next();
        } else {
            return Err("it has another order");
        }
    }
    if next.is_some() || passed.is_some() {
        return Err("it has too many turns");
    }
    Ok(())
}

/// The first of the words that a step gives which favours no number, modulo the bound.
fn below(selection: &Selection, step: u32, bound: u64) -> u64 {
    // 2^64 modulo the bound.
    let uneven = ((1_u128 << 64) % u128::from(bound)) as u64;
    for attempt in 0_u32.. {
        let mut hasher = Keccak256::new();
        hasher.update(b"CoNET roulette draw 1");
        hasher.update(selection.seed);
        hasher.update(selection.request.chain);
        hasher.update(selection.request.height.to_be_bytes());
        hasher.update(selection.request.role.to_be_bytes());
        hasher.update(step.to_be_bytes());
        hasher.update(attempt.to_be_bytes());
        let hash = hasher.finalize();
        let words = hash.as_chunks::<8>().0.iter().map(|bytes| u64::from_be_bytes(*bytes));
        if let Some(word) = words.into_iter().find(|word| *word >= uneven) {
            return word % bound;
        }
    }
    0
}

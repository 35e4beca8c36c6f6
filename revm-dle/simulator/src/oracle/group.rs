//! The rules of one archive group. When it splits, the rules of each half go on from what was known of it.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{B256, keccak256};
use conet_committee::{
    archive::{Beacon, Beginning, Item, State, item::Wanted},
    keys::NodeId,
    log::Entry,
};

use super::draws::{SEED_DELAY, toy_seed};
use super::{
    Books, Cast, Complaints, Draws, Findings, Log, Successions, Traps, Violation, is_quorum,
    tree::{Place, log_id},
};
use crate::{keys::secret_of, scenario::Scenario};

/// What is known of a group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) number: u32,
    pub(super) place: Place,
    /// The id of its log, and the main chain's.
    pub(super) log_id: B256,
    main_chain_id: u64,
    pub(super) cast: Cast,
    pub(super) log: Log,
    pub(super) books: Books,
    pub(super) draws: Draws,
    pub(super) traps: Traps,
    pub(super) complaints: Complaints,
    pub(super) successions: Successions,
    pub(super) findings: Findings,
    /// Seeds for the main chain, by number.
    beacons: BTreeMap<u64, B256>,
    /// The entries that ask for them.
    wants: BTreeMap<u64, Wanted>,
    /// From which toy seeds follow.
    secret: Option<u64>,
    /// The chains that the group above had when it split, and that fall here.
    chains: BTreeSet<B256>,
    /// How many of the log's entries are of the groups above.
    inherited: usize,
}

impl Group {
    /// The first one.
    pub(super) fn new(scenario: &Scenario, main_chain_id: u64, secret: Option<u64>) -> Self {
        let chains: Vec<_> = scenario.chains.iter().map(|opening| opening.chain).collect();
        let number = crate::scenario::ROOT;
        Self {
            number,
            place: Place::default(),
            log_id: log_id(main_chain_id, number),
            main_chain_id,
            cast: Cast::new(scenario.honest(), scenario.seats.clone()),
            log: Log::default(),
            books: Books::new(&chains),
            draws: Draws::new(secret),
            traps: Traps::default(),
            complaints: Complaints::default(),
            successions: Successions::new(scenario.holds_ceremonies),
            findings: Findings::default(),
            beacons: BTreeMap::new(),
            wants: BTreeMap::new(),
            secret,
            chains: BTreeSet::new(),
            inherited: 0,
        }
    }

    /// A half of it, that begins so after the entry of this height and time.
    pub(super) fn half(
        &self,
        beginning: &Beginning,
        (seed, is_right): (B256, bool),
        after: (u64, u64),
    ) -> Result<Self, Violation> {
        let seats = &beginning.seats;
        let (epoch, node) = (seats.epoch, NodeId(0));
        let wrong = |why| Err(Violation::WrongEpoch { epoch, node, why });
        self.log.check_last(beginning, after.0)?;
        let place = self.place.half(seed, is_right);
        if epoch != place.epochs_from() + 1 {
            return wrong("it does not count on from the group above");
        }
        let id = log_id(self.main_chain_id, seats.group);
        if seats.log != id || id == self.log_id {
            return wrong("it has the log of another group");
        }
        let before = self.cast.newest();
        let mut half = Self {
            number: seats.group,
            log_id: id,
            beacons: BTreeMap::new(),
            chains: self.cast.chains().filter(|chain| place.keeps(*chain)).collect(),
            inherited: self.log.len(),
            ..self.clone()
        };
        half.log.go_on();
        let secret = self.secret.map(|secret| secret_of(secret, seats.group));
        let logged = self.successions.logged(before + 1);
        half.draws.fall(secret, &place, logged);
        half.traps.fall(&place);
        half.place = place;
        half.cast.begin(beginning, after);
        Ok(half)
    }

    /// The group has split: its log is over.
    pub(super) fn end(&mut self) {
        self.log.end();
    }

    /// How many entries are final, without those of the groups above.
    pub(super) fn entries(&self) -> usize {
        self.log.len() - self.inherited
    }

    fn misplaced(&self, node: NodeId, why: &'static str) -> Violation {
        Violation::Misplaced { group: self.number, node, why }
    }

    /// An honest seat made an entry final.
    pub(super) fn see_entry(
        &mut self,
        node: NodeId,
        entry: &Entry,
        now_ms: u64,
    ) -> Result<(), Violation> {
        self.successions.see_final(node, &entry.header);
        if self.log.see_entry(&self.cast, node, entry, now_ms)? {
            self.successions.see_items(entry)?;
            self.books.see_items(&entry.items);
            self.draws.see_items(entry)?;
            self.wants.extend(entry.items.iter().filter_map(|item| match item {
                Item::Want(wanted) => Some((entry.header.height, *wanted)),
                _ => None,
            }));
            self.traps.see_items(entry)?;
            self.complaints.see_items(&self.cast, entry)?;
            let mut wrong = self.books.proven_wrong(&self.cast);
            wrong.extend(self.traps.caught());
            self.findings.see_items(entry, wrong);
        }
        self.findings.see_entry(node, entry.header.height)
    }

    /// Nothing of the other half is in a state, and nothing of this one is missing.
    fn check_place(&self, node: NodeId, state: &State) -> Result<(), Violation> {
        if !state.chains.keys().all(|chain| self.place.keeps(*chain)) {
            return Err(self.misplaced(node, "a chain falls to another group"));
        }
        if !self.chains.iter().all(|chain| state.chains.contains_key(chain)) {
            return Err(self.misplaced(node, "a chain that falls here is not there"));
        }
        if state.seats.branch.is_root() {
            return Ok(());
        }
        let waiting = state.pool.snapshot().waiting;
        let mut stray = waiting.iter().filter(|it| !self.place.admits(it.offer.node));
        match stray.next() {
            Some(stray) => Err(self.misplaced(stray.offer.node, "it waits in another group")),
            None => Ok(()),
        }
    }

    /// The state of an honest seat after an entry. `before`: the height that it had before.
    pub(super) fn see_state(
        &mut self,
        node: NodeId,
        state: &State,
        before: u64,
    ) -> Result<(), Violation> {
        for barred in &state.barred {
            if self.cast.is_honest(*barred) {
                return Err(Violation::HonestBarred { node, barred: *barred });
            }
        }
        for finding in &state.findings {
            if self.cast.is_honest(finding.node) {
                return Err(Violation::HonestBarred { node, barred: finding.node });
            }
        }
        let seats = self.cast.check_seats(node, &state.seats)?;
        let lost = seats.iter().filter(|seat| state.barred.contains(*seat)).count();
        if !is_quorum(state.active.len() + lost, seats.len()) {
            return Err(Violation::TooFewActive { node, active: state.active.len() });
        }
        self.check_place(node, state)?;
        self.draws.see_state(&self.cast, state)?;
        for chain in state.chains.values() {
            self.books.see_group(chain);
            self.cast.see_view(node, state, chain)?;
            if let Some(lost) = self.books.see_places(&self.cast, chain) {
                return Err(Violation::LostPlace { node: lost, chain: chain.id, view: chain.view });
            }
            // Who was active when a block became final is known when nothing else happened since.
            let is_next = state.height == before + 1 && self.log.has(state.height);
            let asked = (is_next && state.has_begun()).then_some(&state.active);
            let asked = asked.map(|active| self.log.without_returned(state.height, active));
            self.books.see_final(&self.cast, node, (chain.id, chain.height, chain.hash), asked)?;
        }
        Ok(())
    }

    /// What a seat that lies holds for final: it follows the log as all do.
    pub(super) fn see_chains(&mut self, node: NodeId, state: &State) -> Result<(), Violation> {
        for chain in state.chains.values() {
            self.books.see_group(chain);
            self.books.see_final(&self.cast, node, (chain.id, chain.height, chain.hash), None)?;
        }
        Ok(())
    }

    /// An honest seat certifies a seed that the main chain wants.
    pub(super) fn see_beacon(
        &mut self,
        node: NodeId,
        wanted: &Wanted,
        (beacon, value): (&Beacon, B256),
    ) -> Result<(), Violation> {
        let (index, said) = (wanted.index, &beacon.wanted);
        let wrong = |why| Err(Violation::WrongSeed { index, node, why });
        if said != wanted {
            return wrong("the main chain wants another");
        }
        if self.wants.get(&beacon.logged).is_some_and(|logged| logged != said) {
            return wrong("another entry asked for it");
        }
        // Two entries after: then nobody knew it when it was asked for.
        let epoch = self.cast.epoch_of(beacon.logged);
        let secret = self.secret.map(|secret| secret_of(secret, self.number));
        let seed = secret.map(|secret| toy_seed(secret, epoch, beacon.logged + SEED_DELAY));
        let made = seed.map(|seed| {
            let numbers = [&self.number.to_be_bytes()[..], &index.to_be_bytes()].concat();
            let name = b"CoNET seed for the main chain".as_slice();
            keccak256([name, seed.as_slice(), &numbers].concat())
        });
        if made.is_some_and(|made| made != value) {
            return wrong("it does not follow from the seed two entries after");
        }
        if *self.beacons.entry(index).or_insert(value) != value {
            return wrong("another honest seat certified another value");
        }
        if self.beacons.iter().any(|(other, seen)| *other != index && *seen == value) {
            return wrong("it is that of another number");
        }
        Ok(())
    }

    /// At the end: are all barred who were proven wrong?
    pub(super) fn check_liars(&self, barred: impl Fn(NodeId) -> bool) -> Result<(), Violation> {
        for liar in self.traps.guilty() {
            if !barred(liar) {
                let what = "it signed what a trap told it";
                return Err(Violation::LiarAtLarge { liar, what });
            }
        }
        for (liar, ..) in self.books.proven_wrong(&self.cast) {
            if !barred(liar) {
                let what = "a quorum of seats found against it";
                return Err(Violation::LiarAtLarge { liar, what });
            }
        }
        Ok(())
    }

    /// The main chain begins an epoch of it, after the entry of this height and time.
    pub(super) fn begin(
        &mut self,
        beginning: &Beginning,
        after: (u64, u64),
    ) -> Result<(), Violation> {
        self.log.check_last(beginning, after.0)?;
        self.cast.begin(beginning, after);
        Ok(())
    }
}

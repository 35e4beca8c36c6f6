//! What a run is made of: all of it follows from the seed.
//!
//! ```text
//! mod.rs          who takes part, who lies, the chains, the payments, the network
//! successions.rs  who sits in later epochs, and whether the group splits in the end
//! ```

mod successions;

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{B256, keccak256};
use conet_committee::{
    archive::item::{Division, Opening},
    keys::NodeId,
    seat::{PAGES_MAX, SHOWN_BYTES_MAX, SeatLimits},
    tree::{Branch, Fork},
};
use rand::{Rng as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

pub(crate) use successions::{ROOT, Succession, Who, both_hold};
use successions::{handovers, least, splitting};

use crate::{
    byzantine::Kind,
    latency::Calm,
    ledger::{ACCOUNTS, BALANCE, Payment, genesis},
    network::Network,
};

/// The most pages of a state in a message, where nothing is bad.
pub const CALM_PAGES_MAX: usize = 16;

/// How long the network may be bad.
const TROUBLE_MS: u64 = 15_000;

/// How long chains have to get their groups before anybody pays.
const WARM_UP_MS: u64 = 5_000;

/// Of so many runs, the group splits in one.
const SPLITS_ONE_IN: u32 = 6;

/// The most chains of such a run: both halves keep some, mostly.
const SPLIT_CHAINS_MAX: u64 = 4;

/// How many honest members each half has, at least, besides three for each chain.
const SPARE_MEMBERS: usize = 4;

/// Who takes part, who lies how, and what is paid.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// Who has a seat in the first epoch.
    pub(crate) seats: Vec<NodeId>,
    /// Who has a seat in any.
    pub(crate) archives: Vec<NodeId>,
    pub(crate) members: Vec<NodeId>,
    pub(crate) liars: BTreeMap<NodeId, Kind>,
    /// All of them, who know each other.
    pub(crate) friends: Vec<NodeId>,
    pub(crate) chains: Vec<Opening>,
    pub(crate) payments: Vec<Planned>,
    pub(crate) network: Network,
    pub(crate) heals_ms: u64,
    /// Of 100,000 steps of an honest node, so many end in a crash, until the network heals.
    pub(crate) crashes: u32,
    /// Whether a node that comes back still has its ledgers, or only its journal.
    pub(crate) keeps_ledgers: bool,
    /// When the network is cut, for how long, and who is on the other side.
    pub(crate) cuts: Vec<(u64, u64, BTreeSet<NodeId>)>,
    /// When the main chain names who shall sit next, and whom.
    pub(crate) successions: Vec<Succession>,
    /// The fewest seats that the main chain lets a group have.
    pub(crate) least: usize,
    /// Whether seats make the keys for their seeds themselves.
    pub(crate) holds_ceremonies: bool,
    /// Whether payers tell witnesses at once, too, as archive nodes do for them; else only when the creator makes no block.
    pub(crate) tells_witnesses: bool,
    /// Whether nothing is bad.
    pub(crate) is_calm: bool,
}

/// A payment that somebody will make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) at_ms: u64,
    pub(crate) chain: B256,
    pub(crate) nonce: u64,
    pub(crate) payment: Payment,
    /// More than anybody has: it cannot be made, and holds nobody up.
    pub(crate) is_bad: bool,
}

impl Scenario {
    pub(crate) fn random(rng: &mut ChaCha8Rng, only: Option<Kind>) -> Self {
        // Of its own, so that runs with one epoch are as they would be without.
        let apart: u64 = rng.clone().random();
        let (mut apart, mut forks) =
            (ChaCha8Rng::seed_from_u64(apart), ChaCha8Rng::seed_from_u64(!apart));
        // Ten cost six times as much as four.
        let is_large = rng.random_ratio(1, 40);
        let small = *[4, 4, 5, 7].get(rng.random_range(0..4)).unwrap_or(&4);
        let seat_count = if is_large { 10 } else { small };
        let member_count = rng.random_range(10..16);
        let seats: Vec<_> = (1..=seat_count).map(NodeId).collect();
        let mut members: Vec<_> = (101..=100 + member_count).map(NodeId).collect();
        let mut liars = liars(rng, (&seats, &members), only);
        let splits = forks.random_ratio(1, SPLITS_ONE_IN);
        let successions = if splits {
            splitting(&mut forks, &seats, &mut liars, only)
        } else {
            handovers(&mut apart, &seats, &mut liars, only)
        };
        let later = successions.iter().flat_map(Succession::nodes);
        let archives: BTreeSet<_> = seats.iter().chain(later).copied().collect();
        let mut chains: Vec<_> =
            (0..rng.random_range(1..=2)).map(|number| opening(rng, number)).collect();
        let mut payments = payments(rng, &chains);
        if splits {
            pay_on_both_sides(&mut forks, &mut chains, &mut payments);
        }
        let everybody: Vec<_> = seats.iter().chain(&members).copied().collect();
        let mut seeds = successions.iter().filter_map(|next| next.division);
        if let Some(Division { seed, .. }) = seeds.next_back() {
            add_members(seed, &chains, &liars, &mut members);
        }
        let cuts = (0..rng.random_range(0..3)).map(|_| cut(rng, &everybody)).collect();
        let is_stable = rng.random_bool(0.4);
        let crashes = if is_stable { 0 } else { rng.random_range(0..100) };
        Self {
            friends: liars.keys().copied().collect(),
            chains,
            payments,
            network: Network::random(rng),
            heals_ms: TROUBLE_MS,
            crashes,
            keeps_ledgers: rng.random_bool(0.5),
            cuts,
            archives: archives.into_iter().collect(),
            least: least(&successions, &liars),
            liars,
            successions,
            holds_ceremonies: false,
            tells_witnesses: false,
            is_calm: false,
            seats,
            members,
        }
    }

    /// No trouble: the same delay everywhere, and payments one after the other.
    pub(crate) fn calm(calm: Calm) -> Self {
        let seats: Vec<_> = (1..=calm.seats).map(NodeId).collect();
        let members: Vec<_> = (101..=100 + calm.members).map(NodeId).collect();
        let chains: Vec<_> = (0..calm.chains).map(|number| chain(number, calm.witnesses)).collect();
        let payment = Payment { from: 0, to: 1, amount: 1 };
        let payments = chains.iter().flat_map(|opening| {
            let planned = move |nonce| {
                let at_ms = WARM_UP_MS + nonce * calm.pause_ms;
                Planned { at_ms, chain: opening.chain, nonce, payment, is_bad: false }
            };
            (0..calm.payments).map(planned)
        });
        let payments: Vec<_> = payments.collect();
        let dead = calm.dead_seat.then(|| seats.last().copied()).flatten();
        let everybody = || seats.iter().chain(&members).copied();
        let cut = |(begins, lasts)| {
            (begins, lasts, everybody().filter(|node| node.0 % 5 < 2).collect::<BTreeSet<_>>())
        };
        let cuts: Vec<_> = calm.cut.map(cut).into_iter().collect();
        Self {
            liars: dead.map(|seat| (seat, Kind::DEAD)).into_iter().collect(),
            friends: Vec::new(),
            payments,
            network: Network { healed: cuts.is_empty(), ..Network::calm(calm.delay_ms) },
            heals_ms: WARM_UP_MS + calm.payments * calm.pause_ms,
            crashes: 0,
            keeps_ledgers: false,
            cuts,
            archives: seats.clone(),
            successions: Vec::new(),
            least: 1,
            holds_ceremonies: false,
            tells_witnesses: true,
            is_calm: true,
            chains,
            seats,
            members,
        }
    }

    /// Some hand every state over page by page; some show what a complaint is about a turn before it.
    pub(crate) fn limits(&self, node: NodeId) -> SeatLimits {
        if self.is_calm {
            return SeatLimits { pages_max: CALM_PAGES_MAX, ..SeatLimits::default() };
        }
        let pages_max = if node.0.is_multiple_of(2) { 1 } else { PAGES_MAX };
        let shown_bytes_max = if node.0.is_multiple_of(3) { 0 } else { SHOWN_BYTES_MAX };
        SeatLimits { pages_max, shown_bytes_max }
    }

    pub(crate) fn everybody(&self) -> Vec<NodeId> {
        self.archives.iter().chain(&self.members).copied().collect()
    }

    pub(crate) fn honest(&self) -> BTreeSet<NodeId> {
        let mut honest: BTreeSet<_> = self.everybody().into_iter().collect();
        honest.retain(|node| !self.liars.contains_key(node));
        honest
    }
}

/// Up to a third of the seats, and some members; most lie in the same way.
fn liars(
    rng: &mut ChaCha8Rng,
    (seats, members): (&[NodeId], &[NodeId]),
    only: Option<Kind>,
) -> BTreeMap<NodeId, Kind> {
    let mut liars = BTreeMap::new();
    let most = (seats.len() - 1) / 3;
    let first = Kind::random(rng);
    let kind = |rng: &mut ChaCha8Rng| {
        let other = Kind::random(rng);
        only.unwrap_or(if rng.random_bool(0.7) { first } else { other })
    };
    let mut shuffled = seats.to_vec();
    shuffled.shuffle(rng);
    for seat in shuffled.into_iter().take(rng.random_range(0..=most)) {
        liars.insert(seat, kind(rng));
    }
    let mut shuffled = members.to_vec();
    shuffled.shuffle(rng);
    for member in shuffled.into_iter().take(rng.random_range(0..=3)) {
        liars.insert(member, kind(rng));
    }
    liars
}

fn opening(rng: &mut ChaCha8Rng, number: u64) -> Opening {
    let witnesses = rng.random_range(1..=2);
    // Creator, witnesses and a validator; some chains let one of them be missing.
    let quorum = if rng.random_ratio(1, 6) { witnesses + 1 } else { 0 };
    Opening { quorum, ..chain(number, witnesses) }
}

/// A chain that all its group must sign.
fn chain(number: u64, witnesses: u8) -> Opening {
    let chain = keccak256(number.to_be_bytes());
    Opening {
        chain,
        series: 1,
        genesis: genesis(chain).hash(),
        height: 0,
        creator: None,
        witnesses,
        validators: 1,
        quorum: 0,
        paid_through_s: 0,
        gas_price: 0,
    }
}

fn payments(rng: &mut ChaCha8Rng, chains: &[Opening]) -> Vec<Planned> {
    let mut payments = Vec::new();
    for opening in chains {
        let mut nonces = BTreeMap::new();
        let mut at_ms = rng.random_range(500..3_000);
        for _ in 0..rng.random_range(3..10) {
            let from = rng.random_range(0..ACCOUNTS);
            let to = rng.random_range(0..ACCOUNTS);
            let nonce = nonces.entry(from).or_insert(0);
            let payment = Payment { from, to, amount: rng.random_range(1..20) };
            let chain = opening.chain;
            payments.push(Planned { at_ms, chain, nonce: *nonce, payment, is_bad: false });
            *nonce += 1;
            at_ms += rng.random_range(20..2_500);
        }
        if rng.random_ratio(1, 4) {
            let payment = Payment { from: 0, to: 1, amount: BALANCE * ACCOUNTS + 1 };
            let at_ms = rng.random_range(500..TROUBLE_MS);
            let chain = opening.chain;
            payments.push(Planned { at_ms, chain, nonce: 0, payment, is_bad: true });
        }
    }
    payments
}

/// As many more as it takes until enough wait in each half for the chains that fall to it.
fn add_members(
    seed: B256,
    chains: &[Opening],
    liars: &BTreeMap<NodeId, Kind>,
    members: &mut Vec<NodeId>,
) {
    let halves = [false, true].map(|is_right| Branch::new(vec![Fork { seed, is_right }]));
    let is_short = |half: &Branch, members: &[NodeId]| {
        let kept = chains.iter().filter(|opening| half.keeps(opening.chain)).count();
        let honest = members.iter().filter(|node| !liars.contains_key(node));
        honest.filter(|node| half.admits(**node)).count() < SPARE_MEMBERS + 3 * kept
    };
    let mut next = members.last().map_or(0, |node| node.0) + 1;
    while let Some(half) = halves.iter().find(|half| is_short(half, members)) {
        members.extend(Some(NodeId(next)).filter(|node| half.admits(*node)));
        next += 1;
    }
}

/// More chains, and payments that go on while the group splits and afterwards.
fn pay_on_both_sides(rng: &mut ChaCha8Rng, chains: &mut Vec<Opening>, all: &mut Vec<Planned>) {
    let count = chains.len();
    let numbers = count as u64..rng.random_range(2..=SPLIT_CHAINS_MAX);
    chains.extend(numbers.map(|number| opening(rng, number)));
    all.extend(payments(rng, chains.get(count..).unwrap_or_default()));
    for opening in chains.iter() {
        let chain = opening.chain;
        let mut at_ms = rng.random_range(TROUBLE_MS / 3..TROUBLE_MS);
        for _ in 0..rng.random_range(2..=5) {
            let (from, to) = (rng.random_range(0..ACCOUNTS), rng.random_range(0..ACCOUNTS));
            let payment = Payment { from, to, amount: rng.random_range(1..20) };
            let before = all.iter().filter(|planned| {
                planned.chain == chain && planned.payment.from == from && !planned.is_bad
            });
            let nonce = before.count() as u64;
            all.push(Planned { at_ms, chain, nonce, payment, is_bad: false });
            at_ms += rng.random_range(20..4_000);
        }
    }
}

fn cut(rng: &mut ChaCha8Rng, everybody: &[NodeId]) -> (u64, u64, BTreeSet<NodeId>) {
    let begins = rng.random_range(0..TROUBLE_MS);
    let lasts = rng.random_range(200..6_000);
    let apart = everybody.iter().copied().filter(|_| rng.random_bool(0.4)).collect();
    (begins, lasts, apart)
}

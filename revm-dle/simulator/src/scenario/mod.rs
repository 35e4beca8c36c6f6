//! What a run is made of: all of it follows from the seed.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{B256, keccak256};
use conet_committee::{archive::item::Opening, keys::NodeId};
use rand::{Rng as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    byzantine::Kind,
    latency::Calm,
    ledger::{ACCOUNTS, BALANCE, Payment, genesis},
    network::Network,
};

/// How long the network may be bad.
const TROUBLE_MS: u64 = 15_000;

/// How long chains have to get their groups before anybody pays.
const WARM_UP_MS: u64 = 5_000;

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
    pub(crate) handovers: Vec<(u64, Vec<NodeId>)>,
    /// Whether seats make the keys for their seeds themselves.
    pub(crate) holds_ceremonies: bool,
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
        let mut apart = ChaCha8Rng::seed_from_u64(rng.clone().random());
        // Ten cost six times as much as four.
        let is_large = rng.random_ratio(1, 40);
        let small = *[4, 4, 5, 7].get(rng.random_range(0..4)).unwrap_or(&4);
        let seat_count = if is_large { 10 } else { small };
        let member_count = rng.random_range(10..16);
        let seats: Vec<_> = (1..=seat_count).map(NodeId).collect();
        let members: Vec<_> = (101..=100 + member_count).map(NodeId).collect();
        let mut liars = liars(rng, (&seats, &members), only);
        let handovers = handovers(&mut apart, &seats, &mut liars, only);
        let archives: BTreeSet<_> =
            seats.iter().chain(handovers.iter().flat_map(|(_, nodes)| nodes)).copied().collect();
        let chains: Vec<_> =
            (0..rng.random_range(1..=2)).map(|number| opening(rng, number)).collect();
        let payments = payments(rng, &chains);
        let everybody: Vec<_> = seats.iter().chain(&members).copied().collect();
        let cuts = (0..rng.random_range(0..3)).map(|_| cut(rng, &everybody)).collect();
        let is_stable = rng.random_bool(0.4);
        let crashes = if is_stable { 0 } else { rng.random_range(0..100) };
        Self {
            friends: liars.keys().copied().collect(),
            liars,
            chains,
            payments,
            network: Network::random(rng),
            heals_ms: TROUBLE_MS,
            crashes,
            keeps_ledgers: rng.random_bool(0.5),
            cuts,
            archives: archives.into_iter().collect(),
            handovers,
            holds_ceremonies: false,
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
        Self {
            liars: dead.map(|seat| (seat, Kind::DEAD)).into_iter().collect(),
            friends: Vec::new(),
            payments,
            network: Network::calm(calm.delay_ms),
            heals_ms: WARM_UP_MS + calm.payments * calm.pause_ms,
            crashes: 0,
            keeps_ledgers: false,
            cuts: Vec::new(),
            archives: seats.clone(),
            handovers: Vec::new(),
            holds_ceremonies: false,
            chains,
            seats,
            members,
        }
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

/// In some runs, the seats of later epochs: most stay, some leave, others come, and no more than a third lie.
fn handovers(
    rng: &mut ChaCha8Rng,
    seats: &[NodeId],
    liars: &mut BTreeMap<NodeId, Kind>,
    only: Option<Kind>,
) -> Vec<(u64, Vec<NodeId>)> {
    let count = if rng.random_ratio(1, 3) { rng.random_range(1..=2) } else { 0 };
    let (mut nodes, mut next) = (seats.to_vec(), seats.len() as u64 + 1);
    let (mut all, mut at_ms) = (Vec::new(), rng.random_range(500..TROUBLE_MS / 2));
    for _ in 0..count {
        let most_leave = if rng.random_ratio(1, 10) { nodes.len() } else { nodes.len() / 2 };
        nodes.shuffle(rng);
        nodes.truncate(nodes.len() - rng.random_range(0..=most_leave));
        let size = *[4, 4, 5, 7].get(rng.random_range(0..4)).unwrap_or(&4);
        let size = nodes.len().max(size);
        let most = (size - 1) / 3;
        let mut lie = 0;
        nodes.retain(|node| {
            lie += usize::from(liars.contains_key(node));
            !liars.contains_key(node) || lie <= most
        });
        lie = lie.min(most);
        while nodes.len() < size {
            let kind = only.unwrap_or_else(|| Kind::random(rng));
            if lie < most && rng.random_bool(0.3) {
                liars.insert(NodeId(next), kind);
                lie += 1;
            }
            nodes.push(NodeId(next));
            next += 1;
        }
        nodes.sort_unstable();
        all.push((at_ms, nodes.clone()));
        at_ms += rng.random_range(1_000..TROUBLE_MS / 2);
    }
    all
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

fn cut(rng: &mut ChaCha8Rng, everybody: &[NodeId]) -> (u64, u64, BTreeSet<NodeId>) {
    let begins = rng.random_range(0..TROUBLE_MS);
    let lasts = rng.random_range(200..6_000);
    let apart = everybody.iter().copied().filter(|_| rng.random_bool(0.4)).collect();
    (begins, lasts, apart)
}

//! What a run is made of: all of it follows from the seed.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{B256, keccak256};
use conet_committee::{archive::item::Opening, keys::NodeId};
use rand::{Rng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    byzantine::KINDS,
    latency::Calm,
    ledger::{ACCOUNTS, Payment, genesis},
    network::Network,
};

/// How long the network may be bad.
const TROUBLE_MS: u64 = 15_000;

/// How long chains have to get their groups before anybody pays.
const WARM_UP_MS: u64 = 5_000;

/// Who takes part, who lies how, and what is paid.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) seats: Vec<NodeId>,
    pub(crate) members: Vec<NodeId>,
    pub(crate) liars: BTreeMap<NodeId, &'static str>,
    pub(crate) chains: Vec<Opening>,
    pub(crate) payments: Vec<Planned>,
    pub(crate) network: Network,
    pub(crate) heals_ms: u64,
    /// Of 100,000 steps of an honest node, so many end in a crash, until the network heals.
    pub(crate) crashes: u32,
    /// When the network is cut, for how long, and who is on the other side.
    pub(crate) cuts: Vec<(u64, u64, BTreeSet<NodeId>)>,
}

/// A payment that somebody will make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) at_ms: u64,
    pub(crate) chain: B256,
    pub(crate) nonce: u64,
    pub(crate) payment: Payment,
}

impl Scenario {
    pub(crate) fn random(rng: &mut ChaCha8Rng, only: Option<&'static str>) -> Self {
        let seat_count = *[4, 4, 5, 7].get(rng.random_range(0..4)).unwrap_or(&4);
        let member_count = rng.random_range(10..16);
        let seats: Vec<_> = (1..=seat_count).map(NodeId).collect();
        let members: Vec<_> = (101..=100 + member_count).map(NodeId).collect();
        let liars = liars(rng, (&seats, &members), only);
        let chains: Vec<_> =
            (0..rng.random_range(1..=2)).map(|number| opening(rng, number)).collect();
        let payments = payments(rng, &chains);
        let everybody: Vec<_> = seats.iter().chain(&members).copied().collect();
        let cuts = (0..rng.random_range(0..3)).map(|_| cut(rng, &everybody)).collect();
        let is_stable = rng.random_bool(0.4);
        let crashes = if is_stable { 0 } else { rng.random_range(0..100) };
        Self {
            liars,
            chains,
            payments,
            network: Network::random(rng),
            heals_ms: TROUBLE_MS,
            crashes,
            cuts,
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
                Planned { at_ms, chain: opening.chain, nonce, payment }
            };
            (0..calm.payments).map(planned)
        });
        let payments: Vec<_> = payments.collect();
        let dead = calm.dead_seat.then(|| seats.last().copied()).flatten();
        Self {
            liars: dead.map(|seat| (seat, "dead")).into_iter().collect(),
            payments,
            network: Network::calm(calm.delay_ms),
            heals_ms: WARM_UP_MS + calm.payments * calm.pause_ms,
            crashes: 0,
            cuts: Vec::new(),
            chains,
            seats,
            members,
        }
    }

    pub(crate) fn honest(&self) -> BTreeSet<NodeId> {
        self.seats
            .iter()
            .chain(&self.members)
            .copied()
            .filter(|node| !self.liars.contains_key(node))
            .collect()
    }
}

/// Up to a third of the seats, and some members; most lie in the same way.
fn liars(
    rng: &mut ChaCha8Rng,
    (seats, members): (&[NodeId], &[NodeId]),
    only: Option<&'static str>,
) -> BTreeMap<NodeId, &'static str> {
    let mut liars = BTreeMap::new();
    let most = (seats.len() - 1) / 3;
    let first = pick(rng);
    let kind = |rng: &mut ChaCha8Rng| {
        let other = pick(rng);
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

fn pick(rng: &mut ChaCha8Rng) -> &'static str {
    KINDS.get(rng.random_range(0..KINDS.len())).copied().unwrap_or("silent")
}

fn opening(rng: &mut ChaCha8Rng, number: u64) -> Opening {
    chain(number, rng.random_range(1..=2))
}

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
            payments.push(Planned { at_ms, chain: opening.chain, nonce: *nonce, payment });
            *nonce += 1;
            at_ms += rng.random_range(20..2_500);
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

//! Whether a payment costs more where there are more chains; and what that comes to with a million of them.

use conet_measure::{BenchError, Row, Target, failed, median};

use alloy::primitives::{U256, keccak256};
use conet_committee::{
    keys::NodeId,
    roulette::placement::{GroupTree, divide, splits_at},
    tree::ROOT,
};
use std::collections::BTreeMap;

use super::Run;
use crate::stage::{Cast, Plan, Stage};

pub(super) fn measure(run: &mut Run<'_>) -> Result<(), BenchError> {
    flat(run, run.many([1, 100, 10_000], [1, 100, 1_000]), (1, "chains"))?;
    let busy = run.many(100, 10);
    flat(run, run.many([100, 10_000], [10, 1_000]), (busy, "chains, some busy"))?;
    million(run)
}

/// What a payment costs among so many chains, of which so many are paid with, beside what it does among the fewest.
fn flat<const N: usize>(
    run: &mut Run<'_>,
    sizes: [u64; N],
    (busy, what): (usize, &str),
) -> Result<(), BenchError> {
    // Each has a part in some ninety of most chains.
    let cast = Cast::of(run.many(1_000, 100));
    let mut stages = Vec::new();
    for notes in sizes {
        let mut stage = Stage::new(&Plan { cast, notes, busy, ..Plan::default() })?;
        stage.pay(10 * busy)?;
        stages.push(stage);
    }
    let payments = run.many(20, 10) * busy.div_ceil(4);
    let mut costs = vec![Vec::new(); stages.len()];
    for _ in 0..run.many(9, 3) {
        for (stage, costs) in stages.iter_mut().zip(&mut costs) {
            costs.push(cost_ns(stage, payments)?);
        }
    }
    let (Some((least, more)), Some(first)) = (costs.split_first(), sizes.first()) else {
        return Ok(());
    };
    let us = |all: &[f64]| median(all) / 1e3;
    run.row(&Row::new(format!("scale, {first} {what}"), us(least), "us/transfer"));
    for (notes, costs) in sizes.iter().skip(1).zip(more) {
        let ratios: Vec<_> = costs.iter().zip(least).map(|(cost, least)| cost / least).collect();
        let row = Row::new(format!("scale, {notes} {what}"), us(costs), "us/transfer")
            .floor_and_ratio(us(least), median(&ratios));
        run.row(&row.target(Target::RatioAtMost(1.1)));
    }
    Ok(())
}

/// A payment on a note that is busy, at all nodes, in nanoseconds.
fn cost_ns(stage: &mut Stage, payments: usize) -> Result<f64, BenchError> {
    let sum = |stage: &Stage| {
        let (seats, members) = stage.spent();
        (seats + members).all_ns
    };
    let before = sum(stage);
    stage.pay(payments)?;
    Ok((sum(stage) - before) as f64 / payments as f64)
}

/// What is placed.
const CHAINS: u64 = 1_000_000;
const ARCHIVE_NODES: u64 = 10_000;
const PARTICIPANTS: u64 = 90_000;

/// Creator, witnesses and a validator of each chain.
const SIGNERS: u64 = 7;

/// Of an archive group, at least.
const SEATS_MIN: usize = 10;

/// How much one chain is used: a payment an hour.
const PAYMENTS_PER_SECOND: f64 = 1.0 / 3_600.0;

/// Places so many nodes and chains by the roulette's own rules, and reckons with costs that were measured.
fn million(run: &mut Run<'_>) -> Result<(), BenchError> {
    let (groups, chains) = placed()?;
    let busiest = chains.iter().copied().max().unwrap_or_default() as f64;
    run.row(&Row::new("derived, 1M chains: groups", groups as f64, "groups"));
    let mean = CHAINS as f64 / groups as f64;
    let row = Row::new("derived, 1M chains: fullest group", busiest, "chains").floor(mean);
    run.row(&row);
    let (parts, most) = drawn();
    run.row(&Row::new("derived, 1M chains: most parts", most as f64, "chains").floor(parts));
    let costs = Costs::measure(run)?;
    let payments = busiest * PAYMENTS_PER_SECOND;
    let ticks = costs.entries_per_second;
    let seat = ticks * costs.entry_ns + payments * costs.seat_ns;
    let name = "derived, archive node of the fullest";
    run.row(&Row::new(name, seat / 1e9 * 100.0, "% of a core"));
    let member = most as f64 * PAYMENTS_PER_SECOND * costs.member_ns;
    let name = "derived, fullest participant";
    run.row(&Row::new(name, member / 1e9 * 100.0, "% of a core"));
    let room = (1e9 - ticks * costs.entry_ns) / costs.seat_ns;
    run.row(&Row::new("derived, a group with a core each", room, "transfers/s"));
    let all = room * groups as f64;
    run.row(&Row::new("derived, all groups", all, "transfers/s"));
    Ok(())
}

/// How many groups there are, and the chains of each, when nodes join one after the other and groups split.
fn placed() -> Result<(usize, Vec<u64>), BenchError> {
    let mut tree = GroupTree::new();
    let mut members: BTreeMap<u32, Vec<NodeId>> = BTreeMap::new();
    for number in 1..=ARCHIVE_NODES {
        let (node, seed) = (NodeId(number), keccak256(number.to_be_bytes()));
        let Some(group) = tree.place(seed, node) else { continue };
        let of = members.entry(group).or_default();
        of.push(node);
        if of.len() >= splits_at(SEATS_MIN) {
            let (left, right) = divide(seed, of);
            let (first, second) = tree.split(group).map_err(failed("splitting a group"))?;
            members.remove(&group);
            members.extend([(first, left), (second, right)]);
        }
    }
    let mut chains: BTreeMap<u32, u64> = tree.working().map(|group| (group, 0)).collect();
    for number in 0..CHAINS {
        let id = keccak256(number.to_be_bytes());
        if let Some(count) = tree.fall(ROOT, id).and_then(|group| chains.get_mut(&group)) {
            *count += 1;
        }
    }
    Ok((chains.len(), chains.into_values().collect()))
}

/// In how many chains participants have a part, in the mean and at most, when all are drawn with the same chance: as if
/// all waited at one group, and every draw fell anew.
fn drawn() -> (f64, u64) {
    let mut parts = vec![0_u64; usize::try_from(PARTICIPANTS).unwrap_or_default()];
    for number in 0..CHAINS * SIGNERS {
        let draw = keccak256((u128::from(number) << 64).to_be_bytes());
        let at = U256::from_be_bytes(draw.0) % U256::from(PARTICIPANTS);
        if let Some(count) = parts.get_mut(at.to::<usize>()) {
            *count += 1;
        }
    }
    let mean = (CHAINS * SIGNERS) as f64 / PARTICIPANTS as f64;
    (mean, parts.into_iter().max().unwrap_or_default())
}

/// Costs of one node, in nanoseconds.
struct Costs {
    /// An archive node's, for an entry without payments.
    entry_ns: f64,
    /// How many entries a busy log makes.
    entries_per_second: f64,
    /// An archive node's for a payment, beside other payments.
    seat_ns: f64,
    /// A participant's for a payment of a chain that it has a part in.
    member_ns: f64,
}

impl Costs {
    fn measure(run: &Run<'_>) -> Result<Self, BenchError> {
        let notes = run.many(100, 20);
        let cast = Cast { keepers: 6, ..Cast::of(run.many(256, 64)) };
        let busy = usize::try_from(notes).unwrap_or(usize::MAX);
        let seats = cast.seats as f64;
        let mut idle = Stage::new(&Plan { busy: 0, ..Plan::default() })?;
        let (before, entries) = (idle.spent().0, idle.entries());
        idle.pass(30_000)?;
        let entries = (idle.entries() - entries).max(1) as f64;
        let entry_ns = (idle.spent().0 - before).all_ns as f64 / entries / seats;
        let mut stage = Stage::new(&Plan { cast, notes, busy, ..Plan::default() })?;
        stage.pay(busy * 4)?;
        let (before, entries) = (stage.spent(), stage.entries());
        let start_ms = stage.now_ms();
        let payments = busy * 5;
        stage.pay(payments)?;
        let (after, count) = (stage.spent(), payments as f64);
        let entries = (stage.entries() - entries) as f64;
        let seconds = (stage.now_ms() - start_ms) as f64 / 1e3;
        let seat_ns = (after.0 - before.0).all_ns as f64 / seats;
        Ok(Self {
            entry_ns,
            entries_per_second: entries / seconds,
            seat_ns: (seat_ns - entries * entry_ns).max(0.0) / count,
            member_ns: (after.1 - before.1).all_ns as f64 / count / SIGNERS as f64,
        })
    }
}

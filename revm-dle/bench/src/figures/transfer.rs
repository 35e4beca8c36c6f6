//! What one payment costs all nodes together, in a block of its own.

use conet_measure::{BenchError, Row, Target, Usage, median, thread_cpu_ns};

use super::Run;
use crate::{
    floor::{ENTRIES_ALONE, Needs, Sample, Units},
    meter::{Part, Spent},
    stage::{Plan, Stage},
};

/// One round.
struct Round {
    seats: Spent,
    members: Spent,
    entries: u64,
    units: Units,
}

pub(super) fn measure(run: &mut Run<'_>) -> Result<(), BenchError> {
    let (rounds, payments) = (run.many(9, 3), run.many(20, 10));
    let mut stage = Stage::new(&Plan::default())?;
    let sample = Sample::new(1)?;
    stage.pay(10)?;
    let mut all = Vec::new();
    for _ in 0..rounds {
        all.push(round(&mut stage, &sample, payments)?);
    }
    rows(run, &all, payments as f64);
    with_journals(run, payments)
}

fn round(stage: &mut Stage, sample: &Sample, payments: usize) -> Result<Round, BenchError> {
    let ((seats, members), entries) = (stage.spent(), stage.entries());
    stage.pay(payments)?;
    let after = stage.spent();
    let units = sample.units(200)?;
    let entries = stage.entries() - entries;
    Ok(Round { seats: after.0 - seats, members: after.1 - members, entries, units })
}

fn rows(run: &mut Run<'_>, rounds: &[Round], payments: f64) {
    let middle = |of: &dyn Fn(&Round) -> f64| median(&rounds.iter().map(of).collect::<Vec<_>>());
    let sum = |round: &Round| round.seats + round.members;
    let needs = Needs::of_payment(ENTRIES_ALONE);
    let us = |ns: u64| ns as f64 / payments / 1e3;
    let floor = middle(&|round| needs.cost_ns(&round.units) / 1e3);
    let value = middle(&|round| us(sum(round).all_ns));
    let ratio = middle(&|r| needs.cost_ns(&r.units) * payments / sum(r).all_ns as f64);
    let row = Row::new("transfer, all nodes", value, "us").floor_and_ratio(floor, ratio);
    run.row(&row.target(Target::RatioAtLeast(0.7)));
    let one = Needs::of_payment(1.0);
    let least = middle(&|round| one.cost_ns(&round.units) / 1e3);
    let ratio = middle(&|r| one.cost_ns(&r.units) * payments / sum(r).all_ns as f64);
    let row = Row::new("transfer, as if in one entry", value, "us").floor_and_ratio(least, ratio);
    run.row(&row);
    let archive = middle(&|round| us(round.seats.all_ns));
    run.row(&Row::new("transfer, its archive nodes", archive, "us"));
    run.row(&Row::new("transfer, its participants", value - archive, "us"));
    let part = |part: Part| middle(&|round| us(sum(round).ns(part)));
    let least = |of: &dyn Fn(&Units) -> f64| middle(&|round| of(&round.units) / 1e3);
    let checks = least(&|units| needs.checks * units.check);
    run.row(&Row::new("transfer, checking signatures", part(Part::Check), "us").floor(checks));
    let signs = least(&|units| needs.signs * units.sign);
    run.row(&Row::new("transfer, signing", part(Part::Sign), "us").floor(signs));
    let blocks = Needs { signs: 0.0, checks: 0.0, ..needs };
    let least_blocks = least(&|units| blocks.cost_ns(units));
    let spent_blocks = middle(&|round| us(sum(round).blocks_ns()));
    run.row(&Row::new("transfer, executing blocks", spent_blocks, "us").floor(least_blocks));
    let rest = value - part(Part::Check) - part(Part::Sign) - spent_blocks;
    run.row(&Row::new("transfer, the rest", rest, "us"));
    let count = |of: Part| middle(&|round| sum(round).count(of) as f64 / payments);
    run.row(&Row::new("transfer, checks", count(Part::Check), "each").floor(needs.checks));
    run.row(&Row::new("transfer, signatures", count(Part::Sign), "each").floor(needs.signs));
    let entries = middle(&|round| round.entries as f64 / payments);
    run.row(&Row::new("transfer, entries of the log", entries, "each").floor(ENTRIES_ALONE));
}

/// With journals on disk, each synced before its node speaks: their own threads' processor time is added.
fn with_journals(run: &mut Run<'_>, payments: usize) -> Result<(), BenchError> {
    let mut stage = Stage::new(&Plan { journal: true, ..Plan::default() })?;
    stage.pay(10)?;
    let (before, others) = (sum(&stage), other_threads_ns()?);
    stage.pay(payments * 3)?;
    let (core, journals) = ((sum(&stage) - before).all_ns, other_threads_ns()? - others);
    let us = |ns: u64| ns as f64 / (payments * 3) as f64 / 1e3;
    let row = Row::new("transfer, with journals", us(core + journals), "us").floor(us(core));
    run.row(&row);
    Ok(())
}

fn sum(stage: &Stage) -> Spent {
    let (seats, members) = stage.spent();
    seats + members
}

fn other_threads_ns() -> Result<u64, BenchError> {
    Ok(Usage::read()?.cpu_ns - thread_cpu_ns())
}

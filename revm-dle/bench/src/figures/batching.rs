//! Many busy notes of one archive group: signatures are over all of them at once (D17 of the design).

use conet_committee::log::Timing;
use conet_measure::{BenchError, Row, Target, median, percentile};

use super::Run;
use crate::{
    floor::{ENTRIES_ALONE, Needs, Sample},
    meter::Part,
    stage::{Cast, Plan, Stage},
};

/// Of the least that a payment costs by itself, all of them together may cost so much each.
const THIRD: f64 = 1.0 / 3.0;

pub(super) fn measure(run: &mut Run<'_>) -> Result<(), BenchError> {
    let notes = run.many(100, 20);
    let cast = Cast { keepers: 6, ..Cast::of(run.many(256, 64)) };
    let busy = usize::try_from(notes).unwrap_or(usize::MAX);
    let mut stage = Stage::new(&Plan { cast, notes, busy, ..Plan::default() })?;
    let sample = Sample::new(1)?;
    stage.pay(busy * 4)?;
    stage.finals.clear();
    let (mut values, mut floors, mut ratios) = (vec![], vec![], vec![]);
    let (mut archive, mut checks) = (vec![], vec![]);
    let payments = busy * 3;
    for _ in 0..run.many(7, 3) {
        let before = stage.spent();
        stage.pay(payments)?;
        let (seats, members) = stage.spent();
        let spent = seats + members - (before.0 + before.1);
        let units = sample.units(200)?;
        let floor = Needs::of_payment(ENTRIES_ALONE).cost_ns(&units);
        let value = spent.all_ns as f64 / payments as f64;
        values.push(value / 1e3);
        floors.push(floor / 1e3);
        ratios.push(value / floor);
        archive.push((seats - before.0).all_ns as f64 / payments as f64 / 1e3);
        checks.push(spent.count(Part::Check) as f64 / payments as f64);
    }
    let row = Row::new(format!("batching, {notes} busy notes"), median(&values), "us/transfer")
        .floor_and_ratio(median(&floors), median(&ratios));
    run.row(&row.target(Target::RatioAtMost(THIRD)));
    run.row(&Row::new("batching, archive nodes' part", median(&archive), "us/transfer"));
    run.row(&Row::new("batching, checks", median(&checks), "each"));
    let times: Vec<_> = stage.finals.iter().map(|time| *time as f64).collect();
    run.row(&Row::new("batching, to final, p50", median(&times), "ms"));
    // Three ticks of the log and six round trips.
    let row = Row::new("batching, to final, p99", percentile(&times, 0.99), "ms");
    let most = 3.0 * Timing::default().tick_ms as f64 + 6.0 * 2.0 * Plan::default().delay_ms as f64;
    run.row(&row.target(Target::ValueAtMost(most)));
    Ok(())
}

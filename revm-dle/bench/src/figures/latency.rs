//! What the protocol takes in message delays, whatever the machine; and what an entry of the log takes on it.

use conet_committee::{archive::Rules, log::Timing, member::MemberTiming};
use conet_measure::{BenchError, Row, Target, failed, percentile, wrong};
use conet_simulator::{Calm, Killed, Latency, latency};

use super::Run;
use crate::stage::{Plan, Stage};

/// Message delays that the way cannot do without, in round trips: payment, proposal, vote.
const TO_CERTIFIED: f64 = 1.5;

/// Certificate, word, entry, notarize, finalize.
const TO_FINAL: f64 = 2.5;

pub(super) fn measure(run: &mut Run<'_>) -> Result<(), BenchError> {
    blocks(run)?;
    dead_member(run)?;
    entries(run)?;
    processor(run)
}

fn calm(calm: Calm) -> Result<Latency, BenchError> {
    latency(calm).map_err(failed("a calm network"))
}

fn all(times: &[u64]) -> Vec<f64> {
    times.iter().map(|time| *time as f64).collect()
}

fn blocks(run: &mut Run<'_>) -> Result<(), BenchError> {
    let scene = Calm::default();
    let found = calm(scene)?;
    let round_trip = (2 * scene.delay_ms) as f64;
    let certified = percentile(&all(&found.to_certified_ms), 0.99) / round_trip;
    let row = Row::new("latency, certified, p99", certified, "round trips").floor(TO_CERTIFIED);
    run.row(&row.target(Target::ValueAtMost(2.2)));
    let last = percentile(&all(&found.to_final_ms), 0.99);
    let most = Timing::default().tick_ms as f64 + 3.5 * round_trip;
    let row = Row::new("latency, then final, p99", last, "ms").floor(TO_FINAL * round_trip);
    run.row(&row.target(Target::ValueAtMost(most)));
    Ok(())
}

fn dead_member(run: &mut Run<'_>) -> Result<(), BenchError> {
    let pause_ms = 300;
    let (member, rules) = (MemberTiming::default(), Rules::default());
    // Others' patience with who is silent, and its time to answer, or the time to judge.
    for (name, killed, limits) in [
        ("creator", Killed::Creator, member.block_timeout_ms + rules.answer_ms),
        ("witness", Killed::Witness, member.vote_timeout_ms + rules.answer_ms),
        ("validator", Killed::Validator, member.vote_timeout_ms + rules.answer_ms),
        ("archive node", Killed::Seat, rules.judging_ms),
    ] {
        let dead = Some((killed, 9_000));
        let longest = calm(Calm { dead, pause_ms, payments: 30, ..Calm::default() })?;
        let longest = longest.longest_pause_ms;
        if longest <= limits {
            return Err(wrong(name, "nothing waited for it"));
        }
        let added = longest.saturating_sub(pause_ms + limits);
        let row = Row::new(format!("latency, {name} killed, added"), added as f64, "ms");
        run.row(&row.target(Target::ValueAtMost(1_000.0)));
    }
    Ok(())
}

fn entries(run: &mut Run<'_>) -> Result<(), BenchError> {
    let busy = Calm { members: 120, chains: 4, pause_ms: 100, payments: 40, ..Calm::default() };
    for (name, dead_seat, max) in
        [("latency, between entries", false, 60.0), ("latency, with a dead seat", true, 80.0)]
    {
        let times = all(&calm(Calm { dead_seat, ..busy })?.between_entries_ms);
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        let row = Row::new(name, mean, "ms").floor(Timing::default().tick_ms as f64);
        run.row(&row.target(Target::ValueAtMost(max)));
    }
    Ok(())
}

/// Of each archive node for each entry, with four busy notes.
fn processor(run: &mut Run<'_>) -> Result<(), BenchError> {
    let plan = Plan { notes: 4, busy: 4, ..Plan::default() };
    let mut stage = Stage::new(&plan)?;
    stage.pay(20)?;
    let (before, entries) = (stage.spent().0, stage.entries());
    stage.pay(run.many(200, 60))?;
    let spent = (stage.spent().0 - before).all_ns as f64;
    let count = (stage.entries() - entries) as f64 * stage.seat_count() as f64;
    let row = Row::new("latency, processor for an entry", spent / count / 1e6, "ms of a core");
    run.row(&row.target(Target::ValueAtMost(2.0)));
    Ok(())
}

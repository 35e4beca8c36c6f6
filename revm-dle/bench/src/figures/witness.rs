//! Validators keep nothing: what they are sent, and what executing on it takes.

use conet_measure::{BenchError, Row, Target, median};

use alloy_rlp::Encodable as _;

use super::Run;
use crate::floor::Sample;

/// A witness may be so long.
const BYTES_MAX: f64 = 4_096.0;

pub(super) fn measure(run: &mut Run<'_>) -> Result<(), BenchError> {
    for payments in [1, 20] {
        let sample = Sample::new(payments)?;
        let name = if payments == 1 { "one transfer" } else { "20 transfers" };
        let bytes = sample.built.witness.length() as f64 / payments as f64;
        let row = Row::new(format!("witness, {name}"), bytes, "B/transfer");
        run.row(&row.target(Target::ValueAtMost(BYTES_MAX)));
        let handed = Row::new(
            format!("witness, {name}, all handed out"),
            sample.handout.len() as f64 / payments as f64,
            "B/transfer",
        );
        run.row(&handed);
        times(run, &sample, name);
    }
    Ok(())
}

/// With the state and without; both with finding the senders, and both without.
fn times(run: &mut Run<'_>, sample: &Sample, name: &str) {
    let (rounds, count) = (run.many(31, 7), run.many(300, 100));
    let (mut with, mut without, mut senders) = (vec![], vec![], vec![]);
    for _ in 0..rounds {
        with.push(sample.execute_ns(count));
        without.push(sample.validate_ns(count));
        senders.push(sample.senders_ns(count));
    }
    let less = |all: &[f64]| -> Vec<f64> {
        all.iter().zip(&senders).map(|(all, senders)| all - senders).collect()
    };
    for (what, with, without) in [
        ("executed on it", with.clone(), without.clone()),
        ("less finding senders", less(&with), less(&without)),
    ] {
        let ratios: Vec<_> = without.iter().zip(&with).map(|(one, other)| one / other).collect();
        let us = |all: &[f64]| median(all) / 1e3;
        let row = Row::new(format!("witness, {name}, {what}"), us(&without), "us")
            .floor_and_ratio(us(&with), median(&ratios));
        run.row(&row.target(Target::RatioAtMost(1.3)));
    }
}

//! The figures that take seconds can be measured, and count what the protocol has. How long it takes, a debug build does
//! not know.

use conet_dle_bench::{Options, dle};
use conet_measure::{BenchError, Row};

fn rows(only: &str) -> Result<Vec<Row>, BenchError> {
    let mut rows = Vec::new();
    let options = Options { only: Some(only.to_owned()), quick: true };
    dle(&options, |row| rows.push(row.clone()))?;
    Ok(rows)
}

#[test]
fn a_payment_takes_what_the_protocol_needs_and_little_more() {
    let rows = rows("transfer").unwrap();
    let value = |name: &str| rows.iter().find(|row| row.name == name).unwrap().value;
    for part in ["checking signatures", "signing", "executing blocks", "the rest"] {
        assert!(value(&format!("transfer, {part}")) > 0.0, "{part}: {rows:?}");
    }
    // As many entries, checks and signatures as the protocol has, on any machine.
    assert!((4.0..=5.0).contains(&value("transfer, entries of the log")), "{rows:?}");
    assert!((700.0..1_000.0).contains(&value("transfer, checks")), "{rows:?}");
    assert!((97.0..140.0).contains(&value("transfer, signatures")), "{rows:?}");
}

#[test]
fn what_the_protocol_takes_in_message_delays_is_within_its_targets() {
    let rows = rows("latency").unwrap();
    let virtual_time = rows.iter().filter(|row| row.unit != "ms of a core");
    let misses: Vec<_> = virtual_time.filter(|row| row.ok == Some(false)).collect();
    assert!(misses.is_empty(), "{misses:?}");
}

#[test]
fn there_is_no_other_figure() {
    assert!(matches!(rows("speed"), Err(BenchError::NoSuchFigure { .. })));
}

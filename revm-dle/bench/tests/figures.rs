//! Each figure that takes seconds can be measured, and says what it is held against. How much it is, a debug build does
//! not know.

use conet_dle_bench::{NAMES, Options, dle};
use conet_measure::{BenchError, Row};

fn rows(only: &str) -> Result<Vec<Row>, BenchError> {
    let mut rows = Vec::new();
    let options = Options { only: Some(only.to_owned()), quick: true };
    dle(&options, |row| rows.push(row.clone()))?;
    Ok(rows)
}

#[test]
fn a_payment_is_final_and_its_parts_are_all_of_it() {
    let rows = rows("transfer").unwrap();
    let value = |name: &str| rows.iter().find(|row| row.name == name).unwrap().value;
    let all = value("transfer, 17 nodes");
    let parts = ["checking signatures", "signing", "executing blocks", "the rest"];
    let sum: f64 = parts.iter().map(|part| value(&format!("transfer, {part}"))).sum();
    assert!((sum / all - 1.0).abs() < 0.01, "{rows:?}");
    assert_eq!(rows[0].target, Some(0.7));
    // As many entries, checks and signatures as the protocol has, on any machine.
    assert!(value("transfer, entries of the log") <= 5.0, "{rows:?}");
    assert!(value("transfer, checks") < 1_000.0, "{rows:?}");
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
    assert_eq!(NAMES.len(), 6);
}

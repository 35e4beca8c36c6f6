//! `conet bench dle` and `index`: every figure can be measured, from the command line, as their readers would.

use std::time::Duration;

use conet_tests::command::{Person, lines};
use tokio::time::timeout;

/// Whole groups are drawn and many chains opened, in a debug build beside other stories.
const PATIENCE: Duration = Duration::from_mins(8);

async fn measured(what: &str, only: &str) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["bench", what, "--quick", "--only", only];
    let output = Person::at(home.path()).command(&arguments).output();
    let output = timeout(PATIENCE, output).await.expect("it ends").unwrap();
    let rows = lines(&arguments, &output);
    assert!(rows.iter().all(|row| row["value"].as_f64().unwrap() > 0.0), "{rows:?}");
    rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_many_chains_can_be_measured() {
    for (only, names) in [
        ("batching", ["batching, checks", "batching, to final, p99"]),
        ("density", ["density, disk of a chain's own rows", "density, cold open, p99"]),
        ("scale", ["scale, 100 chains", "derived, 1M chains: groups"]),
        ("witness", ["witness, one transfer", "witness, 20 transfers"]),
    ] {
        let found = measured("dle", only).await;
        for name in names {
            assert!(found.iter().any(|found| found.starts_with(name)), "{name}: {found:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_the_indexer_can_be_measured() {
    let mut found = Vec::new();
    for only in ["api", "live", "look-ups"] {
        found.extend(measured("index", only).await);
    }
    for name in [
        "backfill, SQLite",
        "backfill, PostgreSQL",
        "api, 500 requests/s, p99",
        "live, head to row",
        "look-up, from memory, p99",
    ] {
        assert!(found.iter().any(|found| found.starts_with(name)), "{name}: {found:?}");
    }
}

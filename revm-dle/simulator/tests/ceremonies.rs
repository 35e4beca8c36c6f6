//! Runs in which the seats of each epoch make their key themselves, with the real cryptography: few, for it takes its
//! time.

use conet_simulator::{Kind, run_with_ceremonies};

/// How many runs there are of each kind.
const RUNS: u64 = 4;

/// A group's first epoch waits for all its seats, so none of these is silent for good.
const KINDS: [&str; 8] = [
    "colluder",
    "equivocator",
    "flooder",
    "forker",
    "misdealer",
    "replayer",
    "shortener",
    "withholder",
];

#[test]
fn groups_make_their_keys_and_draw_with_them() {
    let mut splits = 0;
    for (place, name) in (0..).zip(KINDS) {
        for seed in place * RUNS..(place + 1) * RUNS {
            let report = run_with_ceremonies(seed, Kind::named(name));
            let report = report.unwrap_or_else(|violation| panic!("{name}, {seed}: {violation}"));
            assert!(report.blocks > 0, "{name}, {seed}: nothing was drawn");
            splits += report.splits;
        }
    }
    // Their halves make keys of their own, from what was announced in the group above.
    assert!(splits > 0, "no group split");
}

//! A few thousand runs with every test run; `conet chain simulate --seeds 0..100000` for more.

#![allow(clippy::print_stderr)]

use std::{num::NonZeroUsize, ops::ControlFlow, ops::Range, thread};

use conet_simulator::{Kind, run, sweep};

/// Runs them all, and says of each that fails how to see it again. Returns how many groups became two.
fn pass(seeds: Range<u64>, kind: Option<Kind>) -> usize {
    let jobs = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let (mut failed, mut blocks, mut beacons, mut splits) = (0, 0, 0, 0);
    let (mut entries, mut draws, mut waits) = (0, 0, 0);
    sweep(seeds.clone(), kind, jobs, |seed, result| {
        match result {
            Ok(report) => {
                blocks += report.blocks;
                beacons += report.beacons;
                splits += report.splits;
                entries += report.entries;
                draws += report.draws;
                waits += report.waits;
            }
            Err(violation) => {
                failed += 1;
                let kind = kind.map(|kind| format!(" --kind {}", kind.name())).unwrap_or_default();
                let next = seed + 1;
                eprintln!("seed {seed}: {violation}");
                eprintln!("  again: conet chain simulate --seeds {seed}..{next} --trace{kind}");
            }
        }
        ControlFlow::Continue(())
    });
    assert_eq!(failed, 0, "of seeds {seeds:?}, {failed} failed");
    assert!(blocks as u64 > seeds.end - seeds.start, "hardly any block became final");
    assert!(beacons as u64 > seeds.end - seeds.start, "the main chain got hardly any seed");
    // What the oracle cannot look at it must not pass over in silence.
    assert!(draws as u64 > 8 * (seeds.end - seeds.start), "{draws} draws were made once more");
    assert!(5 * waits > 4 * entries, "who waits was looked at after {waits} of {entries} entries");
    splits
}

#[test]
fn seeds_hold() {
    let splits = pass(0..2_000, None);
    assert!(splits > 200, "{splits} groups split in 2,000 runs");
}

/// Liars of one kind each, whatever a seed would have by itself.
#[test]
fn every_kind_of_liar_is_withstood() {
    let splits: usize = Kind::all().map(|kind| pass(1_000_000..1_000_040, Some(kind))).sum();
    assert!(splits > 12, "{splits} groups split");
}

/// The oracle sees that all who fell into a trap are out; here, that there are such.
#[test]
fn who_signs_what_it_is_told_falls_into_traps() {
    let run = |seed| run(seed, Kind::named("trap-signer")).unwrap();
    let caught: usize = (2_000_000..2_000_060).map(|seed| run(seed).caught).sum();
    assert!(caught > 10, "{caught} in 60 runs");
}

/// So it is with signatures that come when their blocks are void.
#[test]
fn signatures_come_after_their_blocks_are_void() {
    let run = |seed| run(seed, Kind::named("late-signer")).unwrap();
    let released: usize = (3_000_000..3_000_060).map(|seed| run(seed).released).sum();
    assert!(released > 10, "{released} in 60 runs");
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 0..20 {
        let first = run(seed, None);
        assert_eq!(first, run(seed, None), "seed {seed}");
    }
    let traces = (0..20).filter_map(|seed| Some(run(seed, None).ok()?.trace));
    let different: std::collections::BTreeSet<_> = traces.collect();
    assert_eq!(different.len(), 20, "a trace stands for one run");
}

//! A short run of every fuzz target: valid inputs, mutated at random.
//!
//! `FUZZ_CASES` sets how many inputs each target gets, and `FUZZ_SEED` which.
//! A failure says how to see it again: its input is written down, and
//! `FUZZ_INPUT` with `FUZZ_TARGET` runs that one. (Some samples are sealed with
//! fresh keys, so a seed alone makes inputs of the same shape.) `scripts/fuzz`
//! searches for longer, and better.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that cannot go on should stop where it stands; the targets are public in their crate"
)]

#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};
use targets::{TARGETS, Target, target};

const CASES: u64 = 2000;
const INPUT_BYTES_MAX: usize = 80_000;
/// Bytes at which lengths, counters and versions change their meaning.
const EDGES: [u8; 12] = [0, 1, 2, 3, 6, 0x7f, 0x80, 0xbf, 0xc0, 0xdf, 0xe0, 0xff];

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// A sample with a few changes, always the same for one seed and case.
fn input(samples: &[Vec<u8>], seed: u64, case: u64) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(seed ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut input = samples[rng.random_range(0..samples.len())].clone();
    for _ in 0..rng.random_range(0..6) {
        change(&mut input, samples, &mut rng);
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

fn change(input: &mut Vec<u8>, samples: &[Vec<u8>], rng: &mut StdRng) {
    // Headers are at the front: look there more often.
    let reach = if rng.random_bool(0.5) { input.len().min(64) } else { input.len() };
    let at = rng.random_range(0..=reach);
    let len = rng.random_range(1..=16.min(input.len() - at).max(1));
    let end = (at + len).min(input.len());
    match rng.random_range(0..8) {
        0 if at < input.len() => input[at] ^= 1 << rng.random_range(0..8),
        1 if at < input.len() => input[at] = EDGES[rng.random_range(0..EDGES.len())],
        2 => rng.fill_bytes(&mut input[at..end]),
        3 => input.truncate(at),
        4 => drop(input.drain(at..end)),
        5 => {
            let again = input[at..end].to_vec();
            input.splice(at..at, again);
        }
        6 => input.extend(std::iter::repeat_n(rng.random::<u8>() & 1, rng.random_range(1..200))),
        _ => {
            let other = &samples[rng.random_range(0..samples.len())];
            let from = rng.random_range(0..=other.len());
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
    }
}

fn run(target: &Target, seed: u64) {
    let samples = (target.samples)();
    for case in 0..setting("FUZZ_CASES").unwrap_or(CASES) {
        let input = input(&samples, seed, case);
        if catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err() {
            let name = target.name;
            let path = std::env::temp_dir().join(format!("fuzz-{name}-{seed}-{case}"));
            std::fs::write(&path, input).unwrap();
            panic!("see it again with FUZZ_TARGET={name} FUZZ_INPUT={}", path.display());
        }
    }
}

#[test]
fn no_mutated_input_breaks_a_decoder() {
    let only = setting::<String>("FUZZ_TARGET");
    if let (Some(name), Some(path)) = (&only, setting::<String>("FUZZ_INPUT")) {
        return (target(name).run)(&std::fs::read(path).unwrap());
    }
    let seed = setting("FUZZ_SEED").unwrap_or_else(|| rand::rng().next_u64());
    eprintln!("FUZZ_SEED={seed}");
    match only {
        Some(name) => run(target(&name), seed),
        None => std::thread::scope(|scope| {
            TARGETS.iter().for_each(|target| drop(scope.spawn(move || run(target, seed))));
        }),
    }
}

#[test]
fn every_sample_passes() {
    for target in &TARGETS {
        for sample in (target.samples)() {
            (target.run)(&sample);
        }
    }
}

//! Random choices that can be made again.

use rand::{SeedableRng as _, rngs::StdRng};

/// The variable that repeats a run.
pub const SEED_VARIABLE: &str = "CONET_SEED";

/// A generator for a story's own choices (when to kill, what to flip); its seed is
/// printed, and taken from `CONET_SEED` when that is set.
///
/// # Panics
/// When `CONET_SEED` is no number.
#[must_use]
pub fn story_rng(story: &str) -> StdRng {
    let seed = match std::env::var(SEED_VARIABLE) {
        Ok(text) => text.parse().expect("CONET_SEED is a number"),
        Err(_) => rand::random::<u32>().into(),
    };
    eprintln!("{story}: repeat with {SEED_VARIABLE}={seed}");
    StdRng::seed_from_u64(seed)
}

//! Many runs, on all cores.

use std::{
    num::NonZeroUsize,
    ops::{ControlFlow, Range},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use crate::{Kind, Report, Violation, run};

/// Runs all seeds of a range in `jobs` threads, and shows each result, one at a time, in the order in which they end.
/// Stops when told to.
pub fn sweep(
    seeds: Range<u64>,
    only: Option<Kind>,
    jobs: NonZeroUsize,
    show: impl FnMut(u64, Result<Report, Violation>) -> ControlFlow<()> + Send,
) {
    let (next, stopped) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let show = Mutex::new(show);
    let work = || {
        while !stopped.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let result = run(seed, only);
            let mut show = show.lock().unwrap_or_else(PoisonError::into_inner);
            if show(seed, result).is_break() {
                stopped.store(true, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs.get() {
            scope.spawn(work);
        }
    });
}

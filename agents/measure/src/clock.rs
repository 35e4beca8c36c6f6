//! Clocks, memory and medians.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};
use serde::{Deserialize, Serialize};

use crate::error::{BenchError, failed, wrong};

/// What a process has used.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time of all its threads, user and system, nanoseconds.
    pub cpu_ns: u64,
    /// Resident memory, KiB.
    pub rss_kib: u64,
}

impl Usage {
    /// Of this process.
    ///
    /// # Errors
    /// [`BenchError`]: the kernel does not say.
    pub fn read() -> Result<Self, BenchError> {
        let status = std::fs::read_to_string("/proc/self/status").map_err(failed("memory"))?;
        let rss_kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok())
            .ok_or_else(|| wrong("memory", "/proc/self/status has no VmRSS"))?;
        Ok(Self { cpu_ns: clock(ClockId::ProcessCPUTime), rss_kib })
    }
}

fn clock(id: ClockId) -> u64 {
    let time = clock_gettime(id);
    let (seconds, nanoseconds) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    seconds * 1_000_000_000 + nanoseconds
}

/// Processor time of this thread, nanoseconds: sleeping on a disk does not count.
#[must_use]
pub fn thread_cpu_ns() -> u64 {
    clock(ClockId::ThreadCPUTime)
}

/// Processor nanoseconds of one `work`, over `count` of them.
pub fn cpu_ns_each<T>(count: u32, mut work: impl FnMut() -> T) -> f64 {
    let start = thread_cpu_ns();
    for _ in 0..count {
        black_box(work());
    }
    (thread_cpu_ns() - start) as f64 / f64::from(count)
}

/// Wall time of one `work`, microseconds; the median over `count`.
pub fn median_us<T>(count: u32, mut work: impl FnMut() -> T) -> f64 {
    let times = (0..count).map(|_| {
        let start = Instant::now();
        black_box(work());
        microseconds(start.elapsed())
    });
    median(&times.collect::<Vec<_>>())
}

/// A time in microseconds.
#[must_use]
pub fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The value in the middle.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value below which a share of the others lies; NaN of nothing.
#[must_use]
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// Raises the limit of open files as far as it goes, at most to `wanted`; what it is now.
pub fn raise_open_files(wanted: u64) -> u64 {
    let now = getrlimit(Resource::Nofile);
    let maximum = now.maximum.unwrap_or(u64::MAX);
    let both = |limit| Rlimit { current: Some(limit), maximum: Some(limit.max(maximum)) };
    // Above the hard limit only root may go.
    if setrlimit(Resource::Nofile, both(wanted)).is_ok() {
        return wanted;
    }
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(maximum), ..now });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(median(&values), 3.0);
        assert_eq!(percentile(&values, 0.99), 5.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_process_has_memory_and_a_clock() {
        let usage = Usage::read().unwrap();
        assert!(usage.rss_kib > 100 && usage.cpu_ns > 0);
    }
}

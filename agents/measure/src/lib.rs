//! What the project's measurements share: [`Row`]s of a table, clocks of processor time, medians.

mod clock;
mod error;
mod report;

pub use clock::{
    Usage, cpu_ns_each, median, median_us, microseconds, percentile, raise_open_files,
    thread_cpu_ns,
};
pub use error::{BenchError, check_name, failed, wrong};
pub use report::{Row, Target, table_head};

/// Whether this program was built without optimization: its figures say nothing then.
#[must_use]
pub const fn is_debug_build() -> bool {
    cfg!(debug_assertions)
}

//! The figures, in the order of `docs/benchmarks.md`.

mod batching;
mod density;
mod latency;
mod scale;
mod transfer;
mod witness;

use conet_measure::{BenchError, Row, check_name};

use crate::Options;

/// The names that `only` takes.
pub const NAMES: [&str; 6] = ["transfer", "latency", "scale", "density", "witness", "batching"];

/// What every figure gets.
pub(crate) struct Run<'a> {
    options: &'a Options,
    on_row: &'a mut dyn FnMut(&Row),
}

impl Run<'_> {
    fn row(&mut self, row: &Row) {
        (self.on_row)(row);
    }

    /// More in a full run, fewer in a quick one.
    const fn many<T: Copy>(&self, full: T, quick: T) -> T {
        if self.options.quick { quick } else { full }
    }
}

pub(crate) fn run(options: &Options, on_row: &mut dyn FnMut(&Row)) -> Result<(), BenchError> {
    let only = options.only.as_deref();
    check_name(only, &NAMES)?;
    let mut run = Run { options, on_row };
    let figures = [
        transfer::measure,
        latency::measure,
        scale::measure,
        density::measure,
        witness::measure,
        batching::measure,
    ];
    for (name, measure) in NAMES.into_iter().zip(figures) {
        if only.is_none_or(|only| only == name) {
            measure(&mut run)?;
        }
    }
    Ok(())
}

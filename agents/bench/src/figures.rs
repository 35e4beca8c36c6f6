//! The figures, in the order of issue and design.

mod agent;
mod end_to_end;
mod idle;
mod recipient;
mod relay;

use crate::{
    Options, Row,
    part::{Part, Process},
    world::World,
};
use conet_measure::{BenchError, check_name};

/// The names that `only` takes.
pub const NAMES: [&str; 5] = ["recipient", "relay", "agent", "idle", "end-to-end"];

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
    fn many<T>(&self, full: T, quick: T) -> T {
        if self.options.quick { quick } else { full }
    }
}

pub(crate) async fn run(options: &Options, on_row: &mut dyn FnMut(&Row)) -> Result<(), BenchError> {
    let only = options.only.as_deref();
    check_name(only, &NAMES)?;
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let mut run = Run { options, on_row };
    if wanted("recipient") {
        recipient::measure(&mut run)?;
    }
    if NAMES.iter().skip(1).any(|name| wanted(name)) {
        let mut world = World::start().await?;
        if wanted("relay") {
            relay::measure(&mut run, &mut world).await?;
        }
        if wanted("agent") {
            agent::measure(&mut run, &mut world).await?;
        }
        if wanted("idle") {
            idle::measure(&mut run, &mut world).await?;
        }
        if wanted("end-to-end") {
            end_to_end::measure(&mut run, &mut world).await?;
        }
    }
    Ok(())
}

async fn start_node(node: &crate::material::NodeInfo) -> Result<Process, BenchError> {
    Process::start(&Part::Node { node: node.clone() }).await
}

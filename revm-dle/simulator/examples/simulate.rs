//! `cargo run -p conet-simulator --example simulate -- FROM TO`: runs seeds up to the first that fails, and says why.
#![allow(clippy::print_stdout, reason = "a command line for developers")]

use std::{num::NonZeroUsize, ops::ControlFlow, process::ExitCode, thread};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut next =
        |default: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (from, to) = (next(0), next(100));
    let jobs = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut first = None;
    conet_simulator::sweep(from..to, None, jobs, |seed, result| match result {
        Err(violation) if std::env::var_os("ALL").is_some() => {
            println!("seed {seed}: {violation}");
            first = Some((seed, violation));
            ControlFlow::Continue(())
        }
        Err(violation) => {
            first = Some((seed, violation));
            ControlFlow::Break(())
        }
        Ok(_) => ControlFlow::Continue(()),
    });
    match first {
        None => ExitCode::SUCCESS,
        Some((seed, violation)) => {
            println!("seed {seed}: {violation}");
            ExitCode::FAILURE
        }
    }
}

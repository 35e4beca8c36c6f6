//! `cargo run -p conet-simulator --example simulate -- FROM TO`: runs seeds up to the first that fails, and says why.

#![allow(clippy::print_stdout)]

use std::{num::NonZeroUsize, ops::ControlFlow, process::ExitCode, thread};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut next =
        |default: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (from, to) = (next(0), next(100));
    let jobs = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut code = ExitCode::SUCCESS;
    conet_simulator::sweep(from..to, None, jobs, |seed, result| {
        let Err(violation) = result else { return ControlFlow::Continue(()) };
        println!("seed {seed}: {violation}");
        code = ExitCode::FAILURE;
        ControlFlow::Break(())
    });
    code
}

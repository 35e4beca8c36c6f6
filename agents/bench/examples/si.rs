//! `conet bench si` without the rest of `conet`, and with an allocator that counts.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line")]

use conet_bench::{BenchError, Options};

#[tokio::main]
async fn main() -> Result<(), BenchError> {
    if conet_bench::is_part() {
        return conet_bench::run_part().await;
    }
    let mut options = Options {
        count_allocations: Some(|work| allocation_counter::measure(work).count_total),
        ..Options::default()
    };
    let (mut json, mut args) = (false, std::env::args().skip(1));
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--json" => json = true,
            "--quick" => options.quick = true,
            "--only" => options.only = args.next(),
            other => eprintln!("unknown argument {other}; there are --json, --quick, --only NAME"),
        }
    }
    if conet_bench::is_debug_build() {
        eprintln!("warning: a debug build; its figures say nothing. Build with --release.");
    }
    if !json {
        println!("{}", conet_bench::table_head());
    }
    conet_bench::si(&options, |row| match json {
        true => println!("{}", serde_json::to_string(row).unwrap_or_default()),
        false => println!("{row}"),
    })
    .await
}

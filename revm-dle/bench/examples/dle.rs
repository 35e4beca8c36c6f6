//! `conet bench dle` without the rest of `conet`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line")]

use conet_dle_bench::Options;
use conet_measure::BenchError;

fn main() -> Result<(), BenchError> {
    if conet_dle_bench::is_part() {
        return conet_dle_bench::run_part();
    }
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => options.quick = true,
            "--only" => options.only = args.next(),
            other => {
                let hint = format!("unknown argument {other}; there are --quick, --only NAME");
                return Err(conet_measure::wrong("the command line", hint));
            }
        }
    }
    println!("{}", conet_measure::table_head());
    conet_dle_bench::dle(&options, |row| println!("{row}"))
}

//! `conet chain simulate`: committees in virtual time.

use std::{
    io::{self, Write as _},
    num::NonZeroUsize,
    ops::{ControlFlow, Range},
    thread,
};

use anyhow::{Context as _, bail};
use clap::Args;
use conet_simulator::{Kind, Report, Violation};
use serde_json::{Value, json};

use crate::{context::Context, output::Output};

/// Arguments of `conet chain simulate`.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// From the first seed up to, but without, the last
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Range<u64>,
    /// How liars lie [default: each seed has its own]
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// How many runs at a time [default: one for each core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Print all that happens, of one seed
    #[arg(long)]
    trace: bool,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parsed = text.split_once("..").and_then(|(from, to)| {
        let range = from.trim().parse().ok()?..to.trim().parse().ok()?;
        (!range.is_empty()).then_some(range)
    });
    parsed.ok_or_else(|| format!("expected A..B, like 0..1000, found {text}"))
}

fn kind(name: &str) -> Result<Kind, String> {
    let known = || Kind::all().map(Kind::name).collect::<Vec<_>>().join(", ");
    Kind::named(name).ok_or_else(|| format!("expected one of {}, found {name}", known()))
}

pub(super) async fn run(args: SimulateArgs, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    tokio::task::spawn_blocking(move || simulate(&args, output)).await?
}

fn simulate(args: &SimulateArgs, output: Output) -> anyhow::Result<()> {
    if args.trace {
        return trace(args, output);
    }
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok());
    let bar = output.counter(args.seeds.end - args.seeds.start);
    let mut total = Total::default();
    let mut written = Ok(());
    conet_simulator::sweep(args.seeds.clone(), args.kind, jobs.unwrap_or(NonZeroUsize::MIN), {
        let (total, written) = (&mut total, &mut written);
        let bar = bar.clone();
        move |seed, result| {
            total.count(&result);
            bar.inc(1);
            let Err(violation) = result else { return ControlFlow::Continue(()) };
            *written = bar.suspend(|| show(seed, args.kind, &violation, output));
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
    });
    bar.finish_and_clear();
    written?;
    let Total { seeds, failed, entries, blocks, cheats } = total;
    output.result(
        &json!({"seeds": seeds, "failed": failed, "entries": entries, "blocks": blocks, "cheats": cheats}),
        &format!("{seeds} seeds, {failed} failed; {entries} entries and {blocks} blocks were final, {cheats} cheats were seen"),
    )?;
    if failed > 0 {
        bail!("{failed} of {seeds} seeds failed");
    }
    Ok(())
}

#[derive(Default)]
struct Total {
    seeds: u64,
    failed: u64,
    entries: usize,
    blocks: usize,
    cheats: usize,
}

impl Total {
    fn count(&mut self, result: &Result<Report, Violation>) {
        self.seeds += 1;
        match result {
            Ok(report) => {
                self.entries += report.entries;
                self.blocks += report.blocks;
                self.cheats += report.cheats;
            }
            Err(_) => self.failed += 1,
        }
    }
}

/// A seed that fails, and how to see it again.
fn show(seed: u64, kind: Option<Kind>, violation: &Violation, output: Output) -> io::Result<()> {
    let mut replay = format!("conet chain simulate --seeds {seed}..{} --trace", seed + 1);
    if let Some(kind) = kind {
        replay += &format!(" --kind {}", kind.name());
    }
    let value = json!({"seed": seed, "violation": violation.to_string(), "replay": replay});
    output.result(&value, &format!("seed {seed}: {violation}\n  again: {replay}"))
}

fn trace(args: &SimulateArgs, output: Output) -> anyhow::Result<()> {
    let Range { start: seed, end } = args.seeds;
    if end != seed + 1 {
        bail!("--trace takes one seed: --seeds {seed}..{}", seed + 1);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut written = if output.json {
        Ok(())
    } else {
        writeln!(out, "{}", conet_simulator::describe(seed, args.kind))
    };
    let result = conet_simulator::tell(seed, args.kind, &mut |line| {
        if written.is_ok() {
            written = if output.json {
                writeln!(out, "{}", Value::from(line))
            } else {
                writeln!(out, "{line}")
            };
        }
    });
    written.and_then(|()| out.flush()).context("nobody reads the trace any more")?;
    drop(out);
    let report = result.with_context(|| format!("seed {seed} failed"))?;
    let Report { steps, virtual_ms, entries, blocks, liars, trace, .. } = report;
    output.result(
        &json!({"seed": seed, "steps": steps, "virtual_ms": virtual_ms, "entries": entries, "blocks": blocks, "liars": liars, "trace": format!("{trace:016x}")}),
        &format!("seed {seed} passed: {steps} steps in {virtual_ms} ms, {entries} entries, {blocks} blocks, {liars} liars; trace {trace:016x}"),
    )?;
    Ok(())
}

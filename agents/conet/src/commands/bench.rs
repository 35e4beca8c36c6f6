//! `conet bench`: the project's own measurements.

use clap::{Args, Subcommand};
use conet_bench::Row;

use crate::devnet::Anvil;

/// Measure, each figure beside its floor
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// The stealth internet: recipient parser, relay, agent, idle listeners, end to end
    Si(SiArgs),
    /// The ledger expansion: payments, delays, many chains, idle ones, witnesses, batches
    Dle(DleArgs),
    /// The indexer: backfill into both stores, live delay, answers under load, look-ups of routes in a node
    Index(IndexArgs),
}

/// Arguments of `conet bench index`.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    /// Only this figure: backfill, live, api or look-ups
    #[arg(long, value_name = "NAME", value_parser = conet_index_bench::NAMES)]
    only: Option<String>,
    /// 100,000 events instead of a million
    #[arg(long)]
    quick: bool,
}

/// Arguments of `conet bench si`.
#[derive(Debug, Args)]
pub(crate) struct SiArgs {
    /// Only this figure: recipient, relay, agent, idle or end-to-end
    #[arg(long, value_name = "NAME", value_parser = conet_bench::NAMES)]
    only: Option<String>,
    /// Fewer rounds and 1,000 listeners instead of 10,000
    #[arg(long)]
    quick: bool,
}

/// Arguments of `conet bench dle`.
#[derive(Debug, Args)]
pub(crate) struct DleArgs {
    /// Only this figure: transfer, latency, scale, density, witness or batching
    #[arg(long, value_name = "NAME", value_parser = conet_dle_bench::NAMES)]
    only: Option<String>,
    /// Fewer rounds and 1,000 chains instead of 10,000
    #[arg(long)]
    quick: bool,
}

pub(crate) async fn run(command: BenchCommand, json: bool) -> anyhow::Result<()> {
    // Each part of a benchmark is this program again, with a variable set.
    if conet_bench::is_part() {
        return Ok(conet_bench::run_part().await?);
    }
    if conet_dle_bench::is_part() {
        return Ok(conet_dle_bench::run_part()?);
    }
    if conet_bench::is_debug_build() {
        eprintln!("warning: a debug build; its figures say nothing. Build with --release.");
    }
    if !json {
        println!("{}", conet_bench::table_head());
    }
    let show = move |row: &Row| match json {
        true => println!("{}", serde_json::to_string(row).unwrap_or_default()),
        false => println!("{row}"),
    };
    match command {
        BenchCommand::Si(SiArgs { only, quick }) => {
            let options = conet_bench::Options { only, quick, count_allocations: None };
            conet_bench::si(&options, show).await?;
        }
        BenchCommand::Dle(DleArgs { only, quick }) => {
            let options = conet_dle_bench::Options { only, quick };
            // Its clocks are those of the one thread that it runs on.
            tokio::task::spawn_blocking(move || conet_dle_bench::dle(&options, show)).await??;
        }
        BenchCommand::Index(IndexArgs { only, quick }) => {
            let folder = tempfile::tempdir()?;
            let still = Anvil::start(&folder.path().join("still.log"), None, &[]).await?;
            let each_second = ["--block-time", "1"];
            let ticking =
                Anvil::start(&folder.path().join("ticking.log"), None, &each_second).await?;
            let chains = conet_index_bench::Chains {
                still: still.rpc_url.clone(),
                ticking: ticking.rpc_url.trim_start_matches("http://").to_owned(),
            };
            let options = conet_index_bench::Options { only, quick };
            conet_index_bench::index(&options, &chains, show).await?;
        }
    }
    Ok(())
}

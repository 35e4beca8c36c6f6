//! `conet`: the one program of CoNET.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod actor;
mod by_relay;
mod calendar;
mod commands;
mod context;
mod demo;
mod devnet;
mod files;
mod ledgers;
mod output;
mod seated;
mod specs;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use context::Context;
use output::Output;

/// Talk by wallet address over ordinary HTTP, through nodes that cannot read it.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    /// Where keys, configuration and network.json are
    #[arg(long, global = true, env = "CONET_HOME", default_value = ".conet")]
    home: PathBuf,
    /// One JSON object per line instead of text
    #[arg(long, global = true)]
    json: bool,
    /// Which network to join [default: network.json in the home folder]
    #[arg(long, global = true, env = "CONET_NETWORK", value_name = "FILE")]
    network: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Devnet(commands::devnet::DevnetArgs),
    Deploy(commands::deploy::DeployArgs),
    #[command(subcommand)]
    Node(commands::node::NodeCommand),
    #[command(subcommand)]
    Wallet(commands::wallet::WalletCommand),
    Register(commands::register::RegisterArgs),
    Send(commands::send::SendArgs),
    Listen(commands::listen::ListenArgs),
    Route(commands::route::RouteArgs),
    #[command(subcommand)]
    Name(commands::name::NameCommand),
    #[command(subcommand)]
    Stake(commands::stake::StakeCommand),
    #[command(subcommand)]
    Cash(commands::cash::CashCommand),
    #[command(subcommand)]
    Archive(commands::archive::ArchiveCommand),
    #[command(subcommand)]
    Gov(commands::gov::GovCommand),
    #[command(subcommand)]
    Chain(commands::chain::ChainCommand),
    #[command(subcommand)]
    Index(commands::index::IndexCommand),
    #[command(subcommand)]
    Bench(commands::bench::BenchCommand),
}

impl Command {
    /// What is logged unless `CONET_LOG` says otherwise: a server's life, or what is wrong.
    fn log_level(&self) -> &'static str {
        match self {
            Self::Devnet(_) | Self::Node(_) | Self::Index(_) => "info",
            _ => "warn",
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("CONET_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(cli.command.log_level())),
        )
        .init();
    let output = Output { json: cli.json };
    let context = Context { home: cli.home.clone(), network: cli.network, output };
    let done = match cli.command {
        Command::Devnet(args) => commands::devnet::run(args, &context).await,
        Command::Deploy(args) => commands::deploy::run(args, &context).await,
        Command::Node(command) => commands::node::run(command, &context).await,
        Command::Wallet(command) => commands::wallet::run(command, &context).await,
        Command::Register(args) => commands::register::run(args, &context).await,
        Command::Send(args) => commands::send::run(args, &context).await,
        Command::Listen(args) => commands::listen::run(args, &context).await,
        Command::Route(args) => commands::route::run(args, &context).await,
        Command::Name(command) => commands::name::run(command, &context).await,
        Command::Stake(command) => commands::stake::run(command, &context).await,
        Command::Cash(command) => commands::cash::run(command, &context).await,
        Command::Archive(command) => commands::archive::run(command, &context).await,
        Command::Gov(command) => commands::gov::run(command, &context).await,
        Command::Chain(command) => commands::chain::run(command, &context).await,
        Command::Index(command) => commands::index::run(command, &context).await,
        Command::Bench(command) => commands::bench::run(command, cli.json).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conet: {error:#}");
            ExitCode::FAILURE
        }
    }
}

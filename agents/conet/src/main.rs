//! `conet`: the one program of CoNET.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod commands;
mod devnet;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

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
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Devnet(commands::devnet::DevnetArgs),
    #[command(subcommand)]
    Node(commands::node::NodeCommand),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("CONET_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .init();
    let done = match cli.command {
        Command::Devnet(args) => commands::devnet::run(args, &cli.home, cli.json).await,
        Command::Node(command) => commands::node::run(command, &cli.home, cli.json).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("conet: {error:#}");
            ExitCode::FAILURE
        }
    }
}

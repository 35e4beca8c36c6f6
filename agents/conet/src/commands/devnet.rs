//! `conet devnet`: a whole network on this machine.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::devnet::{ChainChoice, Devnet};

/// Start a chain, the contracts and nodes on this machine.
///
/// Stays up until interrupted, with `network.json` in the home folder, so that every
/// other command just works. With `--demo` it tells one whole story instead.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  conet devnet                 five nodes, until Ctrl-C
  conet devnet --nodes 8
  conet devnet --demo --rpc-url http://127.0.0.1:9650/ext/bc/CHAIN/rpc")]
pub(crate) struct DevnetArgs {
    /// How many nodes; at least 4 for the demo
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=64))]
    nodes: u16,
    /// Tell the white paper's story, step by step, and exit
    #[arg(long)]
    demo: bool,
    /// The chain's RPC port [default: a free one]
    #[arg(long)]
    rpc_port: Option<u16>,
    /// Tell the story on this chain instead of starting one
    #[arg(long, value_name = "URL", requires = "demo", conflicts_with = "rpc_port")]
    rpc_url: Option<String>,
    /// A file with the private key that pays there [default: anvil's first account, known to all]
    #[arg(long, value_name = "FILE", requires = "rpc_url")]
    payer_key_file: Option<PathBuf>,
}

impl DevnetArgs {
    fn chain(&self) -> anyhow::Result<ChainChoice> {
        let Some(rpc_url) = self.rpc_url.clone() else {
            return Ok(ChainChoice::Anvil { port: self.rpc_port });
        };
        let payer = match &self.payer_key_file {
            Some(path) => {
                let cannot_read = || format!("cannot read {}", path.display());
                let text = std::fs::read_to_string(path).with_context(cannot_read)?;
                let text = zeroize::Zeroizing::new(text);
                Some(text.trim().parse().context("the key file holds no private key")?)
            }
            None => None,
        };
        Ok(ChainChoice::Running { rpc_url, payer })
    }
}

pub(crate) async fn run(args: DevnetArgs, home: &Path, json: bool) -> anyhow::Result<()> {
    let say = |line: String| {
        if !json {
            eprintln!("  {line}");
        }
    };
    let mut devnet = Devnet::start(home, usize::from(args.nodes), args.chain()?, say).await?;
    if args.demo {
        let told = crate::demo::tell(&devnet.network, home, json).await;
        devnet.stop().await;
        return told;
    }
    if json {
        println!("{}", serde_json::to_string(&devnet.network)?);
    } else {
        println!("{}", what_next(home));
    }
    tokio::select! {
        error = devnet.first_to_end() => {
            devnet.stop().await;
            Err(error)
        }
        stopped = crate::commands::node::stop_signal() => {
            devnet.stop().await;
            stopped
        }
    }
}

fn what_next(home: &Path) -> String {
    let home = home.display();
    format!(
        "\nThe network is up. In another terminal:

  export CONET_HOME={home} CONET_PASSWORD=test
  conet wallet new --name bobo
  conet register --wallet bobo
  conet listen --wallet bobo &
  conet wallet new --name peter
  conet send --wallet peter --to $(conet wallet show --name bobo --address) --text 'Hello Bobo'

  conet node list          the nodes
  conet route ADDRESS      what the chain says of a wallet

Press Ctrl-C to stop."
    )
}

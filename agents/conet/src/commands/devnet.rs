//! `conet devnet`: a whole network on this machine.

use std::path::{Path, PathBuf};

use alloy::primitives::{Address, U256};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use conet_chain::amounts::conet_text;
use serde_json::json;

use crate::{
    context::{Context, address, conet_amount},
    devnet::{ChainChoice, Devnet, Size, economy::Amounts},
};

/// Start a chain, the contracts and nodes on this machine.
///
/// Stays up until interrupted, with `network.json` in the home folder, so that every
/// other command just works. With `--demo` it tells one whole story instead.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  conet devnet                 twelve nodes, until Ctrl-C
  conet devnet --nodes 5
  conet devnet --demo --rpc-url http://127.0.0.1:9650/ext/bc/CHAIN/rpc
  conet devnet fund --wallet bobo       play money, CoNET and gas for a wallet")]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DevnetArgs {
    #[command(subcommand)]
    command: Option<DevnetCommand>,
    /// How many nodes; at least 12 for the demo
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=64))]
    nodes: u16,
    /// How many of them keep all small chains; the others make blocks [default: as few as it takes]
    #[arg(long)]
    seats: Option<u16>,
    /// How many of the others make blocks through relays, without an address of their own; the rest are their relays
    #[arg(long, default_value_t = 0, requires = "seats")]
    by_relay: u16,
    /// The shortest epoch of the archive group: who joined it or left gets or gives up its seat after so long at the earliest
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    epoch_seconds: u64,
    /// A contract of your own for small chains: a file with its deployed bytecode in hexadecimal
    #[arg(long, value_name = "FILE")]
    chain_code: Vec<PathBuf>,
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
    /// The chain's gas is paid in CoNET: the token wraps its coins
    #[arg(long, requires = "rpc_url")]
    native: bool,
}

impl DevnetArgs {
    fn size(&self) -> Size {
        let (seats, codes) = (self.seats.map(usize::from), self.chain_code.clone());
        let (by_relay, epoch_seconds) = (self.by_relay.into(), self.epoch_seconds);
        Size { nodes: self.nodes.into(), seats, by_relay, codes, epoch_seconds }
    }

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
        Ok(ChainChoice::Running { rpc_url, payer, is_native: self.native })
    }
}

/// What one does with a network that runs.
#[derive(Debug, Subcommand)]
enum DevnetCommand {
    /// Give a wallet coins for gas, CoNET and play money, from the account that every anvil funds
    #[command(after_help = "Examples:
  conet devnet fund --wallet bobo
  conet devnet fund --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --conet 2000000")]
    Fund(FundArgs),
}

/// Who gets how much.
#[derive(Debug, Args)]
struct FundArgs {
    /// A wallet of this home folder
    #[arg(long, required_unless_present = "to")]
    wallet: Option<String>,
    /// Any address
    #[arg(long, conflicts_with = "wallet", value_parser = address)]
    to: Option<Address>,
    /// Coins for gas
    #[arg(long, default_value = "10", value_parser = conet_amount)]
    gas: U256,
    /// CoNET
    #[arg(long, default_value = "1000000", value_parser = conet_amount)]
    conet: U256,
    /// Dollars of each kind of play money
    #[arg(long, default_value_t = 1000)]
    dollars: u64,
}

async fn fund(args: FundArgs, context: &Context) -> anyhow::Result<()> {
    let chain = context.mainchain().await?;
    let to = match (args.to, args.wallet) {
        (Some(to), _) => to,
        (None, Some(name)) => context.keystore().show(&name)?.address,
        (None, None) => bail!("expected --wallet or --to"),
    };
    let owner = chain.payer(crate::devnet::FUNDED_KEY.parse()?);
    let FundArgs { gas, conet, dollars, .. } = args;
    crate::devnet::economy::fund(&chain, &owner, to, Amounts { gas, conet, dollars })
        .await
        .context("expected the development chain of `conet devnet`")?;
    let json = json!({ "to": to, "conet": conet_text(conet), "dollars": dollars });
    let text = format!("{to} got {} CoNET and ${dollars} of each play money", conet_text(conet));
    Ok(context.output.result(&json, &text)?)
}

pub(crate) async fn run(args: DevnetArgs, context: &Context) -> anyhow::Result<()> {
    let (home, json) = (context.home.as_path(), context.output.json);
    if let Some(DevnetCommand::Fund(args)) = args.command {
        return fund(args, context).await;
    }
    let say = |line: String| {
        if !json {
            eprintln!("  {line}");
        }
    };
    let mut devnet = Devnet::start(home, args.size(), args.chain()?, say).await?;
    if args.demo {
        let told = crate::demo::tell(&mut devnet, home, json).await;
        devnet.stop().await;
        return told;
    }
    if json {
        println!("{}", serde_json::to_string(&devnet.network)?);
    } else {
        println!("{}", what_next(home, devnet.network.indexer_url.as_deref()));
    }
    tokio::select! {
        error = devnet.ended(say) => {
            devnet.stop().await;
            Err(error)
        }
        stopped = crate::commands::node::stop_signal() => {
            devnet.stop().await;
            stopped
        }
    }
}

fn what_next(home: &Path, explorer: Option<&str>) -> String {
    let (home, explorer) = (home.display(), explorer.unwrap_or_default());
    format!(
        "\nThe network is up. In a browser, its explorer: {explorer}
In another terminal:

  export CONET_HOME={home} CONET_PASSWORD=test
  conet wallet new --name bobo
  conet register --wallet bobo
  conet listen --wallet bobo &
  conet wallet new --name peter
  conet send --wallet peter --to $(conet wallet show --name bobo --address) --text 'Hello Bobo'

  conet node list                      the nodes
  conet devnet fund --wallet bobo      gas, CoNET and play money
  conet gov rules                      what votes decide
  conet route ADDRESS                  what the chain says of a wallet
  conet chain create --wallet bobo --title 'My car'      a small chain of its own

Press Ctrl-C to stop."
    )
}

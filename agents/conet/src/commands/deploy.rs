//! `conet deploy`: every contract on a chain, from one wallet.

use std::path::PathBuf;

use alloy::signers::local::PrivateKeySigner;
use anyhow::Context as _;
use clap::Args;
use conet_chain::{Genesis, NetworkFile, deploy};
use serde_json::json;

use crate::context::{Context, PasswordArgs, shown};

/// Deploy every contract that a chain lacks, and write network.json.
///
/// Addresses follow from the deploying wallet and the contracts' names alone. So a deployment that was cut off goes on
/// where it stopped, and a second run finds everything there.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  conet deploy --example > genesis.toml         then fill it in
  conet deploy --rpc-url https://rpc.example.org --wallet founder --genesis genesis.toml
  conet deploy --rpc-url http://127.0.0.1:8545 --wallet founder --development

Each contract keeps what it was told at its construction: a genesis file that changes between two runs changes only
what is not deployed yet.")]
pub(crate) struct DeployArgs {
    /// Print an example of a genesis file
    #[arg(long, conflicts_with_all = ["rpc_url", "wallet", "genesis", "development"])]
    example: bool,
    /// The chain's RPC
    #[arg(long, required_unless_present = "example")]
    rpc_url: Option<String>,
    /// The wallet that deploys and pays; the contracts' addresses follow from it
    #[arg(long, required_unless_present = "example")]
    wallet: Option<String>,
    /// What the contracts are told at construction
    #[arg(long, value_name = "FILE", required_unless_present_any = ["example", "development"])]
    genesis: Option<PathBuf>,
    /// Everything is the deploying wallet's, votes take seconds, and there is play money
    #[arg(long, conflicts_with = "genesis")]
    development: bool,
    /// The chain's gas is paid in CoNET: with --development, the token wraps it instead of being minted
    #[arg(long, requires = "development")]
    native: bool,
    #[command(flatten)]
    password: PasswordArgs,
}

pub(crate) async fn run(args: DeployArgs, context: &Context) -> anyhow::Result<()> {
    if args.example {
        return Ok(context.output.result(
            &serde_json::to_value(Genesis::example())?,
            &toml::to_string(&Genesis::example())?,
        )?);
    }
    let (url, name) = (args.rpc_url.unwrap_or_default(), args.wallet.unwrap_or_default());
    let wallet = context.wallet(&name, &args.password).await?;
    let genesis = match &args.genesis {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", shown(path)))?;
            toml::from_str(&text).with_context(|| format!("the genesis file {}", shown(path)))?
        }
        None => {
            let mut genesis = Genesis::development(wallet.address());
            if args.native {
                genesis.allocation.clear();
            }
            genesis
        }
    };
    let path = context.network.clone().unwrap_or_else(|| context.home.join(NetworkFile::NAME));
    let file = deploy_to(&url, wallet.signer(), &genesis, &path, context).await?;
    let json = json!({ "network": shown(&path), "contracts": file.contracts });
    Ok(context.output.result(&json, &format!("wrote {}", shown(&path)))?)
}

async fn deploy_to(
    url: &str,
    signer: &PrivateKeySigner,
    genesis: &Genesis,
    path: &std::path::Path,
    context: &Context,
) -> anyhow::Result<NetworkFile> {
    let done = deploy(url, signer, genesis, |name, address, made| {
        let what = if made { "deployed" } else { "is there" };
        context.output.status(&format!("{name:<18} {address}  {what}"));
    });
    let done = done.await.context("deploying; run the same command again to go on")?;
    // The same chain's file keeps its nodes and its indexer.
    let known = NetworkFile::load(path)
        .ok()
        .filter(|file| file.chain_id == done.network.chain_id && file.network() == done.network);
    let (nodes, indexer_url) = known.map_or_else(Default::default, |f| (f.nodes, f.indexer_url));
    let file = NetworkFile {
        rpc_url: url.to_owned(),
        chain_id: done.network.chain_id,
        contracts: done.contracts,
        indexer_url,
        nodes,
    };
    file.save(path)?;
    Ok(file)
}

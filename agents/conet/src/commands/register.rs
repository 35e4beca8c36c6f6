//! `conet register`: give a wallet a route and an agent.

use alloy::primitives::U256;
use clap::Args;
use conet_client::{Change, RegisterOptions};
use serde_json::json;

use crate::context::{Context, PasswordArgs, id_json, node_id};

/// Register a wallet with an agent, which keeps its mailbox and pushes to it.
///
/// The wallet signs its route; the agent submits it and pays the gas.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  conet register --wallet bobo                 the present agent, else any
  conet register --wallet bobo --agent 2 --via 4
  conet register --wallet bobo --rotate        new encryption keys
  conet register --wallet bobo --leave         no agent any more")]
pub(crate) struct RegisterArgs {
    /// The wallet
    #[arg(long)]
    wallet: String,
    /// The node that keeps the mailbox [default: the present one, else any]
    #[arg(long, value_name = "NODE", value_parser = node_id)]
    agent: Option<U256>,
    /// The node to send this through [default: any that may see it]
    #[arg(long, value_name = "NODE", value_parser = node_id)]
    via: Option<U256>,
    /// Make new encryption keys; the old ones open mail for three more weeks
    #[arg(long, conflicts_with = "leave")]
    rotate: bool,
    /// Leave the agent
    #[arg(long, conflicts_with = "agent")]
    leave: bool,
    /// Submit the route to the chain from this wallet, which then pays the gas
    #[arg(long)]
    self_submit: bool,
    #[command(flatten)]
    password: PasswordArgs,
}

pub(crate) async fn run(args: RegisterArgs, context: &Context) -> anyhow::Result<()> {
    let client = context.client().await?;
    let wallet = context.wallet(&args.wallet, &args.password).await?;
    let change = match (args.rotate, args.leave) {
        (true, _) => Change::Rotate,
        (_, true) => Change::Leave,
        _ => Change::Agent,
    };
    let options =
        RegisterOptions { agent: args.agent, via: args.via, change, self_submit: args.self_submit };
    let done = client.register(&wallet, &options).await?;
    let address = done.wallet.to_string();
    let json = json!({
        "wallet": address,
        "agent": done.agent.map(id_json),
        "serial": done.serial,
        "epoch": done.epoch,
        "expiry": done.expiry,
        "relay": done.relay.map(id_json),
    });
    let text = match done.agent {
        Some(agent) => format!(
            "{address} is registered with agent {agent} (serial {})\nnext: conet listen --wallet {}",
            done.serial, args.wallet
        ),
        None => format!("{address} has no agent any more (serial {})", done.serial),
    };
    Ok(context.output.result(&json, &text)?)
}

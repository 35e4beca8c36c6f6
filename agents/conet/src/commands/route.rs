//! `conet route`: what the chain says of a wallet, and whether it is true.

use alloy::primitives::U256;
use clap::Args;
use conet_client::{Client, ClientError, LookupOptions};
use serde_json::{Value, json};

use crate::context::{Context, Named, id_json, named, node_id};

/// Show what the chain says of a wallet: certificates, agent, and whether the
/// claim verifies.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  conet route 0x...
  conet --json route 0x... | jq -r .certificate > bobo.asc      for gpg, take .certificate_v4")]
pub(crate) struct RouteArgs {
    /// The wallet's address, or a name: which is looked up at the chain's RPC, which then knows whom you look for
    #[arg(value_name = "ADDR|NAME", value_parser = named)]
    address: Named,
    /// Ask the chain's RPC, which then knows whom you look for
    #[arg(long)]
    direct: bool,
    /// The node to ask through [default: any that may see it]
    #[arg(long, value_name = "NODE", value_parser = node_id)]
    via: Option<U256>,
}

pub(crate) async fn run(args: RouteArgs, context: &Context) -> anyhow::Result<()> {
    let address = context.address_of(&args.address).await?;
    let client = context.client().await?;
    let options =
        LookupOptions { direct: args.direct, fresh: true, via: args.via, avoid_agents: Vec::new() };
    let lookup = client.look_up(address, &options).await?;
    if let Some(warning) = &lookup.warning {
        context.output.warn(warning);
    }
    let Some(record) = &lookup.record else {
        return Err(ClientError::NoRoute { wallet: address }.into());
    };
    let agent = agent(&client, record.update.agent).await?;
    let route = lookup.route.as_ref();
    let json = json!({
        "address": address.to_string(),
        "certificate": route.map(|route| route.certificate().armored()),
        "certificate_v4": route.and_then(|route| Some(route.certificate_v4()?.armored())),
        "serial": record.serial,
        "epoch": record.update.epoch,
        "expiry": record.update.expiry,
        "agent": agent,
        "verified": route.is_some(),
    });
    let text = format!(
        "{}\n  serial    {}\n  epoch     {}\n  expiry    {}\n  agent     {}\n  verified  {}\n{}",
        address,
        record.serial,
        record.update.epoch,
        record.update.expiry,
        agent_text(&agent),
        route.is_some(),
        route.map(|route| route.certificate().armored()).unwrap_or_default(),
    );
    context.output.result(&json, text.trim_end())?;
    // It was shown, and still nobody should rely on it.
    lookup.verified()?;
    Ok(())
}

async fn agent(client: &Client, id: U256) -> anyhow::Result<Value> {
    if id.is_zero() {
        return Ok(Value::Null);
    }
    let mut node = client.directory().await?.by_id(id);
    if node.is_none() {
        node = client.refresh_directory().await?.by_id(id);
    }
    let node = node.as_ref().map(|entry| &entry.node);
    Ok(json!({
        "id": id_json(id),
        "endpoint": node.and_then(|node| node.endpoints().first()),
        "certificate": node.map(|node| node.certificate().armored()),
        "certificate_v4": node.and_then(|node| Some(node.certificate_v4()?.armored())),
    }))
}

fn agent_text(agent: &Value) -> String {
    match (agent.get("id"), agent.get("endpoint").and_then(Value::as_str)) {
        (Some(id), Some(endpoint)) => format!("{id} at {endpoint}"),
        (Some(id), None) => format!("{id}, which is no node that verifies"),
        _ => "none: the wallet has left".into(),
    }
}

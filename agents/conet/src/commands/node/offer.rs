//! What a node charges and what its computer has, on the command line: at registration, and changed later.

use std::path::{Path, PathBuf};

use alloy::{primitives::U256, signers::local::PrivateKeySigner};
use anyhow::Context as _;
use clap::Args;
use conet_bindings::NodeRegistry::{Prices, Specs};
use conet_chain::{Admin, ChainReader};
use conet_node::config::NodeConfig;

use crate::output::Output;

/// White paper: $0.00001 per megabyte, $0.000000014 per megabyte and hour, and $1.00 of authorization.
pub(crate) const USUAL_PRICES: Prices = Prices {
    bandwidth: 10_000_000,
    storage_: 14_000,
    vcpu: 0,
    memory_: 0,
    minimumAuthorization: 1_000_000,
};

/// Prices and specs; what is not given stays as it is.
#[derive(Debug, Args)]
pub(crate) struct Offer {
    /// Pico-dollars per megabyte sent out [at first: 10000000]
    #[arg(long)]
    bandwidth_price: Option<u64>,
    /// Pico-dollars per megabyte and hour kept [at first: 14000]
    #[arg(long)]
    storage_price: Option<u64>,
    /// Pico-dollars per virtual processor and hour [at first: 0]
    #[arg(long)]
    vcpu_price: Option<u64>,
    /// Pico-dollars per megabyte of memory and hour [at first: 0]
    #[arg(long)]
    memory_price: Option<u64>,
    /// Micro-dollars: the smallest authorization it works for [at first: 1000000]
    #[arg(long)]
    authorization_min: Option<u64>,
    /// Virtual processors [at first: what this machine has]
    #[arg(long)]
    vcpus: Option<u16>,
    /// Megabytes of memory [at first: what this machine has]
    #[arg(long)]
    memory_mb: Option<u32>,
    /// Megabytes of storage [at first: what is free where the home folder is]
    #[arg(long)]
    storage_mb: Option<u32>,
    /// Kilobits that it can send in one second; 0 says nothing [at first: 0]
    #[arg(long)]
    outbound_kbits: Option<u32>,
}

impl Offer {
    /// These prices, but for what is given.
    pub(super) fn prices(&self, before: &Prices) -> Prices {
        Prices {
            bandwidth: self.bandwidth_price.unwrap_or(before.bandwidth),
            storage_: self.storage_price.unwrap_or(before.storage_),
            vcpu: self.vcpu_price.unwrap_or(before.vcpu),
            memory_: self.memory_price.unwrap_or(before.memory_),
            minimumAuthorization: self.authorization_min.unwrap_or(before.minimumAuthorization),
        }
    }

    /// These specs, but for what is given.
    pub(super) fn specs(&self, before: &Specs) -> Specs {
        Specs {
            vcpus: self.vcpus.unwrap_or(before.vcpus),
            memory_: self.memory_mb.unwrap_or(before.memory_),
            storage_: self.storage_mb.unwrap_or(before.storage_),
            outbound: self.outbound_kbits.unwrap_or(before.outbound),
        }
    }
}

/// What to change.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  conet --home /var/lib/conet node update --owner-key-file owner.key --vcpu-price 30000000000")]
pub(crate) struct UpdateArgs {
    /// A file with the owner's secret
    #[arg(long)]
    owner_key_file: PathBuf,
    #[command(flatten)]
    offer: Offer,
}

/// Changes what the chain says of the home folder's node, where it differs.
pub(super) async fn update(args: UpdateArgs, home: &Path, output: Output) -> anyhow::Result<()> {
    let config = NodeConfig::load(home)?;
    let owner = owner(&args.owner_key_file)?;
    let reader = ChainReader::connect(&config.chain.rpc_url, config.chain.network()).await?;
    let id = U256::from(config.id);
    let record = reader.node(id).await?;
    let before = record.with_context(|| format!("node {id} is not registered"))?.config;
    let (prices, specs) = (args.offer.prices(&before.prices), args.offer.specs(&before.specs));
    let admin = Admin::new(reader, owner);
    let mut changed = Vec::new();
    if prices != before.prices {
        admin.update_prices(id, prices).await?;
        changed.push("prices");
    }
    if specs != before.specs {
        admin.update_specs(id, specs).await?;
        changed.push("specs");
    }
    let text = match changed.is_empty() {
        true => format!("node {id} is as you say already"),
        false => format!("node {id} has new {}", changed.join(" and ")),
    };
    output.result(&serde_json::json!({ "id": config.id, "changed": changed }), &text)?;
    Ok(())
}

/// Reads an owner's key file.
pub(super) fn owner(file: &Path) -> anyhow::Result<PrivateKeySigner> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = zeroize::Zeroizing::new(text);
    text.trim().parse().context("the owner's key file")
}

//! `conet node run`: all parts of a node that its configuration names, until interrupted.

use std::{path::Path, time::Duration};

use alloy::{primitives::U256, signers::local::PrivateKeySigner};
use anyhow::Context as _;
use conet_chain::{Admin, ChainError, ChainReader};
use conet_dle::{
    DleConfig,
    mainchain::{LedgerPart, Who},
};
use conet_node::{
    Mounted, Node,
    config::{CONFIG_FILE, ChainConfig, NodeConfig},
    keys::NodeKeys,
};
use tokio_util::sync::CancellationToken;

use super::index;
use crate::by_relay;

/// How long a node waits, at its start and end, for the chain to know that it is on- or offline.
const ANNOUNCE_SECONDS_MAX: u64 = 5;

pub(super) async fn run(home: &Path) -> anyhow::Result<()> {
    let config = NodeConfig::load(home)?;
    let keys = NodeKeys::load(home)?;
    let (chain, id, wallet) = (config.chain.clone(), config.id, keys.wallet.signer().clone());
    // Before the start and after the end: meanwhile the agent sends from the same wallet.
    announce(&chain, id, &wallet, true).await;
    let done = run_parts(home, config, keys).await;
    announce(&chain, id, &wallet, false).await;
    done
}

/// Runs all that the configuration names, until interrupted.
async fn run_parts(home: &Path, config: NodeConfig, keys: NodeKeys) -> anyhow::Result<()> {
    let ledgers = match &config.dle {
        Some(table) => match start_ledgers(home, &config, table, &keys).await {
            Ok(part) => Some(part),
            // Relay and agent work without it, and `conet node status` says that it does not.
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the ledgers' part does not run");
                None
            }
        },
        None => None,
    };
    let stop = CancellationToken::new();
    let mut mounted =
        Mounted { routes: index::source(home, &config, &stop).await?, ..Mounted::default() };
    if let Some(part) = &ledgers {
        mounted.public = part.routes();
        mounted.private = part.private_routes();
        mounted.ledgers = part.sealed_office().map(by_relay::at_seat);
    }
    let node = Node::start(home, config, keys, mounted).await?;
    // Whatever ends this, the index ends with it.
    let _stop = stop.drop_guard();
    let stopped = stop_signal().await;
    // Its streams are among the node's connections.
    if let Some(part) = ledgers {
        part.shut_down().await;
    }
    node.shut_down().await;
    stopped
}

async fn start_ledgers(
    home: &Path,
    config: &NodeConfig,
    table: &toml::Table,
    keys: &NodeKeys,
) -> anyhow::Result<LedgerPart> {
    let file = home.join(CONFIG_FILE);
    let wrong = || format!("the table [dle] of {}", file.display());
    let ledgers: DleConfig = table.clone().try_into().with_context(wrong)?;
    let who = Who {
        node: config.id,
        signer: keys.wallet.signer().clone(),
        rpc_url: config.chain.rpc_url.clone(),
        network: config.chain.network(),
        development: config.development,
    };
    if ledgers.by_relay && !config.roles.is_empty() {
        tracing::warn!(
            "by_relay hides little of a node that is a relay or an agent besides: that needs an address"
        );
    }
    let relays = match ledgers.by_relay {
        true => Some(by_relay::of_participant(home, &ledgers, &who).await?),
        false => None,
    };
    let started = LedgerPart::start(home, &ledgers, who, relays).await;
    started.context("starting the ledgers' part of the node")
}

/// Says on chain whether the node works, if it should. That it cannot is no reason not to work.
async fn announce(chain: &ChainConfig, id: u64, wallet: &PrivateKeySigner, online: bool) {
    if !chain.announce {
        return;
    }
    let limit = Duration::from_secs(ANNOUNCE_SECONDS_MAX);
    match tokio::time::timeout(limit, set_online(chain, id, wallet, online)).await {
        Ok(Ok(())) => tracing::info!(online, "the chain knows"),
        Ok(Err(error)) => tracing::warn!(online, %error, "the chain was not told"),
        Err(_) => tracing::warn!(online, "the chain was told, and has not answered yet"),
    }
}

pub(super) async fn set_online(
    chain: &ChainConfig,
    id: u64,
    wallet: &PrivateKeySigner,
    online: bool,
) -> Result<(), ChainError> {
    let reader = ChainReader::connect(&chain.rpc_url, chain.network()).await?;
    Admin::new(reader, wallet.clone()).set_online(U256::from(id), online).await
}

/// Waits for Ctrl-C or a request to terminate.
pub(crate) async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
        _ = terminate.recv() => Ok(()),
    }
}

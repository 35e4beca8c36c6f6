//! `conet node`: run a node, register it, look at it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::primitives::B256;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use conet_bindings::{NodeRegistry, endpoint, roles};
use conet_chain::{Admin, ChainReader, Directory, NetworkFile, key_set};
use conet_dle::{DleConfig, mainchain::MainchainLimits, private::Health as LedgerHealth};
use conet_node::{
    Health,
    config::{CONFIG_FILE, ChainConfig, Limits, NodeConfig, Role, RoutesFrom},
    keys::{KEYS_FILE, NodeKeys},
};
use conet_wire::claim::{EndpointPolicy, NOWHERE, Roles};
use serde::de::DeserializeOwned;

use crate::{context::Context, output::Output, specs};

mod index;
mod offer;
mod own_index;
mod run;

pub(crate) use offer::USUAL_PRICES;
use offer::{Offer, UpdateArgs};
pub(crate) use run::stop_signal;

/// How long a node's private port may take to answer.
const HEALTH_SECONDS_MAX: u64 = 5;

/// Run a node, register it, look at it.
#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Run the node of the home folder until interrupted
    #[command(after_help = "Example:
  conet --home /var/lib/conet node run")]
    Run,
    /// Ask the running node of the home folder how it is
    Status,
    /// Make keys, register a node NFT, and write node.toml
    Register(Box<RegisterArgs>),
    /// Change what the node of the home folder charges, or what its computer has
    Update(Box<UpdateArgs>),
    /// Say on chain that the node of the home folder works, which a starting node says itself
    Online,
    /// Say on chain that the node of the home folder does not work, which a stopping node says itself
    Offline,
    /// List the verified nodes of a network's registry
    List,
}

/// What to register.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  conet --home /var/lib/conet node register --owner-key-file owner.key \\
      --endpoint 203.0.113.7:80 --private 127.0.0.1:9100

Without an address of its own, behind relays:
  conet --home /var/lib/conet node register --owner-key-file owner.key \\
      --roles witness,validator --by-relay

The owner pays the gas and may change the record later. The key file holds one
secret as 64 hexadecimal digits. Send the node's wallet some gas if it should pay
for its clients' routes and say on chain when it is online.")]
pub(crate) struct RegisterArgs {
    /// A file with the owner's secret
    #[arg(long)]
    owner_key_file: PathBuf,
    /// Where the world reaches the node. Creators, witnesses and validators need none
    #[arg(long)]
    endpoint: Option<SocketAddr>,
    /// Where the node listens [default: the endpoint's port on all addresses; without an endpoint, a port of this machine]
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Health and metrics
    #[arg(long, default_value = "127.0.0.1:9100")]
    private: SocketAddr,
    /// What the node does: relay, agent, archive, witness, validator, creator, compute
    #[arg(long, value_delimiter = ',', default_value = "relay,agent")]
    roles: Vec<String>,
    #[command(flatten)]
    offer: Offer,
    /// As a creator, witness or validator, reach archive nodes through relays, so that they do not see this node's address
    #[arg(long, conflicts_with = "endpoint")]
    by_relay: bool,
    /// A contract that small chains may have besides those that come with this program: a file with its deployed
    /// bytecode in hexadecimal. The same in the whole archive group
    #[arg(long, value_name = "FILE")]
    chain_code: Vec<PathBuf>,
    /// Allow private and loopback endpoints
    #[arg(long)]
    development: bool,
}

pub(crate) async fn run(command: NodeCommand, context: &Context) -> anyhow::Result<()> {
    let (home, output) = (context.home.as_path(), context.output);
    match command {
        NodeCommand::Run => run::run(home).await,
        NodeCommand::Status => status(home, output).await,
        NodeCommand::Register(args) => register(*args, context).await,
        NodeCommand::Update(args) => offer::update(*args, home, output).await,
        NodeCommand::Online => switch(home, true, output).await,
        NodeCommand::Offline => switch(home, false, output).await,
        NodeCommand::List => list(context).await,
    }
}

async fn switch(home: &Path, online: bool, output: Output) -> anyhow::Result<()> {
    let config = NodeConfig::load(home)?;
    let keys = NodeKeys::load(home)?;
    run::set_online(&config.chain, config.id, keys.wallet.signer(), online).await?;
    let text = format!("node {} is {}", config.id, if online { "online" } else { "offline" });
    output.result(&serde_json::json!({ "id": config.id, "online": online }), &text)?;
    Ok(())
}

fn status_text(health: &Health, ledgers: Option<&LedgerHealth>, is_well: bool) -> String {
    let mut lines = vec![
        format!("node {} {}", health.id, if is_well { "is well" } else { "is not well" }),
        format!("  nodes known   {}", health.nodes),
        format!("  newest block  {} ({} s ago)", health.block, health.chain_lag_seconds),
        format!("  clients       {}", health.clients),
        format!("  streams       {}", health.streams),
    ];
    if let Some(part) = ledgers {
        let role = if part.has_seat { "archive node" } else { "participant" };
        lines.push(format!("  ledgers       {role}, {} chains", part.chains));
        let way = if part.by_relay { "by relay" } else { "directly" };
        lines.extend(part.seats_heard.map(|heard| format!("  seats heard   {heard}, {way}")));
        lines.extend(part.entry.map(|entry| format!("  newest entry  {entry}")));
    }
    lines.join("\n")
}

/// Asks a node's private port.
pub(crate) async fn health(private: SocketAddr) -> anyhow::Result<Health> {
    ask_private(private, "/health").await
}

/// Asks the ledgers' part of a node. None: it does not answer.
pub(crate) async fn ledger_health(private: SocketAddr) -> anyhow::Result<Option<LedgerHealth>> {
    ask_private(private, "/dle/health").await
}

async fn ask_private<T: DeserializeOwned>(private: SocketAddr, path: &str) -> anyhow::Result<T> {
    let url = format!("http://{private}{path}");
    let client =
        reqwest::Client::builder().timeout(Duration::from_secs(HEALTH_SECONDS_MAX)).build()?;
    Ok(client.get(url).send().await?.json().await?)
}

async fn status(home: &Path, output: Output) -> anyhow::Result<()> {
    let config = NodeConfig::load(home)?;
    let no_answer =
        || format!("the node does not answer at {}: is it running?", config.private_listen);
    let health = health(config.private_listen).await.with_context(no_answer)?;
    let has_ledgers = config.dle.is_some();
    let ledgers = match has_ledgers {
        true => ledger_health(config.private_listen).await.with_context(no_answer)?,
        false => None,
    };
    let is_well = health.ok && (!has_ledgers || ledgers.as_ref().is_some_and(|part| part.ok));
    let mut shown = serde_json::to_value(&health)?;
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("ok".into(), is_well.into());
        if has_ledgers {
            fields.insert("ledgers".into(), serde_json::to_value(&ledgers)?);
        }
    }
    output.result(&shown, &status_text(&health, ledgers.as_ref(), is_well))?;
    if is_well { Ok(()) } else { bail!("the node is not well; see its log") }
}

/// Roles of the ledgers' part of a node.
const LEDGER_ROLES: u16 = roles::ARCHIVE | roles::WITNESS | roles::VALIDATOR | roles::CREATOR;

/// The roles to register, and those among them that relays and agents play.
fn parse_roles(names: &[String]) -> anyhow::Result<(u16, Vec<Role>)> {
    let (mut mask, mut played) = (0, Vec::new());
    for name in names {
        let known = roles::ALL.map(|(_, name)| name).join(", ");
        let role = roles::by_name(name)
            .with_context(|| format!("unknown role {name}: expected {known}"))?;
        mask |= role;
        match role {
            roles::RELAY => played.push(Role::Relay),
            roles::AGENT => played.push(Role::Agent),
            _ => {}
        }
    }
    Ok((mask, played))
}

/// What a node's part in ledgers takes to know of a network, with the operator's own contracts for chains.
pub(crate) fn ledgers_of(
    file: &NetworkFile,
    codes: &[PathBuf],
    epoch_seconds_min: u64,
    by_relay: bool,
) -> anyhow::Result<toml::Table> {
    let codes = codes.iter().map(std::path::absolute).collect::<Result<_, _>>()?;
    let mut config = DleConfig { codes, by_relay, ..DleConfig::new(file.contracts.clone()) };
    config.limits.mainchain.epoch_seconds_min = epoch_seconds_min;
    Ok(toml::Table::try_from(config)?)
}

async fn register(args: RegisterArgs, context: &Context) -> anyhow::Result<()> {
    let home = context.home.as_path();
    let (mask, roles) = parse_roles(&args.roles)?;
    let config_file = home.join(CONFIG_FILE);
    if config_file.exists() {
        bail!("{} exists: this home already has a node", config_file.display());
    }
    let file = context.network_file()?;
    let network = file.network();
    let is_reached = Roles::from_mask(mask).is_some_and(Roles::is_reached);
    if args.endpoint.is_none() && is_reached {
        bail!("expected --endpoint: relays, agents, archive nodes and compute must be reached");
    }
    let owner = offer::owner(&args.owner_key_file)?;
    let keys = if home.join(KEYS_FILE).exists() {
        // A registration that failed half way goes on with its keys.
        NodeKeys::load(home)?
    } else {
        let keys = NodeKeys::generate();
        keys.save_new(home)?;
        keys
    };
    let reader = ChainReader::connect(&file.rpc_url, network).await?;
    let record = NodeRegistry::NodeConfig {
        wallet: keys.wallet.address(),
        keys: key_set(&keys.identity()?),
        transportKey: B256::from(keys.transport.public().0),
        endpoints: vec![endpoint::encode(args.endpoint.unwrap_or(NOWHERE))],
        roles: mask,
        prices: args.offer.prices(&USUAL_PRICES),
        specs: args.offer.specs(&specs::detect(home)),
    };
    let id = Admin::new(reader, owner).register_node(keys.wallet.signer(), record).await?;
    let has_ledgers = mask & LEDGER_ROLES != 0;
    let ledgers = || {
        let epoch_seconds_min = MainchainLimits::default().epoch_seconds_min;
        ledgers_of(&file, &args.chain_code, epoch_seconds_min, args.by_relay)
    };
    let ledgers = has_ledgers.then(ledgers).transpose()?;
    let listen = match args.endpoint {
        Some(endpoint) => SocketAddr::from(([0, 0, 0, 0], endpoint.port())),
        None => SocketAddr::from(([127, 0, 0, 1], 0)),
    };
    let config = NodeConfig {
        id: u64::try_from(id)?,
        roles,
        listen: args.listen.unwrap_or(listen),
        private_listen: args.private,
        open_profile: true,
        development: args.development,
        chain: ChainConfig {
            rpc_url: file.rpc_url,
            chain_id: network.chain_id,
            registry: network.registry,
            routes: network.routes,
            poll_milliseconds: 1000,
            routes_from: RoutesFrom::default(),
            submit_routes: true,
            announce: true,
        },
        agent: conet_node::agent::AgentConfig::default(),
        limits: Limits::default(),
        dle: ledgers,
    };
    config.save(home)?;
    let wallet = keys.wallet.address();
    let text = format!(
        "registered node {id}, wallet {wallet}; {} is written\nnext: conet --home {} node run",
        config_file.display(),
        home.display()
    );
    context.output.result(&serde_json::json!({ "id": config.id, "wallet": wallet }), &text)?;
    Ok(())
}

async fn list(context: &Context) -> anyhow::Result<()> {
    let file = context.network_file()?;
    let reader = ChainReader::connect(&file.rpc_url, file.network()).await?;
    let directory = Directory::load_once(&reader, EndpointPolicy::Development).await?;
    let heading = format!("{:>4}  {:<24} {:<12} {:<7} wallet", "id", "endpoint", "roles", "online");
    context.output.heading(&heading)?;
    for entry in directory.all() {
        let node = &entry.node;
        let roles: Vec<_> = node.roles().names().collect();
        let (prices, specs) = (node.prices(), node.specs());
        let line = serde_json::json!({
            "id": u64::try_from(node.id())?,
            "wallet": node.wallet(),
            "owner": node.owner(),
            "endpoints": node.endpoints(),
            "roles": roles,
            "serial": node.serial(),
            "online": node.online(),
            "prices": {
                "bandwidth": prices.bandwidth,
                "storage": prices.storage,
                "vcpu": prices.vcpu,
                "memory": prices.memory,
                "minimum_authorization": prices.minimum_authorization,
            },
            "specs": {
                "vcpus": specs.vcpus,
                "memory_mb": specs.memory,
                "storage_mb": specs.storage,
                "outbound_kbits": specs.outbound,
            },
        });
        let endpoint = node.endpoints().first().map(ToString::to_string).unwrap_or_default();
        let (id, roles) = (node.id(), roles.join(","));
        let online = if node.online() { "yes" } else { "no" };
        let text = format!("{id:>4}  {endpoint:<24} {roles:<12} {online:<7} {}", node.wallet());
        context.output.result(&line, &text)?;
    }
    Ok(())
}

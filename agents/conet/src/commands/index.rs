//! `conet index`: follow the contracts into tables, answer questions about them, check them.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use conet_chain::NetworkFile;
use conet_indexer::{
    catalogue::{Catalogue, Contract, parse_abi},
    chain::{EndpointUrl, Pool, PoolLimits},
    follow::{self, FollowLimits, Start},
    http::{Api, HttpLimits},
    store::{PostgresStore, SqliteStore, Store},
    tables::Tables,
};
use conet_serve::Routed;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    commands::node::stop_signal,
    context::{Context, address},
};

mod draws;
mod show;
mod verify;

/// The file of the tables in the home folder.
const FILE: &str = "index.db";

/// Follow the contracts into tables, answer questions about them, check them.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// Follow the chain, and serve the tables and the explorer until interrupted
    Run(RunArgs),
    /// Make the tables again from the chain, and compare
    Verify(VerifyArgs),
    /// Ask an indexer for records
    Show(show::ShowArgs),
}

/// Where the chain and the tables are.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    /// An RPC of the chain, http(s) or ws(s); several fail over to each other and must agree [default: the network's]
    #[arg(long, value_name = "URL")]
    rpc: Vec<EndpointUrl>,
    /// Where the tables are: a file, or postgres://USER@HOST/DATABASE [default: index.db in the home folder]
    #[arg(long, value_name = "PLACE", env = "CONET_INDEX_STORE", hide_env_values = true)]
    store: Option<String>,
    /// Requests to one RPC; each call of a batch is one
    #[arg(long, value_name = "N", default_value_t = PoolLimits::default().requests_per_second_max)]
    requests_per_second_max: u32,
    /// How often to look for a block where no RPC tells of them (ws does)
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    poll_ms: u64,
    /// Another contract: its name, its address, and a file with its interface
    #[arg(long, value_name = "NAME=ADDRESS=FILE", value_parser = contract)]
    contract: Vec<Contract>,
}

/// How to serve.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  conet index run                                     the home folder's network, in a file there
  conet index run --rpc wss://a.example --rpc https://b.example --listen 0.0.0.0:8090
  conet index run --store postgres://conet@db/conet   one machine writes
  conet index run --store postgres://conet@db/conet --read-only
  conet index run --contract NodeRegistry=0x…=NodeRegistry.v2.json

The explorer is at the same address. What it needs of the chain are events only. One process at a time
writes a file: conet devnet has an indexer running over its home's.")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    index: IndexArgs,
    /// Where to answer
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Serve tables that another machine writes
    #[arg(long)]
    read_only: bool,
}

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  conet index verify --rpc https://another.example    fails, and says where, if a row differs")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    index: IndexArgs,
}

pub(crate) async fn run(command: IndexCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        IndexCommand::Run(args) => serve(args, context).await,
        IndexCommand::Verify(args) => verify::run(args, context).await,
        IndexCommand::Show(args) => show::run(args, context).await,
    }
}

/// A contract as arguments give it.
fn contract(text: &str) -> Result<Contract, String> {
    let mut parts = text.splitn(3, '=');
    let (Some(name), Some(at), Some(file)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("expected NAME=ADDRESS=FILE, found {text:?}"));
    };
    let json = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let abi = parse_abi(name, &json).map_err(|error| error.to_string())?;
    Ok(Contract { name: name.to_owned(), address: address(at)?, abi })
}

/// What is followed, and from where.
pub(crate) struct Subject {
    pub(crate) chain_id: u64,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) pool: Pool,
}

impl IndexArgs {
    fn subject(&self, network: &NetworkFile) -> anyhow::Result<Subject> {
        let ours = Catalogue::of_network(&network.contracts)?;
        let contracts = ours.contracts().iter().chain(&self.contract).cloned().collect();
        let catalogue = Arc::new(Catalogue::new(contracts)?);
        let tables = Arc::new(Tables::own(&catalogue)?);
        let urls = match self.rpc.as_slice() {
            [] => vec![network.rpc_url.parse()?],
            given => given.to_vec(),
        };
        let limits = PoolLimits {
            requests_per_second_max: self.requests_per_second_max,
            poll: Duration::from_millis(self.poll_ms.max(10)),
            ..PoolLimits::default()
        };
        let pool = Pool::new(urls, network.chain_id, catalogue.addresses(), limits);
        Ok(Subject { chain_id: network.chain_id, catalogue, tables, pool })
    }

    /// The place of the tables, if it is a database server.
    fn postgres(&self) -> Option<&str> {
        self.store
            .as_deref()
            .filter(|place| place.starts_with("postgres://") || place.starts_with("postgresql://"))
    }

    fn file(&self, context: &Context) -> PathBuf {
        self.store.as_ref().map_or_else(|| context.home.join(FILE), PathBuf::from)
    }
}

async fn serve(args: RunArgs, context: &Context) -> anyhow::Result<()> {
    let mut network = context.network_file()?;
    let subject = args.index.subject(&network)?;
    // Who draws is read from the same chain by calls, which are made over HTTP.
    if let Some(rpc) = args.index.rpc.iter().find(|rpc| !rpc.is_websocket()) {
        network.rpc_url = rpc.as_str().to_owned();
    }
    match args.index.postgres() {
        Some(url) if args.read_only => {
            read_only(&args, subject, PostgresStore::open_reader(url).await?).await
        }
        Some(url) => write(&args, network, subject, PostgresStore::open(url).await?).await,
        None if args.read_only => {
            bail!("--read-only is for a store of several machines: give --store postgres://…")
        }
        None => {
            let file = args.index.file(context);
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot use {}", folder.display()))?;
            }
            write(&args, network, subject, SqliteStore::open(&file).await?).await
        }
    }
}

async fn write<T: Store>(
    args: &RunArgs,
    network: NetworkFile,
    subject: Subject,
    store: T,
) -> anyhow::Result<()> {
    let listener = listen(args).await?;
    let stop = until_stopped();
    let Subject { chain_id, catalogue, tables, pool } = subject;
    let rules = (chain_id, Arc::clone(&catalogue), Arc::clone(&tables));
    let start = Start::new(Arc::new(pool), store.clone(), rules, FollowLimits::default()).await?;
    let (progress, limits) = (start.progress(), HttpLimits::default());
    let rules = (chain_id, catalogue, tables);
    let api = Api::new(store.clone(), rules, progress, limits, stop.clone());
    let (ended, stopped) = (stop.clone(), stop.clone());
    let following = tokio::spawn(async move {
        // Tables that nobody follows any more must not look current.
        let _guard = ended.drop_guard();
        start.run(stopped).await
    });
    let drawing = draws::follow(network, store, stop.clone());
    let (answered, ()) = tokio::join!(answer(listener, api, stop), drawing);
    answered?;
    Ok(following.await??)
}

async fn read_only<T: Store>(args: &RunArgs, subject: Subject, store: T) -> anyhow::Result<()> {
    let listener = listen(args).await?;
    let stop = until_stopped();
    let Subject { chain_id, catalogue, tables, pool } = subject;
    let pool = Arc::new(pool);
    let progress = follow::watch(store.clone(), Arc::clone(&pool), stop.clone());
    let rules = (chain_id, Arc::clone(&catalogue), Arc::clone(&tables));
    let api = Api::new(store.clone(), rules, progress, HttpLimits::default(), stop.clone());
    let checking = async {
        let rules = (chain_id, &*catalogue, &*tables);
        let checked = follow::expect_in_time(&*pool, &store, rules, &stop).await;
        if checked.is_err() {
            stop.cancel();
        }
        checked
    };
    let (answered, checked) = tokio::join!(answer(listener, api, stop.clone()), checking);
    checked?;
    answered
}

/// Is cancelled when somebody asks the program to stop.
fn until_stopped() -> CancellationToken {
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        if let Err(error) = stop_signal().await {
            tracing::error!(%error, "no signal can be heard");
        }
        stopped.cancel();
    });
    stop
}

async fn listen(args: &RunArgs) -> anyhow::Result<TcpListener> {
    let at = args.listen;
    TcpListener::bind(at)
        .await
        .with_context(|| format!("cannot listen at {at}: choose another --listen"))
}

async fn answer<T: Store>(
    listener: TcpListener,
    api: Api<T>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    tracing::info!(at = %listener.local_addr()?, "the explorer and the tables are at http://{}", listener.local_addr()?);
    let (limits, handler) = (api.limits().connections, Arc::new(Routed(api.routes())));
    conet_serve::serve(listener, handler, limits, stop).await;
    Ok(())
}

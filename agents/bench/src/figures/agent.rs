//! The agent: mail stored and pushed, beside one decryption and one durable insert.
//!
//! ```text
//! load ──sessions──▶ agent ──stream──▶ connected readers, who acknowledge
//! ```

use std::path::Path;

use conet_node::config::{NodeConfig, Role};
use conet_wire::{
    openpgp::{Identity, OpenLimits, open},
    sizes::N2_MAX,
};
use rusqlite::{Connection, params};

use super::{Run, start_node};
use crate::{
    Row,
    http::Link,
    material::{NodeInfo, certificate_of, mail, n1, wallet},
    part::{Order, Part, Process},
    parts::load::{Loaded, Messages, Plan, ReadPlan},
    world::{Clients, World},
};
use conet_measure::{BenchError, Target, cpu_ns_each, failed, median, thread_cpu_ns, wrong};

/// Messages under way at once: the group commits get as large as this lets them.
const CONNECTIONS: usize = 64;

pub(super) async fn measure(run: &mut Run<'_>, world: &mut World) -> Result<(), BenchError> {
    let agent = world.node(&[Role::Relay, Role::Agent]).await?;
    let sender = world.node(&[Role::Relay]).await?;
    Clients { keyed: 1, all: 1 }.preload(&agent).await?;
    let mut node = start_node(&agent).await?;
    let mut load = Process::start(&Part::Load { node: sender }).await?;
    let plan = ReadPlan { agent: agent.clone(), wallets: vec![0] };
    let () = load.order(&Order::Read(plan)).await?;

    let reader = Identity::derive(&wallet(0)?).map_err(failed("a wallet's keys"))?;
    let n1 = n1(&[7; 2048], &certificate_of(&reader, 6)?)?;
    let messages = Messages::Mail { n1: n1.clone().into(), agent: Box::new(agent.clone()) };
    let count = run.many(8_000, 2_000);
    let plan = Plan { to: agent.address, connections: CONNECTIONS, count, messages };
    let _: Loaded = load.order(&Order::Load(Plan { count: count / 4, ..plan.clone() })).await?;

    let floor = Floor::open(world.folder(), &agent, &n1)?;
    let (mut costs, mut decryptions, mut inserts, mut rates, mut batches, mut ratios) =
        (vec![], vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..run.many(9, 5) {
        let (before, commits) = (node.usage().await?, Commits::read(&agent).await?);
        let loaded: Loaded = load.order(&Order::Load(plan.clone())).await?;
        let (after, commits_after) = (node.usage().await?, Commits::read(&agent).await?);
        let cost = (after.cpu_ns - before.cpu_ns) as f64 / 1e3 / count as f64;
        let batch = commits_after.batch_since(&commits);
        let (decryption, insert) = (floor.decryption_us(), floor.insert_us(batch)?);
        costs.push(cost);
        rates.push(count as f64 / loaded.seconds);
        batches.push(batch);
        ratios.push((decryption + insert) / cost);
        decryptions.push(decryption);
        inserts.push(insert);
    }
    let (cost, decryption, insert) = (median(&costs), median(&decryptions), median(&inserts));
    run.row(&Row::new("agent, one decryption", decryption, "us cpu"));
    run.row(&Row::new("agent, one durable insert", insert, "us cpu"));
    run.row(&Row::new("agent, writes per commit", median(&batches), "writes"));
    run.row(
        &Row::new("agent, stored and pushed, 4 KiB", cost, "us cpu").floor(decryption + insert),
    );
    let row = Row::new("agent, rate", 1e6 / cost, "1/s/core");
    let row = row.floor_and_ratio(1e6 / (decryption + insert), median(&ratios));
    run.row(&row.target(Target::RatioAtLeast(0.7)));
    run.row(&Row::new("agent, rate beside its load", median(&rates), "1/s"));
    Ok(())
}

/// The least that an agent must do for a message.
struct Floor {
    keys: conet_wire::openpgp::Decryptor,
    n2: Vec<u8>,
    n1: Vec<u8>,
    database: std::path::PathBuf,
}

impl Floor {
    fn open(folder: &Path, agent: &NodeInfo, n1: &[u8]) -> Result<Self, BenchError> {
        let identity = agent.keys()?.identity().map_err(failed("a node's keys"))?;
        let n2 = mail(n1, &agent.certificate()?)?;
        let database = folder.join("floor.db");
        database_at(&database)?;
        Ok(Self { keys: identity.decryptor(), n2, n1: n1.to_vec(), database })
    }

    fn decryption_us(&self) -> f64 {
        let limits = OpenLimits { plaintext_bytes_max: N2_MAX, ..OpenLimits::default() };
        cpu_ns_each(1_000, || open(&self.n2, &self.keys, limits).is_ok()) / 1e3
    }

    /// Processor time of one insert, in commits of `batch` of them, synced.
    fn insert_us(&self, batch: f64) -> Result<f64, BenchError> {
        const COMMITS: u32 = 50;
        let batch = batch.round().max(1.0) as u32;
        let mut connection = database_at(&self.database)?;
        let mut commit = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            let mut insert =
                transaction.prepare_cached("INSERT INTO messages (wallet, n1) VALUES (?1, ?2)")?;
            for _ in 0..batch {
                insert.execute(params![&[7_u8; 20][..], self.n1])?;
            }
            drop(insert);
            transaction.commit()
        };
        let start = thread_cpu_ns();
        for _ in 0..COMMITS {
            commit().map_err(failed("the floor's database"))?;
        }
        Ok((thread_cpu_ns() - start) as f64 / 1e3 / f64::from(COMMITS * batch))
    }
}

/// One table and nothing else, synced at every commit.
pub(super) fn database_at(path: &Path) -> Result<Connection, BenchError> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS messages
             (seq INTEGER PRIMARY KEY, wallet BLOB NOT NULL, n1 BLOB NOT NULL) STRICT",
        )?;
        Ok(connection)
    };
    open().map_err(failed("the floor's database"))
}

/// The store's counters, from the agent's private port.
struct Commits {
    commits: f64,
    writes: f64,
}

impl Commits {
    async fn read(agent: &NodeInfo) -> Result<Self, BenchError> {
        let config = NodeConfig::load(&agent.home).map_err(failed("a node's config"))?;
        let mut link = Link::open(config.private_listen).await?;
        let text = link.exchange("GET", "/metrics", bytes::Bytes::new()).await?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
                .ok_or_else(|| wrong("the agent's metrics", format!("no {name}")))
        };
        Ok(Self {
            commits: value("conet_store_commits_total")?,
            writes: value("conet_store_writes_total")?,
        })
    }

    fn batch_since(&self, before: &Self) -> f64 {
        (self.writes - before.writes) / (self.commits - before.commits).max(1.0)
    }
}

//! Child processes: this program again, doing one part of a benchmark.
//!
//! A child says one line of JSON when it is ready, then answers each line of JSON on
//! its standard input with one on its standard output, and ends with its input.

use std::{net::SocketAddr, process::Stdio};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{
    material::NodeInfo,
    parts::{hop, listeners, load, node, sink},
};
use conet_measure::{BenchError, Usage, failed, raise_open_files, wrong};

/// Set in child processes: which part they are, as JSON.
pub const PART_VARIABLE: &str = "CONET_BENCH_PART";

/// Files that a part may need: two sockets for each of 10,000 listeners, and some.
pub(crate) const OPEN_FILES: u64 = 40_000;

/// What a child process is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Part {
    /// A whole node, as `conet node run` would start it.
    Node { node: NodeInfo },
    /// The floor of a relay: passes requests on to `to` and answers back.
    Hop { to: SocketAddr },
    /// Answers at once, over plain HTTP and as a node.
    Sink { node: NodeInfo },
    /// Sends messages, and reads an agent's streams.
    Load { node: NodeInfo },
    /// Listens and does nothing else.
    Listeners,
}

/// What a child is told to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Says what it has used.
    Usage,
    /// Sends messages.
    Load(load::Plan),
    /// Opens streams and acknowledges what comes.
    Read(load::ReadPlan),
    /// Opens idle streams.
    Listen(listeners::Plan),
}

enum Running {
    Node(conet_node::Node),
    Server,
    Load(Box<load::Load>),
    Listeners(listeners::Listeners),
}

/// Whether this process is a part of a benchmark, and should call [`run_part`].
#[must_use]
pub fn is_part() -> bool {
    std::env::var_os(PART_VARIABLE).is_some()
}

/// Does this process's part until its standard input ends.
///
/// # Errors
/// [`BenchError`] when the part cannot start; later failures go to the benchmark.
pub async fn run_part() -> Result<(), BenchError> {
    let part = std::env::var(PART_VARIABLE).map_err(failed("the part's name"))?;
    let part: Part = serde_json::from_str(&part).map_err(failed("the part's name"))?;
    raise_open_files(OPEN_FILES);
    let (mut running, address) = start(part).await?;
    say(&address).await?;
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = orders.next_line().await.map_err(failed("an order"))? {
        let order = serde_json::from_str(&line).map_err(failed("an order"))?;
        let done = obey(&mut running, order).await.map_err(|error| error.to_string());
        say(&done).await?;
    }
    if let Running::Node(node) = running {
        node.shut_down().await;
    }
    Ok(())
}

async fn start(part: Part) -> Result<(Running, Option<SocketAddr>), BenchError> {
    Ok(match part {
        Part::Node { node } => {
            let node = node::start(&node).await?;
            let address = node.address;
            (Running::Node(node), Some(address))
        }
        Part::Hop { to } => (Running::Server, Some(hop::start(to).await?)),
        Part::Sink { node } => (Running::Server, Some(sink::start(&node).await?)),
        Part::Load { node } => (Running::Load(Box::new(load::Load::new(&node)?)), None),
        Part::Listeners => (Running::Listeners(listeners::Listeners::default()), None),
    })
}

async fn obey(running: &mut Running, order: Order) -> Result<serde_json::Value, BenchError> {
    fn json(value: impl Serialize) -> Result<serde_json::Value, BenchError> {
        serde_json::to_value(value).map_err(failed("a result"))
    }
    match (running, order) {
        (_, Order::Usage) => json(Usage::read()?),
        (Running::Load(load), Order::Load(plan)) => json(load.run(plan).await?),
        (Running::Load(load), Order::Read(plan)) => json(load.read(plan).await?),
        (Running::Listeners(listeners), Order::Listen(plan)) => json(listeners.open(plan).await?),
        _ => Err(wrong("an order", "for another part")),
    }
}

async fn say(value: &impl Serialize) -> Result<(), BenchError> {
    let mut line = serde_json::to_string(value).map_err(failed("a result"))?;
    line.push('\n');
    let mut out = tokio::io::stdout();
    out.write_all(line.as_bytes()).await.map_err(failed("a result"))?;
    out.flush().await.map_err(failed("a result"))
}

/// A child process; killed when dropped.
pub(crate) struct Process {
    orders: ChildStdin,
    results: Lines<BufReader<ChildStdout>>,
    address: Option<SocketAddr>,
    _child: Child,
}

impl Process {
    pub(crate) async fn start(part: &Part) -> Result<Self, BenchError> {
        const STEP: &str = "starting a part of the benchmark";
        let json = serde_json::to_string(part).map_err(failed(STEP))?;
        let mut command = Command::new(std::env::current_exe().map_err(failed(STEP))?);
        // The same arguments: the part's variable decides.
        let mut child = command
            .args(std::env::args_os().skip(1))
            .env(PART_VARIABLE, json)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed(STEP))?;
        let (orders, results) = (child.stdin.take(), child.stdout.take());
        let (Some(orders), Some(results)) = (orders, results) else {
            return Err(wrong(STEP, "no pipe"));
        };
        let results = BufReader::new(results).lines();
        let mut process = Self { orders, results, address: None, _child: child };
        process.address = process.hear().await?;
        Ok(process)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Result<SocketAddr, BenchError> {
        self.address.ok_or_else(|| wrong("a part's address", "it does not listen"))
    }

    async fn hear<T: DeserializeOwned>(&mut self) -> Result<T, BenchError> {
        let line = self.results.next_line().await.map_err(failed("a part of the benchmark"))?;
        let line = line.ok_or_else(|| wrong("a part of the benchmark", "it ended"))?;
        serde_json::from_str(&line).map_err(failed("a part of the benchmark"))
    }

    /// Tells it to do something, and waits for the result.
    pub(crate) async fn order<T: DeserializeOwned>(
        &mut self,
        order: &Order,
    ) -> Result<T, BenchError> {
        let mut line = serde_json::to_string(order).map_err(failed("an order"))?;
        line.push('\n');
        self.orders.write_all(line.as_bytes()).await.map_err(failed("an order"))?;
        self.hear::<Result<T, String>>().await?.map_err(failed("a part of the benchmark"))
    }

    pub(crate) async fn usage(&mut self) -> Result<Usage, BenchError> {
        self.order(&Order::Usage).await
    }
}

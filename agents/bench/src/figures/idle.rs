//! Idle listeners: resident memory of each, at the agent and at a relay, beside the
//! same number of silent streams of bare HTTP.
//!
//! ```text
//! listeners ──veil──▶ relay ──session──▶ agent
//! listeners ────────▶ bare hop ────────▶ sink      floor
//! ```

use std::time::Duration;

use conet_node::config::Role;
use conet_wire::sizes::CELL_SMALL;

use super::{Run, start_node};
use crate::{
    Row,
    part::{OPEN_FILES, Order, Part, Process},
    parts::listeners::Plan,
    world::{Clients, World},
};
use conet_measure::{BenchError, Target, raise_open_files, wrong};

/// Longer than the longest time between look-alike cells: buffers have been used.
const SETTLE: Duration = Duration::from_secs(16);

pub(super) async fn measure(run: &mut Run<'_>, world: &mut World) -> Result<(), BenchError> {
    let count: u32 = run.many(10_000, 1_000);
    let relays = relays_for(count)?;
    let agent = world.node(&[Role::Relay, Role::Agent]).await?;
    let far = world.node(&[Role::Relay]).await?;
    Clients { keyed: 0, all: count }.preload(&agent).await?;
    let mut listeners = Process::start(&Part::Listeners).await?;

    let mut sink = Crowd(vec![Process::start(&Part::Sink { node: far }).await?]);
    let mut hops = Crowd(Vec::new());
    for _ in 0..relays {
        let to = sink.first()?.address()?;
        hops.0.push(Process::start(&Part::Hop { to }).await?);
    }
    let before = (sink.rss_kib().await?, hops.rss_kib().await?);
    for hop in &hops.0 {
        let plan = Plan::Bare { to: hop.address()?, count: count / relays };
        let () = listeners.order(&Order::Listen(plan)).await?;
    }
    tokio::time::sleep(SETTLE / 8).await;
    let after = (sink.rss_kib().await?, hops.rss_kib().await?);
    let floors = (each(before.0, after.0, count), each(before.1, after.1, count));
    // Their sockets would count in the listeners' limit of open files.
    drop((listeners, sink, hops));

    let mut listeners = Process::start(&Part::Listeners).await?;
    let mut infos = Vec::new();
    for _ in 0..relays {
        infos.push(world.node(&[Role::Relay]).await?);
    }
    // After the registrations: nodes look at the chain when they start, and then seldom.
    let mut agents = Crowd(vec![start_node(&agent).await?]);
    let mut crowd = Crowd(Vec::new());
    for relay in &infos {
        crowd.0.push(start_node(relay).await?);
    }
    let before = (agents.rss_kib().await?, crowd.rss_kib().await?);
    for (n, relay) in (0..).zip(infos) {
        let agent = Box::new(agent.clone());
        let share = count / relays;
        let plan = Plan::Veil { relay: Box::new(relay), agent, first: n * share, count: share };
        let () = listeners.order(&Order::Listen(plan)).await?;
    }
    tokio::time::sleep(SETTLE).await;
    let settled = (agents.cpu_ns().await?, crowd.cpu_ns().await?);
    let idle = Duration::from_secs(run.many(30, 15));
    tokio::time::sleep(idle).await;
    let busy = (agents.cpu_ns().await? - settled.0, crowd.cpu_ns().await? - settled.1);
    let after = (agents.rss_kib().await?, crowd.rss_kib().await?);

    let name = |who: &str| format!("idle, {who}, {count} listeners");
    let kib = each(before.0, after.0, count);
    let row = Row::new(name("agent"), kib, "KiB each").floor(floors.0);
    run.row(&row.target(Target::ValueAtMost(40.0)));
    let kib = each(before.1, after.1, count);
    let row = Row::new(name("relay"), kib, "KiB each").floor(floors.1);
    run.row(&row.target(Target::ValueAtMost(80.0)));
    for (who, busy) in [("agent cpu", busy.0), ("relay cpu", busy.1)] {
        let share = busy as f64 / idle.as_nanos() as f64;
        run.row(&Row::new(name(who), share * 100.0, "% of a core"));
    }
    for (leg, megabytes) in traffic() {
        run.row(&Row::new(format!("idle, traffic {leg}"), megabytes, "MB/day"));
    }
    Ok(())
}

/// How many relays share the listeners: each holds two sockets for one, and a process
/// may have so many and no more.
fn relays_for(count: u32) -> Result<u32, BenchError> {
    const OTHER_FILES: u64 = 256;
    let open_files = raise_open_files(OPEN_FILES);
    let needed = |listeners: u32, sockets: u64| u64::from(listeners) * sockets + OTHER_FILES;
    if needed(count, 1) > open_files {
        let reason = format!("{count} listeners need more than {open_files} open files");
        return Err(wrong("idle listeners", format!("{reason}; raise `ulimit -n`")));
    }
    // Divides every count that is used here.
    Ok(if needed(count, 2) > open_files { 4 } else { 1 })
}

/// Processes that do the same.
struct Crowd(Vec<Process>);

impl Crowd {
    fn first(&self) -> Result<&Process, BenchError> {
        self.0.first().ok_or_else(|| wrong("idle listeners", "no process"))
    }

    async fn rss_kib(&mut self) -> Result<u64, BenchError> {
        let mut sum = 0;
        for process in &mut self.0 {
            sum += process.usage().await?.rss_kib;
        }
        Ok(sum)
    }

    async fn cpu_ns(&mut self) -> Result<u64, BenchError> {
        let mut sum = 0;
        for process in &mut self.0 {
            sum += process.usage().await?.cpu_ns;
        }
        Ok(sum)
    }
}

fn each(before: u64, after: u64, count: u32) -> f64 {
    after.saturating_sub(before) as f64 / f64::from(count)
}

/// What look-alike cells add up to, by their sizes on both legs and the mean interval.
/// TCP and IP add about 3 in 100.
fn traffic() -> [(&'static str, f64); 2] {
    let limits = conet_node::config::Limits::default().push;
    let sum = limits.idle_cell_milliseconds_min + limits.idle_cell_milliseconds_max;
    let cells = 86_400_000.0 / (sum as f64 / 2.0);
    // An event: `data: `, base64, two line ends, and the chunk that carries it.
    let event = "data: ".len() + CELL_SMALL.div_ceil(3) * 4 + 2 + "155e\r\n\r\n".len();
    let record = CELL_SMALL + "1000\r\n\r\n".len();
    let day = |bytes: usize| bytes as f64 * cells / 1e6;
    [("relay to client", day(event)), ("agent to relay", day(record))]
}

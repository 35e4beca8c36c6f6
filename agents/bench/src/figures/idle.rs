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
    error::{BenchError, wrong},
    measure::{Usage, raise_open_files},
    part::{OPEN_FILES, Order, Part, Process},
    parts::listeners::Plan,
    report::Target,
    world::{Clients, World},
};

/// Longer than the longest time between look-alike cells: buffers have been used.
const SETTLE: Duration = Duration::from_secs(16);

pub(super) async fn measure(run: &mut Run<'_>, world: &mut World) -> Result<(), BenchError> {
    let count: u32 = run.many(10_000, 1_000);
    let open_files = raise_open_files(OPEN_FILES);
    if open_files < u64::from(count) * 2 + 256 {
        let reason = format!("{count} listeners need more than {open_files} open files");
        return Err(wrong("idle listeners", format!("{reason}; raise `ulimit -n`")));
    }
    let relay = world.node(&[Role::Relay]).await?;
    let agent = world.node(&[Role::Relay, Role::Agent]).await?;
    let far = world.node(&[Role::Relay]).await?;
    Clients { keyed: 0, all: count }.preload(&agent).await?;

    let mut listeners = Process::start(&Part::Listeners).await?;
    let mut sink = Process::start(&Part::Sink { node: far }).await?;
    let mut hop = Process::start(&Part::Hop { to: sink.address()? }).await?;
    let before = (sink.usage().await?, hop.usage().await?);
    let () = listeners.order(&Order::Listen(Plan::Bare { to: hop.address()?, count })).await?;
    tokio::time::sleep(SETTLE / 8).await;
    let after = (sink.usage().await?, hop.usage().await?);
    let floors = (each(before.0, after.0, count), each(before.1, after.1, count));

    let mut agent_process = start_node(&agent).await?;
    let mut relay_process = start_node(&relay).await?;
    let before = (agent_process.usage().await?, relay_process.usage().await?);
    let plan = Plan::Veil { relay: Box::new(relay), agent: Box::new(agent), first: 0, count };
    let () = listeners.order(&Order::Listen(plan)).await?;
    tokio::time::sleep(SETTLE).await;
    let settled = (agent_process.usage().await?, relay_process.usage().await?);
    let idle = Duration::from_secs(run.many(30, 15));
    tokio::time::sleep(idle).await;
    let after = (agent_process.usage().await?, relay_process.usage().await?);

    let name = |who: &str| format!("idle, {who}, {count} listeners");
    let kib = each(before.0, after.0, count);
    let row = Row::new(name("agent"), kib, "KiB each").floor(floors.0);
    run.row(&row.target(Target::ValueAtMost(40.0)));
    let kib = each(before.1, after.1, count);
    let row = Row::new(name("relay"), kib, "KiB each").floor(floors.1);
    run.row(&row.target(Target::ValueAtMost(80.0)));
    for (who, settled, after) in [("agent", settled.0, after.0), ("relay", settled.1, after.1)] {
        let busy = (after.cpu_ns - settled.cpu_ns) as f64 / idle.as_nanos() as f64;
        run.row(&Row::new(name(&format!("{who} cpu")), busy * 100.0, "% of a core"));
    }
    for (leg, megabytes) in traffic() {
        run.row(&Row::new(format!("idle, traffic {leg}"), megabytes, "MB/day"));
    }
    Ok(())
}

fn each(before: Usage, after: Usage, count: u32) -> f64 {
    after.rss_kib.saturating_sub(before.rss_kib) as f64 / f64::from(count)
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

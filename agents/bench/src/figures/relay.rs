//! The relay, beside the same two HTTP hops doing nothing.
//!
//! ```text
//! load ──▶ relay ──session──▶ sink        open, veil
//! load ──▶ bare hop ────────▶ sink        floor
//! ```

use conet_node::config::Role;
use conet_wire::{
    parcel::Content,
    veil::{Envelope, EnvelopeKind},
};

use super::{Run, start_node};
use crate::{
    Row,
    material::{NodeInfo, WIRE, n2, unix_minute},
    part::{Order, Part, Process},
    parts::load::{Loaded, Messages, Plan},
    world::World,
};
use conet_measure::{BenchError, Target, cpu_ns_each, failed, median, wrong};

/// Enough to keep both cores busy, few enough that nothing queues for long.
const CONNECTIONS: usize = 16;

/// The processes, by their place in [`Lab::through`].
const SINK: usize = 0;
const HOP: usize = 1;
const RELAY: usize = 2;

struct Lab {
    load: Process,
    through: [Process; 3],
}

/// One way through: who is measured, and what is sent.
struct Way {
    through: usize,
    messages: Messages,
    /// Processor microseconds of one message, by round.
    cpu: Vec<f64>,
    /// Latency with one message at a time, by round.
    p50: Vec<f64>,
    p99: Vec<f64>,
}

pub(super) async fn measure(run: &mut Run<'_>, world: &mut World) -> Result<(), BenchError> {
    let relay = world.node(&[Role::Relay]).await?;
    let far = world.node(&[Role::Relay, Role::Agent]).await?;
    let sender = world.node(&[Role::Relay]).await?;
    let sink = Process::start(&Part::Sink { node: far.clone() }).await?;
    let hop = Process::start(&Part::Hop { to: sink.address()? }).await?;
    let load = Process::start(&Part::Load { node: sender }).await?;
    let mut lab = Lab { load, through: [sink, hop, start_node(&relay).await?] };

    let (parcel, _) = n2(Content::Request, &[7; 1024], &far.certificate()?)?;
    let n2 = alloy::primitives::Bytes::from(parcel);
    let bare = Messages::Bare { body: vec![7; WIRE].into() };
    let mut ways = [
        Way::new(SINK, bare.clone()),
        Way::new(HOP, bare),
        Way::new(RELAY, Messages::Open { n2: n2.clone() }),
        Way::new(RELAY, Messages::Veil { n2: n2.clone(), relay: relay.transport }),
    ];
    let count = run.many(4_000, 1_000);
    let mut openings = Vec::new();
    for way in &ways {
        lab.send(way, count / 4, CONNECTIONS).await?;
    }
    for _ in 0..run.many(9, 5) {
        for way in &mut ways {
            lab.round(way, count).await?;
        }
        for way in &mut ways {
            lab.one_by_one(way, count / 8).await?;
        }
        openings.push(opening_us(&relay, &n2)?);
    }
    let [direct, hop, open, veil] = ways;
    rows(run, &hop, &open, &veil, &openings);
    latency(run, &direct, &hop, ["open", "veil"].into_iter().zip([&open, &veil]));
    Ok(())
}

impl Way {
    const fn new(through: usize, messages: Messages) -> Self {
        Self { through, messages, cpu: Vec::new(), p50: Vec::new(), p99: Vec::new() }
    }
}

impl Lab {
    fn process(&mut self, way: &Way) -> Result<&mut Process, BenchError> {
        self.through.get_mut(way.through).ok_or_else(|| wrong("the relay", "no such process"))
    }

    async fn send(
        &mut self,
        way: &Way,
        count: usize,
        connections: usize,
    ) -> Result<Loaded, BenchError> {
        let to = self.process(way)?.address()?;
        let plan = Plan { to, connections, count, messages: way.messages.clone() };
        self.load.order(&Order::Load(plan)).await
    }

    async fn round(&mut self, way: &mut Way, count: usize) -> Result<(), BenchError> {
        let before = self.process(way)?.usage().await?;
        self.send(way, count, CONNECTIONS).await?;
        let after = self.process(way)?.usage().await?;
        way.cpu.push((after.cpu_ns - before.cpu_ns) as f64 / 1e3 / count as f64);
        Ok(())
    }

    async fn one_by_one(&mut self, way: &mut Way, count: usize) -> Result<(), BenchError> {
        let loaded = self.send(way, count, 1).await?;
        way.p50.push(loaded.p50_us);
        way.p99.push(loaded.p99_us);
        Ok(())
    }
}

/// Processor time of opening one envelope, microseconds.
fn opening_us(relay: &NodeInfo, n2: &[u8]) -> Result<f64, BenchError> {
    let secret = relay.keys()?.transport;
    let (kind, mut rng) = (EnvelopeKind::Forward, rand::rng());
    let (envelope, _) = Envelope::seal(&secret.public(), kind, unix_minute(), n2, &mut rng)
        .map_err(failed("an envelope"))?;
    let open = || secret.open_envelope(&mut envelope.clone()).is_ok();
    Ok(cpu_ns_each(2_000, open) / 1e3)
}

fn rows(run: &mut Run<'_>, hop: &Way, open: &Way, veil: &Way, openings: &[f64]) {
    let floors: Vec<f64> = hop.cpu.iter().zip(openings).map(|(hop, one)| hop + one).collect();
    run.row(&Row::new("relay, one HPKE opening", median(openings), "us cpu"));
    for (name, way, floors) in [("open", open, &hop.cpu), ("veil", veil, &floors)] {
        let ratios: Vec<f64> = way.cpu.iter().zip(floors).map(|(cpu, floor)| cpu / floor).collect();
        let (cpu, floor, ratio) = (median(&way.cpu), median(floors), median(&ratios));
        let row = Row::new(format!("relay, {name}, 4 KiB"), cpu, "us cpu");
        run.row(&row.floor_and_ratio(floor, ratio).target(Target::RatioAtMost(1.3)));
        let row = Row::new(format!("relay, {name}, rate"), 1e6 / cpu, "1/s/core");
        run.row(&row.floor(1e6 / floor));
    }
}

/// What a way adds to asking the sink directly, beside what the bare hop adds.
fn latency<'a>(
    run: &mut Run<'_>,
    direct: &Way,
    hop: &Way,
    ways: impl Iterator<Item = (&'static str, &'a Way)>,
) {
    for (name, way) in ways {
        let added = |of: fn(&Way) -> &[f64]| {
            let direct = median(of(direct));
            (median(of(way)) - direct, median(of(hop)) - direct)
        };
        for (share, (added, floor)) in [("p50", added(|w| &w.p50)), ("p99", added(|w| &w.p99))] {
            let row = Row::new(format!("relay, {name}, added {share}"), added, "us");
            run.row(&row.floor(floor));
        }
    }
}

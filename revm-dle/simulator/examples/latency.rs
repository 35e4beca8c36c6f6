//! `cargo run --release -p conet-simulator --example latency`: what the protocol costs in message delays.
use conet_simulator::{Calm, Latency, latency};

fn main() {
    let show = |name: &str, calm: Calm| match latency(calm) {
        Ok(found) => println!("{name}: {}", line(&found, calm.delay_ms)),
        Err(violation) => println!("{name}: {violation}"),
    };
    show("calm", Calm::default());
    show(
        "busy log",
        Calm { members: 120, chains: 8, pause_ms: 100, payments: 60, ..Calm::default() },
    );
    show(
        "busy log, dead seat",
        Calm {
            members: 120,
            chains: 8,
            pause_ms: 100,
            payments: 60,
            dead_seat: true,
            ..Calm::default()
        },
    );
    show(
        "dead witness",
        Calm { dead_witness_ms: Some(12_000), pause_ms: 300, payments: 60, ..Calm::default() },
    );
}

fn line(found: &Latency, delay_ms: u64) -> String {
    let rtt = 2.0 * delay_ms as f64;
    let at = |times: &[u64], of_100: usize| {
        times.get((times.len().max(1) - 1) * of_100 / 100).copied().unwrap_or(0) as f64
    };
    let mean = |times: &[u64]| times.iter().sum::<u64>() as f64 / times.len().max(1) as f64;
    format!(
        "to certified {:.2} / {:.2} RTT, to final {:.2} / {:.2} RTT ({:.0} / {:.0} ms), entries {:.1} ms apart (p50 {:.0}), longest pause {} ms, {} blocks",
        at(&found.to_certified_ms, 50) / rtt,
        at(&found.to_certified_ms, 99) / rtt,
        at(&found.to_final_ms, 50) / rtt,
        at(&found.to_final_ms, 99) / rtt,
        at(&found.to_final_ms, 50),
        at(&found.to_final_ms, 99),
        mean(&found.between_entries_ms),
        at(&found.between_entries_ms, 50),
        found.longest_pause_ms,
        found.to_final_ms.len(),
    )
}

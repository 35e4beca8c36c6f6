//! `cargo run --release -p conet-simulator --example simulate -- FROM TO`: prints failing seeds.
fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next =
        |default: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (from, to) = (next(0), next(100));
    let (mut failed, mut steps, mut blocks, mut entries, mut cheats) = (0, 0, 0, 0, 0);
    let began = std::time::Instant::now();
    for seed in from..to {
        match conet_simulator::run(seed) {
            Ok(report) => {
                steps += report.steps;
                blocks += report.blocks;
                entries += report.entries;
                cheats += report.cheats;
            }
            Err(violation) => {
                failed += 1;
                println!("seed {seed}: {violation}");
            }
        }
    }
    println!(
        "{failed} of {} failed; {steps} steps, {entries} entries, {blocks} blocks, {cheats} cheats, {:?}",
        to - from,
        began.elapsed()
    );
}

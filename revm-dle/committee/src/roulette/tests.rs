//! Who can choose what: the paper's sum of random numbers beside threshold seeds, by the same statistic.

use alloy::primitives::{B256, keccak256};

use super::{
    draw::Draw,
    seed::{Partial, SeedKey as _, SeedPoint, SeedSigner as _},
    statistics::{bound, chi_square},
    toy::ToyKey,
};
use crate::keys::NodeId;

const NODES: u64 = 10;
const DRAWS: u64 = 5_000;
/// The candidate whom the liars favour.
const FAVOURITE: u64 = 3;

fn random(draw: u64, node: u64) -> u64 {
    let hash = keccak256([draw.to_be_bytes(), node.to_be_bytes()].concat());
    u64::from_be_bytes(*hash.first_chunk().unwrap())
}

/// The candidate that comes out of each draw.
fn count(outcome: impl Fn(u64) -> u64) -> Vec<u64> {
    let mut counts = vec![0; NODES as usize];
    (0..DRAWS).for_each(|draw| counts[outcome(draw) as usize] += 1);
    counts
}

fn report(name: &str, counts: &[u64]) -> f64 {
    let statistic = chi_square(counts, &[1; NODES as usize]);
    let favoured = counts[FAVOURITE as usize] as f64 * 100.0 / DRAWS as f64;
    let fair = bound(counts.len());
    println!(
        "{name}: favourite drawn in {favoured:.1}%, chi-square {statistic:.0} (fair: < {fair:.0})"
    );
    statistic
}

#[test]
fn who_speaks_last_chooses_a_sum() {
    let sum =
        |draw, nodes: u64| (0..nodes).fold(0_u64, |sum, node| sum.wrapping_add(random(draw, node)));
    let honest = report("sum, all honest", &count(|draw| sum(draw, NODES) % NODES));
    assert!(honest < bound(10));

    // It has heard all others, and adds what is missing.
    let chosen = count(|draw| {
        let others = sum(draw, NODES - 1);
        let own = (0..NODES).find(|own| others.wrapping_add(*own) % NODES == FAVOURITE).unwrap();
        others.wrapping_add(own) % NODES
    });
    assert_eq!(chosen[FAVOURITE as usize], DRAWS);
    report("sum, the last one chooses its number", &chosen);

    // Committed to before, it can still refuse to open its number when it dislikes the sum: drawn again without it.
    for liars in [1, 3] {
        let withheld = count(|draw| {
            let mut outcomes = (0..=liars).map(|silent| sum(draw, NODES - silent) % NODES);
            let last = outcomes.clone().next_back().unwrap();
            outcomes.find(|outcome| *outcome == FAVOURITE).unwrap_or(last)
        });
        let biased = report(&format!("sum with commitments, {liars} may fall silent"), &withheld);
        assert!(biased > 10.0 * bound(10));
    }
}

#[test]
fn nobody_chooses_a_threshold_seed() {
    let key = ToyKey::new(B256::repeat_byte(7), (0..NODES).map(NodeId));
    let lots = vec![1; NODES as usize].into_iter().collect();
    let drawn = |entry: u64, silent: &[u64]| {
        let point = SeedPoint { group: 1, epoch: 1, height: entry };
        let speak = (0..NODES).filter(|node| !silent.contains(node));
        let partials: Vec<Partial> =
            speak.map(|node| key.share(NodeId(node)).sign(&point)).collect();
        let seed = key.combine(&point, &partials).ok()?.value();
        let draw = Draw { seed, chain: B256::ZERO, height: entry, role: 8 };
        Some(draw.order(&lots).next().unwrap() as u64)
    };
    let counts = count(|entry| {
        let all = drawn(entry, &[]);
        // Up to three of ten stay silent: the same, whichever they are. A fourth, and there is no seed at all.
        for silent in [&[9][..], &[7, 8, 9], &[0, 4, 5]] {
            assert_eq!(drawn(entry, silent), all);
        }
        assert_eq!(drawn(entry, &[0, 7, 8, 9]), None);
        all.unwrap()
    });
    assert!(report("threshold seed, 3 of 10 may fall silent", &counts) < bound(10));
}

use alloy::primitives::keccak256;
use proptest::prelude::*;

use super::*;
use crate::roulette::statistics::{bound, chi_square};

fn draw(number: u64) -> Draw {
    let seed = keccak256(number.to_be_bytes());
    Draw { seed, chain: B256::repeat_byte(0xc1), height: 7, role: 8 }
}

/// How often each of `places` came out, over so many seeds.
fn count(seeds: u64, places: usize, outcome: impl Fn(Draw) -> usize) -> Vec<u64> {
    let mut counts = vec![0; places];
    (0..seeds).for_each(|number| counts[outcome(draw(number))] += 1);
    counts
}

fn equal(places: usize) -> Lots {
    vec![1; places].into_iter().collect()
}

fn check(name: &str, counts: &[u64], weights: &[u64]) {
    let (statistic, bound) = (chi_square(counts, weights), bound(counts.len()));
    println!("{name}: chi-square {statistic:.1} (fair: below {bound:.1} in 999 of 1000)");
    assert!(statistic < bound, "{counts:?}");
}

#[test]
fn every_place_is_as_likely_as_another() {
    for places in [2, 3, 7, 10, 19, 100] {
        let lots = equal(places);
        let counts = count(10_000, places, |draw| draw.order(&lots).next().unwrap());
        check(&format!("first of {places}"), &counts, &vec![1; places]);
    }
}

#[test]
fn so_it_is_for_each_seat_and_each_pair() {
    let lots = equal(10);
    for seat in 0..5 {
        let counts = count(10_000, 10, |draw| draw.order(&lots).nth(seat).unwrap());
        check(&format!("seat {seat} of 10"), &counts, &[1; 10]);
    }
    let counts = count(20_000, 90, |draw| {
        let mut order = draw.order(&lots);
        let (first, second) = (order.next().unwrap(), order.next().unwrap());
        first * 9 + second - usize::from(second > first)
    });
    check("first and second of 10", &counts, &[1; 90]);
}

#[test]
fn lots_weigh() {
    let lots = [1, 0, 5, 3, 1].into_iter().collect();
    let counts = count(10_000, 5, |draw| draw.order(&lots).next().unwrap());
    assert_eq!(counts[1], 0);
    let drawn = [counts[0], counts[2], counts[3], counts[4]];
    check("lots 1 5 3 1", &drawn, &[1, 5, 3, 1]);
}

/// With a bound of three quarters of 2^64, a remainder would make the lowest third twice as likely as the others.
#[test]
fn no_remainder_favours_low_numbers() {
    let bound_here = 3 << 62;
    let third = |number: u64| usize::try_from(number >> 62).unwrap();
    let fair = count(20_000, 3, |draw| third(draw.below(0, bound_here).unwrap()));
    check("thirds", &fair, &[1; 3]);
    let biased = count(20_000, 3, |draw| third(draw.words(0, 0)[0] % bound_here));
    println!("thirds by remainder: chi-square {:.0}", chi_square(&biased, &[1; 3]));
    assert!(chi_square(&biased, &[1; 3]) > 10.0 * bound(3));
}

#[test]
fn all_that_is_drawn_for_matters() {
    let here = draw(1);
    let others = [
        draw(2),
        Draw { chain: B256::ZERO, ..here },
        Draw { height: 8, ..here },
        Draw { role: 16, ..here },
    ];
    let order = |draw: Draw| draw.order(&equal(30)).collect::<Vec<_>>();
    others.iter().for_each(|other| assert_ne!(order(*other), order(here)));
}

#[test]
fn pinned() {
    let order: Vec<_> = draw(0).order(&equal(10)).collect();
    assert_eq!(order, PINNED);
    assert_eq!(draw(0).below(0, 0), None);
    assert_eq!(draw(0).below(0, 1), Some(0));
    assert_eq!(draw(0).order(&Lots::default()).next(), None);
}

// Computed from the definition by other code.
const PINNED: [usize; 10] = [5, 4, 9, 1, 3, 0, 7, 2, 8, 6];

proptest! {
    #[test]
    fn an_order_has_each_place_with_lots_once(
        weights in prop::collection::vec(0_u32..4, 0..40),
        number: u64,
    ) {
        let lots: Lots = weights.iter().copied().collect();
        let order: Vec<_> = draw(number).order(&lots).collect();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let with_lots: Vec<_> = (0..weights.len()).filter(|place| weights[*place] > 0).collect();
        prop_assert_eq!(sorted, with_lots);
        // What is drawn first does not depend on how many are asked for.
        let some: Vec<_> = draw(number).order(&lots).take(3).collect();
        prop_assert_eq!(&order[..some.len()], some.as_slice());
    }

    #[test]
    fn a_draw_is_below_its_bound(number: u64, step: u32, bound in 1..=u64::MAX) {
        prop_assert!(draw(number).below(step, bound).unwrap() < bound);
    }
}

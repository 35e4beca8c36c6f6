//! What a wire could show of a key, and that the checks would notice.

use std::sync::LazyLock;

use curve25519_elligator2::scalar::Scalar;
use curve25519_elligator2::{EdwardsPoint, RFC9380};
use rand::{RngCore, SeedableRng, rngs::StdRng};

use super::*;
use crate::veil::TransportSecret;

const KEYS: usize = 10_000;
/// Five or more standard deviations: about one false alarm in 6,000 runs over
/// 256 positions, and the seeds are fixed.
const SIGMA: f64 = 5.0;

/// The same keys for all tests.
static SAMPLE: LazyLock<Vec<EphemeralKey>> = LazyLock::new(|| {
    let rng = &mut StdRng::seed_from_u64(1);
    (0..KEYS).map(|_| EphemeralKey::generate(rng)).collect()
});

/// How far a count of independent events is from what is expected.
fn sigmas(count: usize, of: usize, probability: f64) -> f64 {
    let of = of as f64;
    (count as f64 - of * probability).abs() / (of * probability * (1.0 - probability)).sqrt()
}

/// Bit positions that are not fair coins.
fn biased_bits(strings: &[[u8; 32]]) -> Vec<usize> {
    let ones = |bit: usize| strings.iter().filter(|s| s[bit / 8] >> (bit % 8) & 1 == 1).count();
    (0..256).filter(|bit| sigmas(ones(*bit), strings.len(), 0.5) > SIGMA).collect()
}

/// Which of the eight low-order parts the point behind a representative has.
fn torsion_class(representative: &[u8; 32]) -> [u8; 32] {
    let point = EdwardsPoint::from_representative::<Randomized>(representative).unwrap();
    // (l - 1) P + P: what remains is the part of low order.
    (point * -Scalar::ONE + point).compress().to_bytes()
}

/// The torsion classes that occur, most frequent first.
fn torsion_counts(representatives: impl Iterator<Item = [u8; 32]>) -> Vec<usize> {
    let mut counts = std::collections::HashMap::new();
    for representative in representatives {
        *counts.entry(torsion_class(&representative)).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_values().collect();
    counts.sort_unstable();
    counts
}

#[test]
fn representatives_are_fair_coins() {
    let strings: Vec<_> = SAMPLE.iter().map(|key| *key.representative()).collect();
    assert_eq!(biased_bits(&strings), [0_usize; 0]);
}

#[test]
fn raw_public_keys_are_not_fair_coins() {
    let strings: Vec<_> = SAMPLE.iter().map(|key| *key.public()).collect();
    assert!(biased_bits(&strings).contains(&255));
}

#[test]
fn representatives_fall_into_all_torsion_classes_alike() {
    let counts = torsion_counts(SAMPLE.iter().map(|key| *key.representative()));
    assert_eq!(counts.len(), 8);
    assert!(counts.iter().all(|count| sigmas(*count, KEYS, 0.125) < SIGMA), "{counts:?}");
}

#[test]
fn representatives_of_ordinary_keys_fall_into_one() {
    let rng = &mut StdRng::seed_from_u64(3);
    let ordinary = (0..KEYS).filter_map(|_| {
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        Option::<[u8; 32]>::from(RFC9380::to_representative(&secret, secret[1]))
    });
    assert_eq!(torsion_counts(ordinary).len(), 1);
}

#[test]
fn half_of_all_strings_are_on_the_curve_and_so_are_representatives() {
    let on_curve = |string: &[u8; 32]| MontgomeryPoint(*string).to_edwards(0).is_some();
    let representatives = SAMPLE.iter().filter(|key| on_curve(key.representative())).count();
    assert!(sigmas(representatives, KEYS, 0.5) < SIGMA, "{representatives}");
    assert_eq!(SAMPLE.iter().filter(|key| on_curve(key.public())).count(), KEYS);
}

#[test]
fn the_low_order_part_changes_no_secret() {
    let rng = &mut StdRng::seed_from_u64(5);
    for _ in 0..100 {
        let (ours, theirs) = (EphemeralKey::generate(rng), TransportSecret::generate(rng));
        let clean = MontgomeryPoint::mul_base_clamped(*ours.secret);
        let dirty = EdwardsPoint::mul_base_clamped_dirty(*ours.secret).to_montgomery();
        assert_eq!(ours.public(), &dirty.0);
        assert_eq!(theirs.exchange(&clean.0), theirs.exchange(&dirty.0));
        assert_eq!(theirs.exchange(ours.public()), ours.exchange(&theirs.public().0));
    }
}

#[test]
fn free_bits_change_no_key() {
    let rng = &mut StdRng::seed_from_u64(6);
    let key = EphemeralKey::generate(rng);
    for free in 0..4 {
        let mut representative = *key.representative();
        representative[31] = representative[31] & 0x3f | free << 6;
        assert_eq!(&reveal(&representative), key.public());
    }
}

#[test]
fn a_point_of_low_order_yields_no_secret() {
    let secret = TransportSecret::generate(&mut StdRng::seed_from_u64(7));
    assert_eq!(secret.exchange(&[0; 32]), Err(WeakKeyError));
}

use std::time::Instant;

use alloy::primitives::keccak256;
use alloy_rlp::Decodable as _;
use proptest::prelude::*;

use super::*;

fn event(number: u64) -> B256 {
    keccak256(number.to_be_bytes())
}

/// Ticks, then an event or a checkpoint, for each pair.
fn record(steps: &[(u64, Option<u64>)]) -> Segment {
    let mut clock = Clock::new(B256::repeat_byte(1));
    let mut segment = Segment::from(clock.point());
    for (ticks, number) in steps {
        clock.tick(*ticks);
        segment.marks.push(match number {
            Some(number) => clock.stamp(event(*number)),
            None => clock.checkpoint(),
        });
    }
    segment
}

#[test]
fn pinned() {
    // Of 32 ones, then of that and an event of 32 twos: computed by other code.
    let mut clock = Clock::new(B256::repeat_byte(1));
    clock.tick(1);
    assert_eq!(clock.point().hash, PINNED_TICK.parse::<B256>().unwrap());
    let mark = clock.stamp(B256::repeat_byte(2));
    assert_eq!(mark.point.hash, PINNED_STAMP.parse::<B256>().unwrap());
    assert_eq!(mark.point.count, 2);
}

const PINNED_TICK: &str = "0x72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793";
const PINNED_STAMP: &str = "0x29fd1a322280c42d7cef33635db94e7e40087aeef4f27fbaf9f135d0d0f0eb02";

#[test]
fn time_between_events_is_counted_in_hashes() {
    let segment = record(&[(10, Some(1)), (90, None), (5, Some(2))]);
    segment.verify(107).unwrap();
    assert_eq!(segment.between(event(1), event(2)), Ok(96));
    assert_eq!(segment.between(event(2), event(1)), Ok(-96));
    assert_eq!(segment.between(event(1), event(3)), Err(HistoryError::NoEvent { event: event(3) }));
}

#[test]
fn a_verifier_does_no_more_work_than_it_wants_to() {
    let mut segment = record(&[(10, Some(1))]);
    assert_eq!(segment.verify(10), Err(HistoryError::TooLong { hashes_max: 10, found: 11 }));
    segment.marks[0].point.count = u64::MAX;
    assert!(matches!(segment.verify(1_000), Err(HistoryError::TooLong { .. })));
}

#[test]
fn an_event_takes_a_hash_of_its_own() {
    let mut segment = record(&[(3, Some(1))]);
    // The same hash, claimed for the count before.
    segment.marks[0].point.count = 0;
    let error = HistoryError::NotLater { index: 0, least: 1, found: 0 };
    assert_eq!(segment.verify(100), Err(error));
}

proptest! {
    #[test]
    fn what_was_recorded_verifies_in_any_order_and_nothing_else_does(
        steps in prop::collection::vec((0..50_u64, prop::option::of(any::<u64>())), 1..10),
        victim in any::<prop::sample::Index>(),
        change in 0..4_u8,
        bit in 0..256_usize,
    ) {
        let good = record(&steps);
        prop_assert_eq!(good.verify(good.hashes()), Ok(()));
        let mut stretches: Vec<_> = good.stretches().collect();
        stretches.reverse();
        prop_assert!(stretches.iter().all(|stretch| stretch.verify(51).is_ok()));
        let total: u64 = stretches.iter().map(Stretch::hashes).sum();
        prop_assert_eq!(total, good.hashes());
        let bytes = alloy_rlp::encode(&good);
        prop_assert_eq!(&Segment::decode(&mut bytes.as_slice()).unwrap(), &good);

        let mut bad = good.clone();
        let index = victim.index(bad.marks.len());
        let mark = &mut bad.marks[index];
        match change {
            0 => mark.point.hash.0[bit / 8] ^= 1 << (bit % 8),
            1 => mark.point.count += 1,
            2 => mark.event = mark.event.map_or(Some(B256::ZERO), |_| None),
            _ => mark.event = Some(event(u64::from(bit as u8)).min(B256::repeat_byte(bit as u8))),
        }
        prop_assume!(bad != good);
        prop_assert!(bad.verify(10_000).is_err());
    }

    #[test]
    fn a_chain_goes_on_where_it_was(ticks in 0..100_u64, more in 0..100_u64) {
        let mut whole = Clock::new(B256::ZERO);
        whole.tick(ticks + more);
        let mut part = Clock::new(B256::ZERO);
        part.tick(ticks);
        let mut part = Clock::resume(part.point());
        part.tick(more);
        prop_assert_eq!(part, whole);
    }
}

/// Not a check: says what a hash costs here.
#[test]
fn cost() {
    let mut clock = Clock::new(B256::ZERO);
    clock.tick(1_000);
    let (hashes, start) = (200_000, Instant::now());
    clock.tick(hashes);
    println!("{} ns per hash", start.elapsed().as_nanos() / u128::from(hashes));
}

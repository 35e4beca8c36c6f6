//! What the protocol costs on a calm network, in message delays: the same on every machine.

use conet_committee::{archive::Rules, log::Timing, member::MemberTiming};
use conet_simulator::{CALM_PAGES_MAX, Calm, Killed, catch_up, latency};

/// The longest of the times of which `of_100` percent are not longer.
fn percentile(times: &[u64], of_100: usize) -> u64 {
    times.get((times.len().max(1) - 1) * of_100 / 100).copied().unwrap_or(u64::MAX)
}

#[test]
fn a_block_is_certified_within_2_2_round_trips_and_final_a_tick_and_3_5_later() {
    let calm = Calm::default();
    let (round_trip, tick) = (2 * calm.delay_ms, 50);
    let found = latency(calm).unwrap();
    assert_eq!(found.to_final_ms.len(), 20);
    assert!(percentile(&found.to_certified_ms, 99) * 10 <= 22 * round_trip, "{found:?}");
    assert!(percentile(&found.to_final_ms, 99) * 10 <= 10 * tick + 35 * round_trip, "{found:?}");
}

#[test]
fn entries_of_a_busy_log_are_60_ms_apart_and_80_with_a_dead_seat() {
    let busy = Calm { members: 120, chains: 4, pause_ms: 100, payments: 40, ..Calm::default() };
    let mean = |times: &[u64]| times.iter().sum::<u64>() / times.len() as u64;
    let found = latency(busy).unwrap();
    assert!(mean(&found.between_entries_ms) <= 60, "{found:?}");
    let found = latency(Calm { dead_seat: true, ..busy }).unwrap();
    assert!(mean(&found.between_entries_ms) <= 80, "{found:?}");
}

#[test]
fn whoever_dies_costs_its_timeouts_and_less_than_a_second_more() {
    let pause_ms = 300;
    let (member, rules) = (MemberTiming::default(), Rules::default());
    // Somebody's patience, and the time to answer or to judge.
    for (killed, timeouts_ms) in [
        (Killed::Creator, member.block_timeout_ms + rules.answer_ms),
        (Killed::Witness, member.vote_timeout_ms + rules.answer_ms),
        (Killed::Validator, member.vote_timeout_ms + rules.answer_ms),
        (Killed::Seat, rules.judging_ms),
    ] {
        let dead = Some((killed, 9_000));
        let found = latency(Calm { dead, pause_ms, payments: 30, ..Calm::default() }).unwrap();
        let longest_ms = found.longest_pause_ms;
        assert!(longest_ms > timeouts_ms, "{killed:?} was not missed: {longest_ms} ms");
        assert!(longest_ms <= pause_ms + timeouts_ms + 1_000, "{killed:?}: {longest_ms} ms");
    }
}

#[test]
fn a_seat_that_knows_nothing_begins_at_a_checkpoint() {
    let calm = Calm { pause_ms: 200, payments: 60, ..Calm::default() };
    let found = catch_up(calm, 14_000).unwrap().expect("it never caught up");
    assert!(found.behind > 100, "{found:?}");
    assert!(found.checkpoint.is_some_and(|first| first > found.behind / 2), "{found:?}");
    assert!(found.took_ms < 3_000, "{found:?}");
}

#[test]
fn a_network_slower_than_a_views_time_decides_all_the_same() {
    // An entry takes three delays.
    let delay_ms = Timing::default().view_timeout_ms;
    // It fails unless all that is paid becomes final.
    let found = latency(Calm { delay_ms, pause_ms: 2_000, ..Calm::default() }).unwrap();
    let final_ms = percentile(&found.to_final_ms, 50);
    assert!(final_ms <= 20 * delay_ms, "{found:?}");
}

#[test]
fn a_state_with_many_chains_is_handed_over_in_parts() {
    let chains = 120;
    let calm = Calm { seats: 4, witnesses: 1, chains, payments: 3, ..Calm::default() };
    let found = catch_up(calm, 9_000).unwrap().expect("it never caught up");
    assert!(found.checkpoint.is_some_and(|first| first > found.behind / 2), "{found:?}");
    // The first part comes with the head.
    let parts = chains / CALM_PAGES_MAX as u64;
    assert!(found.took_ms >= parts * 2 * calm.delay_ms, "{found:?}");
    assert!(found.took_ms < 3_000, "{found:?}");
}

#[test]
fn nobody_is_flooded_when_a_cut_heals() {
    let calm = Calm { chains: 6, payments: 40, ..Calm::default() };
    let usual = latency(calm).unwrap().busiest_second;
    let found = latency(Calm { cut: Some((12_300, 8_000)), ..calm }).unwrap();
    assert!(found.longest_pause_ms > 8_000, "nothing was cut: {} ms", found.longest_pause_ms);
    // Whoever waited for somebody says so, and is heard: all of it costs less than half of what is usual.
    let busiest = found.busiest_second;
    assert!(2 * busiest <= 3 * usual, "{busiest} messages in a second, {usual} are usual");
}

use std::sync::Arc;

use super::*;
use crate::{
    archive::{
        Item, Rules, Seeds as _,
        item::Handover,
        testing::{AnySeed, after, seed},
    },
    keys::NodeId,
    log::tests::voting,
    seats::Seats as Sitting,
};

fn state(group: u32) -> State {
    let seats = Arc::new(Sitting::new(1, group, 1, (1..=4).map(NodeId).collect()));
    State::new(seats, Rules::default(), Arc::new(voting(1)), Some(Arc::new(AnySeed)), 0)
}

fn want(index: u64, after_block: u64) -> Item {
    Item::Want(Wanted { index, after_block })
}

fn refuses(state: &State, item: &Item) -> bool {
    state.begin(state.height + 1, state.time_ms + 10).apply(item).is_err()
}

/// After the entry that has the seed of what the first one wants.
fn lit(state: &State, item: Item) -> State {
    let asked = after(state, &[item]);
    let waits = after(&after(&asked, &[]), &[]);
    let wanted: Vec<_> = waits.seeds_wanted().collect();
    assert_eq!(wanted, [asked.height + 2]);
    after(&waits, &[seed(asked.height + 2)])
}

#[test]
fn the_main_chain_gets_a_seed_that_is_made_after_it_was_wanted() {
    let first = lit(&state(1), want(0, 70));
    let beacon = *first.beacon().unwrap();
    assert_eq!((beacon.wanted.index, beacon.wanted.after_block, beacon.logged), (0, 70, 1));
    let value = beacon.value.unwrap();
    // No draw's, and no other group's.
    assert_ne!(value, AnySeed.value(3, &[]).unwrap());
    assert_ne!(lit(&state(2), want(0, 70)).beacon().unwrap().value, Some(value));
    let second = lit(&first, want(1, 70));
    assert_ne!(second.beacon().unwrap().value, Some(value));
}

#[test]
fn one_is_asked_for_at_a_time_and_each_once() {
    let asked = after(&state(1), &[want(3, 70)]);
    assert!(refuses(&asked, &want(4, 70)), "while another one is to be made");
    let made = lit(&state(1), want(3, 70));
    assert!(refuses(&made, &want(3, 80)), "a second time");
    assert!(refuses(&made, &want(2, 80)), "an older one");
    assert!(refuses(&made, &want(4, 69)), "after an older block");
    assert!(!refuses(&made, &want(4, 70)));
}

#[test]
fn an_epoch_ends_when_what_was_asked_for_is_made_and_the_next_one_knows_it() {
    let handover =
        Item::Handover(Handover { epoch: 2, nodes: (1..=4).map(NodeId).collect(), division: None });
    let asked = after(&state(1), &[want(0, 70), handover]);
    assert!(refuses(&asked, &want(1, 70)), "nothing is asked for when the epoch ends");
    let waits = after(&after(&asked, &[]), &[]);
    assert!(!waits.is_over());
    let over = after(&waits, &[seed(3)]);
    assert!(over.is_over());
    let thawed = over.thaw(&over.freeze()).unwrap();
    assert_eq!(thawed.beacon(), over.beacon());
    assert!(over.beacon().unwrap().value.is_some());
    let seats = Arc::new(over.seats.in_epoch(2, (1..=4).map(NodeId).collect()));
    let next = over.succeed(seats, Vec::new(), Some(Arc::new(AnySeed)));
    assert_eq!(next.beacon(), over.beacon());
}

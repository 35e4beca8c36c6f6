use std::sync::Arc;

use conet_bindings::roles;

use super::*;
use crate::{
    archive::{
        Rules,
        testing::{AnySeed, after, opening, seed, wish},
    },
    log::tests::voting,
    roulette::pool::Offer,
    seats::Seats,
};

const CHAIN: B256 = B256::repeat_byte(7);
const ALL: u16 = roles::CREATOR | roles::WITNESS | roles::VALIDATOR;

fn state() -> State {
    let seats = Arc::new(Seats::new(1, 1, 1, (1..=4).map(NodeId).collect()));
    State::new(seats, Rules::default(), Arc::new(voting(1)), Some(Arc::new(AnySeed)), 0)
}

/// After all draws that can be made by now.
fn settled(mut state: State) -> State {
    for _ in 0..24 {
        let seeds: Vec<_> = state.seeds_wanted().map(seed).collect();
        state = after(&state, &seeds);
    }
    state
}

/// A chain with a witness and a validator for each block, and so many nodes that take every role.
fn with_nodes(count: u64) -> State {
    let state = state();
    let log = state.seats.log;
    let offer = |node| Offer { node: NodeId(node), roles: ALL, seats: 1 };
    let mut items: Vec<_> = (101..101 + count).map(|node| wish(log, offer(node), 1)).collect();
    items.push(opening(CHAIN, 1, 1));
    settled(after(&state, &items))
}

fn chain(state: &State) -> &Chain {
    &state.chains[&CHAIN]
}

/// Who signs the block of each height, as far as that is drawn.
fn drawn(state: &State) -> Vec<(u64, NodeId)> {
    chain(state).validator.iter().collect()
}

fn without(state: &State, node: NodeId) -> State {
    let mut next = state.begin(state.height + 1, state.time_ms + 50);
    next.bar(node);
    next.finish();
    settled(next)
}

#[test]
fn who_was_drawn_for_a_later_block_signs_the_next_one_when_nobody_else_is_there() {
    let state = with_nodes(5);
    let [(1, first), (2, second), (3, third)] = drawn(&state)[..] else {
        panic!("{:?}", drawn(&state))
    };
    let now = without(&state, first);
    assert!(chain(&now).signers(1).is_some());
    assert_eq!(drawn(&now), [(1, third), (2, second)]);
    let now = without(&now, third);
    assert_eq!(drawn(&now), [(1, second)]);
    // Nobody is left to move.
    let now = without(&now, second);
    assert!(chain(&now).signers(1).is_none() && drawn(&now).is_empty());
}

#[test]
fn and_watches_when_a_witness_is_gone() {
    let state = with_nodes(5);
    let [.., (3, last)] = drawn(&state)[..] else { panic!("{:?}", drawn(&state)) };
    let gone = chain(&state).witness[0];
    let now = without(&state, gone);
    assert_eq!(chain(&now).witness, [last]);
    assert!(chain(&now).signers(1).is_some());
}

#[test]
fn nobody_moves_while_others_wait() {
    let state = with_nodes(7);
    let [(1, first), (2, second), (3, third)] = drawn(&state)[..] else {
        panic!("{:?}", drawn(&state))
    };
    let now = without(&state, first);
    let [(1, new), rest @ ..] = &drawn(&now)[..] else { panic!("{:?}", drawn(&now)) };
    assert_eq!(rest, [(2, second), (3, third)]);
    assert!(![first, second, third].contains(new));
}

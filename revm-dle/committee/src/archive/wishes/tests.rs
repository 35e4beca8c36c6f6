use std::sync::Arc;

use conet_bindings::roles;

use super::*;
use crate::{
    archive::{
        Item, Rules,
        testing::{self, AnySeed, after, opening, seed},
    },
    log::tests::voting,
    seats::Seats,
};

const ALL: u16 = roles::CREATOR | roles::WITNESS | roles::VALIDATOR;
const RULES: Rules = Rules {
    judging_ms: 1_000,
    answer_ms: 1_000,
    ceremony_ms: 5_000,
    wish_ms: 10_000,
    trap_one_in: 1,
    checkpoint_every: 8,
};

fn state() -> State {
    let seats = Arc::new(Seats::new(1, 1, 1, (1..=4).map(NodeId).collect()));
    State::new(seats, RULES, Arc::new(voting(1)), Some(Arc::new(AnySeed)), 0)
}

fn wish(offer: Offer, number: u64) -> Item {
    testing::wish(state().seats.log, offer, number)
}

fn open(chain: u8, validators: u8) -> Item {
    opening(B256::repeat_byte(chain), 1, validators)
}

fn offer(node: u64, seats: u32) -> Offer {
    Offer { node: NodeId(node), roles: ALL, seats }
}

/// Draws for what this state's entry asked for.
fn drawn(asked: &State) -> State {
    let waiting = after(&after(asked, &[]), &[]);
    after(&waiting, &[seed(asked.height + 2)])
}

fn line(state: &State) -> Vec<u64> {
    state.pool.waiting().map(|waiting| waiting.offer.node.0).collect()
}

fn group(state: &State, chain: u8) -> Vec<NodeId> {
    state.chains[&B256::repeat_byte(chain)].members().collect()
}

#[test]
fn who_is_drawn_goes_to_the_end_of_the_line_in_that_entry() {
    let wishes: Vec<_> = (101..105).map(|node| wish(offer(node, 2), 1)).collect();
    let asked = after(&after(&state(), &wishes), &[open(1, 0)]);
    let next = asked.pool.snapshot().next_place;
    let after = drawn(&asked);
    let group = group(&after, 1);
    assert_eq!(group.len(), 2);
    let behind = after.pool.waiting().filter(|waiting| waiting.place >= next);
    assert_eq!(behind.map(|waiting| waiting.offer.node).collect::<Vec<_>>(), group);
    assert_eq!(after.pool.len(), 4);
    assert_eq!(after.selections[0].members().len() + after.selections[1].members().len(), 2);
}

#[test]
fn who_serves_as_much_as_it_offers_waits_again_when_a_place_ends() {
    let wishes: Vec<_> = (101..103).map(|node| wish(offer(node, 1), 1)).collect();
    let full = drawn(&after(&after(&state(), &wishes), &[open(1, 0)]));
    assert_eq!(line(&full), [0; 0], "both are drawn, and full");
    let chain = B256::repeat_byte(1);
    let creator = full.chains[&chain].creator.unwrap();
    let mut less = full.begin(full.height + 1, full.time_ms + 50);
    less.replace(chain, creator);
    assert_eq!(line(&less), [creator.0]);
    assert!(less.offers(creator).is_some(), "it need not wish again");
    // Full, it may wish for more: and waits at once.
    let witness = less.chains[&chain].creator.unwrap();
    less.apply(&wish(offer(witness.0, 2), 2)).unwrap();
    assert_eq!(line(&less), [creator.0, witness.0]);
}

#[test]
fn no_seed_draws_anybody_twice_for_different_chains() {
    let wishes: Vec<_> = (101..104).map(|node| wish(offer(node, 9), 1)).collect();
    let asked = after(&after(&state(), &wishes), &[open(1, 0), open(2, 0)]);
    let after = drawn(&asked);
    let [first, second] = [group(&after, 1), group(&after, 2)];
    assert_eq!(first.len() + second.len(), 3);
    assert!(first.iter().all(|node| !second.contains(node)));
    assert_eq!(line(&after).len(), 3, "all have room for more");
    let wants = &after.chains[&B256::repeat_byte(if first.len() < 2 { 1 } else { 2 })];
    let asked_in: Vec<_> = wants.requested.values().collect();
    assert_eq!(asked_in, [&after.height], "it asks again at once");
}

#[test]
fn a_wish_ends_when_it_is_taken_back_and_when_it_is_old() {
    let wishing = after(&state(), &[wish(offer(101, 1), 1), wish(offer(102, 1), 1)]);
    let back = after(&wishing, &[wish(Offer::nothing(NodeId(101)), 2)]);
    assert_eq!(line(&back), [102]);
    assert_eq!((back.offers(NodeId(101)), back.wish(NodeId(101))), (None, 2));
    let old = wishing.begin(back.height + 1, 50 + RULES.wish_ms);
    assert_eq!(line(&old), [0; 0]);
    let young = wishing.begin(back.height + 1, 49 + RULES.wish_ms);
    assert_eq!(line(&young), [101, 102]);
    // A new one is younger.
    let renewed = after(&wishing, &[wish(offer(101, 1), 2)]);
    assert_eq!(line(&renewed.begin(9, 50 + RULES.wish_ms)), [101]);
    let thawed = renewed.thaw(&renewed.freeze()).unwrap();
    assert_eq!(line(&thawed.begin(9, 50 + RULES.wish_ms)), [101]);
}

#[test]
fn a_wish_counts_once_and_only_signed() {
    let wishing = after(&state(), &[wish(offer(101, 1), 3)]);
    let refused = |item: &Item| wishing.begin(9, 900).apply(item).unwrap_err();
    assert_eq!(refused(&wish(offer(101, 5), 3)), ItemError::Nothing);
    let Item::Join(stolen) = wish(offer(101, 5), 4) else { panic!("a wish") };
    let stolen = Joining { offer: offer(101, 6), ..stolen };
    assert_eq!(refused(&Item::Join(stolen)), ItemError::Signature { node: NodeId(101) });
    let seat = NodeId(1);
    assert_eq!(refused(&wish(offer(1, 1), 1)), ItemError::NotEntitled { node: seat });
    let mut cheat = wishing.begin(9, 900);
    cheat.bar(NodeId(101));
    assert_eq!(line(&cheat), [0; 0]);
    let refused = cheat.apply(&wish(offer(101, 1), 4));
    assert_eq!(refused, Err(ItemError::NotEntitled { node: NodeId(101) }));
}

#[test]
fn who_lets_the_time_to_answer_pass_waits_no_more() {
    let wishes: Vec<_> = (101..104).map(|node| wish(offer(node, 2), 1)).collect();
    let mut silent = drawn(&after(&after(&state(), &wishes), &[open(1, 0)]));
    let chain = B256::repeat_byte(1);
    let witness = silent.chains[&chain].witness[0];
    let mut accusing = Chain::clone(&silent.chains[&chain]);
    accusing.accused.insert(witness, silent.time_ms + 100);
    silent.put(accusing);
    let waits = silent.begin(silent.height + 1, silent.time_ms + 99);
    assert!(waits.is_waiting(witness) && waits.chains[&chain].involves(witness));
    let late = silent.begin(silent.height + 1, silent.time_ms + 100);
    assert!(!late.is_waiting(witness) && !late.chains[&chain].involves(witness));
    assert!(late.offers(witness).is_none());
    let back = after(&late, &[wish(offer(witness.0, 2), 2)]);
    assert!(back.is_waiting(witness), "nobody is punished for silence");
}

use std::sync::Arc;

use conet_bindings::roles;
use conet_ledger::block::Header;

use super::*;
use crate::{
    archive::{
        Item, Notice, Rules,
        item::impossible,
        testing::{AnySeed, after, opening, seed, wish},
    },
    keys::Compact,
    log::tests::voting,
    roulette::pool::Offer,
    seats::Seats,
};

const CHAIN: B256 = B256::repeat_byte(7);
const OTHER: B256 = B256::repeat_byte(8);

/// Two chains with a witness and a validator each.
fn state() -> State {
    let seats = Arc::new(Seats::new(1, 1, 1, (1..=4).map(NodeId).collect()));
    let rules = Rules::default();
    let state = State::new(seats, rules, Arc::new(voting(1)), Some(Arc::new(AnySeed)), 0);
    let roles = roles::CREATOR | roles::WITNESS | roles::VALIDATOR;
    let offer = |node| Offer { node: NodeId(node), roles, seats: 2 };
    let wishes = (101..116).map(|node| wish(state.seats.log, offer(node), 1));
    let mut items: Vec<_> = wishes.collect();
    items.extend([opening(CHAIN, 1, 1), opening(OTHER, 1, 1)]);
    let mut state = after(&state, &items);
    for _ in 0..24 {
        let seeds: Vec<_> = state.seeds_wanted().map(seed).collect();
        state = after(&state, &seeds);
    }
    state
}

fn notice(state: &State, chain: B256) -> Notice {
    Notice::of(&state.chains[&chain])
}

/// The next block of a chain, with its creator's vote.
fn block(state: &State, chain: B256) -> (Header, Ballot) {
    let notice = notice(state, chain);
    let frame = notice.frame(notice.height + 1, notice.hash, state.seats.epoch, state.time_ms);
    let header = Header { proposal: frame.unwrap(), outcome: impossible() };
    let vote = block_vote(&header, Phase::Create, header.hash());
    (header, voting(notice.creator.unwrap().0).cast(vote))
}

/// The creator says that its witness does not vote on a block.
fn complaint(state: &State, block: (Header, Ballot)) -> Complaint {
    let notice = notice(state, CHAIN);
    let (by, accused) = (notice.creator.unwrap(), notice.witnesses[0]);
    let complaint = Complaint {
        chain: CHAIN,
        height: notice.height + 1,
        view: notice.view,
        accused,
        by,
        block: Some(block),
        signature: Compact::ZERO,
    };
    complaint.signed(&voting(by.0))
}

fn apply(state: &State, complaint: Complaint) -> Result<State> {
    let mut next = state.begin(state.height + 1, state.time_ms + 50);
    next.apply(&Item::Complaint(Box::new(complaint)))?;
    next.finish();
    Ok(next)
}

#[test]
fn who_does_not_vote_on_a_block_is_accused_once() {
    let state = state();
    let accused = notice(&state, CHAIN).witnesses[0];
    let complaint = complaint(&state, block(&state, CHAIN));
    let next = apply(&state, complaint.clone()).unwrap();
    assert!(next.chains[&CHAIN].accused.contains(&accused));
    assert_eq!(apply(&next, complaint).err(), Some(ItemError::Nothing));
}

#[test]
fn nobody_answers_for_a_block_of_another_chain() {
    let state = state();
    let of_another = complaint(&state, block(&state, OTHER));
    assert_eq!(apply(&state, of_another).err(), Some(ItemError::Votes));
}

#[test]
fn a_complaint_is_signed_with_its_block() {
    let state = state();
    let (mut header, create) = block(&state, CHAIN);
    let first = complaint(&state, (header.clone(), create.clone()));
    header.proposal.time_ms -= 1;
    let vote = block_vote(&header, Phase::Create, header.hash());
    let other = (header, voting(create.voter.0).cast(vote));
    let moved = Complaint { block: Some(other), ..first.clone() };
    assert_eq!(apply(&state, moved).err(), Some(ItemError::Signature { node: first.by }));
}

#[test]
fn the_same_under_another_signature_is_no_other_item() {
    let state = state();
    let first = complaint(&state, block(&state, CHAIN));
    let again = Complaint { signature: Compact::repeat_byte(1), ..first.clone() };
    let other = Complaint { view: first.view + 1, ..first.clone() };
    let item = |complaint: Complaint| Item::Complaint(Box::new(complaint));
    assert!(item(first.clone()).repeats(&item(again)));
    assert!(!item(first).repeats(&item(other)));
}

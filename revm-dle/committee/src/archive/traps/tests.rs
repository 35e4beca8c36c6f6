use std::{collections::BTreeSet, sync::Arc};

use conet_bindings::roles;
use conet_ledger::block::Outcome;

use super::*;
use crate::{
    archive::{
        Item, Pending, Rules,
        item::{Joining, impossible},
        testing::opening,
    },
    log::tests::voting,
    roulette::pool::Offer,
    seats::Seats,
};

const SECRET: B256 = B256::repeat_byte(0x5e);
const SETTER: NodeId = NodeId(101);
const LAZY: NodeId = NodeId(102);

/// The log after the setter's wish. Every place is trapped.
fn state() -> State {
    let seats = Arc::new(Seats::new(1, 1, 1, (1..=4).map(NodeId).collect()));
    let rules = Rules { trap_one_in: 1, ..Rules::default() };
    let mut state = State::new(seats, rules, Arc::new(voting(1)), None, 0).begin(1, 50);
    let offer = Offer { node: SETTER, roles: roles::CREATOR, seats: 1 };
    let trap = commit(SECRET);
    let signed = Joining::struct_hash(state.seats.log, &offer, 1, trap);
    let signature = voting(SETTER.0).sign(signed);
    state.apply(&Item::Join(Joining { offer, number: 1, trap, signature })).unwrap();
    state
}

fn block() -> Header {
    let proposal = Proposal {
        chain: B256::repeat_byte(7),
        series: 1,
        height: 5,
        view: 2,
        epoch: 1,
        parent: B256::repeat_byte(8),
        time_ms: 40,
        paid_through_s: 0,
        gas_price: 0,
        members_hash: B256::repeat_byte(9),
        body_hash: B256::repeat_byte(10),
    };
    Header { proposal, outcome: Outcome { gas_used: 3, ..impossible() } }
}

fn vote(header: &Header, phase: Phase) -> Ballot {
    voting(LAZY.0).cast(block_vote(header, phase, header.hash()))
}

fn caught() -> Caught {
    let told = told(SECRET, &block());
    let ballot = vote(&told, Phase::Validate);
    Caught { setter: SETTER, secret: SECRET, told, ballot }
}

#[test]
fn who_signs_what_it_was_told_is_out_and_found_wrong() {
    let mut state = state();
    state.apply(&Item::Caught(Box::new(caught()))).unwrap();
    assert!(state.barred.contains(&LAZY));
    let [finding] = state.findings[..] else { panic!("one finding") };
    assert_eq!((finding.node, finding.phase), (LAZY, Phase::Validate));
    assert_eq!((finding.height, finding.view), (5, 2));
    assert_eq!(finding.offence, u8::from(Offence::Trap));
    let again = state.apply(&Item::Caught(Box::new(caught())));
    assert_eq!(again, Err(ItemError::Nothing));
}

#[test]
fn nothing_else_is_a_trap() {
    let refused = |caught: Caught| state().apply(&Item::Caught(Box::new(caught))).unwrap_err();
    let none = ItemError::NoTrap { setter: SETTER };
    // What executing gave, whatever its setter says.
    let ballot = vote(&block(), Phase::Validate);
    assert_eq!(refused(Caught { told: block(), ballot, ..caught() }), none);
    // A tag of another block.
    let mut moved = caught();
    moved.told.proposal.height += 1;
    moved.ballot = vote(&moved.told, Phase::Validate);
    assert_eq!(refused(moved), none);
    // A secret that nobody, or another, committed to.
    let secret = B256::repeat_byte(1);
    let told = told(secret, &block());
    let ballot = vote(&told, Phase::Validate);
    assert_eq!(refused(Caught { secret, told, ballot, ..caught() }), none);
    let another = ItemError::NoTrap { setter: LAZY };
    assert_eq!(refused(Caught { setter: LAZY, ..caught() }), another);
    // A vote for something else, as somebody else, or of nobody.
    let right = vote(&block(), Phase::Validate);
    assert_eq!(refused(Caught { ballot: right, ..caught() }), ItemError::Votes);
    let witness = vote(&caught().told, Phase::Witness);
    assert_eq!(refused(Caught { ballot: witness, ..caught() }), ItemError::Votes);
    let mut forged = caught();
    forged.ballot.voter = NodeId(103);
    assert_eq!(refused(forged), ItemError::Signature { node: NodeId(103) });
}

#[test]
fn a_trap_is_where_its_secret_says_one_in_so_many() {
    let mut about = block().proposal;
    let mut places = 0;
    for height in 0..6_400 {
        about.height = height;
        places += u32::from(is_place(SECRET, &about, 64));
    }
    assert!((60..140).contains(&places), "{places} of 6,400");
    assert!(!is_place(SECRET, &about, 0), "none at all");
    let mut strict = state();
    strict.rules.trap_one_in = u64::MAX;
    let elsewhere = strict.apply(&Item::Caught(Box::new(caught())));
    assert_eq!(elsewhere, Err(ItemError::NoTrap { setter: SETTER }));
}

#[test]
fn what_is_told_differs_in_its_root_alone() {
    let (real, told) = (block(), told(SECRET, &block()));
    assert_eq!(told.proposal, real.proposal);
    assert_eq!(Outcome { state_root: B256::ZERO, ..told.outcome }, real.outcome);
    assert_eq!(real.outcome.state_root, B256::ZERO);
}

#[test]
fn a_wish_keeps_what_the_ones_before_committed_to_for_a_while() {
    let mut state = state();
    let wish = |number: u64| {
        let offer = Offer { node: SETTER, roles: roles::CREATOR, seats: 1 };
        let trap = commit(B256::left_padding_from(&number.to_be_bytes()));
        let signed = Joining::struct_hash(Seats::new(1, 1, 1, vec![]).log, &offer, number, trap);
        let signature = voting(SETTER.0).sign(signed);
        Item::Join(Joining { offer, number, trap, signature })
    };
    for number in 2..9 {
        state.apply(&wish(number)).unwrap();
    }
    assert_eq!(state.check_caught(&caught()), Ok(()));
    assert_eq!(state.commitment(SETTER).map(|last| last.number), Some(8));
    state.apply(&wish(9)).unwrap();
    let forgotten = Err(ItemError::NoTrap { setter: SETTER });
    assert_eq!(state.check_caught(&caught()), forgotten);
}

#[test]
fn a_creators_traps_go_on_by_its_newest_wish() {
    let mut state = state();
    let chain = B256::repeat_byte(7);
    let mut opening = opening(chain, 0, 0);
    if let Item::Open(opening) = &mut opening {
        opening.creator = Some(SETTER);
    }
    state.apply(&opening).unwrap();
    let number = |state: &State| state.chains[&chain].trap.map(|known| known.number);
    assert_eq!(number(&state), Some(1));
    let offer = Offer { node: SETTER, roles: roles::CREATOR, seats: 2 };
    let trap = commit(B256::repeat_byte(2));
    let signed = Joining::struct_hash(state.seats.log, &offer, 2, trap);
    let signature = voting(SETTER.0).sign(signed);
    state.apply(&Item::Join(Joining { offer, number: 2, trap, signature })).unwrap();
    assert_eq!(number(&state), Some(1), "nothing changes in the middle of a block");
    let header = block();
    let pending = Pending {
        hash: header.hash(),
        header,
        certified: true,
        signers: BTreeSet::new(),
        refusers: BTreeSet::new(),
        accepted: BTreeSet::new(),
        refused: BTreeSet::new(),
        deadline_ms: 0,
    };
    state.finalize(chain, &pending);
    assert_eq!(number(&state), Some(2));
}

//! Making blocks out of what waits.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use alloy::sol_types::SolCall as _;
use alloy_rlp::Encodable as _;
use conet_ledger::block::{Body, Collection, SignedTransaction};
use conet_ledger::build::{Candidates, Draft, Dropped, build};
use conet_ledger::error::{BadBlock, BadTransaction};
use conet_ledger::limits::{BLOCK_GAS_MAX, BODY_BYTES_MAX, SETTLED_MAX, TRANSACTIONS_MAX};
use conet_ledger::trie::InMemory;
use proptest::prelude::*;

use support::mini::{self, Mini};
use support::series::{Series, genesis, owner};

fn note() -> Series {
    let code = mini::code();
    let definitions = mini::definitions(owner(0), 1_000_000_000_000);
    Series::new(genesis(&code, definitions), code)
}

fn transfer(note: &Series, nonce: u64, gas_limit: u64) -> SignedTransaction {
    let data = Mini::transferCall { to: owner(1), amount: 5 }.abi_encode();
    let mut transaction = note.transaction(nonce, data);
    transaction.gas_limit = gas_limit;
    note.sign(0, transaction)
}

fn offered(note: &mut Series, transactions: Vec<SignedTransaction>) -> (usize, usize, usize) {
    let building = note.add(Candidates { transactions, ..Candidates::default() });
    let block = building.block.map_or(0, |built| built.body.transactions.len());
    (block, building.waiting.transactions.len(), building.dropped.len())
}

#[test]
fn a_draft_is_what_a_proposal_has_before_its_body() {
    let mut note = note();
    let built = note.add_calls(vec![transfer(&note, 0, 100_000)]);
    assert_eq!(Draft::from(&built.proposal), note.draft);
}

#[test]
fn nothing_to_do_makes_no_block() {
    let mut note = note();
    assert!(note.add(Candidates::default()).block.is_none());
    let early = transfer(&note, 4, 100_000);
    assert_eq!(offered(&mut note, vec![early]), (0, 1, 0));
}

#[test]
fn no_block_is_made_that_nobody_takes() {
    let mut note = note();
    note.add_calls(vec![transfer(&note, 0, 100_000)]);
    let (min, found) = (note.draft.time_ms, note.draft.time_ms - 1);
    note.draft.time_ms = found;
    let candidates = Candidates { settled: vec![1], ..Candidates::default() };
    let refused = build(
        &note.chain,
        &note.last,
        &note.draft,
        candidates,
        &note.state,
        &mut InMemory,
        &note.codes,
    );
    assert_eq!(refused.unwrap_err(), BadBlock::Time { min, found }.into());
}

#[test]
fn a_witness_has_nothing_of_what_is_not_in_the_block() {
    let mut note = note();
    let pay = |to| Mini::transferCall { to: owner(to), amount: 1_000_000 }.abi_encode();
    let many = (0..60).map(|nonce| note.sign(0, note.transaction(nonce, pay(nonce as u8 + 1))));
    note.add_calls(many.collect());
    let good = note.call(0, pay(1));
    let alone = Candidates { transactions: vec![good.clone()], ..Candidates::default() };
    let alone = note.try_build(alone).block.unwrap().witness;
    let early = note.sign(7, note.transaction(3, pay(2)));
    let poor = note.call(99, pay(9));
    let transactions = vec![early, poor, good];
    let settled = vec![4];
    let building = note.try_build(Candidates { transactions, settled, ..Candidates::default() });
    assert_eq!((building.dropped.len(), building.waiting.transactions.len()), (2, 1));
    assert_eq!(building.block.unwrap().witness, alone);
}

#[test]
fn the_same_transaction_is_in_once() {
    let mut note = note();
    let signed = transfer(&note, 0, 100_000);
    assert_eq!(offered(&mut note, vec![signed.clone(), signed]), (1, 0, 1));
}

#[test]
fn gas_limits_fill_a_block() {
    let mut note = note();
    // Each may use 2,000,000 and uses a fraction of it: a limit must fit when its turn comes.
    let many: Vec<_> = (0..60).map(|nonce| transfer(&note, nonce, 2_000_000)).collect();
    let building = note.add(Candidates { transactions: many, ..Candidates::default() });
    let used = building.block.unwrap().executed.outcome.gas_used;
    assert!(used <= BLOCK_GAS_MAX);
    assert!(building.waiting.transactions.is_empty());

    let spins: Vec<_> = (60..80)
        .map(|nonce| {
            let mut transaction = note.transaction(nonce, Mini::spinCall {}.abi_encode());
            transaction.gas_limit = 2_000_000;
            note.sign(0, transaction)
        })
        .collect();
    let building = note.add(Candidates { transactions: spins, ..Candidates::default() });
    let block = building.block.unwrap();
    assert_eq!(block.body.transactions.len(), 15);
    assert_eq!(building.waiting.transactions.len(), 5);
    // They can all be in the next.
    assert_eq!(offered(&mut note, building.waiting.transactions), (5, 0, 0));
}

#[test]
fn bytes_fill_a_block() {
    let mut note = note();
    let long = |nonce| {
        let mut data = Mini::transferCall { to: owner(1), amount: 5 }.abi_encode();
        data.resize(60_000, 0);
        note.sign(0, note.transaction(nonce, data))
    };
    let many: Vec<_> = (0..20).map(long).collect();
    let building = note.add(Candidates { transactions: many, ..Candidates::default() });
    let body = building.block.unwrap().body;
    assert_eq!(body.transactions.len(), 17);
    assert!(body.length() <= BODY_BYTES_MAX);
    assert_eq!(building.waiting.transactions.len(), 3);
}

#[test]
fn numbers_fill_a_block() {
    let mut note = note();
    let many = TRANSACTIONS_MAX as u64 + 1;
    let many: Vec<_> = (0..many).map(|nonce| transfer(&note, nonce, 60_000)).collect();
    let (block, waiting, dropped) = offered(&mut note, many);
    assert_eq!((block + waiting, dropped), (TRANSACTIONS_MAX + 1, 0));
    assert!(block <= TRANSACTIONS_MAX);
}

#[test]
fn what_the_contract_does_not_settle_is_dropped() {
    let mut note = note();
    let withdraw = Mini::withdrawCall { withdrawal: 3, amount: 9 }.abi_encode();
    note.add_calls(vec![note.call(0, withdraw)]);
    let collected =
        vec![Collection { period: 1, fees: 1, gas: 0 }, Collection { period: 1, fees: 0, gas: 0 }];
    let settled = vec![2, 3, 3];
    let building = note.add(Candidates { settled, collected, ..Candidates::default() });
    let body = building.block.unwrap().body;
    assert_eq!(body.settled, [3]);
    assert_eq!(body.collected, [Collection { period: 1, fees: 0, gas: 0 }]);
    assert!(matches!(
        building.dropped[..],
        [Dropped::Settled(2, _), Dropped::Settled(3, _), Dropped::Collected(..)]
    ));
}

#[test]
fn more_withdrawals_wait() {
    let mut note = note();
    for id in 0..=SETTLED_MAX as u64 {
        let withdraw = Mini::withdrawCall { withdrawal: id, amount: 1 }.abi_encode();
        note.add_calls(vec![note.call(0, withdraw)]);
    }
    let settled = (0..=SETTLED_MAX as u64).collect();
    let building = note.add(Candidates { settled, ..Candidates::default() });
    assert_eq!(building.block.unwrap().body.settled.len(), SETTLED_MAX);
    assert_eq!(building.waiting.settled, [SETTLED_MAX as u64]);
}

proptest! {
    #![proptest_config(support::cases(24))]

    /// Any call of a contract that moves money, and any bytes as a body.
    #[test]
    fn no_call_panics(
        calls in prop::collection::vec((0_u8..3, any::<bool>(), prop::collection::vec(any::<u8>(), 0..120)), 1..6),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut note = note();
        let selectors = [
            Mini::transferCall::SELECTOR,
            Mini::withdrawCall::SELECTOR,
            Mini::initializeCall::SELECTOR,
            Mini::settleCall::SELECTOR,
        ];
        let transactions = calls.into_iter().enumerate().map(|(index, (sender, known, mut data))| {
            if known {
                data.splice(..0, selectors[index % selectors.len()]);
            }
            note.call(sender, data)
        });
        let transactions = transactions.collect();
        note.add(Candidates { transactions, ..Candidates::default() });
        note.verify();
        let _ = alloy_rlp::decode_exact::<Body>(&bytes);
    }

    /// Whatever order they come in: all are in, each sender's by its nonces.
    #[test]
    fn any_order_will_do(order in Just((0_u64..8).collect::<Vec<_>>()).prop_shuffle()) {
        let mut note = note();
        let pay = |to| Mini::transferCall { to: owner(to), amount: 1_000_000 }.abi_encode();
        note.add_calls(vec![note.call(0, pay(1))]);
        let many: Vec<_> = order
            .iter()
            .map(|number| {
                let (sender, nonce) = (u8::try_from(number % 2).unwrap(), number / 2);
                let first = note.nonce(owner(sender));
                note.sign(sender, note.transaction(first + nonce, pay(2)))
            })
            .collect();
        let building = note.add(Candidates { transactions: many, ..Candidates::default() });
        prop_assert_eq!(building.waiting.transactions, []);
        for dropped in &building.dropped {
            // The second has no more than its first transfers cost.
            let cannot = matches!(dropped, Dropped::Transaction(_, BadTransaction::Gas { .. }));
            prop_assert!(cannot, "{dropped:?}");
        }
        note.verify();
    }
}

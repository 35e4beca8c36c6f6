//! Transactions and blocks that cannot be: what is told of them, to who makes blocks and to who checks them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use alloy::primitives::{B256, Bytes, FixedBytes};
use alloy::sol_types::SolCall as _;
use conet_ledger::block::{Body, Collection, Proposal, SignedTransaction, Transaction};
use conet_ledger::build::{Candidates, Dropped};
use conet_ledger::error::{BadBlock, BadTransaction, ExecuteError, StateError, SystemCall};
use conet_ledger::execute::{Block, execute, may_come};
use conet_ledger::genesis::ChainClass;
use conet_ledger::limits::{DATA_BYTES_MAX, SETTLED_MAX};
use conet_ledger::trie::InMemory;

use support::mini::{self, Mini};
use support::series::{START_MS, Series, genesis, owner};

const DEPOSIT: u64 = 1_000_000_000;

fn note() -> Series {
    let code = mini::code();
    Series::new(genesis(&code, mini::definitions(owner(0), DEPOSIT)), code)
}

fn transfer(amount: u64) -> Vec<u8> {
    Mini::transferCall { to: owner(1), amount }.abi_encode()
}

/// A block with this body, on the last one.
fn proposal(series: &Series, body: &Body) -> Proposal {
    let genesis = series.chain.genesis();
    Proposal {
        chain: genesis.chain,
        series: genesis.series,
        height: series.last.proposal.height + 1,
        view: 0,
        epoch: series.draft.epoch,
        parent: series.last.hash(),
        time_ms: series.draft.time_ms,
        paid_through_s: series.draft.paid_through_s,
        gas_price: series.draft.gas_price,
        members_hash: B256::ZERO,
        body_hash: body.hash(),
    }
}

fn why(series: &Series, proposal: &Proposal, body: &Body) -> BadBlock {
    let block = Block { chain: &series.chain, parent: &series.last, proposal, body };
    match execute(block, &series.state, &mut InMemory, &series.codes) {
        Err(ExecuteError::Block(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// Both a creator and those who check its block find this.
fn refused(series: &Series, signed: SignedTransaction, expected: &BadTransaction) {
    let transactions = vec![signed.clone()];
    let building = series
        .try_build(Candidates { transactions: transactions.clone(), ..Candidates::default() });
    assert_eq!(building.dropped, [Dropped::Transaction(signed, expected.clone())]);
    assert!(building.block.is_none());
    let body = Body { transactions, ..Body::default() };
    let found = why(series, &proposal(series, &body), &body);
    assert_eq!(found, BadBlock::Transaction { index: 0, reason: expected.clone() });
}

fn changed(series: &Series, change: impl FnOnce(&mut Transaction)) -> SignedTransaction {
    let mut transaction = series.transaction(0, transfer(5));
    change(&mut transaction);
    series.sign(0, transaction)
}

#[test]
fn bad_transactions() {
    let note = note();
    let (expected, found) = (note.chain.genesis().chain, B256::repeat_byte(9));
    let signed = changed(&note, |transaction| transaction.chain = found);
    refused(&note, signed, &BadTransaction::Chain { expected, found });

    let signed = changed(&note, |transaction| transaction.gas_limit = 2_000_001);
    let (max, found) = (2_000_000, 2_000_001);
    refused(&note, signed, &BadTransaction::GasLimit { max, found });

    let signed = changed(&note, |transaction| transaction.gas_limit = 21_100);
    let min = 21_000
        + note
            .call(0, transfer(5))
            .transaction
            .data
            .iter()
            .fold(0, |gas, byte| gas + if *byte == 0 { 4 } else { 16 });
    refused(&note, signed, &BadTransaction::IntrinsicGas { min, found: 21_100 });

    let (now_s, valid_until_s) = (START_MS / 1000, START_MS / 1000 - 1);
    let signed = changed(&note, |transaction| transaction.valid_until_s = valid_until_s);
    refused(&note, signed, &BadTransaction::Expired { now_s, valid_until_s });

    let (max, found) = (DATA_BYTES_MAX, DATA_BYTES_MAX + 1);
    let signed = changed(&note, |transaction| transaction.data = vec![0; found].into());
    refused(&note, signed, &BadTransaction::Data { max, found });

    let mut signed = changed(&note, |_| ());
    signed.signature = Bytes::from_static(&[1; 63]);
    refused(&note, signed, &BadTransaction::Signature);
}

#[test]
fn the_last_second_counts() {
    let mut note = note();
    // `add` puts the block 999 milliseconds later.
    let later_ms = note.draft.time_ms + 999;
    let now_s = later_ms / 1000;
    let signed = changed(&note, |transaction| transaction.valid_until_s = now_s);
    note.add_calls(vec![signed]);
}

#[test]
fn a_nonce_counts_once() {
    let mut note = note();
    let first = note.call(0, transfer(5));
    note.add_calls(vec![first.clone()]);
    let sender = owner(0);
    let reason = BadTransaction::Nonce { sender, expected: 1, found: 0 };
    refused(&note, first.clone(), &reason);
    let later = may_come(&note.chain, &note.last, &first, &note.state, &mut InMemory);
    assert_eq!(later, Err(reason.into()));

    let early = note.sign(0, note.transaction(2, transfer(5)));
    let later = may_come(&note.chain, &note.last, &early, &note.state, &mut InMemory);
    assert_eq!(later, Ok(sender));
    let body = Body { transactions: vec![early], ..Body::default() };
    let reason = BadTransaction::Nonce { sender, expected: 1, found: 2 };
    let found = why(&note, &proposal(&note, &body), &body);
    assert_eq!(found, BadBlock::Transaction { index: 0, reason });
}

#[test]
fn who_cannot_pay_for_gas_sends_nothing() {
    let note = note();
    // It has never been on the chain; its call would fail, and it has nothing to pay for that either.
    let signed = note.call(3, transfer(5));
    let before = note.state.root();
    let sender = owner(3);
    let building =
        note.try_build(Candidates { transactions: vec![signed], ..Candidates::default() });
    let [Dropped::Transaction(_, reason)] = &building.dropped[..] else { panic!("{building:?}") };
    assert!(matches!(reason, BadTransaction::Gas { sender: who, price: 1, .. } if *who == sender));
    assert!(building.block.is_none());
    assert_eq!(note.state.root(), before);
}

#[test]
fn what_cannot_be_paid_leaves_nothing_in_the_block_that_goes_on_without_it() {
    let mut note = note();
    let poor = note.call(3, transfer(5));
    let rich = note.call(0, transfer(5));
    let building =
        note.add(Candidates { transactions: vec![poor, rich.clone()], ..Candidates::default() });
    let block = building.block.unwrap();
    assert_eq!(block.body.transactions, [rich]);
    assert_eq!(note.nonce(owner(3)), 0);
    assert_eq!(block.executed.receipts.len(), 1);
}

#[test]
fn a_call_that_fails_is_in_the_block_and_paid() {
    let mut note = note();
    let calls = [Mini::spinCall {}.abi_encode(), Mini::createCall {}.abi_encode(), vec![1, 2, 3]];
    for data in calls {
        let before: u64 = mini::stored(&note.state, mini::balance(owner(0))).to();
        let built = note.add_calls(vec![note.call(0, data)]);
        let receipt = &built.executed.receipts[0];
        assert!(!receipt.success);
        assert!(receipt.logs.is_empty());
        assert!(receipt.gas_used > 21_000);
        let after: u64 = mini::stored(&note.state, mini::balance(owner(0))).to();
        assert_eq!(after, before - receipt.gas_used);
    }
    note.verify();
}

#[test]
fn no_contract_makes_another() {
    let mut note = note();
    let built = note.add_calls(vec![note.call(0, Mini::createCall {}.abi_encode())]);
    let receipt = &built.executed.receipts[0];
    // An opcode that is not there takes all gas.
    assert_eq!((receipt.success, receipt.gas_used), (false, 500_000));
}

#[test]
fn fees_have_an_end() {
    let note = note();
    refused(&note, note.call(0, Mini::overflowCall {}.abi_encode()), &BadTransaction::Fees);
}

#[test]
fn an_unpaid_chain_takes_what_its_genesis_says() {
    let code = mini::code();
    let mut genesis = genesis(&code, mini::definitions(owner(0), DEPOSIT));
    genesis.unpaid_selectors = vec![Mini::withdrawCall::SELECTOR.into()];
    let mut note = Series::new(genesis, code);
    let paid_through_s = note.draft.time_ms / 1000;
    note.draft.paid_through_s = paid_through_s;
    note.draft.time_ms += 1000;
    let found = FixedBytes::from(Mini::transferCall::SELECTOR);
    refused(&note, note.call(0, transfer(5)), &BadTransaction::Unpaid { paid_through_s, found });
    let found = FixedBytes::ZERO;
    refused(&note, note.call(0, vec![1]), &BadTransaction::Unpaid { paid_through_s, found });
    let withdraw = Mini::withdrawCall { withdrawal: 0, amount: 7 }.abi_encode();
    note.add_calls(vec![note.call(0, withdraw)]);
    // Settling is not a transaction.
    note.add(Candidates { settled: vec![0], ..Candidates::default() }).block.unwrap();
    note.draft.paid_through_s += 3;
    note.add_calls(vec![note.call(0, transfer(5))]);
    note.verify();
}

#[test]
fn bad_proposals() {
    let mut note = note();
    note.draft.epoch = 2;
    note.add_calls(vec![note.call(0, transfer(5))]);
    let body = Body { transactions: vec![note.call(0, transfer(6))], ..Body::default() };
    let good = proposal(&note, &body);
    let refused = |change: &dyn Fn(&mut Proposal), expected: BadBlock| {
        let mut bad = good.clone();
        change(&mut bad);
        assert_eq!(why(&note, &bad, &body), expected);
    };
    let other = B256::repeat_byte(9);
    let found = other;
    refused(&|bad| bad.chain = other, BadBlock::Chain { expected: good.chain, found });
    refused(&|bad| bad.series = 2, BadBlock::Series { expected: 1, found: 2 });
    refused(&|bad| bad.height = 3, BadBlock::Height { expected: 2, found: 3 });
    refused(&|bad| bad.parent = other, BadBlock::Parent { expected: note.last.hash(), found });
    let min = note.last.proposal.time_ms;
    refused(&|bad| bad.time_ms = min - 1, BadBlock::Time { min, found: min - 1 });
    refused(&|bad| bad.epoch = 1, BadBlock::Epoch { min: 2, found: 1 });
    let expected = BadBlock::Body { expected: other, found: body.hash() };
    refused(&|bad| bad.body_hash = other, expected);
}

#[test]
fn bad_bodies() {
    let mut note = note();
    note.add_calls(vec![note.call(0, transfer(5))]);
    let refused = |body: Body, expected: BadBlock| {
        assert_eq!(why(&note, &proposal(&note, &body), &body), expected);
    };
    refused(Body::default(), BadBlock::Empty);
    let body = Body { settled: vec![0; SETTLED_MAX + 1], ..Body::default() };
    let (of, max, found) = ("settled withdrawals", SETTLED_MAX, SETTLED_MAX + 1);
    refused(body, BadBlock::TooMany { of, max, found });
    let body = Body { settled: vec![7], ..Body::default() };
    let (call, output) = (SystemCall::Settle(7), Bytes::new());
    refused(body, BadBlock::System { call, output: output.clone() });
    let collected = vec![Collection { period: 3, fees: 1_000_000, gas: 0 }];
    let body = Body { collected, ..Body::default() };
    refused(body, BadBlock::System { call: SystemCall::Collect(3), output });
}

#[test]
fn a_chain_without_money_charges_none() {
    let code = mini::code();
    let mut genesis = genesis(&code, mini::definitions(owner(0), DEPOSIT));
    genesis.class = ChainClass::Storage;
    let mut chain = Series::new(genesis, code);
    chain.add_calls(vec![chain.call(0, transfer(5))]);
    // Nor is the contract told of its genesis.
    assert!(mini::stored(&chain.state, mini::GENESIS_HASH).is_zero());
    assert!(mini::stored(&chain.state, mini::GAS).is_zero());
    chain.verify();
    // What fails would be in the way for nothing.
    let output = Bytes::new();
    refused(&chain, chain.call(3, vec![1]), &BadTransaction::Failed { output });

    let body = Body { transactions: vec![chain.call(0, transfer(5))], ..Body::default() };
    let mut priced = proposal(&chain, &body);
    priced.gas_price = 1;
    assert_eq!(why(&chain, &priced, &body), BadBlock::Money);
    let body = Body { settled: vec![1], ..Body::default() };
    assert_eq!(why(&chain, &proposal(&chain, &body), &body), BadBlock::Money);
}

#[test]
fn another_state_is_our_fault() {
    let mut note = note();
    let before = note.state.clone();
    note.add_calls(vec![note.call(0, transfer(5))]);
    let body = Body { transactions: vec![note.call(0, transfer(5))], ..Body::default() };
    let proposal = proposal(&note, &body);
    let block = Block { chain: &note.chain, parent: &note.last, proposal: &proposal, body: &body };
    let found = execute(block, &before, &mut InMemory, &note.codes).unwrap_err();
    let (expected, root) = (note.state.root(), before.root());
    assert_eq!(found, ExecuteError::State(StateError::Root { expected, found: root }));
}

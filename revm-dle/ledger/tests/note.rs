//! Notes: random lives of the contract that holds money, the same for who has the state and who has but a witness.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use alloy::primitives::{Address, B256, keccak256};
use alloy::sol_types::SolCall as _;
use conet_bindings::NoteChain;
use conet_ledger::block::Collection;
use conet_ledger::build::Candidates;
use conet_ledger::execute::{CodeBook, found_chain};
use conet_ledger::snapshot::Snapshot;
use conet_ledger::verify::verify;
use proptest::prelude::*;

use support::note::{self, note, view};
use support::series::{START_MS, Series, owner};

/// A hundred dollars, in micro-dollars.
const DEPOSIT: u64 = 100_000_000;

fn transfer(to: u8, amount: u64) -> Vec<u8> {
    NoteChain::transferCall { to: owner(to), amount }.abi_encode()
}

fn balance(note: &Series, number: u8) -> u64 {
    view(note, NoteChain::balanceOfCall { account: owner(number) })
}

fn adds_up(note: &Series) {
    let totals = view(note, NoteChain::totalsCall {});
    let sum = totals.accounts + totals.locks + totals.withdrawals + totals.fees + totals.gas;
    assert_eq!(sum, totals.owed);
}

/// Four owners with something each.
fn shared() -> Series {
    let mut note = note(owner(0), DEPOSIT);
    let calls = (1..4).map(|to| {
        let nonce = u64::from(to) - 1;
        note.sign(0, note.transaction(nonce, transfer(to, 10_000_000)))
    });
    note.add_calls(calls.collect());
    note
}

#[test]
fn a_transfer_costs_its_fee_and_its_gas() {
    let mut note = shared();
    let before = balance(&note, 0);
    let built = note.add_calls(vec![note.call(0, transfer(1, 2_000_000))]);
    let outcome = &built.executed.outcome;
    assert_eq!(outcome.fees, 2_000_000 * 1_000_000 / 2_000);
    assert_eq!(balance(&note, 0), before - 2_001_000_000_000 - outcome.gas_used);
    assert_eq!(balance(&note, 1), 12_000_000_000_000);
    adds_up(&note);
    note.verify();
}

#[test]
fn what_travels_and_what_rests_is_small() {
    let mut note = shared();
    for (from, to) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
        note.add_calls(vec![note.call(from, transfer(to, 1_000_000))]);
    }
    let longest = note.witness_bytes.iter().max().unwrap();
    assert!(*longest <= 4096, "{longest} bytes of witness");
    let note = shared();
    let bytes = Snapshot { header: note.last, state: note.state }.encode().unwrap().len();
    assert!(bytes <= 1024, "{bytes} bytes at rest");
}

#[test]
fn a_voucher_is_claimed_in_the_series_that_it_names() {
    let mut note = shared();
    let authorization = keccak256("an authorization");
    let until = START_MS / 1000 + 100;
    let authorize = NoteChain::authorizeCall {
        payee: owner(9),
        authorization,
        limit: 5_000_000,
        acceptUntil: until,
        claimUntil: until,
    };
    note.add_calls(vec![note.call(1, authorize.abi_encode())]);
    let claim = note::claim(&note, 1, authorization, 3_000_000);
    let built = note.add_calls(vec![note.call(2, claim.clone())]);
    assert!(built.executed.receipts[0].success);
    assert_eq!(built.executed.outcome.fees, 1_500_000_000);
    assert_eq!(balance(&note, 9), 3_000_000_000_000);
    // Signed by another.
    let claim = note::claim(&note, 2, authorization, 4_000_000);
    let built = note.add_calls(vec![note.call(2, claim)]);
    assert!(!built.executed.receipts[0].success);
    adds_up(&note);
    note.verify();
}

#[test]
fn a_series_carries_on_what_the_one_before_left() {
    let mut first = shared();
    let withdraw = NoteChain::withdrawCall {
        recipient: owner(1),
        amount: 2_000_000,
        relayer: Address::ZERO,
        relayerFee: 0,
    };
    first.add_calls(vec![first.call(1, withdraw.abi_encode())]);
    let carried = note::carried(&first);
    let owed = view(&first, NoteChain::totalsCall {}).owed;

    let mut genesis = first.chain.genesis().clone();
    genesis.series = 2;
    genesis.parent = first.last.hash();
    genesis.height = first.last.proposal.height + 1;
    genesis.time_ms = first.last.proposal.time_ms;
    genesis.definitions = note::definitions(owner(7), 50_000_000, 2, carried);
    verify(&first.export()).unwrap().next_series(&genesis).unwrap();
    let codes = CodeBook::from_iter([note::code()]);
    assert!(found_chain(genesis.clone(), &codes).is_ok());
    let mut second = Series::new(genesis, note::code());
    assert_eq!(view(&second, NoteChain::totalsCall {}).owed, owed + 50_000_000_000_000);
    assert_eq!(balance(&second, 1), balance(&first, 1));
    // Nonces begin anew, and no signature of before counts.
    second.add_calls(vec![second.call(1, transfer(7, 1_000_000))]);
    second.add(Candidates { settled: vec![0], ..Candidates::default() }).block.unwrap();
    adds_up(&second);
    second.verify();
}

#[derive(Debug, Clone)]
enum Step {
    Transfer(u8, u8, u64),
    TransferAll(u8, u8),
    Authorize(u8, u8, u8, u64),
    Claim(u8, u8, u8, u64),
    Release(u8, u8),
    Withdraw(u8, u64),
    WithdrawAll(u8),
    Settle(u64),
    Collect(u64, u64, u64),
    /// Seconds.
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0_u8..6;
    let micro = || prop_oneof![1_u64..200_000, 0..DEPOSIT / 3];
    prop_oneof![
        6 => (who(), who(), micro()).prop_map(|(from, to, amount)| Step::Transfer(from, to, amount)),
        1 => (who(), who()).prop_map(|(from, to)| Step::TransferAll(from, to)),
        3 => (who(), who(), 0_u8..4, micro()).prop_map(|(payer, payee, number, limit)| Step::Authorize(payer, payee, number, limit)),
        4 => (who(), who(), 0_u8..4, micro()).prop_map(|(sender, payer, number, total)| Step::Claim(sender, payer, number, total)),
        2 => (who(), 0_u8..4).prop_map(|(sender, number)| Step::Release(sender, number)),
        2 => (who(), micro()).prop_map(|(from, amount)| Step::Withdraw(from, amount)),
        1 => who().prop_map(Step::WithdrawAll),
        2 => (0_u64..5).prop_map(Step::Settle),
        1 => (0_u64..4, 0_u64..9, 0_u64..9).prop_map(|(period, fees, gas)| Step::Collect(period, fees, gas)),
        1 => (0_u16..80).prop_map(Step::Wait),
    ]
}

fn authorization(number: u8) -> B256 {
    keccak256([number])
}

/// The call that a step is, and who sends it.
fn call(note: &Series, step: &Step) -> Option<(u8, Vec<u8>)> {
    let lock = |number| NoteChain::lockIdOfCall { authorization: authorization(number) };
    Some(match *step {
        Step::Transfer(from, to, amount) => (from, transfer(to, amount)),
        Step::TransferAll(from, to) => {
            (from, NoteChain::transferAllCall { to: owner(to), reserve: 400_000 }.abi_encode())
        }
        Step::Authorize(payer, payee, number, limit) => {
            let now = note.draft.time_ms / 1000;
            let call = NoteChain::authorizeCall {
                payee: owner(payee),
                authorization: authorization(number),
                limit,
                acceptUntil: now + 20,
                claimUntil: now + 40,
            };
            (payer, call.abi_encode())
        }
        Step::Claim(sender, payer, number, total) => {
            (sender, note::claim(note, payer, authorization(number), total))
        }
        Step::Release(sender, number) => {
            (sender, NoteChain::releaseCall { lockId: view(note, lock(number)) }.abi_encode())
        }
        Step::Withdraw(from, amount) => {
            let (recipient, relayer) = (owner(from), Address::ZERO);
            let call = NoteChain::withdrawCall { recipient, amount, relayer, relayerFee: 0 };
            (from, call.abi_encode())
        }
        Step::WithdrawAll(from) => {
            let (recipient, relayer) = (owner(from), Address::ZERO);
            let reserve = 400_000;
            let call = NoteChain::withdrawAllCall { recipient, relayer, relayerFee: 0, reserve };
            (from, call.abi_encode())
        }
        Step::Settle(_) | Step::Collect(..) | Step::Wait(_) => return None,
    })
}

fn candidates(note: &mut Series, steps: &[Step]) -> Candidates {
    let mut candidates = Candidates::default();
    let mut nonces = std::collections::HashMap::new();
    for step in steps {
        match *step {
            Step::Settle(withdrawal) => candidates.settled.push(withdrawal),
            Step::Collect(period, fees, gas) => {
                candidates.collected.push(Collection { period, fees, gas });
            }
            Step::Wait(seconds) => note.draft.time_ms += u64::from(seconds) * 1000,
            _ => {}
        }
        if let Some((sender, data)) = call(note, step) {
            let nonce = nonces.entry(sender).or_insert_with(|| note.nonce(owner(sender)));
            let signed = note.sign(sender, note.transaction(*nonce, data));
            *nonce += 1;
            candidates.transactions.push(signed);
        }
    }
    candidates
}

proptest! {
    #![proptest_config(support::cases(24))]

    /// `Series::add` checks that executing with and without the state give the same.
    #[test]
    fn random_lives_are_the_same_for_all_and_keep_all_money(
        blocks in prop::collection::vec(prop::collection::vec(step(), 1..6), 1..16),
    ) {
        let mut note = shared();
        for steps in blocks {
            let candidates = candidates(&mut note, &steps);
            note.add(candidates);
            adds_up(&note);
        }
        note.verify();
        let totals = view(&note, NoteChain::totalsCall {});
        prop_assert!(totals.owed <= DEPOSIT * 1_000_000);
    }
}

//! Blocks of a chain with a contract written by hand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall as _;
use conet_ledger::block::Collection;
use conet_ledger::build::Candidates;
use proptest::prelude::*;

use support::mini::{self, Mini};
use support::series::{Series, genesis, owner};

/// A hundred dollars, in pico-dollars.
const DEPOSIT: u64 = 100_000_000_000_000;

fn note() -> Series {
    let code = mini::code();
    Series::new(genesis(&code, mini::definitions(owner(0), DEPOSIT)), code)
}

fn transfer(to: Address, amount: u64) -> Vec<u8> {
    Mini::transferCall { to, amount }.abi_encode()
}

fn balance(series: &Series, number: u8) -> u64 {
    mini::stored(&series.state, mini::balance(owner(number))).to()
}

#[test]
fn a_transfer_pays_its_gas_and_earns_its_fee() {
    let mut note = note();
    assert_eq!(balance(&note, 0), DEPOSIT);
    let built = note.add_calls(vec![note.call(0, transfer(owner(1), 2_000_000))]);
    let outcome = &built.executed.outcome;
    assert!(built.executed.receipts[0].success);
    assert_eq!(outcome.fees, 1_000);
    assert_eq!(balance(&note, 0), DEPOSIT - 2_001_000 - outcome.gas_used);
    assert_eq!(balance(&note, 1), 2_000_000);
    assert_eq!(mini::stored(&note.state, mini::GAS), U256::from(outcome.gas_used));
    assert_eq!(
        mini::stored(&note.state, mini::GENESIS_HASH),
        U256::from_be_bytes(note.chain.hash().0)
    );
    note.verify();
}

#[derive(Debug, Clone)]
enum Step {
    Transfer(u8, u8, u64),
    Withdraw(u8, u64, u64),
    Put(u8, u64, u64),
    Spin(u8),
    Settle(u64),
    Collect(u64, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0_u8..5;
    prop_oneof![
        6 => (who.clone(), who.clone(), 0..DEPOSIT).prop_map(|(from, to, amount)| Step::Transfer(from, to, amount)),
        2 => (who.clone(), 0_u64..4, 0..DEPOSIT).prop_map(|(from, id, amount)| Step::Withdraw(from, id, amount)),
        2 => (who.clone(), 0_u64..9, 0_u64..2).prop_map(|(from, key, value)| Step::Put(from, key, value)),
        1 => who.prop_map(Step::Spin),
        2 => (0_u64..4).prop_map(Step::Settle),
        1 => (0_u64..100, 0_u64..100).prop_map(|(fees, gas)| Step::Collect(fees, gas)),
    ]
}

/// All steps as what waits for one block; who sends several gets one nonce after the other.
fn candidates(series: &Series, steps: &[Step]) -> Candidates {
    let mut candidates = Candidates::default();
    let mut nonces = std::collections::HashMap::new();
    for step in steps {
        let (from, data) = match *step {
            Step::Transfer(from, to, amount) => (from, transfer(owner(to), amount)),
            Step::Withdraw(from, withdrawal, amount) => {
                (from, Mini::withdrawCall { withdrawal, amount }.abi_encode())
            }
            Step::Put(from, key, value) => (from, Mini::putCall { key, value }.abi_encode()),
            Step::Spin(from) => (from, Mini::spinCall {}.abi_encode()),
            Step::Settle(withdrawal) => {
                candidates.settled.push(withdrawal);
                continue;
            }
            Step::Collect(fees, gas) => {
                candidates.collected.push(Collection { period: 1, fees, gas });
                continue;
            }
        };
        let nonce = nonces.entry(from).or_insert_with(|| series.nonce(owner(from)));
        let signed = series.sign(from, series.transaction(*nonce, data));
        *nonce += 1;
        candidates.transactions.push(signed);
    }
    candidates
}

fn all_money(series: &Series) -> U256 {
    let balances = (0..5).map(|number| mini::balance(owner(number)));
    let pending = (0..4).map(mini::withdrawal);
    let pots = [mini::FEES, mini::GAS, mini::LEFT];
    balances.chain(pending).chain(pots).map(|key| mini::stored(&series.state, key)).sum()
}

proptest! {
    #![proptest_config(support::cases(32))]

    /// `Series::add` checks that executing with and without the state give the same.
    #[test]
    fn random_blocks_are_the_same_for_all_and_keep_all_money(
        blocks in prop::collection::vec(prop::collection::vec(step(), 1..6), 1..10),
    ) {
        let mut note = note();
        for steps in blocks {
            note.add(candidates(&note, &steps));
            prop_assert_eq!(all_money(&note), U256::from(DEPOSIT));
        }
        note.verify();
    }
}

//! What blocks cost: `cargo run --release -p conet-ledger --example bench`. Medians, in microseconds; only what was
//! measured in one run can be compared.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a command line for developers"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use alloy::primitives::{B256, U256, keccak256};
use alloy::sol_types::SolCall as _;
use alloy_rlp::Encodable as _;
use alloy_trie::root::storage_root_unhashed;
use conet_bindings::NoteChain;
use conet_ledger::block::SignedTransaction;
use conet_ledger::build::{Built, Candidates};
use conet_ledger::execute::{execute, execute_stateless};
use conet_ledger::snapshot::Snapshot;
use conet_ledger::trie::InMemory;

use support::mini::{self, Mini};
use support::note;
use support::series::{Series, genesis, owner};

const ROUNDS: usize = 300;

fn main() {
    println!("{:<44} {:>10}", "what", "median");
    for owners in [4, 200] {
        println!("\na note of {owners} owners");
        let note = note_of(owners);
        let data = NoteChain::transferCall { to: owner(1), amount: 2_000_000 }.abi_encode();
        measure(&note, vec![note.call(0, data.clone())]);
        at_rest(&note);
        println!("\na note of {owners} owners, 20 transfers in a block");
        let first = note.nonce(owner(0));
        let many = first..first + 20;
        measure(
            &note,
            many.map(|nonce| note.sign(0, note.transaction(nonce, data.clone()))).collect(),
        );
    }
    for words in [10, 100, 1_000, 10_000] {
        println!("\na transfer in a contract by hand that stores {words} words");
        let note = note_with(words);
        let floor = median("(hash all of them)", || root_of(words));
        let full = measure(&note, vec![transfer(&note, note.nonce(owner(0)), 1)]);
        println!("{:<44} {:>10.2}", "ratio, execution to hashing all", full / floor);
    }
}

fn note_of(owners: u8) -> Series {
    let mut note = note::note(owner(0), 100_000_000);
    for to in 1..owners {
        let data = NoteChain::transferCall { to: owner(to), amount: 200_000 }.abi_encode();
        note.add_calls(vec![note.call(0, data)]);
    }
    note
}

/// A chain whose contract stores about so many words.
fn note_with(words: u64) -> Series {
    let code = mini::code();
    let definitions = mini::definitions(owner(0), 1_000_000_000_000);
    let mut note = Series::new(genesis(&code, definitions), code);
    note.add_calls((1..4).map(|to| transfer(&note, u64::from(to) - 1, to)).collect());
    let puts: Vec<_> = (3..words.saturating_sub(3)).collect();
    for keys in puts.chunks(200) {
        let call = |nonce: u64| {
            let data = Mini::putCall { key: nonce, value: 1_000_000 + nonce };
            note.sign(0, note.transaction(nonce, data.abi_encode()))
        };
        note.add_calls(keys.iter().copied().map(call).collect());
    }
    note
}

fn transfer(note: &Series, nonce: u64, to: u8) -> SignedTransaction {
    let data = Mini::transferCall { to: owner(to), amount: 2_000_000 };
    note.sign(0, note.transaction(nonce, data.abi_encode()))
}

/// A block of these. What executing it takes, less recovering the senders.
fn measure(note: &Series, transactions: Vec<SignedTransaction>) -> f64 {
    let count = transactions.len();
    let candidates = Candidates { transactions, ..Candidates::default() };
    let built: Built = note.try_build(candidates.clone()).block.unwrap();
    assert_eq!(built.body.transactions.len(), count);
    assert!(built.executed.receipts.iter().all(|receipt| receipt.success));
    let block = note.block(&built);

    let senders = median("recover senders", || block.senders().unwrap());
    let full = median("execute, with root", || {
        execute(block, &note.state, &mut InMemory, &note.codes).unwrap()
    });
    let stateless = median("execute on a witness", || {
        execute_stateless(block, &built.witness, &note.codes).unwrap()
    });
    median("build, with witness", || note.try_build(candidates.clone()));
    let (full, stateless) = (full - senders, stateless - senders);
    println!("{:<44} {full:>10.1}", "execute, less recovering");
    println!("{:<44} {stateless:>10.1}", "on a witness, less recovering");
    println!("{:<44} {:>10.1}", "for each transfer", full / count as f64);
    println!("{:<44} {:>10.2}", "ratio, on a witness to with the state", stateless / full);
    println!("{:<44} {:>10}", "gas", built.executed.outcome.gas_used);
    println!("{:<44} {:>10}", "bytes of witness", built.witness.length());
    println!("{:<44} {:>10}", "nodes of witness", built.witness.nodes().len());
    full
}

fn root_of(words: u64) -> B256 {
    let words = (0..words).map(|word| (keccak256(word.to_be_bytes()), U256::from(word + 1)));
    storage_root_unhashed(words)
}

fn at_rest(note: &Series) {
    let snapshot = Snapshot { header: note.last.clone(), state: note.state.clone() };
    let bytes = snapshot.encode().unwrap();
    println!("{:<44} {:>10}", "bytes at rest", bytes.len());
    median("wake it", || Snapshot::decode(&bytes).unwrap());
}

fn median<T>(what: &str, mut run: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(run());
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times[ROUNDS / 2];
    println!("{what:<44} {median:>10.1}");
    median
}

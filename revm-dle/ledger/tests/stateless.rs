//! Executing without the state: what a witness gives, and what it cannot be made to give.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use std::sync::LazyLock;

use alloy::primitives::{B256, Bytes, keccak256};
use alloy::sol_types::SolCall as _;
use alloy_rlp::Encodable as _;
use conet_ledger::block::SignedTransaction;
use conet_ledger::build::{Built, Candidates};
use conet_ledger::error::{ExecuteError, StateError};
use conet_ledger::execute::{Block, execute_stateless};
use conet_ledger::handout::Handout;
use conet_ledger::limits::WITNESS_NODES_MAX;
use conet_ledger::witness::Witness;
use proptest::prelude::*;

use support::mini::{self, Mini};
use support::series::{Series, genesis, owner};

/// A chain with some owners and a pending withdrawal, and a block on it that sets, changes and clears.
static BLOCK: LazyLock<(Series, Built)> = LazyLock::new(|| {
    let code = mini::code();
    let definitions = mini::definitions(owner(0), 1_000_000_000_000);
    let mut note = Series::new(genesis(&code, definitions), code);
    for to in 1..12 {
        let transfer = Mini::transferCall { to: owner(to), amount: 1_000_000_000 };
        note.add_calls(vec![note.call(0, transfer.abi_encode())]);
    }
    let withdraw = Mini::withdrawCall { withdrawal: 1, amount: 5 };
    note.add_calls(vec![note.call(1, withdraw.abi_encode())]);
    let keys = puts(&note, (0..20).map(|key| (key, 1)));
    note.add_calls(keys);
    let transactions = puts(&note, [(3, 0), (4, 0), (5, 6), (33, 1), (7, 0)]);
    let building =
        note.try_build(Candidates { transactions, settled: vec![1], ..Candidates::default() });
    assert!(building.dropped.is_empty());
    let built = building.block.unwrap();
    (note, built)
});

fn puts(note: &Series, keys: impl IntoIterator<Item = (u64, u64)>) -> Vec<SignedTransaction> {
    let put = |(nonce, (key, value))| {
        let data = Mini::putCall { key, value }.abi_encode();
        note.sign(0, note.transaction(nonce, data))
    };
    (note.nonce(owner(0))..).zip(keys).map(put).collect()
}

fn nodes(witness: &Witness) -> Vec<Bytes> {
    witness.nodes().to_vec()
}

fn witness_of(nodes: &Vec<Bytes>) -> Witness {
    alloy_rlp::decode_exact(alloy_rlp::encode(nodes)).unwrap()
}

#[test]
fn each_node_is_needed_and_no_other_helps() {
    let (note, built) = &*BLOCK;
    let block = note.block(built);
    let all = nodes(&built.witness);
    assert!(all.len() > 5);
    for gone in 0..all.len() {
        let mut some = all.clone();
        let node = some.remove(gone);
        let missing = ExecuteError::State(StateError::Missing(keccak256(&node)));
        let found = execute_stateless(block, &witness_of(&some), &note.codes);
        assert_eq!(found, Err(missing.clone()));

        let mut forged = node.to_vec();
        *forged.last_mut().unwrap() ^= 1;
        some.push(forged.into());
        let found = execute_stateless(block, &witness_of(&some), &note.codes);
        assert_eq!(found, Err(missing));
    }
    let mut more = all;
    more.push(Bytes::from_static(b"something else"));
    more.reverse();
    let found = execute_stateless(block, &witness_of(&more), &note.codes);
    assert_eq!(found.as_ref(), Ok(&built.executed.outcome));
}

#[test]
fn code_that_is_not_on_the_list_is_not_run() {
    let (note, built) = &*BLOCK;
    let found = execute_stateless(note.block(built), &built.witness, &Default::default());
    let hash = note.chain.genesis().code_hash;
    assert_eq!(found, Err(ExecuteError::State(StateError::UnknownCode(hash))));
}

#[test]
fn a_handout_is_all_that_a_validator_needs() {
    let (note, built) = &*BLOCK;
    let handout = Handout::new(&note.chain, &note.last, built.witness.clone());
    let handout: Handout = alloy_rlp::decode_exact(alloy_rlp::encode(handout)).unwrap();
    let chain = handout.chain().unwrap();
    assert_eq!(chain.hash(), note.chain.hash());
    let found = handout.execute(&chain, &built.proposal, &built.body, &note.codes);
    assert_eq!(found.as_ref(), Ok(&built.executed.outcome));
}

#[test]
fn a_witness_of_a_transfer_is_short() {
    let code = mini::code();
    let definitions = mini::definitions(owner(0), 1_000_000_000_000);
    let mut note = Series::new(genesis(&code, definitions), code);
    let mut longest = 0;
    for to in 1..40 {
        let transfer = Mini::transferCall { to: owner(to), amount: 1_000_000 };
        let built = note.add_calls(vec![note.call(0, transfer.abi_encode())]);
        longest = longest.max(built.witness.length());
    }
    assert!(longest < 4096, "{longest} bytes");
}

#[test]
fn too_many_nodes_are_not_read() {
    let nodes = vec![Bytes::from_static(&[1]); WITNESS_NODES_MAX];
    assert!(alloy_rlp::decode_exact::<Witness>(alloy_rlp::encode(&nodes)).is_ok());
    let nodes = vec![Bytes::from_static(&[1]); WITNESS_NODES_MAX + 1];
    assert!(alloy_rlp::decode_exact::<Witness>(alloy_rlp::encode(&nodes)).is_err());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = alloy_rlp::decode_exact::<Witness>(&bytes);
        let _ = alloy_rlp::decode_exact::<Handout>(&bytes);
    }

    /// Whatever is done to a witness: the right outcome, or none.
    #[test]
    fn no_witness_gives_another_outcome(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let (note, built) = &*BLOCK;
        let mut all = nodes(&built.witness);
        for (node, at, byte) in changes {
            let node = node.index(all.len());
            let mut bytes = all[node].to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            all[node] = bytes.into();
        }
        match execute_stateless(note.block(built), &witness_of(&all), &note.codes) {
            Ok(outcome) => prop_assert_eq!(&outcome, &built.executed.outcome),
            Err(error) => {
                let missing = matches!(error, ExecuteError::State(StateError::Missing(_)));
                prop_assert!(missing, "{error}");
            }
        }
    }

    /// When even the parent's root is made up, anything may come of it, but no panic.
    #[test]
    fn no_state_panics(
        at: prop::sample::Index, byte: u8, node: prop::sample::Index, rehash: bool,
    ) {
        let (note, built) = &*BLOCK;
        let mut all = nodes(&built.witness);
        // The root is met first; those who are named by it are then not found, unless it is itself what is changed.
        let node = if rehash { 0 } else { node.index(all.len()) };
        let mut bytes = all[node].to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        all[node] = bytes.into();
        let mut parent = note.last.clone();
        parent.outcome.state_root = keccak256(&all[node]);
        let mut proposal = built.proposal.clone();
        proposal.parent = parent.hash();
        let block = Block { parent: &parent, proposal: &proposal, ..note.block(built) };
        let _ = execute_stateless(block, &witness_of(&all), &note.codes);
        parent.outcome.state_root = B256::repeat_byte(byte);
        proposal.parent = parent.hash();
        let block = Block { parent: &parent, proposal: &proposal, ..note.block(built) };
        prop_assert!(execute_stateless(block, &witness_of(&all), &note.codes).is_err());
    }
}

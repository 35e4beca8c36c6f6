//! How chains begin, and what a contract finds about the block that it runs in.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol_types::SolCall as _;
use conet_ledger::error::BadGenesis;
use conet_ledger::execute::{CHAIN_CONTRACT, CodeBook, found_chain};
use conet_ledger::genesis::{Chain, ChainClass, Genesis};
use conet_ledger::limits::{
    BLOCK_GAS_MAX, DEFINITIONS_BYTES_MAX, TRANSACTION_GAS_MAX, TRANSACTION_GAS_MIN,
};
use conet_ledger::trie::InMemory;
use proptest::prelude::*;

use support::mini::{self, Mini};
use support::series::{START_MS, Series, genesis, owner};

fn good() -> Genesis {
    genesis(&mini::code(), mini::definitions(owner(0), 5_000_000))
}

#[test]
fn a_chain_begins_with_what_its_genesis_defines() {
    let codes = CodeBook::from_iter([mini::code()]);
    let (chain, state) = found_chain(good(), &codes).unwrap();
    assert_eq!(mini::stored(&state, mini::balance(owner(0))), U256::from(5_000_000));
    let contract = state.account(CHAIN_CONTRACT, &mut InMemory).unwrap().unwrap();
    assert_eq!((contract.nonce, contract.code_hash), (1, keccak256(mini::code())));
    // The chain's own calls have no account.
    assert_eq!(state.account(conet_ledger::execute::SYSTEM, &mut InMemory), Ok(None));

    let header = chain.header();
    assert_eq!(header.outcome.state_root, state.root());
    assert_eq!(header.proposal.body_hash, keccak256(alloy_rlp::encode(good())));
    assert_eq!(chain.hash(), header.hash());
    assert_eq!(Chain::new(good(), state.root()), Ok(chain));
    let again: Genesis = alloy_rlp::decode_exact(alloy_rlp::encode(good())).unwrap();
    assert_eq!(again, good());
}

#[test]
fn bad_geneses() {
    let codes = CodeBook::from_iter([mini::code()]);
    let refused = |change: &dyn Fn(&mut Genesis), expected: BadGenesis| {
        let mut bad = good();
        change(&mut bad);
        assert_eq!(found_chain(bad, &codes).unwrap_err(), expected);
    };
    refused(&|bad| bad.wallet = Address::ZERO, BadGenesis::Wallet);
    let (min, max) = (TRANSACTION_GAS_MIN, TRANSACTION_GAS_MAX);
    for gas in [min - 1, max + 1] {
        refused(&|bad| bad.gas_limit_max = gas, BadGenesis::GasLimit { min, max, found: gas });
    }
    let (of, max, many) =
        ("bytes of definitions", DEFINITIONS_BYTES_MAX, DEFINITIONS_BYTES_MAX + 1);
    let expected = BadGenesis::TooMany { of, max, found: many };
    refused(&|bad| bad.definitions = vec![0; many].into(), expected);
    let unknown = B256::repeat_byte(3);
    refused(&|bad| bad.code_hash = unknown, BadGenesis::UnknownCode(unknown));
}

#[test]
fn series_follow_each_other() {
    let (zero, last) = (B256::ZERO, B256::repeat_byte(1));
    for (series, parent, height, class, good_one) in [
        (1, zero, 0, ChainClass::Asset, true),
        (1, zero, 0, ChainClass::Storage, true),
        (2, last, 9, ChainClass::Asset, true),
        (0, zero, 0, ChainClass::Asset, false),
        (1, last, 0, ChainClass::Asset, false),
        (1, zero, 9, ChainClass::Asset, false),
        (2, zero, 9, ChainClass::Asset, false),
        (2, last, 0, ChainClass::Asset, false),
        (2, last, 9, ChainClass::Storage, false),
    ] {
        let genesis = Genesis { series, parent, height, class, ..good() };
        let expected =
            if good_one { Ok(()) } else { Err(BadGenesis::Series { series, parent, height }) };
        assert_eq!(genesis.check(), expected);
    }
}

#[test]
fn a_contract_that_refuses_its_definitions_has_no_chain() {
    // revert with two bytes
    let code =
        support::assembler::assemble("PUSH2 0xbad0 PUSH0 MSTORE PUSH1 0x02 PUSH1 0x1e REVERT");
    let genesis = genesis(&code, Bytes::new());
    let refused = found_chain(genesis, &CodeBook::from_iter([code])).unwrap_err();
    assert_eq!(refused, BadGenesis::Initialize { output: Bytes::from_static(&[0xba, 0xd0]) });
}

#[test]
fn a_series_that_begins_high_goes_on_from_there() {
    let mut genesis = good();
    (genesis.series, genesis.parent, genesis.height) = (2, B256::repeat_byte(1), 41);
    let mut note = Series::new(genesis, mini::code());
    let transfer = Mini::transferCall { to: owner(1), amount: 7 }.abi_encode();
    let built = note.add_calls(vec![note.call(0, transfer.clone())]);
    assert_eq!((built.proposal.series, built.proposal.height), (2, 42));
    let hash = U256::from_be_bytes(note.chain.hash().0);
    assert_eq!(mini::stored(&note.state, mini::GENESIS_HASH), hash);
    note.verify();
    // A signature is for one series.
    let first = Series::new(good(), mini::code());
    let transaction = note.transaction(0, transfer);
    assert_ne!(first.chain.digest(&transaction), note.chain.digest(&transaction));
}

#[test]
fn a_contract_finds_its_block() {
    let mut note = Series::new(good(), mini::code());
    note.draft.time_ms += 5_000;
    note.add_calls(vec![note.call(0, Mini::environmentCall {}.abi_encode())]);
    let found = (16..)
        .zip(mini::ENVIRONMENT)
        .map(|(slot, word)| (word, mini::stored(&note.state, U256::from(slot))));
    let found: std::collections::HashMap<_, _> = found.collect();
    assert_eq!(found["NUMBER"], U256::from(1));
    assert_eq!(found["TIMESTAMP"], U256::from((START_MS + 5_999) / 1000));
    assert_eq!(found["CHAINID"], U256::from(224_400));
    assert_eq!(found["GASLIMIT"], U256::from(BLOCK_GAS_MAX));
    assert_eq!(found["BLOBBASEFEE"], U256::from(1));
    let zero = found.iter().filter(|(_, value)| value.is_zero()).count();
    assert_eq!(zero, 7, "{found:?}");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = alloy_rlp::decode_exact::<Genesis>(&bytes);
    }

    #[test]
    fn damaged_geneses_are_refused_or_are_others(at: prop::sample::Index, byte: u8) {
        let mut bytes = alloy_rlp::encode(good());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(genesis) = alloy_rlp::decode_exact::<Genesis>(&bytes) {
            prop_assert_eq!(alloy_rlp::encode(genesis), bytes);
        }
    }
}

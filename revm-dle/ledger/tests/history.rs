//! A chain that holds no money: the history of an asset.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use alloy::primitives::{U256, keccak256};
use alloy::sol_types::{SolCall as _, SolError as _, SolValue as _};
use conet_bindings::History;
use conet_ledger::build::{Candidates, Dropped};
use conet_ledger::error::BadTransaction;
use conet_ledger::genesis::{ChainClass, Visibility};

use support::note::view;
use support::series::{Series, genesis, owner};

fn history() -> Series {
    let code = History::DEPLOYED_BYTECODE.to_vec();
    let definitions = (owner(0), keccak256("an asset"), "A house".to_owned()).abi_encode();
    let mut genesis = genesis(&code, definitions.into());
    (genesis.class, genesis.visibility) = (ChainClass::Storage, Visibility::Public);
    Series::new(genesis, code)
}

fn record(what: &str) -> Vec<u8> {
    History::appendCall { hash: keccak256(what), text: what.to_owned() }.abi_encode()
}

#[test]
fn an_owner_writes_without_paying_and_nobody_else_does() {
    let mut history = history();
    history.add_calls(vec![history.call(0, record("built"))]);
    let built = history.add_calls(vec![history.call(0, record("sold"))]);
    assert!(built.executed.receipts[0].success);
    assert_eq!(built.executed.outcome.fees, 0);

    let strangers = history.call(5, record("stolen"));
    let candidates = Candidates { transactions: vec![strangers.clone()], ..Candidates::default() };
    let building = history.try_build(candidates);
    let output = History::NotAllowed { caller: owner(5) }.abi_encode().into();
    let reason = BadTransaction::Failed { output };
    assert_eq!(building.dropped, [Dropped::Transaction(strangers, reason)]);
    assert!(building.block.is_none());

    let records =
        view(&history, History::recordsCall { offset: U256::ZERO, limit: U256::from(10) });
    assert_eq!(records.len(), 2);
    assert_eq!((records[1].hash, records[1].author), (keccak256("sold"), owner(0)));
    history.verify();
}

//! States that a store holds, node by node.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod support;

use std::collections::HashMap;

use alloy::primitives::{B256, Bytes};
use alloy::sol_types::SolCall as _;
use conet_ledger::build::{Candidates, build};
use conet_ledger::error::{ExecuteError, StateError};
use conet_ledger::execute::execute;
use conet_ledger::state::{State, StateEncodingError};
use conet_ledger::trie::{InMemory, Nodes};

use support::mini::{self, Mini};
use support::series::{Series, genesis, owner};

#[derive(Default)]
struct Store {
    nodes: HashMap<B256, Bytes>,
    reads: usize,
    broken: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("disk on fire")]
struct OnFire;

impl Nodes for Store {
    type Error = OnFire;

    fn node(&mut self, hash: B256) -> Result<Option<Bytes>, OnFire> {
        self.reads += 1;
        if self.broken { Err(OnFire) } else { Ok(self.nodes.get(&hash).cloned()) }
    }
}

impl Store {
    /// How many nodes were new.
    fn keep(&mut self, state: &State) -> usize {
        let before = self.nodes.len();
        state.visit(&mut |hash, rlp| {
            let new = !self.nodes.contains_key(&hash);
            if new {
                self.nodes.insert(hash, rlp().into());
            }
            new
        });
        self.nodes.len() - before
    }
}

/// A chain that stores some hundred words, and a block on it.
fn chain() -> (Series, Candidates) {
    let code = mini::code();
    let definitions = mini::definitions(owner(0), 1_000_000_000_000);
    let mut chain = Series::new(genesis(&code, definitions), code);
    let put = |key| {
        let data = Mini::putCall { key, value: key + 1 }.abi_encode();
        chain.sign(0, chain.transaction(key, data))
    };
    chain.add_calls((0..300).map(put).collect());
    let transfer = Mini::transferCall { to: owner(1), amount: 5_000_000 }.abi_encode();
    let transactions = vec![chain.call(0, transfer)];
    (chain, Candidates { transactions, ..Candidates::default() })
}

#[test]
fn a_state_is_read_as_far_as_it_is_needed() {
    let (chain, candidates) = chain();
    let mut store = Store::default();
    assert!(store.keep(&chain.state) > 300);
    let expected = chain.try_build(candidates.clone()).block.unwrap();

    let state = State::at(chain.last.outcome.state_root);
    let building = build(
        &chain.chain,
        &chain.last,
        &chain.draft,
        candidates,
        &state,
        &mut store,
        &chain.codes,
    );
    let built = building.unwrap().block.unwrap();
    assert_eq!(built.header(), expected.header());
    assert_eq!(built.witness, expected.witness);
    assert_eq!(store.reads, built.witness.nodes().len());

    let after = &built.executed.state;
    let new = store.keep(after);
    assert!((1..20).contains(&new), "{new} new nodes");
    let again = State::at(after.root());
    let balance = mini::balance(owner(1));
    let contract = conet_ledger::execute::CHAIN_CONTRACT;
    assert_eq!(
        again.storage(contract, balance, &mut store),
        Ok(after.storage(contract, balance, &mut InMemory).unwrap())
    );
    // It knows hashes of keys, not keys.
    assert_eq!(after.encode(), Err(StateEncodingError::Incomplete));
}

#[test]
fn a_store_that_fails_is_not_the_blocks_fault() {
    let (chain, candidates) = chain();
    let built = chain.try_build(candidates).block.unwrap();
    let state = State::at(chain.last.outcome.state_root);
    let mut store = Store { broken: true, ..Store::default() };
    let found = execute(chain.block(&built), &state, &mut store, &chain.codes).unwrap_err();
    assert_eq!(found, ExecuteError::State(StateError::Store(OnFire)));
}

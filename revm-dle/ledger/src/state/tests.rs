//! Against `alloy-trie`'s state roots; encodings there and back.

use alloy_trie::root::{state_root_unhashed, storage_root_unhashed};
use proptest::prelude::*;

use super::*;
use crate::trie::InMemory;

type Accounts = BTreeMap<Address, (Account, BTreeMap<U256, U256>)>;

fn word() -> impl Strategy<Value = U256> {
    prop_oneof![(0_u64..12).prop_map(U256::from), any::<[u8; 32]>().prop_map(U256::from_be_bytes)]
}

fn accounts() -> impl Strategy<Value = Accounts> {
    let account = (any::<u64>(), word(), prop::option::of(any::<[u8; 32]>())).prop_map(
        |(nonce, balance, code)| Account {
            nonce,
            balance,
            code_hash: code.map_or(KECCAK256_EMPTY, B256::from),
        },
    );
    let storage = prop::collection::btree_map(word(), word(), 0..8);
    let address = (0_u8..6).prop_map(Address::repeat_byte);
    prop::collection::btree_map(address, (account, storage), 0..6)
}

fn state_of(accounts: &Accounts) -> State {
    let changes = accounts.iter().map(|(address, (account, storage))| {
        (*address, Change { account: Some(*account), wiped: true, storage: storage.clone() })
    });
    let mut state = State::default();
    state.apply(&changes.collect(), &mut InMemory).unwrap();
    state
}

fn expected_root(accounts: &Accounts) -> B256 {
    state_root_unhashed(accounts.iter().map(|(address, (account, storage))| {
        let slots = storage.iter().filter(|(_, value)| !value.is_zero());
        let storage_root =
            storage_root_unhashed(slots.map(|(key, value)| (B256::from(*key), *value)));
        let Account { nonce, balance, code_hash } = *account;
        (*address, TrieAccount { nonce, balance, storage_root, code_hash })
    }))
}

proptest! {
    #[test]
    fn roots_are_those_of_alloy_trie(before in accounts(), after in accounts()) {
        let mut state = state_of(&before);
        prop_assert_eq!(state.root(), expected_root(&before));
        let mut changes: Changes =
            before.keys().map(|address| (*address, Change::default())).collect();
        for (address, (account, storage)) in &after {
            let account = Some(*account);
            changes.insert(*address, Change { account, wiped: true, storage: storage.clone() });
        }
        state.apply(&changes, &mut InMemory).unwrap();
        prop_assert_eq!(state.root(), expected_root(&after));
        for (address, (account, storage)) in &after {
            prop_assert_eq!(state.account(*address, &mut InMemory).unwrap(), Some(*account));
            for (key, value) in storage {
                prop_assert_eq!(state.storage(*address, *key, &mut InMemory).unwrap(), *value);
            }
        }
    }

    #[test]
    fn encodings_come_back_and_there_is_one(accounts in accounts()) {
        let state = state_of(&accounts);
        let bytes = state.encode().unwrap();
        let again = State::decode(&bytes).unwrap();
        prop_assert_eq!(again.root(), state.root());
        prop_assert_eq!(again.encode().unwrap(), bytes);
    }

    #[test]
    fn damaged_encodings_are_refused_or_are_another_states(
        accounts in accounts(), at: prop::sample::Index, byte: u8,
    ) {
        let state = state_of(&accounts);
        let mut bytes = state.encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(other) = State::decode(&bytes) {
            prop_assert_eq!(other.encode().unwrap(), &bytes[..]);
        }
        let _ = State::decode(&bytes[..at]);
    }
}

#[test]
fn what_is_known_by_its_hash_has_no_encoding() {
    let state = State::at(B256::repeat_byte(1));
    assert_eq!(state.encode(), Err(StateEncodingError::Incomplete));
}

//! What a block read and changed so far, above the state that its parent left.

use std::collections::BTreeMap;
use std::collections::btree_map;

use alloy::primitives::{Address, B256, KECCAK256_EMPTY, U256};
use revm::Database;
use revm::state::{AccountInfo, Bytecode, EvmState};

use super::CodeBook;
use crate::error::StateError;
use crate::state::{Account, Change, Changes, Entry, State};
use crate::trie::Nodes;

pub(crate) struct Overlay<'a, N> {
    state: &'a State,
    nodes: &'a mut N,
    codes: &'a CodeBook,
    touched: BTreeMap<Address, Touched<'a>>,
}

/// An account that was met.
struct Touched<'a> {
    /// As the parent left it.
    entry: Option<&'a Entry>,
    account: Option<Account>,
    wiped: bool,
    /// What was met of its storage: as the parent left it, and now.
    storage: BTreeMap<U256, (U256, U256)>,
}

impl<'a, N: Nodes> Overlay<'a, N> {
    pub(super) fn new(state: &'a State, nodes: &'a mut N, codes: &'a CodeBook) -> Self {
        Self { state, nodes, codes, touched: BTreeMap::new() }
    }

    pub(super) fn account(
        &mut self,
        address: Address,
    ) -> Result<Option<Account>, StateError<N::Error>> {
        Ok(self.touched(address)?.0.account)
    }

    fn touched(
        &mut self,
        address: Address,
    ) -> Result<(&mut Touched<'a>, &mut N), StateError<N::Error>> {
        let touched = match self.touched.entry(address) {
            btree_map::Entry::Occupied(touched) => touched.into_mut(),
            btree_map::Entry::Vacant(vacant) => {
                let entry = self.state.entry(address, self.nodes)?;
                let account = entry.map(|entry| entry.account);
                vacant.insert(Touched { entry, account, wiped: false, storage: BTreeMap::new() })
            }
        };
        Ok((touched, self.nodes))
    }

    /// Takes on what calls did.
    pub(super) fn keep(&mut self, calls: EvmState) -> Result<(), StateError<N::Error>> {
        for (address, account) in calls {
            if !account.is_touched() {
                continue;
            }
            let (touched, _) = self.touched(address)?;
            let gone = account.is_selfdestructed() || account.is_empty();
            if gone || account.is_created() {
                touched.wiped = true;
                touched.storage.clear();
            }
            if gone {
                touched.account = None;
                continue;
            }
            let AccountInfo { nonce, balance, code_hash, .. } = account.info;
            touched.account = Some(Account { nonce, balance, code_hash });
            for (key, slot) in account.storage {
                touched.slot(key).1 = slot.present_value;
            }
        }
        Ok(())
    }

    /// All that is different now.
    pub(super) fn changes(self) -> Changes {
        let touched = self.touched.into_iter();
        touched.filter_map(|(address, touched)| Some((address, touched.change()?))).collect()
    }
}

impl Touched<'_> {
    /// A slot that is written. The machine read it before.
    fn slot(&mut self, key: U256) -> &mut (U256, U256) {
        self.storage.entry(key).or_default()
    }

    fn change(self) -> Option<Change> {
        let changed = self.storage.into_iter().filter(|(_, (before, now))| before != now);
        let storage: BTreeMap<_, _> = changed.map(|(key, (_, now))| (key, now)).collect();
        let account_before = self.entry.map(|entry| entry.account);
        if self.account == account_before && storage.is_empty() && !self.wiped {
            return None;
        }
        (self.account.is_some() || account_before.is_some()).then_some(Change {
            account: self.account,
            wiped: self.wiped,
            storage,
        })
    }
}

impl<N: Nodes> Database for Overlay<'_, N> {
    type Error = StateError<N::Error>;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        let account = self.account(address)?;
        Ok(account.map(|Account { nonce, balance, code_hash }| AccountInfo {
            nonce,
            balance,
            code_hash,
            // Asked for by its hash when it is called.
            code: None,
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Self::Error> {
        if hash == KECCAK256_EMPTY {
            return Ok(Bytecode::default());
        }
        self.codes.get(hash).cloned().ok_or(StateError::UnknownCode(hash))
    }

    fn storage(&mut self, address: Address, key: U256) -> Result<U256, Self::Error> {
        let (touched, nodes) = self.touched(address)?;
        if let Some((_, now)) = touched.storage.get(&key) {
            return Ok(*now);
        }
        let value = match touched.entry {
            Some(entry) if !touched.wiped => entry.storage(key, nodes)?,
            _ => U256::ZERO,
        };
        touched.storage.insert(key, (value, value));
        Ok(value)
    }

    fn block_hash(&mut self, _: u64) -> Result<B256, Self::Error> {
        Ok(B256::ZERO)
    }
}

//! What a chain knows: accounts and what their contracts store.
//!
//! Accounts are in a trie, each with a trie of its own for its storage, as Ethereum has them: the same state has the
//! same root there. A [`State`] is cheap to copy, so that a block can be tried, or voided, without undoing anything.

mod encoding;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use alloy_rlp::{Decodable as _, Encodable as _};
use alloy_trie::TrieAccount;

pub use encoding::StateEncodingError;

use crate::error::StateError;
use crate::trie::{Leaf, Nodes, Trie, Visit};

/// An account, without its storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// How many transactions it sent; of a contract, 1 and how many contracts it made.
    pub nonce: u64,
    /// Native coins: there are none on a chain.
    pub balance: U256,
    /// Of no code, for who signs.
    pub code_hash: B256,
}

impl Default for Account {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK256_EMPTY }
    }
}

/// What happens to an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// What it is then; None when it is gone.
    pub(crate) account: Option<Account>,
    /// All of its storage goes first.
    pub(crate) wiped: bool,
    /// What it stores then; zero is nothing.
    pub(crate) storage: BTreeMap<U256, U256>,
}

/// What a block does to a state. In one order, so that all who do it meet the same nodes.
pub(crate) type Changes = BTreeMap<Address, Change>;

/// The state of a chain.
#[derive(Debug, Clone, Default)]
pub struct State {
    accounts: Trie<Entry>,
}

/// An account in the trie.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Whose; a trie by itself knows but its hash.
    address: Option<Address>,
    pub(crate) account: Account,
    storage: Trie<Slot>,
}

/// A stored word.
#[derive(Debug, Clone)]
struct Slot {
    /// Where; a trie by itself knows but its hash.
    key: Option<U256>,
    value: U256,
}

impl State {
    /// The state with this root, of which nothing is known yet: [`Nodes`] give what is needed.
    #[must_use]
    pub fn at(root: B256) -> Self {
        Self { accounts: Trie::at(root) }
    }

    /// Its root.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.accounts.root()
    }

    /// An account; None when there is no such.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn account<N: Nodes>(
        &self,
        address: Address,
        nodes: &mut N,
    ) -> Result<Option<Account>, StateError<N::Error>> {
        Ok(self.entry(address, nodes)?.map(|entry| entry.account))
    }

    /// A stored word: zero when there is none.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn storage<N: Nodes>(
        &self,
        address: Address,
        key: U256,
        nodes: &mut N,
    ) -> Result<U256, StateError<N::Error>> {
        match self.entry(address, nodes)? {
            Some(entry) => entry.storage(key, nodes),
            None => Ok(U256::ZERO),
        }
    }

    /// Shows the trie nodes in memory to a store that keeps states by nodes: each with its hash and what gives its RLP,
    /// from the top. Those below a node are shown if `visit` says so; a store that has the node has them.
    pub fn visit(&self, visit: &mut Visit<'_>) {
        self.accounts.visit(visit);
    }

    pub(crate) fn entry<N: Nodes>(
        &self,
        address: Address,
        nodes: &mut N,
    ) -> Result<Option<&Entry>, StateError<N::Error>> {
        self.accounts.get(keccak256(address), nodes)
    }

    /// Changes the state. After an error it is good for nothing.
    pub(crate) fn apply<N: Nodes>(
        &mut self,
        changes: &Changes,
        nodes: &mut N,
    ) -> Result<(), StateError<N::Error>> {
        for (address, change) in changes {
            let key = keccak256(address);
            let Some(account) = change.account else {
                self.accounts.remove(key, nodes)?;
                continue;
            };
            let entry = self.accounts.get(key, nodes)?;
            let mut storage = match entry {
                Some(entry) if !change.wiped => entry.storage.clone(),
                _ => Trie::default(),
            };
            for (key, value) in &change.storage {
                let hashed = keccak256(key.to_be_bytes::<32>());
                if value.is_zero() {
                    storage.remove(hashed, nodes)?;
                } else {
                    storage.insert(hashed, Slot { key: Some(*key), value: *value }, nodes)?;
                }
            }
            let entry = Entry { address: Some(*address), account, storage };
            self.accounts.insert(key, entry, nodes)?;
        }
        Ok(())
    }
}

impl Entry {
    pub(crate) fn storage<N: Nodes>(
        &self,
        key: U256,
        nodes: &mut N,
    ) -> Result<U256, StateError<N::Error>> {
        let slot = self.storage.get(keccak256(key.to_be_bytes::<32>()), nodes)?;
        Ok(slot.map_or(U256::ZERO, |slot| slot.value))
    }
}

impl Leaf for Entry {
    fn visit(&self, visit: &mut Visit<'_>) {
        self.storage.visit(visit);
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let Account { nonce, balance, code_hash } = self.account;
        TrieAccount::new(nonce, balance, self.storage.root(), code_hash).encode(out);
    }

    fn decode(mut bytes: &[u8]) -> alloy_rlp::Result<Self> {
        let account = TrieAccount::decode(&mut bytes)?;
        at_end(bytes)?;
        let TrieAccount { nonce, balance, storage_root, code_hash } = account;
        Ok(Self {
            address: None,
            account: Account { nonce, balance, code_hash },
            storage: Trie::at(storage_root),
        })
    }
}

impl Leaf for Slot {
    fn encode(&self, out: &mut Vec<u8>) {
        self.value.encode(out);
    }

    fn decode(mut bytes: &[u8]) -> alloy_rlp::Result<Self> {
        let value = U256::decode(&mut bytes)?;
        at_end(bytes)?;
        Ok(Self { key: None, value })
    }
}

fn at_end(bytes: &[u8]) -> alloy_rlp::Result<()> {
    if bytes.is_empty() { Ok(()) } else { Err(alloy_rlp::Error::UnexpectedLength) }
}

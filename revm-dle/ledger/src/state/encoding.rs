//! A state on disk: small, for most chains are idle most of the time.
//!
//! ```text
//! rlp [ account, ... ]    by address, rising
//! account = [ address, nonce, balance, code hash or nothing, [ key, value, key, value, ... ] ]    by key, rising
//! ```
//!
//! Numbers have no leading zeros, so small keys and values take a byte or two. A state has one encoding.

use alloy::primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use alloy_rlp::{Decodable, Encodable, Header};

use super::{Account, Entry, Slot, State};
use crate::limits::STATE_BYTES_MAX;
use crate::trie::{InMemory, Trie};

/// These bytes are no state, or a state has no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateEncodingError {
    /// Parts of it are known by their hashes only.
    #[error("expected a state in memory, found one of which some is known by its hash only")]
    Incomplete,
    /// Too long.
    #[error("expected a state of at most {STATE_BYTES_MAX} bytes, found {0}")]
    TooLong(usize),
    /// No RLP.
    #[error("expected a state, found other bytes: {0}")]
    Rlp(#[from] alloy_rlp::Error),
    /// Twice, or out of order.
    #[error("expected {0} in rising order")]
    Order(&'static str),
    /// What is nothing is left out.
    #[error("expected no {0} that say nothing")]
    Nothing(&'static str),
}

struct AccountBytes {
    address: Address,
    account: Account,
    storage: Vec<U256>,
}

impl State {
    /// Its bytes.
    ///
    /// # Errors
    /// [`StateEncodingError::Incomplete`].
    pub fn encode(&self) -> Result<Vec<u8>, StateEncodingError> {
        let entries = self.accounts.leaves().ok_or(StateEncodingError::Incomplete)?;
        let accounts: Option<Vec<_>> = entries.into_iter().map(Entry::bytes).collect();
        let mut accounts = accounts.ok_or(StateEncodingError::Incomplete)?;
        accounts.sort_unstable_by_key(|account| account.address);
        Ok(alloy_rlp::encode(&accounts))
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`StateEncodingError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, StateEncodingError> {
        if bytes.len() > STATE_BYTES_MAX {
            return Err(StateEncodingError::TooLong(bytes.len()));
        }
        let accounts: Vec<AccountBytes> = alloy_rlp::decode_exact(bytes)?;
        if !accounts.is_sorted_by(|a, b| a.address < b.address) {
            return Err(StateEncodingError::Order("accounts"));
        }
        let mut state = Self::default();
        for account in accounts {
            let key = keccak256(account.address);
            let Ok(()) = state.accounts.insert(key, account.entry()?, &mut InMemory) else {
                // Nothing is asked for in a trie that is in memory.
                return Err(StateEncodingError::Incomplete);
            };
        }
        Ok(state)
    }
}

impl Entry {
    fn bytes(&self) -> Option<AccountBytes> {
        let mut slots: Vec<_> = self
            .storage
            .leaves()?
            .into_iter()
            .map(|slot| Some((slot.key?, slot.value)))
            .collect::<Option<_>>()?;
        slots.sort_unstable();
        let storage = slots.into_iter().flat_map(|(key, value)| [key, value]).collect();
        Some(AccountBytes { address: self.address?, account: self.account, storage })
    }
}

impl AccountBytes {
    fn entry(self) -> Result<Entry, StateEncodingError> {
        let (slots, rest) = self.storage.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(alloy_rlp::Error::ListLengthMismatch {
                expected: self.storage.len() + 1,
                got: self.storage.len(),
            }
            .into());
        }
        if !slots.is_sorted_by(|[a, _], [b, _]| a < b) {
            return Err(StateEncodingError::Order("keys"));
        }
        let mut storage = Trie::default();
        for [key, value] in slots {
            if value.is_zero() {
                return Err(StateEncodingError::Nothing("values"));
            }
            let slot = Slot { key: Some(*key), value: *value };
            let Ok(()) = storage.insert(keccak256(key.to_be_bytes::<32>()), slot, &mut InMemory)
            else {
                return Err(StateEncodingError::Incomplete);
            };
        }
        Ok(Entry { address: Some(self.address), account: self.account, storage })
    }

    fn code(&self) -> &[u8] {
        let hash = &self.account.code_hash;
        if *hash == KECCAK256_EMPTY { &[] } else { hash.as_slice() }
    }

    fn payload_length(&self) -> usize {
        self.address.length()
            + self.account.nonce.length()
            + self.account.balance.length()
            + self.code().length()
            + self.storage.length()
    }
}

impl Encodable for AccountBytes {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        Header { list: true, payload_length: self.payload_length() }.encode(out);
        self.address.encode(out);
        self.account.nonce.encode(out);
        self.account.balance.encode(out);
        self.code().encode(out);
        self.storage.encode(out);
    }

    fn length(&self) -> usize {
        let payload = self.payload_length();
        payload + alloy_rlp::length_of_length(payload)
    }
}

impl Decodable for AccountBytes {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let mut payload = Header::decode_bytes(buf, true)?;
        let address = Address::decode(&mut payload)?;
        let nonce = u64::decode(&mut payload)?;
        let balance = U256::decode(&mut payload)?;
        let code = Header::decode_bytes(&mut payload, false)?;
        let code_hash = match code.len() {
            0 => KECCAK256_EMPTY,
            32 if *code != *KECCAK256_EMPTY => B256::from_slice(code),
            _ => return Err(alloy_rlp::Error::Custom("expected a code hash or nothing")),
        };
        let storage = Vec::decode(&mut payload)?;
        super::at_end(payload)?;
        Ok(Self { address, account: Account { nonce, balance, code_hash }, storage })
    }
}

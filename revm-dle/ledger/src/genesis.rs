//! How a chain begins, and what holds on it ever after.
//!
//! The genesis block is a block like others, but its body is a [`Genesis`]. Executing it puts the contract's code at
//! [`CHAIN_CONTRACT`](crate::execute::CHAIN_CONTRACT) and hands it its definitions. A note that is resold gets a new
//! genesis, with a new series: its state is a new one, heights go on.

use alloy::primitives::{Address, B256, Bytes, FixedBytes, keccak256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use alloy_trie::EMPTY_ROOT_HASH;
use serde::{Deserialize, Serialize};

use crate::block::{Header, Outcome, Proposal, SignedTransaction, Transaction};
use crate::error::{BadGenesis, BadTransaction};
use crate::limits::{
    DATA_BYTES_MAX, DEFINITIONS_BYTES_MAX, TRANSACTION_GAS_MAX, TRANSACTION_GAS_MIN,
    UNPAID_SELECTORS_MAX,
};
use crate::transaction::{domain, recover};

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl Encodable for $name {
            fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
                (*self as u8).encode(out);
            }

            fn length(&self) -> usize {
                (*self as u8).length()
            }
        }

        impl Decodable for $name {
            fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
                let code = u8::decode(buf)?;
                $(if code == Self::$variant as u8 { return Ok(Self::$variant); })*
                Err(alloy_rlp::Error::Custom(concat!("expected a ", stringify!($name))))
            }
        }
    };
}

coded! {
    /// What a chain is for, as the contracts number it.
    ChainClass {
        /// Holds value: a note of at most $100.
        Asset,
        /// Holds a history or a document.
        Storage
    }
}

coded! {
    /// Who may read a chain, as the contracts number it.
    Visibility {
        /// Its participants and its owner.
        Members,
        /// Everybody.
        Public
    }
}

/// What a genesis block fixes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Genesis {
    /// The chain's id. For a note, `Cash.chainOf(note)`.
    pub chain: B256,
    /// 1 for the first, one more each time that a note is resold.
    pub series: u32,
    /// The id of the main chain that knows it.
    pub main_chain_id: u64,
    /// What it is for.
    pub class: ChainClass,
    /// Who may read it.
    pub visibility: Visibility,
    /// keccak256 of the contract's code.
    pub code_hash: B256,
    /// What the contract is told at the beginning, in its own ABI.
    pub definitions: Bytes,
    /// The bound wallet: pays for storage.
    pub wallet: Address,
    /// How many of the chain's group must sign a block; 0 means all of them.
    pub quorum: u8,
    /// What the contract can still be called for when the storage is not paid.
    pub unpaid_selectors: Vec<FixedBytes<4>>,
    /// The highest gas limit of a transaction.
    pub gas_limit_max: u64,
    /// The last block of the series before; zero for series 1.
    pub parent: B256,
    /// 0 for series 1, else one above the parent's.
    pub height: u64,
    /// The archive group's epoch in which it is made.
    pub epoch: u64,
    /// When it is made, on the archive log's clock. Milliseconds since 1970.
    pub time_ms: u64,
    /// Until when the storage is paid. Seconds since 1970.
    pub paid_through_s: u64,
    /// Of those who sign it. See [`Proposal::members_hash`].
    pub members_hash: B256,
}

impl Genesis {
    /// What the genesis block is to be.
    #[must_use]
    pub fn proposal(&self) -> Proposal {
        Proposal {
            chain: self.chain,
            series: self.series,
            height: self.height,
            view: 0,
            epoch: self.epoch,
            parent: self.parent,
            time_ms: self.time_ms,
            paid_through_s: self.paid_through_s,
            gas_price: 0,
            members_hash: self.members_hash,
            body_hash: keccak256(alloy_rlp::encode(self)),
        }
    }

    /// The genesis block, when executing it gave this state.
    #[must_use]
    pub fn header(&self, state_root: B256) -> Header {
        let receipts_root = EMPTY_ROOT_HASH;
        let outcome = Outcome { gas_used: 0, fees: 0, receipts_root, state_root };
        Header { proposal: self.proposal(), outcome }
    }

    /// What can be told without executing it.
    ///
    /// # Errors
    /// [`BadGenesis`].
    pub fn check(&self) -> Result<(), BadGenesis> {
        let first = self.parent.is_zero() && self.height == 0;
        let later = !self.parent.is_zero() && self.height > 0 && self.class == ChainClass::Asset;
        if !matches!(self.series, 1 if first) && !matches!(self.series, 2.. if later) {
            let Self { series, parent, height, .. } = *self;
            return Err(BadGenesis::Series { series, parent, height });
        }
        if self.wallet.is_zero() {
            return Err(BadGenesis::Wallet);
        }
        let (min, max, found) = (TRANSACTION_GAS_MIN, TRANSACTION_GAS_MAX, self.gas_limit_max);
        if !(min..=max).contains(&found) {
            return Err(BadGenesis::GasLimit { min, max, found });
        }
        for (of, max, found) in [
            ("bytes of definitions", DEFINITIONS_BYTES_MAX, self.definitions.len()),
            ("unpaid selectors", UNPAID_SELECTORS_MAX, self.unpaid_selectors.len()),
        ] {
            if found > max {
                return Err(BadGenesis::TooMany { of, max, found });
            }
        }
        Ok(())
    }
}

/// A series of a chain: its genesis block, and what follows from it for all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    genesis: Genesis,
    header: Header,
    hash: B256,
    separator: B256,
}

impl Chain {
    /// The series that this genesis begins, when executing it gave this state: for who does not execute it, but knows
    /// the genesis block's hash from the main chain, and compares it with [`Chain::hash`].
    ///
    /// # Errors
    /// [`BadGenesis`].
    pub fn new(genesis: Genesis, state_root: B256) -> Result<Self, BadGenesis> {
        genesis.check()?;
        let header = genesis.header(state_root);
        let hash = header.hash();
        let separator = domain(genesis.main_chain_id).separator();
        Ok(Self { genesis, header, hash, separator })
    }

    /// What it fixes.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The genesis block.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The genesis block's hash.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// Whether it holds money.
    #[must_use]
    pub fn holds_money(&self) -> bool {
        self.genesis.class == ChainClass::Asset
    }

    /// What a sender of this transaction signs.
    #[must_use]
    pub fn digest(&self, transaction: &Transaction) -> B256 {
        transaction.digest(self.separator, self.hash)
    }

    /// Who sends a transaction, if it can be one of this chain at all: all that can be told of it without its block and
    /// without the state.
    ///
    /// # Errors
    /// [`BadTransaction`].
    pub fn sender(&self, signed: &SignedTransaction) -> Result<Address, BadTransaction> {
        let transaction = &signed.transaction;
        let (expected, found) = (self.genesis.chain, transaction.chain);
        if found != expected {
            return Err(BadTransaction::Chain { expected, found });
        }
        let (max, found) = (DATA_BYTES_MAX, transaction.data.len());
        if found > max {
            return Err(BadTransaction::Data { max, found });
        }
        let (max, found) = (self.genesis.gas_limit_max, transaction.gas_limit);
        if found > max {
            return Err(BadTransaction::GasLimit { max, found });
        }
        recover(self.digest(transaction), &signed.signature)
    }
}

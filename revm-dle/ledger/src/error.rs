//! What can be wrong: with a transaction, with a block, with a genesis, or with our own store. Four types, so that
//! nobody blames a sender for a full disk.

use alloy::primitives::{Address, B256, Bytes, FixedBytes};

/// The state could not be read: the store's fault, or the witness's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError<E> {
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(E),
    /// Nobody gave it.
    #[error("expected a trie node with hash {0}, found none")]
    Missing(B256),
    /// It has its hash, but is no node.
    #[error("expected a trie node with hash {hash}, found {found}")]
    Malformed {
        /// The node's.
        hash: B256,
        /// What is there.
        found: &'static str,
    },
    /// Nodes that do not belong together.
    #[error("expected keys of 32 bytes in a trie, found one of another length")]
    KeyLength,
    /// Another state than the one that the parent left.
    #[error("expected the state with root {expected}, found {found}")]
    Root {
        /// The parent's.
        expected: B256,
        /// That of the state given.
        found: B256,
    },
    /// Code that is not on the list.
    #[error("expected code with hash {0} in the code book, found none")]
    UnknownCode(B256),
    /// The virtual machine could not go on, and not because of what it ran.
    #[error("the virtual machine failed: {0}")]
    Machine(String),
}

impl<E: std::error::Error + Send + Sync + 'static> revm::context::DBErrorMarker for StateError<E> {}

/// There is no such transaction: it leaves no trace, and a block with it is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTransaction {
    /// For another chain.
    #[error("expected a transaction for chain {expected}, found one for {found}")]
    Chain {
        /// This one.
        expected: B256,
        /// The one that it names.
        found: B256,
    },
    /// Too long.
    #[error("expected at most {max} bytes of data, found {found}")]
    Data {
        /// [`DATA_BYTES_MAX`](crate::limits::DATA_BYTES_MAX).
        max: usize,
        /// How many there are.
        found: usize,
    },
    /// More than the genesis allows, or than the block has left.
    #[error("expected a gas limit of at most {max}, found {found}")]
    GasLimit {
        /// The most.
        max: u64,
        /// What it asks for.
        found: u64,
    },
    /// Less than its bytes alone cost.
    #[error("expected a gas limit of at least {min}, found {found}")]
    IntrinsicGas {
        /// The least.
        min: u64,
        /// What it asks for.
        found: u64,
    },
    /// No signature.
    #[error("expected a signature of 64 bytes by a key, found something else")]
    Signature,
    /// The same signature must not come in two forms.
    #[error("expected a signature with a low s, found a high one")]
    HighS,
    /// It was good until then.
    #[error("expected a transaction that is valid at {now_s}, found one until {valid_until_s}")]
    Expired {
        /// The block's time.
        now_s: u64,
        /// The transaction's last second.
        valid_until_s: u64,
    },
    /// Out of order.
    #[error("expected nonce {expected} of {sender}, found {found}")]
    Nonce {
        /// Who signed.
        sender: Address,
        /// The next one.
        expected: u64,
        /// The transaction's.
        found: u64,
    },
    /// The chain's storage is not paid: only some calls are left.
    #[error(
        "the chain is paid through {paid_through_s}: expected a call that is free of it, found {found}"
    )]
    Unpaid {
        /// Until when.
        paid_through_s: u64,
        /// What it calls.
        found: FixedBytes<4>,
    },
    /// The sender cannot pay for its gas.
    #[error("expected {sender} to pay {gas} gas at {price}, found that it cannot: {output}")]
    Gas {
        /// Who signed.
        sender: Address,
        /// What it used.
        gas: u64,
        /// Pico-dollars for a unit.
        price: u64,
        /// What the contract says.
        output: Bytes,
    },
    /// It fails on a chain where nobody pays for that.
    #[error("expected a call that succeeds, for its gas is free, found one that fails: {output}")]
    Failed {
        /// What the contract says.
        output: Bytes,
    },
    /// The contract claims more fees than there is money.
    #[error("expected fees of less than 2^64 in a block, found more")]
    Fees,
    /// The virtual machine does not take it, for a reason that cannot be.
    #[error("the virtual machine refuses it: {0}")]
    Refused(String),
}

/// A transaction was not executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError<E> {
    /// There is no such transaction.
    #[error(transparent)]
    Bad(#[from] BadTransaction),
    /// We cannot tell.
    #[error(transparent)]
    State(StateError<E>),
}

impl<E> From<StateError<E>> for TransactionError<E> {
    fn from(error: StateError<E>) -> Self {
        Self::State(error)
    }
}

impl<E> TransactionError<E> {
    /// Of a block that has it.
    pub(crate) fn at(self, index: usize) -> ExecuteError<E> {
        match self {
            Self::Bad(reason) => BadBlock::Transaction { index, reason }.into(),
            Self::State(error) => error.into(),
        }
    }
}

/// No block can be like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBlock {
    /// Of another chain.
    #[error("expected chain {expected}, found {found}")]
    Chain {
        /// This one.
        expected: B256,
        /// What the proposal names.
        found: B256,
    },
    /// Of another series.
    #[error("expected series {expected}, found {found}")]
    Series {
        /// This one.
        expected: u32,
        /// What the proposal names.
        found: u32,
    },
    /// Not the next one.
    #[error("expected height {expected}, found {found}")]
    Height {
        /// The next.
        expected: u64,
        /// What the proposal names.
        found: u64,
    },
    /// On another block.
    #[error("expected parent {expected}, found {found}")]
    Parent {
        /// The hash of the one before.
        expected: B256,
        /// What the proposal names.
        found: B256,
    },
    /// Time does not run backwards.
    #[error("expected a time of at least {min} ms, found {found}")]
    Time {
        /// The parent's.
        min: u64,
        /// What the proposal says.
        found: u64,
    },
    /// Nor do the epochs of the archive group.
    #[error("expected an epoch of at least {min}, found {found}")]
    Epoch {
        /// The parent's.
        min: u64,
        /// What the proposal says.
        found: u64,
    },
    /// Another body than the one named.
    #[error("expected a body with hash {expected}, found {found}")]
    Body {
        /// What the proposal names.
        expected: B256,
        /// The body's.
        found: B256,
    },
    /// No event, no block.
    #[error("expected a block that does something, found an empty one")]
    Empty,
    /// A chain that holds no money charges none.
    #[error(
        "expected a gas price of zero and nothing settled or collected on a chain that holds no money"
    )]
    Money,
    /// Too much of something.
    #[error("expected at most {max} {of}, found {found}")]
    TooMany {
        /// Of what.
        of: &'static str,
        /// The most.
        max: usize,
        /// How many there are.
        found: usize,
    },
    /// A transaction that should not be in it.
    #[error("transaction {index}: {reason}")]
    Transaction {
        /// Which, from 0.
        index: usize,
        /// Why.
        reason: BadTransaction,
    },
    /// The contract refuses what the chain itself asks for.
    #[error("expected the contract to take {call}, found that it does not: {output}")]
    System {
        /// What was asked.
        call: SystemCall,
        /// What the contract says.
        output: Bytes,
    },
}

/// What a chain itself asks of its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SystemCall {
    /// Take on what the genesis defines.
    Initialize,
    /// Take notice of the genesis block's hash.
    Begin,
    /// Forget a withdrawal that was paid.
    Settle(u64),
    /// Let the fees of a period leave.
    Collect(u64),
}

impl std::fmt::Display for SystemCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Initialize => write!(f, "its definitions"),
            Self::Begin => write!(f, "the hash of its genesis"),
            Self::Settle(withdrawal) => write!(f, "that withdrawal {withdrawal} is settled"),
            Self::Collect(period) => write!(f, "that the fees of period {period} leave"),
        }
    }
}

/// No chain can begin like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadGenesis {
    /// Series count from 1; the first stands on nothing, the others on the last block of the one before.
    #[error(
        "expected series {series} to follow the one before, found parent {parent} and height {height}"
    )]
    Series {
        /// Its number.
        series: u32,
        /// What it stands on.
        parent: B256,
        /// Where.
        height: u64,
    },
    /// Somebody pays for storage.
    #[error("expected a bound wallet, found none")]
    Wallet,
    /// More than a block has, or less than anything costs.
    #[error("expected a gas limit between {min} and {max}, found {found}")]
    GasLimit {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
        /// What it says.
        found: u64,
    },
    /// Too much of something.
    #[error("expected at most {max} {of}, found {found}")]
    TooMany {
        /// Of what.
        of: &'static str,
        /// The most.
        max: usize,
        /// How many there are.
        found: usize,
    },
    /// Code that is not on the list.
    #[error("expected code with hash {0} in the code book, found none")]
    UnknownCode(B256),
    /// The contract refuses its definitions.
    #[error("expected the contract to take its definitions, found that it does not: {output}")]
    Initialize {
        /// What the contract says.
        output: Bytes,
    },
    /// The virtual machine could not go on, and not because of what it ran.
    #[error("the virtual machine failed: {0}")]
    Machine(String),
}

/// A block was not executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecuteError<E> {
    /// It is invalid, whoever executes it.
    #[error(transparent)]
    Block(#[from] BadBlock),
    /// We cannot tell.
    #[error(transparent)]
    State(StateError<E>),
}

impl<E> From<StateError<E>> for ExecuteError<E> {
    fn from(error: StateError<E>) -> Self {
        Self::State(error)
    }
}

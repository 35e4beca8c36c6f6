//! How much of everything.

/// Gas of all transactions of a block.
pub const BLOCK_GAS_MAX: u64 = 30_000_000;

/// Gas of one call that the chain itself makes. It is not paid, and not counted.
pub const SYSTEM_GAS_MAX: u64 = 30_000_000;

/// What the smallest transaction costs: a genesis cannot allow less.
pub const TRANSACTION_GAS_MIN: u64 = 21_000;

/// The most that a genesis can allow to a transaction. Gas bounds how much of the state a transaction meets: with this,
/// the witness of one alone is never too long.
pub const TRANSACTION_GAS_MAX: u64 = 5_000_000;

/// Transactions in a block.
pub const TRANSACTIONS_MAX: usize = 1_000;

/// Bytes of a transaction's call.
pub const DATA_BYTES_MAX: usize = 64 << 10;

/// Bytes of a block's body, as RLP.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// Withdrawals that one block settles.
pub const SETTLED_MAX: usize = 256;

/// Periods whose fees one block collects.
pub const COLLECTED_MAX: usize = 16;

/// Trie nodes in a witness.
pub const WITNESS_NODES_MAX: usize = 16_384;

/// Bytes of a witness, as RLP.
pub const WITNESS_BYTES_MAX: usize = 4 << 20;

/// Bytes of what a genesis defines. A note that carries 255 leaves over has some 75 KiB.
pub const DEFINITIONS_BYTES_MAX: usize = 96 << 10;

/// Calls that an unpaid chain still takes.
pub const UNPAID_SELECTORS_MAX: usize = 32;

/// Bytes of a state on disk. In memory each word takes some hundred more: what is larger is for a store that keeps it
/// by nodes.
pub const STATE_BYTES_MAX: usize = 16 << 20;

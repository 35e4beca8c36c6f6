//! Every limit of this crate, in one place.

use std::time::Duration;

/// The longest one attempt of one RPC call takes.
pub const RPC_CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a read is tried before its error is reported. Transactions are sent once.
pub const RPC_ATTEMPTS_MAX: u32 = 4;

/// The pause before the second attempt; it doubles from then on.
pub const RPC_BACKOFF_FIRST: Duration = Duration::from_millis(200);

/// The longest answer that is read, in bytes.
pub const RPC_ANSWER_BYTES_MAX: usize = 16 << 20;

/// The most text of a foreign error that is kept, in characters.
pub const ERROR_TEXT_CHARS_MAX: usize = 400;

/// Records per page. The contracts allow 100; half of it stays within the gas
/// that public RPCs grant a call when every certificate is as long as can be.
pub const PAGE_RECORDS: usize = 50;

/// The most nodes that are kept. Those registered first are.
pub const NODES_MAX: usize = 20_000;

/// The most wallets of one [`routes`](crate::ChainReader::routes) call.
pub const ROUTES_MAX: usize = 10_000;

/// Routes that are kept in memory, of an index that is followed: those asked for last. A few KB each.
pub const ROUTES_CACHED_MAX: usize = 8_192;

/// How long an index may take before the contract is asked instead.
pub const INDEX_TIMEOUT: Duration = Duration::from_millis(1_500);

/// The pause after an index took longer; it doubles from then on.
pub const INDEX_REST_FIRST: Duration = Duration::from_millis(250);

/// The longest pause.
pub const INDEX_REST_MAX: Duration = Duration::from_secs(30);

/// Blocks whose logs are asked for at once, at first; halved when an RPC refuses.
pub const LOG_RANGE_BLOCKS: u64 = 1_000;

/// The most logs of one answer that are looked at.
pub const LOGS_MAX: usize = 20_000;

/// Further behind than this, in blocks, it is cheaper to read everything again.
pub const GAP_BLOCKS_MAX: u64 = 20_000;

/// Blocks whose hashes are remembered to find where a reorganization began.
pub const REORG_WINDOW_BLOCKS: usize = 256;

/// Changed nodes that are read one by one; beyond it, all are.
pub const CHANGED_NODES_MAX: usize = 64;

/// However quiet the chain is, all nodes are read again this often: an RPC
/// that answers from several machines can lose an event between them.
pub const FULL_READ_INTERVAL: Duration = Duration::from_secs(900);

/// The longest pause between two attempts to reach the chain again.
pub const FOLLOW_BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The most nodes that one message's recipient key may name.
pub const MATCHES_MAX: usize = 4;

/// Route changes that wait for their reader.
pub const ROUTE_CHANGES_WAITING: usize = 1_024;

/// Recent route changes that are checked again after a reorganization.
pub const RECENT_ROUTES_MAX: usize = 4_096;

/// The longest wait for a transaction's receipt.
pub const RECEIPT_WAIT_MAX: Duration = Duration::from_secs(60);

/// The pause before a receipt is asked for again; it doubles, up to the longest.
pub const RECEIPT_POLL_FIRST: Duration = Duration::from_millis(50);

/// The longest pause between two looks for a receipt.
pub const RECEIPT_POLL_MAX: Duration = Duration::from_secs(1);

/// Route submissions without a receipt that are remembered.
pub const SUBMISSIONS_IN_FLIGHT_MAX: usize = 256;

/// How long the contracts may take to accept a signature made here, in seconds.
pub const DEADLINE_SECONDS: u64 = 3_600;

/// Stakes that are read at once.
pub const STAKE_READS_MAX: usize = 16;

/// The longest `network.json` that is read, in bytes.
pub const NETWORK_FILE_BYTES_MAX: u64 = 1 << 20;

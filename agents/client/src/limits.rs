//! Every limit of the SDK, in one place.

use std::time::Duration;

/// How long an agent keeps a message, in seconds; older signed messages are refused.
pub const MESSAGE_SECONDS_MAX: u64 = 14 * 24 * 3600;

/// How far ahead of ours a sender's clock may be, in seconds.
pub const SENT_AHEAD_SECONDS_MAX: u64 = 24 * 3600;

/// How long agents take mail to the key of before a rotation, in seconds.
pub const ROTATION_OVERLAP_SECONDS: u64 = 7 * 24 * 3600;

/// How long a rotated key is kept, in seconds: its last mail may wait this long.
pub const OLD_SUBKEY_SECONDS: u64 = ROTATION_OVERLAP_SECONDS + MESSAGE_SECONDS_MAX;

/// Rotated keys that a wallet keeps at once.
pub const SUBKEYS_MAX: usize = 64;

/// How long a route that we sign is good, in seconds.
pub const ROUTE_SECONDS: u64 = 360 * 24 * 3600;

/// How long the contract may take to accept a route that we sign, in seconds.
pub const ROUTE_DEADLINE_SECONDS: u64 = 3_600;

/// How long a signed request to an agent is good, in seconds.
pub const REQUEST_SECONDS: u64 = 300;

/// How long the node map is used before it is read again, in seconds.
pub const NODE_MAP_SECONDS_MAX: u64 = 600;

/// How old a node map may be while the chain does not answer, in seconds.
pub const NODE_MAP_STALE_SECONDS_MAX: u64 = 24 * 3600;

/// Relays that a participant in small chains uses again and again.
pub const LEDGER_RELAYS_KEPT: usize = 3;

/// The largest node map that is kept on disk, in bytes.
pub const NODE_MAP_BYTES_MAX: usize = 64 << 20;

/// How long a route is used within one process before it is looked up again.
pub const ROUTE_MEMORY: Duration = Duration::from_secs(60);

/// Routes remembered in one process.
pub const ROUTES_REMEMBERED_MAX: usize = 10_000;

/// Nodes asked for one route; two have to answer.
pub const LOOKUP_NODES_MAX: usize = 5;

/// Further tries when nodes show a route older than one that was seen: right after a change they may be a block behind.
pub const BEHIND_ATTEMPTS_MAX: u32 = 4;

/// The pause before each of them.
pub const BEHIND_PAUSE: Duration = Duration::from_secs(1);

/// Relays tried for one message.
pub const RELAY_ATTEMPTS_MAX: usize = 4;

/// Further tries when an agent is busy.
pub const BUSY_ATTEMPTS_MAX: u32 = 4;

/// The pause before the first of them; it doubles from then on.
pub const BUSY_BACKOFF_FIRST: Duration = Duration::from_millis(300);

/// How long a relay that failed is avoided, in seconds.
pub const RELAY_FAILED_SECONDS: u64 = 120;

/// The longest wait for a connection to a relay.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest wait for an answer through a relay.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest wait for a node that is asked for a route; then another one is.
pub const LOOKUP_TIMEOUT: Duration = Duration::from_secs(8);

/// The longest wait for an agent that submits a route: it waits for a block.
pub const REGISTER_TIMEOUT: Duration = Duration::from_secs(90);

/// The longest wait until the chain shows a route that was accepted.
pub const SHOWN_ON_CHAIN_TIMEOUT: Duration = Duration::from_secs(60);

/// The pause between two looks at the chain for it.
pub const SHOWN_ON_CHAIN_INTERVAL: Duration = Duration::from_millis(500);

/// A stream that says nothing for this long is broken: agents send a cell at
/// least every 15 s.
pub const STREAM_SILENCE_MAX: Duration = Duration::from_secs(45);

/// The pause before a stream is opened again; it doubles from then on.
pub const RECONNECT_BACKOFF_FIRST: Duration = Duration::from_millis(250);

/// The longest such pause.
pub const RECONNECT_BACKOFF_MAX: Duration = Duration::from_secs(30);

/// How long acknowledgements are gathered before one is sent.
pub const ACK_GATHER: Duration = Duration::from_millis(25);

/// The pause before an acknowledgement that did not arrive is sent again.
pub const ACK_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How long a listener that is closed waits for its last acknowledgement.
pub const ACK_FLUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// Idle connections kept per relay.
pub const IDLE_CONNECTIONS_MAX: usize = 8;

/// How long they are kept; relays close them after 75 s.
pub const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(50);

/// The longest plain answer of the open profile that is read, in bytes.
pub const PLAIN_ANSWER_BYTES_MAX: usize = 16 << 10;

/// Parts of one message on their way at once.
pub const PARTS_CONCURRENT_MAX: usize = 4;

/// Incomplete messages kept for one wallet.
pub const INCOMPLETE_MESSAGES_MAX: u64 = 256;

/// Bytes of all incomplete messages kept for one wallet.
pub const INCOMPLETE_BYTES_MAX: u64 = 32 << 30;

/// The longest content that is handed over as text, in bytes.
pub const TEXT_BYTES_MAX: u64 = 1 << 20;

/// The longest keystore file that is read, in bytes.
pub const KEYSTORE_FILE_BYTES_MAX: u64 = 64 << 10;

/// Wallets listed from one keystore.
pub const WALLETS_MAX: usize = 10_000;

//! Routes and nodes: read from the contracts, verified, followed, and written.
//!
//! ```text
//! network.json ── NetworkFile ──► Network
//! RPC ──► ChainReader ──► Directory    the verified node map, for relays and clients
//!                    ├──► RouteWatch   which wallets moved, for agents
//!        index ──────┴──► RouteSource  routes, from the contract or an index, with what was read lately
//! RPC ◄── RouteSubmitter               an agent's gas wallet, for its clients' routes, within a budget
//!     ◄── Admin                        node records and routes of a wallet that pays for itself
//! RPC ◄─► Mainchain, Payer             every other contract by its type, and wallets that call them
//!     ◄─► archive                      statements of archive groups: made, signed, certified, posted
//!     ◄── Stakes                       what each node's stake is enough for, kept current
//!     ◄─► forced_exit                  what a note pays without its chain: read, asked for, paid
//!     ◄── deploy                       the contracts, by name, where they are not yet
//! ```
//!
//! What always holds:
//!
//! - Nothing that a chain or RPC says is used before [`conet_wire::claim`] has
//!   checked it: a [`Directory`] has verified nodes only. [`ChainReader`] hands
//!   out records as they were served; its callers check them.
//! - Every call ends: with a time limit, a bounded answer and bounded retries
//!   ([`limits`]).
//! - "The chain refused" ([`ChainError::Refused`]) is another thing than "our
//!   connection to it failed" ([`ChainError::Connection`]).
//! - No task outlives its cancellation token.

mod admin;
pub mod amounts;
pub mod archive;
mod budget;
pub mod changes;
mod deploy;
mod directory;
mod error;
pub mod forced_exit;
mod gas_wallet;
pub mod limits;
mod logs;
mod mainchain;
mod network_file;
mod reader;
pub mod routes;
mod stakes;
mod submit;
mod transport;
mod watch;

pub use admin::{Admin, key_set};
pub use budget::{BudgetError, Charge, SubmitBudget, SubmitLimits};
pub use deploy::{
    Archive, Deployment, Genesis, Governance, PLAY_MONEY, Price, SUPPLY_CONET, Schedule, Share,
    deploy,
};
pub use directory::{Directory, DirectoryHealth, Matches, NodeEntry};
pub use error::{ChainError, Refusal};
pub use mainchain::{Mainchain, Payer};
pub use network_file::{NetworkFile, NetworkFileError, NodeInfo};
pub use reader::{ChainReader, Head};
pub use stakes::Stakes;
pub use submit::{RouteSubmitter, SubmitError};
pub use transport::provider_once;
pub use watch::{RouteChange, RouteWatch};

/// Unix seconds, by this machine's clock.
pub(crate) fn now_unix() -> u64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

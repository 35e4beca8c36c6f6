//! The client SDK: register a wallet, send, listen.
//!
//! ```text
//! Keystore ── Wallet ──┐
//! Client::open ────────┼── register   a route for a wallet, with an agent that keeps its mailbox
//!                      ├── look_up    whose keys, and which agent: two nodes asked through relays
//!                      ├── send       signed and sealed, through a relay, until the agent says "stored"
//!                      └── listen     messages as they come, acknowledged when they are safe here
//! ```
//!
//! What always holds:
//!
//! - Nothing that a node, relay or RPC says about keys is believed before both
//!   signatures of the claim verify, and no route older than one that was seen.
//! - A message counts as sent when its reader's *agent* says so, under a key that
//!   only it has; never because a relay says so.
//! - A message is acknowledged only after it is safe here, and what was shown is
//!   never shown again; see [`Listener`].
//! - Connections go to relays that are neither agent of a side, nor of its owner,
//!   unless one is named.
//! - Everything from the network is bounded ([`limits`]).
//!
//! `examples/hello.rs` sends and receives.

mod client;
mod clock;
mod directory;
mod error;
mod exchange;
pub mod keystore;
mod ledgers;
pub mod limits;
mod lookup;
mod receive;
mod relays;
mod send;
mod session;
mod state;
#[cfg(test)]
mod testing;
mod transport;

pub use client::{Client, ClientConfig};
pub use error::{ClientError, RelayFailure};
pub use keystore::{Keystore, KeystoreError, Password, Wallet, WalletInfo};
pub use ledgers::{Addressee, LedgerRelays, LedgerStream, LedgerStreamError};
pub use lookup::{Lookup, LookupOptions};
pub use receive::{Body, Delivery, Event, ListenOptions, Listener};
pub use send::{Content, Profile, Progress, SendOptions, Sent};
pub use session::{Change, RegisterOptions, Registered};
pub use state::StateError;
pub use transport::TransportError;

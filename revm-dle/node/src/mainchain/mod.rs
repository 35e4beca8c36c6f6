//! The main chain, as the ledgers' part of a node sees it: what it reads there, and what it says there.
//!
//! ```text
//! NodeRegistry, Staking ─► follow ─► NodeMap: wallets, endpoints, and for what each node's stake is enough
//! ArchiveGroups ─────────► follow ─► Sitting: the seats, their epoch, who shall sit next ─► the log, listeners, peers
//! a user's request ──────► openings: is the rent paid? ─► all seats ─► the log
//! the log ─► duties ─► statements: each seat signs what its own log says ─► a certificate ─► ChainAnchor, Slasher
//! ```
//!
//! Nothing here decides anything: what counts is the log's state. A seat signs a statement only when its own state of
//! the log and its own reading of the main chain give it, word for word. Seats take turns in sending, so that one pays
//! for it and the others find it done.

mod duties;
mod epochs;
mod follow;
mod groups;
pub mod openings;
mod part;
mod peers;
mod statements;

use serde::{Deserialize, Serialize};

pub use self::{
    groups::read_seats,
    part::{LedgerPart, PartError, Who},
};

/// Limits of what is read and said on the main chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MainchainLimits {
    /// How often new blocks, and what is to be said, are looked at, milliseconds.
    pub poll_ms: u64,
    /// How long each seat has for saying something before the next one does it, milliseconds.
    pub turn_ms: u64,
    /// Of what is to be said, so much at a time.
    pub duties_at_once_max: usize,
    /// Requests for chains that are looked at at once.
    pub openings_at_once_max: usize,
    /// The shortest epoch of an archive group, seconds. The same in the whole group.
    pub epoch_seconds_min: u64,
    /// Witnesses of a chain.
    pub witnesses_max: u8,
    /// Validators of a block.
    pub validators_max: u8,
}

impl Default for MainchainLimits {
    fn default() -> Self {
        Self {
            poll_ms: 1_000,
            turn_ms: 5_000,
            duties_at_once_max: 64,
            openings_at_once_max: 16,
            epoch_seconds_min: 3_600,
            witnesses_max: 16,
            validators_max: 4,
        }
    }
}

//! What a node offers: bits of the contracts' `Roles` mask. All others are reserved.

/// Forwards ciphertext that it cannot read.
pub const RELAY: u16 = 1;

/// Keeps the mailbox of its clients and pushes to them.
pub const AGENT: u16 = 2;

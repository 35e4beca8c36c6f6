//! One small chain: its genesis, its blocks, what executing them gives.
//!
//! Pure: no runtime, no clock, no I/O. Time and the main chain's facts come in as arguments.

pub mod block;
pub mod build;
pub mod error;
pub mod execute;
pub mod genesis;
pub mod handout;
pub mod limits;
pub mod receipt;
pub mod snapshot;
pub mod state;
pub mod transaction;
pub mod trie;
pub mod verify;
pub mod witness;

//! One small chain: its genesis, its blocks, what executing them gives.
//!
//! ```text
//! genesis ──► Chain ─┬─► build ──► block + witness         who makes a block
//!                    ├─► execute (state) ──► Outcome       who has the chain
//!                    ├─► execute_stateless (witness) ──►   who has nothing
//!                    └─► verify (all blocks)               anybody, later
//! ```
//!
//! What holds:
//!
//! - With the state, with a witness of it, with a store below it: one code, one outcome. A witness that lacks or forges
//!   something gives an error, never another outcome.
//! - Roots are Ethereum's, and so is the virtual machine ([`execute`] says what is left out of it).
//! - What is wrong with a transaction, with a block, or with our own store are different types ([`error`]). A bad
//!   transaction leaves no trace, not even in a nonce.
//! - No bytes from a peer panic, or take more memory than a small multiple of their length ([`limits`]).
//! - Executing changes nothing: it gives the next state, and the one before can be gone on from again.
//!
//! Pure: no runtime, no clock, no I/O. Time and the main chain's facts come in as arguments. Who signs, and how many
//! must, is not asked here.

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

//! What travels between clients, relays and agents: certificates, messages,
//! parcels, envelopes, requests and session cells, byte for byte as
//! `docs/protocol.md` says.
//!
//! This crate knows no runtime, no clock and no I/O: time and randomness that
//! matter to a test are arguments.

pub mod claim;
pub mod ledgers;
pub mod message;
pub mod network;
pub mod openpgp;
pub mod parcel;
mod reader;
pub mod recipient;
pub mod relay;
pub mod request;
pub mod session;
pub mod sizes;
pub mod veil;

pub use reader::EndsEarly;

//! Runs the committee's state machines: a seat of an archive group, or a participant.
//!
//! ```text
//! HTTP ─► transport ─► Inbox ─► runtime: step ─► Writer: one sync for many steps ─► transport ─► HTTP
//!                                    │ Ledgers ─► states in memory, the rest in the store
//! users ─► rpc ──────────────────────┘
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`runtime`] | one thread for each actor: an event, a step, its records to the writer, its messages after them |
//! | [`store`] | what must survive: the journal, final blocks, newest states; one SQLite file, group commit |
//! | [`ledgers`] | executes blocks, keeps states |
//! | [`transport`] | signed parcels of messages between nodes; streams to participants without an endpoint |
//! | [`rpc`] | what users ask of an archive node |
//! | [`client`] | asks it |
//! | [`mainchain`] | what is read on the main chain (who may wait, which chains begin), and what is said there |
//! | [`group`] | who sits in the archive group, and who shall sit next |
//! | [`seeds`] | what a seat's part in its group's seeds follows from |
//! | [`open`], [`terms`] | how chains begin, and what who begins one says of its group |
//! | [`duty`] | what a seat owes the main chain until it is done |
//! | [`registry`], [`keys`] | which wallet each node has, and where archive nodes are; signing as one |
//! | [`private`], [`metrics`] | what the operator alone can ask, and count |
//! | [`config`], [`clock`] | what the operator decides; the time |
//! | [`history`] | a seat's own clock: Proof of History |
//! | [`node`] | all of it put together |
//!
//! # Panics
//!
//! None is meant to happen, and none is caught: a thread that panics ends its node, which goes on from its journal when
//! it is started again. A store that cannot write ends it too: what cannot be remembered must not be said.

pub mod client;
pub mod clock;
pub mod config;
pub mod duty;
pub mod group;
pub mod history;
pub mod keys;
pub mod ledgers;
pub mod mainchain;
pub mod metrics;
pub mod node;
pub mod open;
pub mod private;
pub mod registry;
pub mod rpc;
pub mod runtime;
pub mod seeds;
pub mod store;
pub mod terms;
pub mod transport;

pub use config::DleConfig;
pub use node::{ArchiveNode, Participant, Setup, StartError};

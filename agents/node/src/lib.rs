//! The node: relay and agent roles behind one HTTP server.
//!
//! ```text
//!            public port                        private port
//!   server ── router ──┬── desk ──┬── agent ── store      /health /metrics
//!                      │          └── the program's ledgers, if it has any
//!                      └── peers ── other nodes
//!   directory (registry events) ─▲      agent ◀── route events
//! ```
//!
//! - [`server`] reads requests and seals answers; [`relay`] decides where a message
//!   goes; [`peers`] carries it to other nodes; [`desk`] opens what is for this one;
//!   [`agent`] keeps mailboxes over [`store`] and pushes; [`ledgers`] is the door to
//!   the part of the program that keeps small chains.
//! - No task outlives its [`node::Node`]. Every queue, body and cache has a named
//!   limit in [`config`].
//! - Logs never hold content, and never whole wallet addresses at info level.

pub mod agent;
mod clock;
pub mod config;
pub mod desk;
pub mod keys;
pub mod ledgers;
pub mod metrics;
pub mod node;
pub mod peers;
mod private;
pub mod relay;
pub mod server;
pub mod store;

pub use node::{Mounted, Node, StartError};
pub use private::Health;

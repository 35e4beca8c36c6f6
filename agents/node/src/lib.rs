//! The node: relay and agent roles behind one HTTP server.
//!
//! ```text
//!            public port                        private port
//!   server ── router ──┬── agent ── store       /health /metrics
//!                      └── peers ── other nodes
//!   directory (registry events) ─▲      agent ◀── route events
//! ```
//!
//! - [`server`] reads requests and seals answers; [`relay`] decides where a message
//!   goes; [`peers`] carries it to other nodes; [`agent`] keeps mailboxes over
//!   [`store`] and pushes.
//! - No task outlives its [`node::Node`]. Every queue, body and cache has a named
//!   limit in [`config`].
//! - Logs never hold content, and never whole wallet addresses at info level.

pub mod agent;
mod clock;
pub mod config;
pub mod keys;
pub mod metrics;
pub mod node;
pub mod peers;
mod private;
pub mod relay;
pub mod server;
pub mod store;

pub use node::{Mounted, Node, StartError};
pub use private::Health;

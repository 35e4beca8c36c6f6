//! Asks an indexer, typed.
//!
//! ```text
//! IndexClient ─► GET /v1/…               one answer: a status, a record, a page
//!            └─► GET /v1/events/stream   events as they come, and how far the tables are
//! routes      ─► both: routes for a node, those that it read lately in memory
//! ```
//!
//! An indexer is not trusted. What it says of a route carries the wallet's signature, which whoever uses the route checks
//! ([`conet_wire::claim::verify_route`]): a false one is refused, and nothing is sent by it. What it can do is hide a route,
//! or show an older one; readers refuse a serial below one that they have seen.

mod answers;
mod client;
mod events;
mod routes;

pub use answers::{Contract, EventView, Page, RecordView, Route, Status, Table};
pub use client::{IndexClient, IndexError};
pub use events::{Events, Told};
pub use routes::routes;

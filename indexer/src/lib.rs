//! Follows the contracts of a network into tables, and answers what is asked of them.
//!
//! ```text
//! RPC ──► chain    endpoints: fail-over, limits, and checks of what they say
//!          └─► follow   the loop: go on, or undo what the chain took back
//!               ├─► decode   logs to named values, by the interfaces of the catalogue
//!               ├─► tables   named values to records, by rules that are data
//!               └─► store    events, records and cursor in one transaction: SQLite or PostgreSQL
//! people, programs ──► http   the tables, events as they come, and a page to look at them
//! a node ──► routes           where wallets are reached, out of the tables or memory
//! ```
//!
//! What always holds:
//!
//! - The tables show one chain up to one block: rows and cursor change together, or not at all. A process that was killed
//!   goes on where its tables are.
//! - What a reorganization takes back is undone exactly: the tables are what a fresh sync of the new chain makes.
//! - A block that was final is never undone. An endpoint that says otherwise is not believed, and that is loud.
//! - No answer of an endpoint is applied before it was checked against its own headers ([`chain::check`]).
//! - Nothing here is trusted by our nodes: they check the signatures of what they read.

pub mod catalogue;
pub mod chain;
pub mod decode;
pub mod follow;
pub mod http;
pub mod routes;
pub mod store;
pub mod tables;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

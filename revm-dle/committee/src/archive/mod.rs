//! What the archive group decides, and what follows from it: pure functions of the log.
//!
//! Every seat applies the same entries to the same [`State`]; nothing here asks a clock or a neighbour. What the state
//! says of a chain reaches its members as a [`Notice`] with its proof.

pub mod ceremony;
pub mod chain;
mod checkpoint;
mod discipline;
mod error;
mod handover;
pub mod item;
mod judging;
pub mod notice;
mod places;
mod signers;
mod state;
pub mod traps;
mod wishes;

pub use ceremony::Ceremony;
pub use chain::{Chain, Pending, Place};
pub use error::ItemError;
pub use handover::Beginning;
pub use item::Item;
pub use notice::{Notice, ProvenNotice};
pub use signers::Signers;
pub use state::{Finding, Rules, Seeds, State};

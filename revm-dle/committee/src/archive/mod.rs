//! What the archive group decides, and what follows from it: pure functions of the log.
//!
//! Every seat applies the same entries to the same [`State`]; nothing here asks a clock or a neighbour. What the state
//! says of a chain reaches its members as a [`Notice`] with its proof.
//!
//! Who waits to be drawn follows from two things in it. A node's **wish** stands from the entry that has it: until the node
//! takes it back, leaves a complaint unanswered, is barred or gets a seat, and for [`Rules::wish_ms`] at most. And whoever
//! wishes waits as long as it serves in fewer chains than it offers seats; who is drawn goes to the end of the line in that
//! same entry. A wish also brings what its node commits to for [`traps`].

pub mod beacon;
pub mod ceremony;
pub mod chain;
mod checkpoint;
mod discipline;
mod drawn;
mod error;
mod few;
mod handover;
pub mod item;
mod judging;
mod keeping;
pub mod notice;
mod pages;
mod parts;
mod places;
pub mod rent;
mod signers;
mod standing;
mod state;
#[cfg(test)]
mod testing;
pub mod traps;
mod wishes;

pub use beacon::Beacon;
pub use ceremony::Ceremony;
pub use chain::{Chain, Pending, Place};
pub use checkpoint::Image;
pub use drawn::Drawn;
pub use error::ItemError;
pub use few::Few;
pub use handover::{Beginning, Named};
pub use item::Item;
pub use notice::{Notice, ProvenNotice};
pub use pages::{Mark, Page, Pages};
pub use signers::Signers;
pub use standing::{Leaves, ProvenStanding, Standing};
pub use state::{Finding, Rules, SeedTurn, Seeds, State};

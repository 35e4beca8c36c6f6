//! Who signs a block, and when it is final.
//!
//! Pure: every part is a state machine that is told what happened and says what to do. It knows no clock, no network and
//! no disk; a driver does ([`Action`]).

pub mod archive;
pub mod journal;
pub mod keys;
pub mod ledger;
pub mod log;
pub mod member;
pub mod message;
pub mod outbox;
pub mod poh;
pub mod roulette;
pub mod seat;
pub mod seats;
pub mod vote;

pub use journal::Record;
pub use outbox::{Action, Outbox};

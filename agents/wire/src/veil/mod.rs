//! The veil profile: nothing on the wire but random-looking bytes of a few sizes.
//!
//! ```text
//! client --envelope (HPKE)--> relay --peer session (Noise IK)--> agent
//!        <-response----------       <-answers and cells---------
//! ```
//!
//! - [`elligator`]: key-exchange keys that look like random bytes.
//! - [`Envelope`] and [`OpenedEnvelope`]: client → relay; [`ReplayWindow`]
//!   remembers what was opened.
//! - [`ResponseSealer`] and [`ResponseOpener`]: the way back, one answer or a
//!   stream.
//! - [`peer`]: node ↔ node sessions, frames and cells.
//! - [`WebProfile`]: the ordinary website that a node looks like.
//!
//! Whatever does not open gets that website's answer: no error of this module
//! is ever told to the other side. What stays visible is how many bodies there
//! are, which of the few sizes they have, and when they travel.

mod aead;
pub mod elligator;
mod envelope;
mod kem;
mod keys;
mod padding;
pub mod peer;
mod profile;
mod replay;
mod response;

pub use aead::AeadError;
pub use envelope::{Envelope, EnvelopeError, EnvelopeKind, OpenedEnvelope};
pub use keys::{TransportPublic, TransportSecret, WeakKeyError};
pub use padding::PaddingError;
pub use profile::WebProfile;
pub use replay::{MINUTES_APART_MAX, ReplayError, ReplayWindow};
pub use response::{
    OpenedAnswer, REASON_MAX, ResponseError, ResponseOpener, ResponseSealer, StreamOpener,
    StreamSealer,
};

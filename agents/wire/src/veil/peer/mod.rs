//! Node ↔ node: one Noise session per connection, frames and cells under it.
//!
//! ```text
//! initiator                              responder
//!   Initiator::start  ── 4,096 bytes ──▶   Responder::read    (who is it? seen before?)
//!   Initiator::finish ◀── 4,096 bytes ──   Responder::reply
//!   SealingHalf ═══ frames of WIRE_SIZES ═══▶ OpeningHalf
//!   OpeningHalf ◀══ frames, or a stream of cells ══ SealingHalf
//! ```
//!
//! Invariants: records are opened in the order in which they were sealed, and
//! nothing behind a gap is ever opened; nothing but padding travels before the
//! responder has answered; a session ends after [`RECORDS_MAX`] records each
//! way. How long a session may live is the caller's business, and so are the
//! connection, the clock and the [`super::ReplayWindow`].

mod cells;
mod frame;
mod handshake;
mod noise;
mod record;

pub use cells::{StreamEvent, StreamReader};
pub use frame::{
    AnswerHead, FrameError, FrameHead, FrameReader, FrameWriter, Profile, RequestHead,
};
pub use handshake::{HANDSHAKE_LEN, Initiator, PeerError, Responder};
pub use record::{OpeningHalf, PeerSession, RECORD_MAX, RECORDS_MAX, SealingHalf};

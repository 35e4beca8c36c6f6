//! The listening session: keys that live as long as one stream, cells of fixed
//! size from agent to client (N3), and acknowledgements back.
//!
//! White paper, *Send Peer-to-Peer*, steps 16–23 (the *session temporary
//! password*), with a fresh key for every stream and direction, so that a
//! repeated request or a second stream never meets the same key and counter.

mod ack;
mod cells;
mod keys;

pub use ack::{ACK_BYTES, AckError, AckReceiver, AckSender};
pub use cells::{CellError, CellOpener, CellSealer, Frame, Notice, cell_len};
pub use keys::{SessionBinding, SessionKeys, SessionSecret};

#[cfg(test)]
mod tests;

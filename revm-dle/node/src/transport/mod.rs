//! How nodes reach each other: HTTP/1.1, signed [parcels](parcel), and streams to participants, who have no endpoint.
//!
//! ```text
//! seat ── POST /dle/v1/parcel ─► seat
//! participant ── POST /dle/v1/stream ─► seat      answered with a stream of parcels, as long as both want
//! participant ── POST /dle/v1/parcel ─► seat ── on its stream ─► participant
//! ```
//!
//! Or, by relay, the same two requests [sealed](way) and through the stealth internet.
//!
//! A second stream of a participant ends its first. Between participants a parcel goes through the first seat that has
//! the recipient's stream; the seat cannot change it.
//!
//! Nothing is stored: what does not arrive is said again by the protocol. Each node has a queue of its own to each
//! other, so a slow one delays nobody but itself; what is too much is dropped, the oldest first.

mod budget;
mod client;
mod hub;
mod listen;
mod office;
pub mod parcel;
mod parts;
mod queue;
mod replay;
mod server;
mod streams;
#[cfg(test)]
mod tests;
mod way;

use serde::{Deserialize, Serialize};

pub use client::RequestError;
pub use hub::{Hub, HubOutlet};
pub use listen::listen;
pub use office::SealedOffice;
pub use server::routes;
pub use way::{Pieces, Relays, ToSeat};

/// Where parcels are posted.
pub const PARCEL_PATH: &str = "/dle/v1/parcel";

/// Where streams are asked for.
pub(crate) const STREAM_PATH: &str = "/dle/v1/stream";

/// Limits between nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransportLimits {
    /// Bytes of one message.
    pub message_bytes_max: usize,
    /// Bytes of one parcel that comes.
    pub parcel_bytes_max: usize,
    /// Bytes from which on a parcel takes no further message.
    pub parcel_bytes_aimed: usize,
    /// Messages of one parcel that is made.
    pub parcel_messages_max: usize,
    /// How far a sender's clock may be off, milliseconds: for so long parcels are remembered.
    pub clock_skew_ms_max: u64,
    /// Parcels of one sender that are remembered.
    pub sequences_per_sender_max: usize,
    /// Senders whose parcels are remembered.
    pub senders_max: usize,
    /// Messages that wait for one node.
    pub outbox_messages_max: usize,
    /// Bytes of them.
    pub outbox_bytes_max: usize,
    /// Parcels of one node that wait for one participant.
    pub passed_per_sender_max: usize,
    /// Bytes of all nodes' parcels that wait for one participant.
    pub passed_bytes_max: usize,
    /// Requests to one node at once.
    pub requests_per_node_max: usize,
    /// How long a request may take, milliseconds.
    pub request_ms_max: u64,
    /// The longest pause after failed requests to a node, milliseconds.
    pub pause_ms_max: u64,
    /// Participants that a participant sends to at once.
    pub participants_max: usize,
    /// How long a queue to a participant stays without use, milliseconds.
    pub idle_ms_max: u64,
    /// Participants with a stream.
    pub streams_max: usize,
    /// How often a quiet stream says that it is there, milliseconds.
    pub keepalive_ms: u64,
    /// A stream that is silent for so long is taken for broken, milliseconds.
    pub silence_ms_max: u64,
    /// How long a parcel's body may take, milliseconds.
    pub body_ms_max: u64,
    /// Bytes of all bodies under way.
    pub bodies_bytes_max: usize,
    /// Bytes of bodies under way from one address.
    pub bodies_bytes_per_address_max: usize,
    /// Long parcels of one sender of which some parts are here, and others not yet; they may take as long as a body.
    pub unfinished_per_sender_max: usize,
    /// Bytes of all of them.
    pub unfinished_bytes_max: usize,
}

impl Default for TransportLimits {
    fn default() -> Self {
        Self {
            // A state on its way is the longest message.
            message_bytes_max: 18 << 20,
            parcel_bytes_max: 20 << 20,
            parcel_bytes_aimed: 1 << 20,
            parcel_messages_max: 512,
            clock_skew_ms_max: 30_000,
            sequences_per_sender_max: 8_192,
            senders_max: 200_000,
            outbox_messages_max: 8_192,
            outbox_bytes_max: 64 << 20,
            passed_per_sender_max: 64,
            passed_bytes_max: 32 << 20,
            requests_per_node_max: 4,
            request_ms_max: 10_000,
            pause_ms_max: 1_000,
            participants_max: 1_024,
            idle_ms_max: 60_000,
            streams_max: 20_000,
            keepalive_ms: 10_000,
            silence_ms_max: 30_000,
            body_ms_max: 30_000,
            bodies_bytes_max: 512 << 20,
            bodies_bytes_per_address_max: 128 << 20,
            unfinished_per_sender_max: 2,
            unfinished_bytes_max: 256 << 20,
        }
    }
}

//! The archive group's log: one order for everything that the group decides.
//!
//! # The protocol
//!
//! Published as *Simplex*: views follow one another, each with a leader, and a view ends by a certificate of more than
//! two thirds of the **registered** seats, whoever is active.
//!
//! ```text
//! view v     leader ── Propose(entry, its notarize vote) ─► all
//!            all    ── notarize(v, entry) ─► all              q of them: notarized, view v + 1 begins
//!            all    ── finalize(v, entry) ─► all              q of them: entry and all before it are final
//! no entry   all    ── nullify(v) ─► all                      q of them: nullified, view v + 1 begins
//! ```
//!
//! An entry extends a notarized one, and every view between the two is nullified. Who nullified a view never finalizes
//! in it, nor the other way round: on the wire nullify is the finalize vote for no entry, so that doing both is
//! equivocation that the main chain can see. Votes about the log carry height 0: two votes in one view contradict each
//! other whatever heights their entries claim.
//!
//! # Safety
//!
//! No two final entries contradict each other while less than a third of the seats lie. A final entry E of view v has
//! q finalize votes. For a later entry not to extend E, view v must be nullified, or another entry notarized in it: q
//! votes each. Two sets of q seats share an honest one, and it would have cast two votes that exclude each other. It
//! journals its vote before it says it ([`crate::Record`]), so a crash changes nothing.
//!
//! # Liveness
//!
//! After the network heals, every honest node is in the newest view within a retry (it asks with `Status`, and is sent
//! certificates), and a view with an honest leader finalizes within three message delays. A silent leader costs a
//! timeout; who was silent is passed over quickly for some turns. Timeouts double while nothing becomes final, up to 32
//! times what they were, for a network may be slower than they expect. A view may be notarized and nullified: who knows
//! one of both sees it end, and asks the leader that builds on the other for that certificate.
//!
//! # The end of an epoch
//!
//! The application says which entry is the last one of its epoch. What extends it has no items, and is there to make it
//! final only: it is not written down, and the log of the next epoch does not stand on it, but on the state after the
//! last entry ([`Seats::beginning`](crate::seats::Seats::beginning)). Votes name their epoch, so views begin anew.
//!
//! # What is ours
//!
//! secp256k1 votes in the form of the main chain's slasher. An idle log makes an entry each [`Timing::idle_ms`] only.
//! Time is in the entries: it grows by at most [`Timing::step_ms_max`] each, so time in which the log stood still is no
//! time, and no deadline passes in it.

mod cast;
mod certificate;
mod entry;
mod intake;
mod lead;
mod proof;
mod restore;
mod round;
mod simplex;
mod sync;
mod time;

pub use certificate::Certificate;
pub use entry::{Entry, EntryHeader};
pub use proof::EntryProof;
pub use simplex::{Application, Check, Simplex, Tip};

use serde::{Deserialize, Serialize};

use alloy::primitives::B256;

use crate::{archive::Image, vote::Ballot};

/// What seats say to each other about the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogMessage {
    /// The leader's entry, with its own vote for it.
    Propose(Box<Entry>, Ballot),
    /// A vote.
    Vote(Ballot),
    /// How views ended, or entries became final.
    Certificates(Vec<Certificate>),
    /// "I am in this view, and miss what came since": answered with certificates.
    Status {
        /// The first view that the sender has not seen end.
        view: u64,
        /// The view of its last final entry.
        final_view: u64,
    },
    /// Asks for an entry and those before it.
    Fetch {
        /// The entry.
        id: B256,
    },
    /// Answers: the entry that was asked for first, then its parents.
    Entries(Vec<Entry>),
    /// To who missed more than the sender keeps: a state to begin with.
    Checkpoint(Box<Checkpoint>),
}

/// A state, and why it is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Of the entry that the state is after.
    pub proof: EntryProof,
    /// The state; on the way maybe without some of its pages.
    pub state: Image,
}

/// The log's times, all in milliseconds, and what a node keeps of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Entries are at least so far apart.
    pub tick_ms: u64,
    /// An idle log makes an entry each so often.
    pub idle_ms: u64,
    /// A view without an entry is given up after so long.
    pub view_timeout_ms: u64,
    /// The same, for a leader that was silent in its last turn.
    pub skip_timeout_ms: u64,
    /// Who makes no progress asks again after so long.
    pub retry_ms: u64,
    /// The most that time grows from one entry to the next.
    pub step_ms_max: u64,
    /// How far an entry may be ahead of a node's own clock.
    pub drift_ms_max: u64,
    /// How many final entries a node keeps at hand for others: at least twice as many as lie between checkpoints.
    pub history_max: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            tick_ms: 50,
            idle_ms: 1_000,
            view_timeout_ms: 300,
            skip_timeout_ms: 60,
            retry_ms: 400,
            step_ms_max: 1_200,
            drift_ms_max: 500,
            history_max: 4_096,
        }
    }
}

/// How many views ahead of its own a node keeps votes.
pub(crate) const LOOKAHEAD: u64 = 16;

/// How many turns a leader is passed over quickly after a silent one.
pub(crate) const SKIPPED_TURNS: u32 = 4;

/// The most entries in one answer.
pub(crate) const ENTRIES_PER_ANSWER: usize = 32;

/// The most certificates in one answer.
pub(crate) const CERTIFICATES_PER_ANSWER: usize = 64;

#[cfg(test)]
pub(crate) mod tests;

//! Why an entry is final, for who does not follow the log.

use serde::{Deserialize, Serialize};

use super::{Certificate, EntryHeader};
use crate::{
    seats::Seats,
    vote::{Phase, Voting},
};

/// An entry, those after it up to one that a quorum made final, and those votes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryProof {
    /// The entry first. Each is the one after that before it.
    pub headers: Vec<EntryHeader>,
    /// The seats' votes for the last of them.
    pub certificate: Certificate,
}

impl EntryProof {
    /// The height that its entry claims; 0 without one.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.headers.first().map_or(0, |header| header.height)
    }

    /// The entry, if a quorum of these seats made it final.
    #[must_use]
    pub fn verify(&self, seats: &Seats, voting: &Voting) -> Option<&EntryHeader> {
        let (first, last) = (self.headers.first()?, self.headers.last()?);
        let linked = self.headers.windows(2).all(|pair| match pair {
            [before, after] => after.follows(before),
            _ => false,
        });
        let holds = linked
            && first.log == seats.log
            && self.certificate.phase == Phase::Finalize
            && last.id() == self.certificate.entry
            && self.certificate.is_valid(seats, voting);
        holds.then_some(first)
    }
}

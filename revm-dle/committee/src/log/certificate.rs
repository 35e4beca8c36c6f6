//! Votes of a quorum, as one.

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};

use crate::{
    keys::{Compact, NodeId},
    seats::Seats,
    vote::{Ballot, Phase, Voting},
};

/// More than two thirds of a group's seats say the same about a view of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// [`Phase::Notarize`] or [`Phase::Finalize`].
    pub phase: Phase,
    /// The view.
    pub view: u64,
    /// The entry. Zero: the view is nullified.
    pub entry: B256,
    /// Who signed, ascending, each once.
    pub signatures: Vec<(NodeId, Compact)>,
}

impl Certificate {
    /// Of votes that agree; `None` when they are too few.
    pub(super) fn of<'a>(
        seats: &Seats,
        phase: Phase,
        (view, entry): (u64, B256),
        ballots: impl Iterator<Item = &'a Ballot>,
    ) -> Option<Self> {
        let agree = ballots.filter(|ballot| ballot.vote.block == entry);
        let signatures: Vec<_> = agree.map(|ballot| (ballot.voter, ballot.signature)).collect();
        (signatures.len() >= seats.quorum()).then_some(Self { phase, view, entry, signatures })
    }

    /// Whether a quorum of the seats signed it.
    #[must_use]
    pub fn is_valid(&self, seats: &Seats, voting: &Voting) -> bool {
        let ascending = self.signatures.is_sorted_by(|(a, _), (b, _)| a < b);
        let named = matches!(self.phase, Phase::Finalize)
            || matches!(self.phase, Phase::Notarize) && !self.entry.is_zero();
        named
            && ascending
            && self.signatures.len() >= seats.quorum()
            && self.signatures.len() <= seats.count()
            && self
                .ballots(seats)
                .all(|ballot| seats.contains(ballot.voter) && voting.is_valid(&ballot))
    }

    /// The votes in it.
    pub fn ballots(&self, seats: &Seats) -> impl Iterator<Item = Ballot> {
        let vote = seats.vote(self.phase, self.view, self.entry);
        self.signatures
            .iter()
            .map(move |(voter, signature)| Ballot::alone(*voter, vote, *signature))
    }
}

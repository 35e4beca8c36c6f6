//! What a seat knows of one view.

use std::collections::BTreeMap;

use alloy::primitives::B256;

use super::Certificate;
use crate::{
    keys::NodeId,
    seats::Seats,
    vote::{Ballot, Phase},
};

/// One view.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// The leader's entry: the first that arrived.
    pub(super) proposal: Option<B256>,
    notarize: BTreeMap<NodeId, Ballot>,
    finalize: BTreeMap<NodeId, Ballot>,
    pub(super) notarized: Option<Certificate>,
    pub(super) nullified: Option<Certificate>,
    pub(super) finalized: Option<Certificate>,
    /// Whether the proposal breaks a rule: it is not looked at again.
    pub(super) is_refused: bool,
    /// Whether the leader was asked what its proposal stands on.
    pub(super) is_asked: bool,
    /// What this node said itself.
    pub(super) my_notarize: Option<B256>,
    /// Zero: it nullified.
    pub(super) my_finalize: Option<B256>,
}

/// What a vote did.
pub(super) enum Counted {
    Known,
    New,
    /// The voter said something else before.
    Conflict,
}

impl Round {
    /// Whether the view is over.
    pub(super) const fn is_over(&self) -> bool {
        self.notarized.is_some() || self.nullified.is_some()
    }

    /// Whether a vote would change nothing, so that its signature need not be checked.
    pub(super) fn is_needless(&self, phase: Phase, ballot: &Ballot) -> bool {
        let known = self.ballots(phase).and_then(|all| all.get(&ballot.voter));
        known.is_some_and(|known| known.vote == ballot.vote)
            || known.is_none() && self.has_certificate(phase, ballot.vote.block)
    }

    fn has_certificate(&self, phase: Phase, entry: B256) -> bool {
        match phase {
            Phase::Notarize => self.notarized.as_ref().is_some_and(|c| c.entry == entry),
            _ if entry.is_zero() => self.nullified.is_some(),
            _ => self.finalized.is_some(),
        }
    }

    const fn ballots(&self, phase: Phase) -> Option<&BTreeMap<NodeId, Ballot>> {
        match phase {
            Phase::Notarize => Some(&self.notarize),
            Phase::Finalize => Some(&self.finalize),
            _ => None,
        }
    }

    /// Counts a vote whose signature was checked.
    pub(super) fn count(&mut self, seats: &Seats, phase: Phase, ballot: Ballot) -> Counted {
        let ballots = match phase {
            Phase::Notarize => &mut self.notarize,
            _ => &mut self.finalize,
        };
        if let Some(known) = ballots.get(&ballot.voter) {
            if known.vote == ballot.vote {
                return Counted::Known;
            }
            return Counted::Conflict;
        }
        let (view, entry) = (ballot.vote.view, ballot.vote.block);
        ballots.insert(ballot.voter, ballot);
        if let Some(made) = Certificate::of(seats, phase, (view, entry), ballots.values()) {
            self.keep(made);
        }
        Counted::New
    }

    /// Keeps a certificate that is valid. Returns whether it is news.
    pub(super) fn keep(&mut self, certificate: Certificate) -> bool {
        let place = match certificate.phase {
            Phase::Notarize => &mut self.notarized,
            _ if certificate.entry.is_zero() => &mut self.nullified,
            _ => &mut self.finalized,
        };
        let is_news = place.is_none();
        place.get_or_insert(certificate);
        is_news
    }

    /// All that proves how the view ended.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.notarized.iter().chain(&self.nullified).chain(&self.finalized)
    }

    /// What this node said itself and others may still wait for. A view that is nullified has no final entry, and who needs
    /// to know how one ended asks for its certificate.
    pub(super) fn wanted(&self, me: NodeId) -> impl Iterator<Item = &Ballot> {
        let is_open = |ballot: &&Ballot| {
            let notarizes = ballot.vote.phase == Phase::Notarize.number();
            let nullifies = !notarizes && ballot.vote.block.is_zero();
            self.notarized.is_none() || !notarizes && !nullifies && self.finalized.is_none()
        };
        self.mine(me).filter(|_| self.nullified.is_none()).filter(is_open)
    }

    /// What this node said itself.
    pub(super) fn mine(&self, me: NodeId) -> impl Iterator<Item = &Ballot> {
        self.notarize.get(&me).into_iter().chain(self.finalize.get(&me))
    }
}

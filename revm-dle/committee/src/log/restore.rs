//! A seat takes back what it had journaled.

use super::{Certificate, Entry, Simplex, Tip, time::Patience};
use crate::vote::{Ballot, Phase};

impl Simplex {
    /// Takes back a vote that this node had journaled.
    pub fn restore(&mut self, ballot: Ballot, phase: Phase) {
        let view = ballot.vote.view;
        if view <= self.tip.header.view {
            return;
        }
        self.view = self.view.max(view);
        let round = self.rounds.entry(view).or_default();
        match phase {
            Phase::Notarize => round.my_notarize = Some(ballot.vote.block),
            _ => round.my_finalize = Some(ballot.vote.block),
        }
        round.count(&self.seats, phase, ballot);
    }

    /// Begins after an entry whose state this node has.
    pub(crate) fn begin_at(&mut self, tip: Tip) {
        self.view = self.view.max(tip.header.view + 1);
        self.patience = Patience::new(self.view);
        self.history.clear();
        self.tip = tip;
        self.forget_old();
    }

    /// Takes back an entry that this node had journaled as final.
    pub(crate) fn begin_after(&mut self, tip: Tip, entry: Entry) {
        self.view = self.view.max(tip.header.view + 1);
        self.patience = Patience::new(self.view);
        self.remember(tip.id, entry);
        self.tip = tip;
    }

    /// Takes back final entries up to the one that it begins after, for others.
    pub(crate) fn restore_history(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.remember(entry.id(), entry);
        }
    }

    /// Takes back an entry that this node had voted for.
    pub(crate) fn restore_draft(&mut self, entry: Entry) {
        if entry.header.height > self.tip.header.height {
            self.entries.insert(entry.id(), entry);
        }
    }

    /// Takes back the certificate of the last of them.
    pub(crate) fn restore_certificate(&mut self, certificate: Certificate) {
        if certificate.entry == self.tip.id {
            self.certified = Some(certificate.clone());
        }
        self.newest = Some(certificate);
    }
}

//! What a seat votes for, and how.

use alloy::primitives::B256;

use super::{Application, Check, EntryHeader, LogMessage, Simplex};
use crate::{
    journal::Record,
    outbox::Outbox,
    vote::{Ballot, Phase},
};

impl Simplex {
    pub(super) fn vote_for_proposal(
        &mut self,
        now_ms: u64,
        app: &mut impl Application,
        out: &mut Outbox,
    ) {
        let Some(round) = self.rounds.get(&self.view) else { return };
        let (None, None, Some(id)) = (round.my_notarize, round.my_finalize, round.proposal) else {
            return;
        };
        let Some(entry) = self.entries.get(&id).filter(|_| !round.is_refused) else { return };
        if !self.extends(&entry.header) {
            return self.ask_for_ground(out);
        }
        if entry.header.time_ms > now_ms + self.timing.drift_ms_max {
            return;
        }
        let entry = entry.clone();
        self.catch_up(entry.header.parent, app);
        match app.check(&entry) {
            Check::Valid => {
                out.persist(Record::Draft(Box::new(entry)));
                self.vote(Phase::Notarize, self.view, id, out);
            }
            Check::Invalid => {
                self.rounds.entry(self.view).or_default().is_refused = true;
            }
            Check::Unknown => {}
        }
    }

    /// Whether an entry's place in the log is a good one: after a notarized entry, with only nullified views between.
    fn extends(&self, header: &EntryHeader) -> bool {
        let Some(parent) = self.header_of(header.parent) else { return false };
        let mut between = parent.view + 1..header.view;
        header.parent_view == parent.view
            && header.height == parent.height + 1
            && header.time_ms > parent.time_ms
            && header.time_ms <= parent.time_ms + self.timing.step_ms_max
            && between.all(|view| self.is_nullified(view))
            && self.is_notarized(header.parent, parent.view)
    }

    pub(super) fn header_of(&self, id: B256) -> Option<&EntryHeader> {
        if id == self.tip.id {
            return Some(&self.tip.header);
        }
        self.entries.get(&id).map(|entry| &entry.header)
    }

    pub(super) fn is_notarized(&self, id: B256, view: u64) -> bool {
        let notarized = self.rounds.get(&view).and_then(|round| round.notarized.as_ref());
        id == self.tip.id || notarized.is_some_and(|certificate| certificate.entry == id)
    }

    pub(super) fn is_nullified(&self, view: u64) -> bool {
        self.rounds.get(&view).is_some_and(|round| round.nullified.is_some())
    }

    pub(super) fn vote(&mut self, phase: Phase, view: u64, entry: B256, out: &mut Outbox) {
        let ballot = self.cast(phase, view, entry, out);
        out.send_all(self.seats.nodes(), LogMessage::Vote(ballot));
    }

    /// Votes, but does not say so yet.
    pub(super) fn cast(
        &mut self,
        phase: Phase,
        view: u64,
        entry: B256,
        out: &mut Outbox,
    ) -> Ballot {
        let ballot = self.voting.cast(self.seats.vote(phase, view, entry));
        out.persist(Record::LogVote(phase, ballot.clone()));
        let round = self.rounds.entry(view).or_default();
        match phase {
            Phase::Notarize => round.my_notarize = Some(entry),
            _ => round.my_finalize = Some(entry),
        }
        round.count(&self.seats, phase, ballot.clone());
        self.note_newest(view);
        ballot
    }
}

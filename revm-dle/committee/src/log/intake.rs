//! What a seat takes from others about the log.

use super::{Application, Certificate, Entry, LOOKAHEAD, Simplex, round::Counted};
use crate::{
    outbox::Outbox,
    vote::{Ballot, Phase},
};

impl Simplex {
    pub(super) fn take_proposal(
        &mut self,
        entry: Entry,
        ballot: Ballot,
        app: &mut impl Application,
        out: &mut Outbox,
    ) {
        let (view, id) = (entry.header.view, entry.id());
        let leader = self.seats.leader(view);
        let is_leaders = ballot.voter == leader
            && ballot.vote == self.seats.vote(Phase::Notarize, view, id)
            && entry.header.log == self.seats.log
            && entry.header.epoch == self.seats.epoch;
        if !is_leaders || !self.is_near(view) || !entry.is_whole() {
            return;
        }
        if !self.take_vote(ballot, app, out) {
            return;
        }
        self.silent.remove(&leader);
        self.rounds.entry(view).or_default().proposal.get_or_insert(id);
        self.entries.entry(id).or_insert(entry);
        self.wanted.remove(&id);
    }

    pub(super) fn is_near(&self, view: u64) -> bool {
        view > self.tip.header.view && view <= self.view + LOOKAHEAD
    }

    /// Returns whether the vote is a good one.
    pub(super) fn take_vote(
        &mut self,
        ballot: Ballot,
        app: &mut impl Application,
        out: &mut Outbox,
    ) -> bool {
        let (view, block) = (ballot.vote.view, ballot.vote.block);
        let phase = [Phase::Notarize, Phase::Finalize]
            .into_iter()
            .find(|phase| self.seats.vote(*phase, view, block) == ballot.vote);
        let Some(phase) = phase else { return false };
        if !self.is_near(view)
            || !self.seats.contains(ballot.voter)
            || (phase == Phase::Notarize && block.is_zero())
        {
            return false;
        }
        let round = self.rounds.entry(view).or_default();
        if round.is_needless(phase, &ballot) {
            return true;
        }
        if !self.voting.is_valid(&ballot) {
            return false;
        }
        app.saw(&ballot, out);
        if matches!(round.count(&self.seats, phase, ballot), Counted::Conflict) {
            return false;
        }
        self.note_newest(view);
        true
    }

    pub(super) fn take_certificate(&mut self, certificate: Certificate) {
        let view = certificate.view;
        if view <= self.tip.header.view {
            return;
        }
        let known = self.rounds.get(&view);
        if known.is_some_and(|round| {
            round
                .certificates()
                .any(|c| (c.phase, c.entry) == (certificate.phase, certificate.entry))
        }) {
            return;
        }
        if !certificate.is_valid(&self.seats, &self.voting) {
            return;
        }
        self.rounds.entry(view).or_default().keep(certificate);
        self.note_newest(view);
    }

    pub(super) fn note_newest(&mut self, view: u64) {
        let made = self.rounds.get(&view).and_then(|round| round.finalized.as_ref());
        let newest = self.newest.as_ref().map_or(0, |newest| newest.view);
        if let Some(made) = made.filter(|made| made.view > newest) {
            self.newest = Some(made.clone());
        }
    }
}

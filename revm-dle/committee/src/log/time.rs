//! What a seat does because time passed.

use alloy::primitives::B256;

use super::{LogMessage, Simplex};
use crate::{outbox::Outbox, seats::Seats, vote::Phase};

/// A view's time doubles at most so often.
const DOUBLINGS_MAX: u32 = 5;

/// How much longer than usual a seat waits in a view. A network may be slower than [`super::Timing`] expects, or its
/// nodes: then each view would be given up before its entry is final, for ever. So time doubles whenever more views than
/// there can be bad leaders passed without a final entry, and is halved when as many as there are leaders had one.
#[derive(Debug)]
pub(super) struct Patience {
    doublings: u32,
    /// The last view that changed it, or had a final entry.
    since: u64,
    /// Final certificates since it changed.
    finals: usize,
}

impl Patience {
    /// The usual, from a view on.
    pub(super) const fn new(view: u64) -> Self {
        Self { doublings: 0, since: view, finals: 0 }
    }

    const fn stretch(&self, usual_ms: u64) -> u64 {
        usual_ms.saturating_mul(1 << self.doublings)
    }

    /// A view begins; those before it are over.
    pub(super) fn begin_view(&mut self, view: u64, seats: &Seats) {
        let bad_max = seats.nodes().len().saturating_sub(seats.quorum()) as u64;
        // The last good one's may be under way.
        if view > self.since + bad_max + 2 {
            *self =
                Self { doublings: (self.doublings + 1).min(DOUBLINGS_MAX), since: view, finals: 0 };
        }
    }

    /// A view's entry is final.
    pub(super) fn see_final(&mut self, view: u64, seats: &Seats) {
        (self.since, self.finals) = (self.since.max(view), self.finals + 1);
        if self.finals >= seats.nodes().len() {
            (self.doublings, self.finals) = (self.doublings.saturating_sub(1), 0);
        }
    }
}

impl Simplex {
    pub(super) fn deadline_ms(&self) -> u64 {
        let is_silent = self.silent.contains_key(&self.seats.leader(self.view));
        let patience =
            if is_silent { self.timing.skip_timeout_ms } else { self.timing.view_timeout_ms };
        let patience = self.patience.stretch(patience);
        match self.busy_since_ms {
            Some(since) => since.max(self.entered_ms) + patience,
            None => self.entered_ms + self.timing.idle_ms + patience,
        }
    }

    pub(super) fn give_up(&mut self, now_ms: u64, out: &mut Outbox) {
        let said = self.round().is_some_and(|round| round.my_finalize.is_some());
        if !said && now_ms >= self.deadline_ms() {
            self.vote(Phase::Finalize, self.view, B256::ZERO, out);
        }
    }

    /// Without a final entry for so long, a node asks what it missed.
    pub(super) const fn patience_ms(&self) -> u64 {
        let idle = if self.busy_since_ms.is_some() { 0 } else { self.timing.idle_ms };
        idle + self.timing.retry_ms
    }

    /// What it missed is on its way.
    pub(crate) const fn put_off(&mut self, now_ms: u64) {
        self.retry_at_ms = now_ms + self.patience_ms();
    }

    pub(super) fn retry(&mut self, now_ms: u64, out: &mut Outbox) {
        // Who begins to wait for something waits no longer than others.
        self.retry_at_ms = self.retry_at_ms.min(now_ms + self.patience_ms());
        if now_ms < self.retry_at_ms {
            return;
        }
        self.retry_at_ms = now_ms + self.patience_ms();
        let status =
            LogMessage::Status { view: self.first_open_view(), final_view: self.tip.header.view };
        out.send_all(self.seats.nodes(), status);
        if let Some(round) = self.round() {
            for ballot in round.mine(self.voting.me) {
                out.send_all(self.seats.nodes(), LogMessage::Vote(ballot.clone()));
            }
            let mine = round.proposal.filter(|_| self.seats.leader(self.view) == self.voting.me);
            let entry = mine.and_then(|id| self.entries.get(&id));
            let ballot = round.mine(self.voting.me).find(|ballot| Some(ballot.vote.block) == mine);
            if let (Some(entry), Some(ballot)) = (entry, ballot) {
                let again = LogMessage::Propose(Box::new(entry.clone()), ballot.clone());
                out.send_all(self.seats.nodes(), again);
            }
        }
        for (_, round) in self.rounds.range(..self.view) {
            for ballot in round.wanted(self.voting.me) {
                out.send_all(self.seats.nodes(), LogMessage::Vote(ballot.clone()));
            }
        }
        let missing: Vec<_> = self.wanted.iter().copied().collect();
        for id in missing {
            out.send_all(self.seats.nodes(), LogMessage::Fetch { id });
        }
    }
}

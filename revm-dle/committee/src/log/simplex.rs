//! One seat's part in the log. See the module above for the protocol.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::primitives::B256;

use super::{
    CERTIFICATES_PER_ANSWER, Certificate, Entry, EntryHeader, EntryProof, LogMessage,
    SKIPPED_TURNS, Timing, round::Round, time::Patience,
};
use crate::{
    archive::Image,
    journal::Record,
    keys::NodeId,
    outbox::Outbox,
    seats::Seats,
    vote::{Ballot, Phase, Voting},
};

/// What an entry is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It may be voted for.
    Valid,
    /// It never may.
    Invalid,
    /// Not yet: its parent's state is not known here, or what it says of the world outside.
    Unknown,
}

/// What the log is about.
pub trait Application {
    /// What to propose in a view, on an entry that is notarized. `header` is complete but for what the items decide.
    /// What else voters need goes before it.
    fn propose(&mut self, header: EntryHeader, out: &mut Outbox) -> Option<Entry>;
    /// Whether an entry follows the rules, and what this node knows from elsewhere.
    fn check(&mut self, entry: &Entry) -> Check;
    /// Follows an entry that is notarized: what it says of the world outside, a quorum saw.
    fn follow(&mut self, entry: &Entry);
    /// An entry is final. Called once for each, in order.
    fn finalized(&mut self, entry: &Entry, out: &mut Outbox);
    /// Why all entries since the last call are final. What is told of them is written before the certificate is.
    fn certified(&mut self, certificate: &Certificate, out: &mut Outbox);
    /// Of the newest state that others can begin with: why its entry is final.
    fn checkpoint(&self) -> Option<&EntryProof>;
    /// That state, or the beginning of it: who is sent it asks for the rest.
    fn checkpoint_state(&self) -> Option<Image>;
    /// Takes a state over that is final, and that this node missed the way to. False: it is not the entry's.
    fn adopt(&mut self, proof: EntryProof, state: Image, out: &mut Outbox) -> bool;
    /// Somebody gave this vote, and its signature holds.
    fn saw(&mut self, ballot: &Ballot, out: &mut Outbox);
    /// Whether there is something to decide.
    fn is_busy(&self) -> bool;
    /// Whether the newest final entry is its epoch's last one.
    fn is_over(&self) -> bool;
}

/// The newest final entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// Its id.
    pub id: B256,
    /// Its header; of the log's beginning, one that nobody proposed.
    pub header: EntryHeader,
}

/// One seat.
#[derive(Debug)]
pub struct Simplex {
    pub(super) seats: Arc<Seats>,
    pub(super) voting: Voting,
    pub(super) timing: Timing,
    /// The view that this node is in.
    pub(super) view: u64,
    pub(super) entered_ms: u64,
    pub(super) busy_since_ms: Option<u64>,
    pub(super) retry_at_ms: u64,
    pub(super) rounds: BTreeMap<u64, Round>,
    /// Entries that are not final, and the newest final one.
    pub(super) entries: BTreeMap<B256, Entry>,
    pub(super) tip: Tip,
    /// The newest certificate of finality, whose entry may not be here yet.
    pub(super) newest: Option<Certificate>,
    /// The newest one whose entry is here.
    pub(super) certified: Option<Certificate>,
    pub(super) history: BTreeMap<u64, (B256, Entry)>,
    /// Entries that are asked for.
    pub(super) wanted: BTreeSet<B256>,
    /// It only helps others: it has no seat, or its epoch is over.
    pub(super) is_retired: bool,
    /// Leaders that were silent, and for how many turns they are passed over.
    pub(super) silent: BTreeMap<NodeId, u32>,
    pub(super) patience: Patience,
}

impl Simplex {
    /// Begins after an entry that is final: the log's beginning, or what a node had journaled.
    #[must_use]
    pub fn new(seats: Arc<Seats>, voting: Voting, timing: Timing, tip: Tip, now_ms: u64) -> Self {
        let view = tip.header.view + 1;
        Self {
            seats,
            voting,
            timing,
            view,
            entered_ms: now_ms,
            busy_since_ms: None,
            retry_at_ms: now_ms + timing.retry_ms,
            rounds: BTreeMap::new(),
            entries: BTreeMap::new(),
            tip,
            newest: None,
            certified: None,
            history: BTreeMap::new(),
            wanted: BTreeSet::new(),
            silent: BTreeMap::new(),
            patience: Patience::new(view),
            is_retired: false,
        }
    }

    /// Takes no part any more, and helps others to get as far as it came.
    pub(crate) const fn retire(&mut self) {
        self.is_retired = true;
    }

    /// Whether nothing is left to do: also to show others that the last entry is final.
    pub(crate) fn is_done(&self, app: &impl Application) -> bool {
        let is_proven =
            || self.newest.as_ref().is_some_and(|newest| newest.view >= self.tip.header.view);
        self.is_retired || app.is_over() && is_proven()
    }

    /// The newest final entry.
    #[must_use]
    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// The view that this node is in.
    #[must_use]
    pub const fn view(&self) -> u64 {
        self.view
    }

    /// Takes a message of another seat.
    pub fn receive(
        &mut self,
        now_ms: u64,
        from: NodeId,
        message: LogMessage,
        app: &mut impl Application,
        out: &mut Outbox,
    ) {
        if !self.seats.contains(from) {
            return;
        }
        match message {
            LogMessage::Propose(entry, ballot) => self.take_proposal(*entry, ballot, app, out),
            LogMessage::Vote(ballot) => {
                self.take_vote(ballot, app, out);
            }
            LogMessage::Certificates(certificates) => {
                for certificate in certificates.into_iter().take(CERTIFICATES_PER_ANSWER) {
                    self.take_certificate(certificate);
                }
            }
            LogMessage::Status { view, final_view } => {
                self.answer_status(from, (view, final_view), app, out);
            }
            LogMessage::Fetch { id } => self.answer_fetch(from, id, out),
            LogMessage::Entries(entries) => self.take_entries(from, entries, out),
            // Its seat takes those, once all their pages are there.
            LogMessage::Checkpoint(_) => {}
        }
        self.advance(now_ms, app, out);
    }

    /// Does what is due.
    pub fn advance(&mut self, now_ms: u64, app: &mut impl Application, out: &mut Outbox) {
        if self.is_done(app) {
            return;
        }
        match (app.is_busy(), self.busy_since_ms) {
            (true, None) => self.busy_since_ms = Some(now_ms),
            (false, Some(_)) => self.busy_since_ms = None,
            _ => {}
        }
        loop {
            let before = (self.view, out.len());
            self.finalize_newest(now_ms, app, out);
            if self.is_done(app) {
                return;
            }
            self.finalize_late(out);
            self.fetch_notarized(out);
            self.end_view(now_ms, out);
            self.vote_for_proposal(now_ms, app, out);
            self.lead(now_ms, app, out);
            if (self.view, out.len()) == before {
                break;
            }
        }
        self.give_up(now_ms, out);
        self.retry(now_ms, out);
    }

    /// When [`Self::advance`] has something to do if nothing comes before.
    #[must_use]
    pub fn wake_ms(&self) -> u64 {
        let proposal = if self.seats.leader(self.view) == self.voting.me {
            self.propose_at_ms()
        } else {
            u64::MAX
        };
        let gave_up = self.round().is_some_and(|round| round.my_finalize.is_some());
        let deadline = if gave_up { u64::MAX } else { self.deadline_ms() };
        let proposed = self.round().is_some_and(|round| round.my_notarize.is_some());
        let proposal = if proposed || gave_up { u64::MAX } else { proposal };
        proposal.min(deadline).min(self.retry_at_ms)
    }

    pub(super) fn round(&self) -> Option<&Round> {
        self.rounds.get(&self.view)
    }

    /// Makes final what the newest certificate says, with all before it, once it is all here.
    fn finalize_newest(&mut self, now_ms: u64, app: &mut impl Application, out: &mut Outbox) {
        let Some(newest) = self.newest.as_ref().filter(|newest| newest.view > self.tip.header.view)
        else {
            return;
        };
        let (certificate, mut path, mut id) = (newest.clone(), Vec::new(), newest.entry);
        while id != self.tip.id {
            let Some(entry) = self.entries.get(&id) else {
                self.want(id, &certificate, out);
                return;
            };
            path.push(id);
            id = entry.header.parent;
        }
        for id in path.into_iter().rev() {
            let Some(entry) = self.entries.get(&id).cloned() else { continue };
            if app.is_over() {
                // It only makes the epoch's last entry final.
                app.finalized(&entry, out);
                continue;
            }
            self.entries.remove(&id);
            out.persist(Record::Entry(Box::new(entry.clone())));
            app.finalized(&entry, out);
            self.tip = Tip { id, header: entry.header.clone() };
            self.remember(id, entry);
        }
        self.patience.see_final(certificate.view, &self.seats);
        self.retry_at_ms = now_ms + self.patience_ms();
        // Before it: what it proves is told again if it is not there after a crash.
        app.certified(&certificate, out);
        out.persist(Record::Certificate(certificate.clone()));
        self.certified = Some(certificate);
        self.forget_old();
    }

    pub(super) fn remember(&mut self, id: B256, entry: Entry) {
        self.history.insert(entry.header.height, (id, entry));
        if self.history.len() > self.timing.history_max {
            self.history.pop_first();
        }
    }

    pub(super) fn forget_old(&mut self) {
        let (view, height) = (self.tip.header.view, self.tip.header.height);
        self.rounds = self.rounds.split_off(&(view + 1));
        self.entries.retain(|_, entry| entry.header.height > height);
        self.wanted.clear();
    }

    /// Votes to finalize views that were notarized and that this node never gave up.
    fn finalize_late(&mut self, out: &mut Outbox) {
        let due = |round: &Round| {
            round.my_finalize.is_none().then(|| round.notarized.as_ref().map(|c| c.entry)).flatten()
        };
        let all: Vec<_> =
            self.rounds.iter().filter_map(|(view, round)| Some((*view, due(round)?))).collect();
        for (view, entry) in all {
            self.vote(Phase::Finalize, view, entry, out);
        }
    }

    /// Asks for entries that were notarized without this node: the next ones stand on them.
    fn fetch_notarized(&mut self, out: &mut Outbox) {
        let notarized = self.rounds.values().filter_map(|round| round.notarized.as_ref());
        let missing =
            notarized.filter(|certificate| !self.entries.contains_key(&certificate.entry));
        let missing: Vec<_> = missing.cloned().collect();
        for certificate in missing {
            self.want(certificate.entry, &certificate, out);
        }
    }

    fn end_view(&mut self, now_ms: u64, out: &mut Outbox) {
        let ended =
            self.rounds.iter().rev().find(|(_, round)| round.is_over()).map(|(view, _)| *view);
        let newest = ended.unwrap_or(0).max(self.tip.header.view);
        if newest < self.view {
            return;
        }
        if let Some(round) = self.rounds.get(&newest) {
            let ends: Vec<_> = round.notarized.iter().chain(&round.nullified).cloned().collect();
            if round.notarized.is_none() {
                self.silent.insert(self.seats.leader(newest), SKIPPED_TURNS);
            }
            if !ends.is_empty() {
                out.send_all(self.seats.nodes(), LogMessage::Certificates(ends));
            }
        }
        self.view = newest + 1;
        self.patience.begin_view(self.view, &self.seats);
        self.entered_ms = now_ms;
        self.busy_since_ms = self.busy_since_ms.map(|_| now_ms);
        let leader = self.seats.leader(self.view);
        if let Some(turns) = self.silent.get_mut(&leader) {
            *turns = turns.saturating_sub(1);
            if *turns == 0 {
                self.silent.remove(&leader);
            }
        }
    }

    /// The first view since the newest final entry that this node has not seen end.
    pub(super) fn first_open_view(&self) -> u64 {
        let is_open = |view: &u64| !self.rounds.get(view).is_some_and(Round::is_over);
        (self.tip.header.view + 1..self.view).find(is_open).unwrap_or(self.view)
    }
}

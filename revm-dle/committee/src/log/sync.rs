//! How a seat that missed something gets it.

use alloy::primitives::B256;

use super::{
    Application, CERTIFICATES_PER_ANSWER, Certificate, Checkpoint, ENTRIES_PER_ANSWER, Entry,
    EntryHeader, LogMessage, Simplex, Tip,
};
use crate::{journal::Record, keys::NodeId, outbox::Outbox};

impl Simplex {
    /// Tells who is behind how the views ended since.
    pub(super) fn answer_status(
        &self,
        from: NodeId,
        (view, final_view): (u64, u64),
        app: &impl Application,
        out: &mut Outbox,
    ) {
        let oldest = self.history.values().next().map(|(_, entry)| entry.header.parent_view);
        if final_view < oldest.unwrap_or(self.tip.header.view) {
            self.send_checkpoint(from, app, out);
        }
        let newest = self.newest.iter().filter(|newest| newest.view > final_view);
        let ended = self.rounds.range(view..).flat_map(|(_, round)| round.certificates());
        let mut certificates: Vec<Certificate> = Vec::new();
        for certificate in newest.chain(ended).take(CERTIFICATES_PER_ANSWER) {
            if !certificates.contains(certificate) {
                certificates.push(certificate.clone());
            }
        }
        if !certificates.is_empty() {
            out.send(from, LogMessage::Certificates(certificates));
        }
    }

    /// Asks the leader how a view ended on which its entry depends: a view may be notarized and nullified, and a node that
    /// knows one of both sees it end, and does not learn the other.
    pub(super) fn ask_for_ground(&mut self, out: &mut Outbox) {
        let Some(round) = self.rounds.get(&self.view).filter(|round| !round.is_asked) else {
            return;
        };
        let Some(entry) = round.proposal.and_then(|id| self.entries.get(&id)) else { return };
        let Some(view) = self.groundless(&entry.header) else { return };
        let leader = self.seats.leader(self.view);
        out.send(leader, LogMessage::Status { view, final_view: self.tip.header.view });
        self.rounds.entry(self.view).or_default().is_asked = true;
    }

    /// The first view, from that of an entry's parent on, that did not end here as the entry says.
    fn groundless(&self, header: &EntryHeader) -> Option<u64> {
        let parent = header.parent_view;
        let is_tip = header.parent == self.tip.id;
        if !is_tip && !self.is_notarized(header.parent, parent) {
            return (parent > self.tip.header.view).then_some(parent);
        }
        (parent + 1..header.view).find(|view| !self.is_nullified(*view))
    }

    /// A state to begin with, to who missed more than this node keeps. What came since it is told by certificates.
    pub(crate) fn send_checkpoint(&self, from: NodeId, app: &impl Application, out: &mut Outbox) {
        // The state last: making its bytes is work.
        if let Some(proof) = app.checkpoint()
            && let Some(state) = app.checkpoint_state()
        {
            let checkpoint = Checkpoint { proof: proof.clone(), state };
            out.send(from, LogMessage::Checkpoint(Box::new(checkpoint)));
        }
    }

    /// Begins anew from a state that is final, if it is so far ahead that the way to it is gone.
    pub(crate) fn take_checkpoint(
        &mut self,
        checkpoint: Checkpoint,
        app: &mut impl Application,
        out: &mut Outbox,
    ) {
        let Checkpoint { proof, state } = checkpoint;
        // Cheap first: it may be long known.
        if proof.height() <= self.tip.header.height {
            return;
        }
        let entry = proof.verify(&self.seats, &self.voting);
        let Some(header) = entry.filter(|entry| entry.epoch == self.seats.epoch).cloned() else {
            return;
        };
        let certificate = proof.certificate.clone();
        if !app.adopt(proof, state, out) {
            return;
        }
        out.persist(Record::Certificate(certificate.clone()));
        self.begin_at(Tip { id: header.id(), header });
        if certificate.entry == self.tip.id {
            self.certified = Some(certificate.clone());
        }
        // It may know of a newer one that it could not follow without this state.
        if self.newest.as_ref().is_none_or(|newest| newest.view < certificate.view) {
            self.newest = Some(certificate);
        }
    }

    /// Sends an entry and some of those before it.
    pub(super) fn answer_fetch(&self, from: NodeId, id: B256, out: &mut Outbox) {
        let (mut entries, mut id) = (Vec::new(), id);
        while entries.len() < ENTRIES_PER_ANSWER {
            let Some(entry) = self.entry(id) else { break };
            id = entry.header.parent;
            entries.push(entry.clone());
        }
        if !entries.is_empty() {
            out.send(from, LogMessage::Entries(entries));
        }
    }

    fn entry(&self, id: B256) -> Option<&Entry> {
        self.entries.get(&id).or_else(|| {
            let known = self.history.values().rev().find(|(known, _)| *known == id);
            known.map(|(_, entry)| entry)
        })
    }

    /// Takes entries that were asked for; each names the next one.
    pub(super) fn take_entries(&mut self, from: NodeId, entries: Vec<Entry>, out: &mut Outbox) {
        let mut next = None;
        for entry in entries.into_iter().take(ENTRIES_PER_ANSWER) {
            let id = entry.id();
            let is_asked_for = self.wanted.remove(&id) || next == Some(id);
            if !is_asked_for || !entry.is_whole() || entry.header.height <= self.tip.header.height {
                return;
            }
            next = Some(entry.header.parent);
            self.entries.insert(id, entry);
        }
        let missing = next.filter(|id| *id != self.tip.id && !self.entries.contains_key(id));
        if let Some(id) = missing {
            self.wanted.insert(id);
            out.send(from, LogMessage::Fetch { id });
        }
    }

    /// Asks those who voted for an entry for it.
    pub(super) fn want(&mut self, id: B256, certificate: &Certificate, out: &mut Outbox) {
        if self.wanted.insert(id) {
            for (voter, _) in &certificate.signatures {
                out.send(*voter, LogMessage::Fetch { id });
            }
        }
    }
}

//! How a seat that missed something gets it.

use alloy::primitives::B256;

use super::{CERTIFICATES_PER_ANSWER, Certificate, ENTRIES_PER_ANSWER, Entry, LogMessage, Simplex};
use crate::{keys::NodeId, outbox::Outbox};

impl Simplex {
    /// Tells who is behind how the views ended since.
    pub(super) fn answer_status(
        &self,
        from: NodeId,
        (view, final_view): (u64, u64),
        out: &mut Outbox,
    ) {
        let newest = self.newest.iter().filter(|newest| newest.view > final_view);
        let ended = self.rounds.range(view..).flat_map(|(_, round)| round.certificates());
        let mut certificates: Vec<&Certificate> = newest.chain(ended).collect();
        certificates.truncate(CERTIFICATES_PER_ANSWER);
        let mut sent: Vec<&Certificate> = Vec::new();
        for certificate in certificates {
            if !sent.contains(&certificate) {
                sent.push(certificate);
                out.send(from, LogMessage::Certificate(certificate.clone()));
            }
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

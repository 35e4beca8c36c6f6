//! A leader's turn, and what its entry may stand on.

use alloy::primitives::B256;

use super::{Application, EntryHeader, LogMessage, Simplex};
use crate::{journal::Record, outbox::Outbox, vote::Phase};

impl Simplex {
    /// The newest notarized entry with only nullified views after it.
    pub(super) fn parent(&self) -> Option<(B256, &EntryHeader)> {
        for view in (self.tip.header.view + 1..self.view).rev() {
            let round = self.rounds.get(&view)?;
            if let Some(certificate) = &round.notarized {
                let entry = self.entries.get(&certificate.entry)?;
                return Some((certificate.entry, &entry.header));
            }
            round.nullified.as_ref()?;
        }
        Some((self.tip.id, &self.tip.header))
    }

    /// Shows the application entries that were notarized without this node, up to one.
    pub(super) fn catch_up(&self, last: B256, app: &mut impl Application) {
        let (mut path, mut id) = (Vec::new(), last);
        while id != self.tip.id {
            let Some(entry) = self.entries.get(&id) else { return };
            path.push(entry);
            id = entry.header.parent;
        }
        for entry in path.into_iter().rev() {
            app.follow(entry);
        }
    }

    pub(super) fn propose_at_ms(&self) -> u64 {
        let Some((_, parent)) = self.parent() else { return u64::MAX };
        let pace =
            if self.busy_since_ms.is_some() { self.timing.tick_ms } else { self.timing.idle_ms };
        self.entered_ms.max(parent.time_ms.saturating_add(pace).min(self.entered_ms + pace))
    }

    pub(super) fn lead(&mut self, now_ms: u64, app: &mut impl Application, out: &mut Outbox) {
        let said = self
            .round()
            .is_some_and(|round| round.my_notarize.is_some() || round.my_finalize.is_some());
        if said || self.seats.leader(self.view) != self.voting.me || now_ms < self.propose_at_ms() {
            return;
        }
        let Some((parent, header)) = self.parent() else { return };
        let (least, most) = (header.time_ms + 1, header.time_ms + self.timing.step_ms_max);
        let header = EntryHeader {
            log: self.seats.log,
            epoch: self.seats.epoch,
            view: self.view,
            height: header.height + 1,
            parent,
            parent_view: header.view,
            time_ms: now_ms.clamp(least, most),
            items_hash: B256::ZERO,
            notices_root: B256::ZERO,
            state_hash: B256::ZERO,
        };
        self.catch_up(parent, app);
        let Some(entry) = app.propose(header, out) else { return };
        let id = entry.id();
        out.persist(Record::Draft(Box::new(entry.clone())));
        self.entries.insert(id, entry.clone());
        self.rounds.entry(self.view).or_default().proposal = Some(id);
        let ballot = self.cast(Phase::Notarize, self.view, id, out);
        out.send_all(self.seats.nodes(), LogMessage::Propose(Box::new(entry), ballot));
    }
}

//! Waiting to be drawn.

use std::collections::BTreeSet;

use super::Member;
use crate::{
    archive::item::Joining, journal::Record, keys::NodeId, message::Message, outbox::Outbox,
};

/// A member's wish to be drawn.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Counts wishes.
    pub(super) number: u64,
    /// Whether the last one may still be in the pool.
    stands: bool,
    /// When it was last said.
    said_ms: u64,
    /// Seats that say that it is used up. More than a third of them must: a new wish ends the one before, and with it a
    /// draw that is under way.
    used: BTreeSet<NodeId>,
}

impl Waiting {
    /// Drawn: the wish before is used up. Who is let go wished again when it was drawn.
    pub(super) const fn note(&mut self, is_in: bool, was_in: bool) {
        if is_in && !was_in {
            self.stands = false;
        }
    }
}

impl Member {
    /// A seat says that a wish is used up: the notices of what it was drawn for are lost.
    pub(super) fn take_used(&mut self, from: NodeId, number: u64) {
        let seats = &self.config.seats;
        let waiting = &mut self.waiting;
        if waiting.stands && number == waiting.number && seats.contains(from) {
            waiting.used.insert(from);
            waiting.stands = waiting.used.len() <= seats.nodes().len() - seats.quorum();
        }
    }

    /// Joins the pool whenever this member has room for another chain.
    pub(super) fn join(&mut self, out: &mut Outbox) {
        let me = self.me();
        let offer = self.config.voting.offer(me);
        let stake =
            if offer.roles == 0 { 0 } else { usize::try_from(offer.seats).unwrap_or(usize::MAX) };
        if self.serving.len() >= self.config.parts_max.min(stake) {
            return;
        }
        let is_due = self.now_ms >= self.waiting.said_ms + self.config.timing.retry_ms * 4;
        if !self.waiting.stands {
            self.waiting.number += 1;
            self.waiting.used.clear();
            self.waiting.stands = true;
            out.persist(Record::Joined(self.waiting.number));
        } else if !is_due {
            return;
        }
        self.waiting.said_ms = self.now_ms;
        let (log, number) = (self.config.seats.log, self.waiting.number);
        let signature = self.config.voting.sign(Joining::struct_hash(log, &offer, number));
        let joining = Joining { offer, number, signature };
        out.send_all(self.config.seats.nodes(), Message::Join(joining));
    }
}

//! Wishing to be drawn.
//!
//! A wish that stands is said again, for seats answer only when it stands no more: each time after twice as long, as most
//! wait for hours, and each time is a signed parcel to every seat.

use std::collections::BTreeSet;

use alloy::primitives::B256;
use conet_bindings::roles;

use super::Member;
use crate::{
    archive::{item::Joining, traps},
    journal::Record,
    keys::NodeId,
    message::Message,
    outbox::Outbox,
    roulette::pool::Offer,
    seats::Seats,
};

/// After how many [`MemberTiming::retry_ms`] a wish is said again the first time.
///
/// [`MemberTiming::retry_ms`]: super::MemberTiming::retry_ms
const PAUSE_MIN: u64 = 4;

/// The most of them between two times.
const PAUSE_MAX: u64 = 32;

/// A member's wish to be drawn.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Counts wishes.
    pub(super) number: u64,
    /// In which log it waits.
    log: B256,
    /// The last one, as long as it may stand.
    said: Option<Joining>,
    /// When it was last said.
    said_ms: u64,
    /// For how many retries it is not said again.
    pause: u64,
    /// Seats that say that it stands no more. More than a third of them must: a new wish takes a node out of draws that
    /// are under way.
    used: BTreeSet<NodeId>,
}

impl Member {
    /// A seat says that a wish stands no more: this member was silent, or the wish was too old.
    pub(super) fn take_used(&mut self, from: NodeId, number: u64) {
        let Some(seats) = self.groups.home(self.config.voting.me) else { return };
        let waiting = &mut self.waiting;
        if number == waiting.number && seats.contains(from) {
            waiting.used.insert(from);
            if waiting.used.len() > seats.nodes().len() - seats.quorum() {
                waiting.said = None;
            }
        }
    }

    /// What this member offers in the group where it waits: what its stake is enough for, and no more than it wants, less
    /// the chains of other groups that it serves in.
    fn offer(&self, home: &Seats) -> Offer {
        let most = self.config.voting.offer(self.me());
        let wanted = u32::try_from(self.config.parts_max).unwrap_or(u32::MAX);
        // As long as there is one group it keeps all chains.
        let others = (!home.branch.is_root()).then_some(&self.serving).into_iter().flatten();
        let elsewhere = others.filter(|chain| !home.branch.keeps(**chain)).count();
        let elsewhere = u32::try_from(elsewhere).unwrap_or(u32::MAX);
        let offer = Offer { seats: most.seats.min(wanted).saturating_sub(elsewhere), ..most };
        if offer.is_nothing() { Offer::nothing(offer.node) } else { offer }
    }

    /// Says the wish that stands, until it does not any more or this member wishes something else: seats answer nothing
    /// while it stands.
    pub(super) fn join(&mut self, out: &mut Outbox) {
        let Some(home) = self.groups.home(self.me()).cloned() else { return };
        let pause_ms = self.config.timing.retry_ms * self.waiting.pause;
        let is_due = self.now_ms >= self.waiting.said_ms + pause_ms;
        // What it may offer changes seldom: it is not counted in every step.
        if self.waiting.said.is_some() && self.waiting.log == home.log && !is_due {
            return;
        }
        let offer = self.offer(&home);
        let joining = match self.waiting.said.take() {
            Some(said) if said.offer == offer && self.waiting.log == home.log => said,
            None if offer.is_nothing() => return,
            _ => return self.wish(&home, offer, out),
        };
        if is_due {
            self.waiting.said_ms = self.now_ms;
            self.waiting.pause = PAUSE_MAX.min(self.waiting.pause * 2);
            out.send_all(home.nodes(), Message::Join(joining.clone()));
        }
        self.waiting.said = Some(joining);
    }

    /// Who has got or lost a place may wait no more: it asks soon.
    pub(super) const fn ask_soon(&mut self) {
        self.waiting.pause = PAUSE_MIN;
    }

    /// Another secret for traps comes with another wish.
    pub(super) fn wish_anew(&mut self) {
        self.waiting.said = None;
    }

    fn wish(&mut self, home: &Seats, offer: Offer, out: &mut Outbox) {
        let number = self.waiting.number + 1;
        out.persist(Record::Joined(number));
        let makes_blocks = offer.roles & roles::CREATOR != 0;
        let trap = if makes_blocks { traps::commit(self.trap_secret(number)) } else { B256::ZERO };
        let signed = Joining::struct_hash(home.log, &offer, number, trap);
        let joining = Joining { offer, number, trap, signature: self.config.voting.sign(signed) };
        out.send_all(home.nodes(), Message::Join(joining.clone()));
        let (log, said) = (home.log, Some(joining));
        let used = BTreeSet::new();
        self.waiting = Waiting { number, log, said, said_ms: self.now_ms, pause: PAUSE_MIN, used };
    }
}

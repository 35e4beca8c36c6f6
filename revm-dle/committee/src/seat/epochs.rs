//! From one epoch to the next: who had a seat and keeps it, who gets one, and who leaves.
//!
//! The main chain says when an epoch has begun, who sits in it, and the hash of the state that it begins with. Who has
//! that state goes on from it; who does not asks all who may have it. Who leaves stays to help the others.

use std::sync::Arc;

use alloy::primitives::{B256, Bytes, keccak256};
use conet_bindings::statement;

use super::{Desk, Seat, SeedKeys};
use crate::{
    archive::{Beginning, Item, State, item::Handover},
    journal::Record,
    keys::NodeId,
    log::{Simplex, Tip},
    message::Message,
    outbox::Outbox,
    seats::Seats,
};

/// The most nodes without a seat that are asked for what is missing.
const LEFT_MAX: usize = 64;

impl Seat {
    /// The main chain has begun an epoch: the one before is over, whatever this node has seen of it.
    pub(super) fn follow(&mut self, beginning: Beginning, out: &mut Outbox) {
        let newest = self.next.as_ref().map_or(self.desk.seats.epoch, |next| next.epoch);
        if beginning.epoch <= newest {
            return;
        }
        self.log.retire();
        self.desk.is_retired = true;
        self.desk.keys.forget_before(beginning.epoch);
        self.desk.successors.take_if(|named| named.epoch <= beginning.epoch);
        let known = self.desk.frozen(beginning.state_hash);
        let is_in = beginning.nodes.contains(&self.desk.voting.me);
        self.next = Some(beginning.clone());
        self.asked = 0;
        match known.filter(|_| is_in) {
            Some(frozen) => self.begin(beginning, frozen, out),
            None => self.ask_for_frozen(out),
        }
    }

    /// Whether this node has a seat in an epoch whose state it does not have.
    pub(super) fn is_awaiting(&self) -> bool {
        self.next.as_ref().is_some_and(|next| next.nodes.contains(&self.desk.voting.me))
    }

    /// Asks one after the other: a state may be large.
    pub(super) fn ask_for_frozen(&mut self, out: &mut Outbox) {
        let Some(next) = self.next.as_ref().filter(|_| self.is_awaiting()) else {
            return;
        };
        let me = self.desk.voting.me;
        let all: Vec<_> =
            next.before.iter().chain(&next.nodes).copied().filter(|node| *node != me).collect();
        // Not all begin with the same one.
        let place = usize::try_from(me.0).unwrap_or_default().wrapping_add(self.asked);
        if let Some(node) = all.get(place % all.len().max(1)) {
            out.send(*node, Message::FetchFrozen { hash: next.state_hash });
        }
        self.asked += 1;
    }

    /// Gives the state that an epoch begins with to who has a seat in it, and to nobody else.
    pub(super) fn answer_frozen(&self, from: NodeId, hash: B256, out: &mut Outbox) {
        let next = self.next.as_ref().is_some_and(|next| next.nodes.contains(&from));
        let known = self.desk.frozen(hash).filter(|_| next || self.desk.seats.contains(from));
        if let Some(frozen) = known {
            out.send(from, Message::Frozen(frozen));
        }
    }

    /// A state, and maybe the one that this node waits for.
    pub(super) fn take_frozen(&mut self, frozen: Bytes, out: &mut Outbox) {
        let next = self.next.clone().filter(|_| self.is_awaiting());
        if let Some(next) = next.filter(|next| next.state_hash == keccak256(&frozen)) {
            self.begin(next, frozen, out);
        }
    }

    /// Takes its seat in an epoch.
    pub(super) fn begin(&mut self, beginning: Beginning, frozen: Bytes, out: &mut Outbox) {
        let Some(last) = self.desk.state.thaw(&frozen) else { return };
        out.persist(Record::Epoch(Box::new((beginning.clone(), frozen.clone()))));
        let Beginning { epoch, nodes, before, state_hash } = beginning;
        self.desk.leave(&before, &nodes);
        let seats = Arc::new(self.desk.seats.in_epoch(epoch, nodes));
        let header = seats.beginning(state_hash, last.height, last.time_ms);
        let tip = Tip { id: header.id(), header };
        let (voting, now_ms) = (self.desk.voting.clone(), self.desk.now_ms);
        self.desk.seeds = self.desk.keys.seeds(&seats);
        self.desk.begin(seats.clone(), &last, tip.id, (state_hash, frozen));
        self.log = Simplex::new(seats, voting, self.timing, tip, now_ms);
        self.next = None;
    }

    /// What this seat certifies to the main chain: who sits next, and the state that this epoch ended with. The same at
    /// all seats, but for nodes that the main chain refuses meanwhile.
    #[must_use]
    pub fn handover(&self) -> Option<statement::Handover> {
        let desk = &self.desk;
        let logged = desk.state.handover()?;
        let named = desk.successors.as_ref().filter(|named| named.epoch == logged.epoch);
        // The main chain may leave out who was to sit; another has announced no keys.
        let is_less =
            |named: &&Handover| named.nodes.iter().all(|node| logged.nodes.contains(node));
        let newest = named.filter(is_less).unwrap_or(logged);
        let has_seat = desk.seats.contains(desk.voting.me);
        desk.state.statement(&newest.nodes).filter(|_| has_seat)
    }

    /// Whether it has a seat in the newest epoch that it knows of, and the state that this began with.
    #[must_use]
    pub const fn is_seated(&self) -> bool {
        !self.desk.is_retired
    }
}

impl Desk {
    /// Notes who had seats and has none now, the last ones first: some state may be with them alone.
    fn leave(&mut self, before: &[NodeId], nodes: &[NodeId]) {
        let older = std::mem::take(&mut self.left);
        let older = older.into_iter().filter(|node| !before.contains(node));
        let all = before.iter().copied().chain(older).filter(|node| !nodes.contains(node));
        self.left = all.take(LEFT_MAX).collect();
    }

    /// The main chain names who shall sit next. This node may not have begun the epoch before.
    pub(super) fn take_successors(
        &mut self,
        handover: Handover,
        sitting: Vec<NodeId>,
        out: &mut Outbox,
    ) {
        let known = self.successors.as_ref().map_or(0, |known| known.epoch);
        if handover.epoch >= known {
            self.successors = Some(handover);
            self.part.sitting = sitting;
            self.queue_successors();
            self.go_on_with_ceremony(out);
        }
    }

    fn queue_successors(&mut self) {
        self.items.retain(|item| !matches!(item, Item::Handover(_)));
        if let Some(handover) = self.successors.clone() {
            self.queue(Item::Handover(handover));
        }
    }

    fn frozen(&self, hash: B256) -> Option<Bytes> {
        let own = self.checkpoint.as_ref().filter(|(header, _)| header.state_hash == hash);
        let own = own.map(|(_, state)| state.freeze());
        let kept = self.frozen.as_ref().filter(|(known, _)| *known == hash);
        own.or_else(|| kept.map(|(_, state)| state.clone()))
    }

    /// Goes on with the state that an epoch begins with. What was under way is void; what proves lies is not.
    fn begin(&mut self, seats: Arc<Seats>, last: &State, tip: B256, frozen: (B256, Bytes)) {
        self.state = last.succeed(seats.clone(), self.seeds.clone().map(SeedKeys::checker));
        (self.seats, self.tip, self.frozen) = (seats, tip, Some(frozen));
        (self.is_retired, self.checkpoint) = (false, None);
        self.forget_ceremony();
        self.states.clear();
        self.cases.clear();
        self.loose.clear();
        self.unsaid.clear();
        self.accusations.clear();
        self.parts.clear();
        self.unproven.clear();
        self.openings.retain(|chain, _| !self.state.chains.contains_key(chain));
        let items = std::mem::take(&mut self.items);
        self.items = items.into_iter().filter(|item| self.is_current(item)).collect();
        self.queue_successors();
        self.note_missing();
    }
}

//! From one epoch to the next: who had a seat and keeps it, who gets one, and who leaves.
//!
//! The main chain says when an epoch has begun, who sits in it, and the hash of the state that it begins with. Who has
//! that state goes on from it; who does not asks all who may have it, and is sent that state, or a checkpoint of the new
//! epoch with the votes of its seats. Who leaves stays to help the others.

use std::sync::Arc;

use alloy::primitives::B256;
use conet_bindings::statement::Statement;

use super::{Desk, Seat, SeedKeys, charges::Charges, shown::Spreading};
use crate::{
    archive::{Beginning, Image, Item, Named, State, item::Handover},
    journal::Record,
    keys::NodeId,
    log::{Checkpoint, Simplex, Tip},
    message::Message,
    outbox::Outbox,
    seats::Seats,
};

/// The most nodes without a seat that are asked for what is missing.
const LEFT_MAX: usize = 64;

impl Seat {
    /// The main chain has begun an epoch: the one before is over, whatever this node has seen of it.
    pub(super) fn follow(&mut self, beginning: Beginning, out: &mut Outbox) {
        let seats = &beginning.seats;
        let newest = self.next.as_ref().map_or(&*self.desk.seats, |next| &next.seats);
        // Who sits nowhere may follow one group until it gets a seat in another: their epochs do not compare.
        let is_old = if seats.group == newest.group {
            seats.epoch <= newest.epoch
        } else {
            seats.branch.is_above(&newest.branch)
        };
        if is_old {
            return;
        }
        let newest_group = newest.group;
        self.log.retire();
        self.desk.is_retired = true;
        self.desk.keys.forget_before(seats.keyed_for);
        let moves = seats.group != newest_group;
        self.desk.successors.take_if(|named| moves || named.epoch <= seats.epoch);
        self.desk.part.log = Some(seats.log);
        let known = self.desk.frozen(beginning.state_hash);
        let is_in = seats.contains(self.desk.voting.me);
        self.next = Some(beginning.clone());
        self.asked = 0;
        match known.filter(|_| is_in) {
            Some(frozen) => self.begin(beginning, frozen, out),
            None => {
                out.persist(Record::Over(beginning.seats.epoch - 1));
                self.desk.destroy_secrets();
                self.ask_for_frozen(out);
            }
        }
    }

    /// Whether this node has a seat in an epoch whose state it does not have.
    pub(super) fn is_awaiting(&self) -> bool {
        self.next.as_ref().is_some_and(|next| next.seats.contains(self.desk.voting.me))
    }

    /// Asks one after the other: a state may be large.
    pub(super) fn ask_for_frozen(&mut self, out: &mut Outbox) {
        let Some(next) = self.next.as_ref().filter(|_| self.is_awaiting()) else {
            return;
        };
        let me = self.desk.voting.me;
        let all = next.before.iter().chain(next.seats.nodes()).copied();
        let all: Vec<_> = all.filter(|node| *node != me).collect();
        // Not all begin with the same one.
        let place = usize::try_from(me.0).unwrap_or_default().wrapping_add(self.asked);
        if let Some(node) = all.get(place % all.len().max(1)) {
            out.send(*node, Message::FetchFrozen { hash: next.state_hash });
        }
        self.asked += 1;
    }

    /// Whether somebody has a seat in this epoch, in the next one, or in the other half.
    pub(super) fn may_be_handed(&self, node: NodeId) -> bool {
        let next = self.next.as_ref();
        let is_next =
            next.is_some_and(|next| next.seats.contains(node) || next.siblings.contains(&node));
        is_next || self.desk.seats.contains(node) || self.desk.siblings.contains(&node)
    }

    /// Gives the state that an epoch begins with to who has a seat in it, or in the other half, and to nobody else.
    pub(super) fn answer_frozen(&self, from: NodeId, hash: B256, out: &mut Outbox) {
        if !self.may_be_handed(from) {
            return;
        }
        // Only then: making its bytes is work.
        if let Some(frozen) = self.desk.shown(hash) {
            out.send(from, Message::Frozen(frozen));
        } else if hash == self.desk.began_with && self.desk.seats.contains(from) {
            self.log.send_checkpoint(from, &self.desk, out);
        }
    }

    /// A state, and maybe the one that this node waits for.
    pub(super) fn take_frozen(&mut self, from: NodeId, frozen: Image, out: &mut Outbox) {
        let next = self.next.clone().filter(|_| self.is_awaiting());
        if let Some(next) = next.filter(|next| next.state_hash == frozen.hash())
            && let Some(whole) = self.complete(from, frozen, None, out)
        {
            self.begin(next, whole, out);
        }
    }

    /// Others are further: this node begins where they are, in this epoch or in the one that it waits for.
    pub(super) fn take_checkpoint(
        &mut self,
        from: NodeId,
        Checkpoint { proof, state }: Checkpoint,
        out: &mut Outbox,
    ) {
        let next = self.next.clone().filter(|_| self.is_awaiting());
        let seats =
            next.as_ref().map_or_else(|| self.desk.seats.clone(), |next| next.seats.clone().into());
        // Those who were asked: it takes work to see that it is wrong.
        let was_asked = next.as_ref().is_some_and(|next| next.before.contains(&from));
        let is_old = next.is_none() && proof.height() <= self.log.tip().header.height;
        if !seats.contains(from) && !was_asked || is_old {
            return;
        }
        let entry = proof.verify(&seats, &self.desk.voting);
        let is_its = entry.is_some_and(|entry| {
            entry.epoch == seats.epoch
                && entry.state_hash == state.hash()
                && state.height() == Some(entry.height)
        });
        if is_its && let Some(state) = self.complete(from, state, Some(&proof), out) {
            if let Some(next) = next {
                self.write_epoch(&next, out);
                self.sit_without_state(next, None);
            }
            self.log.take_checkpoint(Checkpoint { proof, state }, &mut self.desk, out);
        }
    }

    /// Takes its seat in an epoch.
    pub(super) fn begin(&mut self, beginning: Beginning, frozen: Image, out: &mut Outbox) {
        let Some(last) = self.desk.state.thaw(&frozen) else { return };
        self.write_epoch(&beginning, out);
        out.persist(Record::Start(frozen.clone()));
        self.sit(beginning, &last, Some(frozen));
    }

    fn write_epoch(&mut self, beginning: &Beginning, out: &mut Outbox) {
        self.desk.leave(&beginning.before, beginning.seats.nodes());
        out.persist(Record::Left(self.desk.left.clone()));
        out.persist(Record::Epoch(Box::new(beginning.clone())));
    }

    /// The log of an epoch whose checkpoint is adopted next: until then there is nothing, at height 0.
    pub(super) fn sit_without_state(&mut self, beginning: Beginning, frozen: Option<Image>) {
        let state = &self.desk.state;
        let seats = Arc::new(beginning.seats.clone());
        let voting = Arc::new(self.desk.voting.clone());
        let nothing = State::new(seats, state.rules, voting, None, 0);
        self.sit(beginning, &nothing, frozen);
    }

    /// The log of an epoch, after the state that it begins with.
    fn sit(&mut self, beginning: Beginning, last: &State, frozen: Option<Image>) {
        let Beginning { seats, siblings, state_hash, .. } = beginning;
        let seats = Arc::new(seats);
        self.desk.siblings = siblings;
        let header = seats.beginning(state_hash, last.height, last.time_ms);
        let tip = Tip { id: header.id(), header };
        let (voting, now_ms) = (self.desk.voting.clone(), self.desk.now_ms);
        self.desk.seeds = self.desk.keys.seeds(&seats);
        (self.desk.began_with, self.desk.frozen) = (state_hash, frozen);
        self.desk.begin(seats.clone(), last, tip.id);
        self.log = Simplex::new(seats, voting, self.timing, tip, now_ms);
        self.next = None;
    }

    /// What this seat certifies to the main chain: who sits next, and the state that this epoch ended with. The same at
    /// all seats, but for nodes that the main chain refuses meanwhile.
    #[must_use]
    pub fn handover(&self) -> Option<Statement> {
        let desk = &self.desk;
        let logged = desk.state.handover().filter(|_| desk.seats.contains(desk.voting.me))?;
        let named = desk.successors.as_ref().filter(|named| named.epoch == logged.epoch);
        // The main chain may leave out who was to sit; another has announced no keys.
        let newest = named.and_then(|named| named.with(|node| logged.nodes.contains(&node)));
        let newest = newest.map(|newest| {
            let division = newest.division.and(logged.division);
            Handover { division, ..newest }
        });
        let last =
            desk.checkpoint.as_ref().filter(|last| last.header.height == desk.state.height)?;
        desk.state.statement(newest.as_ref().unwrap_or(logged), last.hash())
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
    pub(super) fn take_successors(&mut self, named: Named, sitting: Vec<NodeId>, out: &mut Outbox) {
        let known = self.successors.as_ref().map_or(0, |known| known.epoch);
        if named.epoch < known {
            return;
        }
        if named.epoch > known {
            self.named_ms.clear();
        }
        self.named_ms.retain(|node, _| named.nodes.contains(node));
        for node in &named.nodes {
            self.named_ms.entry(*node).or_insert(self.now_ms);
        }
        self.successors = Some(named);
        self.part.sitting = sitting;
        self.queue_successors();
        self.go_on_with_ceremony(out);
    }

    /// Proposes who shall sit next: all who were named, but for those who had their time and did not do their part.
    pub(super) fn queue_successors(&mut self) {
        self.items.retain(|item| !matches!(item, Item::Handover(_)));
        let Some(named) = &self.successors else { return };
        let patience_ms = self.patience_for_keys_ms();
        let fit = named
            .with(|node| self.is_fit(node, &self.state) || !self.was_named_for(node, patience_ms));
        // Without those who do not do their part there may be nothing to change.
        let handover = fit.filter(|fit| {
            let is_less = fit.nodes != named.nodes;
            !is_less || fit.nodes != self.seats.nodes()
        });
        if let Some(handover) = handover {
            self.queue(Item::Handover(handover));
        }
    }

    /// For how long whoever is named may leave it to others to sit next.
    const fn patience_for_keys_ms(&self) -> u64 {
        self.state.rules.ceremony_ms.saturating_mul(2)
    }

    /// Whether this node knows for so long that the main chain names a node.
    fn was_named_for(&self, node: NodeId, long_ms: u64) -> bool {
        let since = self.named_ms.get(&node);
        since.is_some_and(|since| self.now_ms >= since.saturating_add(long_ms))
    }

    /// Whether a node does what it must to sit next, as far as a state says.
    fn is_fit(&self, node: NodeId, state: &State) -> bool {
        let has_keys = state.ceremony().is_none() || state.has_announced(node);
        has_keys && !state.barred.contains(&node)
    }

    /// Whether these are who shall sit next, but for those who had their time and did not do their part, neither in the
    /// newest final state nor in the one that this shall come after: else one leader could leave out whom it likes. Not all
    /// nodes read the main chain at once: a voter waits a little less than who proposes it.
    pub(super) fn knows_successors(&self, handover: &Handover, before: &State) -> bool {
        let patience_ms = self.patience_for_keys_ms() - self.state.rules.ceremony_ms / 2;
        self.successors.as_ref().is_some_and(|named| {
            let sits = |node| handover.nodes.contains(&node);
            let may_go = |node| {
                self.was_named_for(node, patience_ms)
                    && !self.is_fit(node, &self.state)
                    && !self.is_fit(node, before)
            };
            named.with(sits).as_ref() == Some(handover)
                && named.nodes.iter().all(|node| sits(*node) || may_go(*node))
        })
    }

    fn frozen(&self, hash: B256) -> Option<Image> {
        let own = self.checkpoint.as_ref().filter(|own| own.hash() == hash);
        let kept = self.frozen.as_ref().filter(|_| self.began_with == hash);
        own.map(|own| own.since(None)).or_else(|| kept.cloned())
    }

    /// Goes on with the state that an epoch begins with. What was under way is void; what proves lies is not.
    fn begin(&mut self, seats: Arc<Seats>, last: &State, tip: B256) {
        let moves = self.seats.group != seats.group;
        let seeds = self.seeds.clone().map(SeedKeys::checker);
        self.state = last.succeed(seats.clone(), self.siblings.clone(), seeds);
        (self.seats, self.tip) = (seats, tip);
        self.diverged = None;
        self.is_retired = false;
        // Where chains stood tells what to do until this epoch's first entry says it anew.
        let last = self.checkpoint.take();
        self.written = None;
        if !last.is_some_and(|last| last.proof.is_some() && last.hash() == self.began_with) {
            self.ledgers.keep_standing(None);
        }
        self.forget_ceremony();
        (self.told_pool, self.told_key) = (None, None);
        self.forget_others(moves);
        self.states.clear();
        self.cases.clear();
        self.loose.clear();
        self.unsaid.clear();
        (self.charges, self.spreading) = (Charges::default(), Spreading::default());
        self.parts.clear();
        self.unproven.clear();
        self.openings.retain(|chain, _| !self.state.chains.contains_key(chain));
        let items = std::mem::take(&mut self.items);
        self.items = items.into_iter().filter(|item| self.is_current(item)).collect();
        self.queue_successors();
        self.note_missing();
    }

    /// After a split: what the other half keeps is none of this node's business, but for its disk. Who `moves` to another
    /// group, maybe only in a later epoch of a half, reads anew which seed that shall make.
    fn forget_others(&mut self, moves: bool) {
        let branch = &self.state.seats.branch;
        self.missing.retain(|chain, _| branch.keeps(*chain));
        self.openings.retain(|chain, _| branch.keeps(*chain));
        self.paid.retain(|chain, _| branch.keeps(*chain));
        self.said.retain(|(chain, ..), _| branch.keeps(*chain));
        if moves {
            self.wanted = None;
        }
    }
}

//! The main chain, as far as epochs go: it names who shall sit next, takes what the seats certify, and begins epochs.
//! Nodes read it each in its own time.

use std::{collections::BTreeMap, sync::Arc};

use conet_bindings::statement::{self, Statement};
use conet_committee::{
    archive::{Beginning, Named},
    keys::NodeId,
    seat::Event,
    seats::Seats,
};
use rand::Rng as _;

use super::{Actor, Happening, Violation, World};

/// How often the main chain's list is read again until the epoch begins: who was barred meanwhile is not on it.
const RENAME_MS: u64 = 2_000;

/// The fewest seats of a group.
const SEATS_MIN: usize = 1;

/// The longest that a node takes to read what the main chain has.
const READ_MS_MAX: u64 = 2_000;

/// What the main chain has.
#[derive(Debug)]
pub(super) struct MainChain {
    /// The newest epoch's seats.
    pub(super) seats: Arc<Seats>,
    /// The epochs that began, after the first.
    begun: Vec<Beginning>,
    /// Who shall sit next.
    named: Option<Named>,
    /// What honest seats certify.
    signed: BTreeMap<NodeId, statement::Handover>,
    /// Who lost its stake: it is on no list any more.
    unfit: Option<NodeId>,
}

impl MainChain {
    pub(super) const fn new(seats: Arc<Seats>) -> Self {
        Self { seats, begun: Vec::new(), named: None, signed: BTreeMap::new(), unfit: None }
    }

    /// How many epochs ended.
    pub(super) const fn ended(&self) -> usize {
        self.begun.len()
    }

    /// The list that enough seats certify.
    fn certified(&self) -> Option<&statement::Handover> {
        let agree = |one: &statement::Handover| {
            self.signed.values().filter(|other| *other == one).count() >= self.seats.quorum()
        };
        self.signed.values().find(|one| agree(one))
    }
}

impl World<'_> {
    /// The main chain names who shall sit next, or names them again.
    pub(super) fn name(&mut self, index: usize) {
        if self.main.ended() > index {
            return;
        }
        self.at(self.now_ms + RENAME_MS, Happening::Names(index));
        if self.main.ended() < index {
            return;
        }
        let Some((_, nodes)) = self.scenario.handovers.get(index) else { return };
        let is_fit = |node: &NodeId| self.main.unfit != Some(*node) && !self.is_barred(*node);
        let nodes: Vec<_> = nodes.iter().copied().filter(is_fit).collect();
        let named =
            Named { epoch: self.main.seats.epoch + 1, nodes, least: SEATS_MIN, division: None };
        if self.main.named.as_ref() == Some(&named) {
            return;
        }
        self.oracle.see_named(&named);
        self.main.named = Some(named);
        for seat in self.scenario.archives.clone() {
            let delay_ms = self.rng.random_range(1..READ_MS_MAX);
            self.at(self.now_ms + delay_ms, Happening::Reads(seat));
        }
    }

    fn is_barred(&self, node: NodeId) -> bool {
        self.honest_seats().any(|seat| seat.state().barred.contains(&node))
    }

    /// A node reads what is new on the main chain. Whenever it starts, it reads all.
    pub(super) fn read(&mut self, node: NodeId) -> Result<(), Violation> {
        if let Some(beginning) = self.main.begun.last().cloned() {
            self.step(node, Event::Began(beginning))?;
        }
        if self.is_archive(node)
            && let Some(named) = self.main.named.clone()
        {
            self.main.signed.remove(&node);
            let sitting = self.main.seats.nodes().to_vec();
            self.step(node, Event::Named(named, sitting))?;
        }
        Ok(())
    }

    /// Honest seats certify what their epoch ended with.
    pub(super) fn certify(&mut self, id: NodeId) -> Result<(), Violation> {
        let Some(Actor::Seat(seat)) = self.nodes.get(&id).map(|node| &node.actor) else {
            return Ok(());
        };
        let (state, is_signer) = (seat.state(), self.main.seats.contains(id));
        let is_new = state.seats.epoch == self.main.seats.epoch && state.is_over();
        if !is_signer || !is_new || !self.oracle.is_honest(id) || self.main.signed.contains_key(&id)
        {
            return Ok(());
        }
        let (statement, height, time_ms) = (seat.handover(), state.height, state.time_ms);
        let Some(Statement::Handover(statement)) = statement else { return Ok(()) };
        self.oracle.see_statement(id, &statement)?;
        self.main.signed.insert(id, statement);
        let Some(certified) = self.main.certified().cloned() else { return Ok(()) };
        if self.refuses(&certified) {
            return Ok(());
        }
        self.begin(&certified, (height, time_ms))
    }

    /// Now and then a newcomer is not fit any more when it would get its seat: the seats must certify another list.
    fn refuses(&mut self, certified: &statement::Handover) -> bool {
        let ids = certified.nodes.iter().filter_map(|node| u64::try_from(*node).ok());
        let mut nodes = ids.map(NodeId);
        if self.main.unfit.is_some() {
            return nodes.any(|node| self.main.unfit == Some(node));
        }
        let nodes: Vec<_> = nodes.collect();
        let lie = nodes.iter().filter(|node| !self.oracle.is_honest(**node)).count();
        // Among those who are left no more than a third may lie.
        let refuses = nodes.len() > 3 * lie + 1 && self.rng.random_ratio(1, 3);
        let newcomer = nodes.into_iter().find(|node| !self.main.seats.contains(*node));
        self.main.unfit = newcomer.filter(|_| refuses);
        self.main.unfit.is_some()
    }

    fn begin(
        &mut self,
        certified: &statement::Handover,
        (height, time_ms): (u64, u64),
    ) -> Result<(), Violation> {
        let ids = certified.nodes.iter().filter_map(|node| u64::try_from(*node).ok());
        let nodes: Vec<_> = ids.map(NodeId).collect();
        let (epoch, state_hash) = (certified.epoch + 1, certified.stateHash);
        let before = self.main.seats.nodes().to_vec();
        let seats = self.main.seats.in_epoch(epoch, nodes);
        let beginning =
            Beginning { seats: seats.clone(), before, siblings: Vec::new(), state_hash };
        self.oracle.see_beginning(&beginning, (height, time_ms))?;
        self.main.seats = Arc::new(seats);
        self.main.begun.push(beginning);
        self.main.signed.clear();
        (self.main.named, self.main.unfit) = (None, None);
        for node in self.scenario.everybody() {
            let delay_ms = self.rng.random_range(1..READ_MS_MAX);
            self.at(self.now_ms + delay_ms, Happening::Reads(node));
        }
        Ok(())
    }

    /// Whether all epochs that the scenario has began, and all honest seats of the newest have taken their seats in it;
    /// and the main chain has all seeds that it wants.
    pub(super) fn is_handed_over(&self) -> bool {
        let seats = &self.main.seats;
        let honest = seats.nodes().iter().filter(|seat| self.oracle.is_honest(**seat)).count();
        self.main.ended() == self.scenario.handovers.len()
            && self.board.is_at_rest()
            && (self.main.ended() == 0 || self.honest_seats().count() == honest)
    }
}

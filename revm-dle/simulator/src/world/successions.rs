//! From epoch to epoch: the main chain names who shall sit next, takes what the seats certify, and begins epochs, of a
//! group or of both halves that it becomes. Nodes read it each in its own time.

use alloy::primitives::B256;
use conet_bindings::statement::{Handover, Split, Statement};
use conet_committee::{
    archive::{Beginning, Named},
    keys::NodeId,
    seat::Event,
};
use rand::Rng as _;

use super::{Actor, Happening, Violation, World};
use crate::{
    division::divide,
    scenario::{ROOT, Succession, Who, both_hold},
};

/// How often the main chain's list is read again until the epoch begins: who was barred meanwhile is not on it.
const RENAME_MS: u64 = 2_000;

/// The longest that a node takes to read what the main chain has.
const READ_MS_MAX: u64 = 2_000;

/// The nodes of a list that seats certify.
fn listed(statement: &Statement) -> Vec<NodeId> {
    let nodes = match statement {
        Statement::Handover(Handover { nodes, .. }) | Statement::Split(Split { nodes, .. }) => {
            nodes
        }
        _ => return Vec::new(),
    };
    nodes.iter().filter_map(|node| u64::try_from(*node).ok()).map(NodeId).collect()
}

impl World<'_> {
    /// How many epochs of its group end before a succession is due, and whether it still can be: a half that never came
    /// has none.
    fn turn(&self, index: usize) -> Option<(usize, &Succession)> {
        let succession = self.scenario.successions.get(index)?;
        let before = self.scenario.successions.iter().take(index);
        let turn = before.filter(|other| other.group == succession.group).count();
        let is_due = match self.main.group(succession.group) {
            Some(group) => group.is_whole() && group.ended <= turn,
            None => !self.is_root_done(),
        };
        is_due.then_some((turn, succession))
    }

    fn is_root_done(&self) -> bool {
        let planned = self.scenario.successions.iter().filter(|other| other.group == ROOT);
        self.main.group(ROOT).is_some_and(|group| group.ended == planned.count())
    }

    /// The main chain names who shall sit next, or names them again.
    pub(super) fn name(&mut self, index: usize) {
        let Some((turn, succession)) = self.turn(index) else { return };
        let succession = succession.clone();
        self.at(self.now_ms + RENAME_MS, Happening::Names(index));
        let Some(group) = self.main.group(succession.group).filter(|group| group.ended == turn)
        else {
            return;
        };
        let is_fit = |node: &NodeId| group.unfit != Some(*node) && !self.is_barred(*node);
        let mut nodes = match &succession.who {
            Who::These(nodes) => nodes.clone(),
            Who::Others { leave, come } => {
                let mut stay = group.seats.nodes().to_vec();
                let mut left = 0;
                stay.retain(|node| {
                    left += usize::from(self.oracle.is_honest(*node));
                    !self.oracle.is_honest(*node) || left > *leave
                });
                stay.into_iter().chain(come.iter().copied()).collect()
            }
        };
        nodes.sort_unstable();
        nodes.retain(is_fit);
        let (epoch, least) = (group.seats.epoch + 1, self.scenario.least);
        let named = Named { epoch, nodes, least, division: succession.division };
        if group.named.as_ref() == Some(&named) {
            return;
        }
        self.oracle.see_named(succession.group, &named);
        if let Some(group) = self.main.group_mut(succession.group) {
            group.known.extend(&named.nodes);
            group.named = Some(named);
        }
        for seat in self.scenario.archives.clone() {
            let delay_ms = self.rng.random_range(1..READ_MS_MAX);
            self.at(self.now_ms + delay_ms, Happening::Reads(seat));
        }
    }

    fn is_barred(&self, node: NodeId) -> bool {
        self.honest_seats().any(|seat| seat.state().barred.contains(&node))
    }

    /// A node reads what is new on the main chain. Whenever it starts, it reads all: an archive node that of its group,
    /// another of all groups, for its chains may be of several.
    pub(super) fn read(&mut self, node: NodeId) -> Result<(), Violation> {
        if !self.is_archive(node) {
            let begun: Vec<_> = self.main.all().filter_map(|group| group.begun.clone()).collect();
            self.oracle.see_began(node);
            for beginning in begun {
                self.step(node, Event::Began(beginning))?;
            }
            return Ok(());
        }
        let number = self.main.followed_by(node);
        if let Some(beginning) = self.main.group(number).and_then(|group| group.begun.clone()) {
            self.step(node, Event::Began(beginning))?;
        }
        if let Some(group) = self.main.group_mut(number)
            && let Some(named) = group.named.clone()
        {
            group.signed.remove(&node);
            let sitting = group.seats.nodes().to_vec();
            self.oracle.see_told(node, number, &named, self.now_ms);
            self.step(node, Event::Named(named, sitting))?;
        }
        Ok(())
    }

    /// Honest seats certify what their epoch ended with.
    pub(super) fn certify(&mut self, id: NodeId) -> Result<(), Violation> {
        let Some(Actor::Seat(seat)) = self.nodes.get(&id).map(|node| &node.actor) else {
            return Ok(());
        };
        let state = seat.state();
        let (number, epoch) = (state.seats.group, state.seats.epoch);
        let Some(group) = self.main.group_mut(number).filter(|group| group.is_whole()) else {
            return Ok(());
        };
        let is_signer = group.seats.contains(id) && group.seats.epoch == epoch;
        let is_new = is_signer && state.is_over() && !group.signed.contains_key(&id);
        if !is_new || !self.oracle.is_honest(id) {
            return Ok(());
        }
        let (statement, after) = (seat.handover(), (state.height, state.time_ms));
        let Some(statement) = statement else { return Ok(()) };
        self.oracle.see_statement(id, number, &statement)?;
        group.signed.insert(id, statement);
        let Some(certified) = group.certified().cloned() else { return Ok(()) };
        if self.refuses(number, &certified) {
            return Ok(());
        }
        match certified {
            Statement::Split(split) => self.split(number, &split, after),
            certified => self.begin(number, &certified, after),
        }
    }

    /// Now and then a newcomer is not fit any more when it would get its seat: the seats must certify another list.
    fn refuses(&mut self, number: u32, certified: &Statement) -> bool {
        let nodes = listed(certified);
        let Some(group) = self.main.group(number) else { return true };
        if group.unfit.is_some() {
            return nodes.iter().any(|node| group.unfit == Some(*node));
        }
        let lies = |node: &NodeId| !self.oracle.is_honest(*node);
        let newcomer = nodes.iter().copied().find(|node| !group.seats.contains(*node));
        // Among those who are left no more than a third may lie, in either half.
        let lie = nodes.iter().filter(|node| lies(node)).count();
        let mut left = nodes.clone();
        left.retain(|node| Some(*node) != newcomer);
        let seed = group.named.as_ref().and_then(|named| named.division).map(|it| it.seed);
        let splits =
            matches!(certified, Statement::Split(_)) && left.len() >= 2 * self.scenario.least;
        let holds = !splits || seed.is_some_and(|seed| both_hold(seed, &left, lies));
        let refuses = nodes.len() > 3 * lie + 1 && holds && self.rng.random_ratio(1, 3);
        let unfit = newcomer.filter(|_| refuses);
        if let Some(group) = self.main.group_mut(number) {
            group.unfit = unfit;
        }
        unfit.is_some()
    }

    fn begin(
        &mut self,
        number: u32,
        certified: &Statement,
        after: (u64, u64),
    ) -> Result<(), Violation> {
        let (Some(group), Statement::Handover(handover)) = (self.main.group(number), certified)
        else {
            return Ok(());
        };
        let beginning = Beginning {
            seats: group.seats.in_epoch(group.seats.epoch + 1, listed(certified)),
            before: group.seats.nodes().to_vec(),
            siblings: Vec::new(),
            state_hash: handover.stateHash,
        };
        self.oracle.see_beginning(&beginning, after)?;
        if let Some(group) = self.main.group_mut(number) {
            group.begin(beginning);
        }
        self.tell_all();
        Ok(())
    }

    /// Both halves begin.
    fn split(&mut self, number: u32, split: &Split, after: (u64, u64)) -> Result<(), Violation> {
        let nodes = listed(&Statement::Split(split.clone()));
        let Some(parent) = self.main.group(number) else { return Ok(()) };
        let division = parent.named.as_ref().and_then(|named| named.division);
        let seed = division.map_or(B256::ZERO, |division| division.seed);
        let halves = self.main.halve(parent, divide(seed, &nodes), (seed, split.stateHash));
        self.oracle.see_split(number, seed, &halves, after)?;
        self.main.split(number, seed, &halves);
        self.tell_all();
        Ok(())
    }

    fn tell_all(&mut self) {
        for node in self.scenario.everybody() {
            let delay_ms = self.rng.random_range(1..READ_MS_MAX);
            self.at(self.now_ms + delay_ms, Happening::Reads(node));
        }
    }

    /// Whether only who does not do its part is to come: the group begins no epoch for that.
    fn changes_nothing(&self, number: u32) -> bool {
        let Some(group) = self.main.group(number).filter(|group| group.is_whole()) else {
            return false;
        };
        let Some(named) = &group.named else { return false };
        let states = || self.honest_seats_of(&group.seats).map(|seat| seat.state());
        let is_fit =
            |node| states().any(|state| state.ceremony().is_none() || state.has_announced(node));
        named.with(is_fit).is_some_and(|fit| fit.nodes == group.seats.nodes())
    }

    /// Whether all epochs that the scenario has began, and all honest seats of the newest have taken their seats in them;
    /// and the main chain has all seeds that it wants.
    pub(super) fn is_handed_over(&self) -> bool {
        let mut all = 0..self.scenario.successions.len();
        let is_named = all
            .all(|index| self.turn(index).is_none_or(|(_, due)| self.changes_nothing(due.group)));
        is_named
            && self.main.whole().all(|group| {
                let seats = group.seats.nodes().iter();
                let honest = seats.filter(|seat| self.oracle.is_honest(**seat)).count();
                let is_first = group.begun.is_none();
                group.board.is_at_rest()
                    && (is_first || self.honest_seats_of(&group.seats).count() == honest)
            })
    }
}

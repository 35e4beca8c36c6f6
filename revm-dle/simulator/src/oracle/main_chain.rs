//! What passes between the seats and the main chain.

use alloy::primitives::B256;
use conet_bindings::statement::Statement;
use conet_committee::{
    archive::{Beacon, Beginning, Named, item::Wanted},
    keys::NodeId,
};

use super::{Oracle, Violation};

impl Oracle {
    /// The main chain names who shall sit next in a group.
    pub(crate) fn see_named(&mut self, group: u32, named: &Named) {
        if let Some(group) = self.groups.get_mut(&group) {
            group.successions.see_named(named);
        }
    }

    /// A seat reads whom the main chain names for a group's next epoch.
    pub(crate) fn see_told(&mut self, node: NodeId, group: u32, named: &Named, now_ms: u64) {
        if let Some(group) = self.groups.get_mut(&group) {
            group.successions.see_told(node, named, now_ms);
        }
    }

    /// An honest seat certifies what its epoch of a group ended with.
    pub(crate) fn see_statement(
        &mut self,
        node: NodeId,
        group: u32,
        statement: &Statement,
    ) -> Result<(), Violation> {
        let Some(group) = self.groups.get_mut(&group) else { return Ok(()) };
        group.successions.see_statement(node, group.place.epochs_from(), statement)
    }

    /// The main chain took rent for a chain.
    pub(crate) fn see_paid(&mut self, chain: B256, paid_through_s: u64) {
        self.groups.values_mut().for_each(|group| group.books.see_paid(chain, paid_through_s));
    }

    /// An honest seat of a group certifies a seed that the main chain wants of it.
    pub(crate) fn see_beacon(
        &mut self,
        (node, group): (NodeId, u32),
        wanted: &Wanted,
        made: (&Beacon, B256),
    ) -> Result<(), Violation> {
        self.groups.get_mut(&group).map_or(Ok(()), |group| group.see_beacon(node, wanted, made))
    }

    /// The main chain begins an epoch of a group, after the entry of this height and time.
    pub(crate) fn see_beginning(
        &mut self,
        beginning: &Beginning,
        after: (u64, u64),
    ) -> Result<(), Violation> {
        self.groups
            .get_mut(&beginning.seats.group)
            .map_or(Ok(()), |group| group.begin(beginning, after))
    }

    /// A group splits by a seed: both halves begin with the state that it left.
    pub(crate) fn see_split(
        &mut self,
        parent: u32,
        seed: B256,
        halves: &[Beginning],
        after: (u64, u64),
    ) -> Result<(), Violation> {
        for (beginning, is_right) in halves.iter().zip([false, true]) {
            let Some(parent) = self.groups.get(&parent) else { return Ok(()) };
            let half = parent.half(beginning, (seed, is_right), after)?;
            self.groups.insert(half.number, half);
        }
        if let Some(parent) = self.groups.get_mut(&parent) {
            parent.end();
        }
        Ok(())
    }
}

//! Seeds of final entries, for draws that wait for one.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::Bytes;

use super::desk::Desk;
use crate::{
    archive::{Item, Seeds, item::SeedOf},
    keys::NodeId,
    message::Message,
    outbox::Outbox,
    seats::Seats,
};

/// Makes seeds as one seat. See [`crate::roulette`].
pub trait SeedKeys: Send + Sync {
    /// This seat's share of an entry's seed.
    fn part(&self, height: u64) -> Bytes;

    /// Whether a part is that of a node.
    fn is_part(&self, node: NodeId, height: u64, part: &[u8]) -> bool;

    /// The seed, of enough parts; `None` when they are too few.
    fn combine(&self, height: u64, parts: &BTreeMap<NodeId, Bytes>) -> Option<Bytes>;

    /// What checks seeds.
    fn checker(self: Arc<Self>) -> Arc<dyn Seeds>;
}

/// Has what makes seeds in each epoch that this node knows.
pub trait EpochKeys: Send + Sync {
    /// For the seats of one epoch.
    fn seeds(&self, seats: &Seats) -> Arc<dyn SeedKeys>;
}

/// The same in all epochs: for a group that has one.
pub struct OneEpoch(pub Arc<dyn SeedKeys>);

impl EpochKeys for OneEpoch {
    fn seeds(&self, _seats: &Seats) -> Arc<dyn SeedKeys> {
        self.0.clone()
    }
}

/// For how many entries parts are kept.
const SEEDS_PENDING_MAX: usize = 64;

impl Desk {
    /// Signs for the seeds that draws wait for, now that their entries are final: only then, and for no others.
    pub(super) fn make_seed_parts(&mut self, out: &mut Outbox) {
        let wanted: Vec<_> = self.state.seeds_wanted().collect();
        let tip = self.state.height;
        self.parts.retain(|height, _| *height > tip || wanted.contains(height));
        let me = self.voting.me;
        for height in wanted {
            let parts = self.parts.entry(height).or_default();
            if parts.contains_key(&me) {
                continue;
            }
            let part = self.seeds.part(height);
            parts.insert(me, part.clone());
            out.send_all(self.seats.nodes(), Message::SeedPart { height, part });
            self.combine(height);
        }
    }

    pub(super) fn take_seed_part(&mut self, from: NodeId, height: u64, part: Bytes) {
        let is_new = self.parts.get(&height).is_none_or(|parts| !parts.contains_key(&from));
        let has_room = self.parts.contains_key(&height) || self.parts.len() < SEEDS_PENDING_MAX;
        let may_matter =
            height > self.state.height || self.state.seeds_wanted().any(|at| at == height);
        if is_new
            && has_room
            && may_matter
            && self.seats.contains(from)
            && self.seeds.is_part(from, height, &part)
        {
            self.parts.entry(height).or_default().insert(from, part);
            self.combine(height);
        }
    }

    fn combine(&mut self, height: u64) {
        let made = self.parts.get(&height).and_then(|parts| self.seeds.combine(height, parts));
        if let Some(signature) = made {
            self.queue(Item::Seed(SeedOf { height, signature }));
        }
    }

    /// Says again what may not have arrived.
    pub(super) fn repeat_seed_parts(&self, out: &mut Outbox) {
        let me = self.voting.me;
        for (height, parts) in &self.parts {
            if let Some(part) = parts.get(&me) {
                let message = Message::SeedPart { height: *height, part: part.clone() };
                out.send_all(self.seats.nodes(), message);
            }
        }
    }
}

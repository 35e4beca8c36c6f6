//! Seeds of final entries, for draws that wait for one.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::Bytes;
use zeroize::Zeroizing;

use super::desk::Desk;
use crate::{
    archive::{
        Item, Seeds,
        item::{SeedOf, Wanted},
    },
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
    /// For the seats of one epoch; `None` when they hold a ceremony for it.
    fn seeds(&self, seats: &Seats) -> Option<Arc<dyn SeedKeys>>;

    /// What this node's part in an epoch's ceremony follows from: random, the same after a restart, another for each
    /// epoch. `None` where no ceremonies are held.
    fn secret(&self, epoch: u64) -> Option<Zeroizing<[u8; 32]>>;

    /// An epoch began: what belonged to those before it is destroyed.
    fn forget_before(&self, _epoch: u64) {}
}

/// The same in all epochs: for a group that has one.
pub struct OneEpoch(pub Arc<dyn SeedKeys>);

impl EpochKeys for OneEpoch {
    fn seeds(&self, _seats: &Seats) -> Option<Arc<dyn SeedKeys>> {
        Some(self.0.clone())
    }

    fn secret(&self, _epoch: u64) -> Option<Zeroizing<[u8; 32]>> {
        None
    }
}

/// For how many entries parts are kept.
const SEEDS_PENDING_MAX: usize = 64;

impl Desk {
    /// Signs for the seeds that draws wait for, now that their entries are final: only then, and for no others.
    pub(super) fn make_seed_parts(&mut self, out: &mut Outbox) {
        let Some(seeds) = self.seeds.clone() else { return };
        let wanted: Vec<_> = self.state.seeds_wanted().collect();
        let tip = self.state.height;
        self.parts.retain(|height, _| *height > tip || wanted.contains(height));
        let me = self.voting.me;
        for height in wanted {
            let parts = self.parts.entry(height).or_default();
            if parts.contains_key(&me) {
                continue;
            }
            let part = seeds.part(height);
            parts.insert(me, part.clone());
            out.send_all(self.seats.nodes(), Message::SeedPart { height, part });
            self.combine(height);
        }
    }

    pub(super) fn take_seed_part(&mut self, from: NodeId, height: u64, part: Bytes) {
        let is_new = self.parts.get(&height).is_none_or(|parts| !parts.contains_key(&from));
        let has_room = self.parts.contains_key(&height) || self.parts.len() < SEEDS_PENDING_MAX;
        let tip = self.state.height;
        let is_ahead = height > tip && height <= tip.saturating_add(SEEDS_PENDING_MAX as u64);
        let may_matter = is_ahead || self.state.seeds_wanted().any(|at| at == height);
        if is_new
            && has_room
            && may_matter
            && self.seats.contains(from)
            && self.seeds.as_ref().is_some_and(|seeds| seeds.is_part(from, height, &part))
        {
            self.parts.entry(height).or_default().insert(from, part);
            self.combine(height);
        }
    }

    fn combine(&mut self, height: u64) {
        let parts = self.parts.get(&height);
        let made = self.seeds.as_ref().and_then(|seeds| seeds.combine(height, parts?));
        if let Some(signature) = made {
            self.queue(Item::Seed(SeedOf { height, signature }));
        }
    }

    /// The main chain wants a seed. Of one seed the newest block that was read counts; it is proposed after an older one,
    /// maybe, that others have read by now.
    pub(super) fn take_wanted(&mut self, wanted: Wanted, proposes: bool) {
        let known = self.wanted.filter(|known| known.index == wanted.index);
        let after_block = known.map_or(0, |known| known.after_block).max(wanted.after_block);
        self.wanted = Some(Wanted { after_block, ..wanted });
        self.items.retain(|item| match item {
            Item::Want(other) => other.index == wanted.index && !proposes,
            _ => true,
        });
        if proposes {
            self.queue(Item::Want(wanted));
        }
    }

    /// Whether this is a seed that the main chain wants, after a block that this node has seen.
    pub(super) fn knows_want(&self, wanted: &Wanted) -> bool {
        self.wanted.is_some_and(|known| {
            known.index == wanted.index && wanted.after_block <= known.after_block
        })
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

//! Where chains stand, as the log told last. The newest checkpoint knows of every chain, and the disk has the notices that
//! came since; here are those that were used lately, and those that are on their way to disk.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use alloy::primitives::B256;
use conet_committee::archive::{ProvenNotice, ProvenStanding};

#[derive(Debug)]
struct Slot {
    proven: Arc<ProvenNotice>,
    /// It is not on disk yet: it must not go.
    is_new: bool,
    used: u64,
}

#[derive(Debug)]
pub(super) struct Notices {
    max: usize,
    /// All chains, at the newest checkpoint. What is in the slots is no older.
    standing: Option<Arc<ProvenStanding>>,
    slots: HashMap<B256, Slot>,
    /// How many are not on disk yet.
    new: usize,
    /// What is to be written: of each chain the newest.
    unwritten: BTreeMap<B256, Arc<ProvenNotice>>,
    clock: u64,
}

impl Notices {
    pub(super) fn new(max: usize) -> Self {
        let (slots, unwritten) = (HashMap::new(), BTreeMap::new());
        Self { max, standing: None, slots, new: 0, unwritten, clock: 0 }
    }

    pub(super) fn get(&mut self, chain: B256) -> Option<Arc<ProvenNotice>> {
        self.clock += 1;
        let slot = self.slots.get_mut(&chain)?;
        slot.used = self.clock;
        Some(slot.proven.clone())
    }

    /// One that can be had again.
    pub(super) fn put(&mut self, proven: ProvenNotice) -> Arc<ProvenNotice> {
        let proven = Arc::new(proven);
        self.insert(proven.clone(), false);
        proven
    }

    /// All chains, at the newest checkpoint.
    pub(super) fn standing(&self) -> Option<Arc<ProvenStanding>> {
        self.standing.clone()
    }

    /// The entry of that checkpoint: what was told up to it counts no more.
    pub(super) fn covered(&self) -> u64 {
        self.standing.as_ref().map_or(0, |standing| standing.entry())
    }

    /// A newer checkpoint, or none of this log.
    pub(super) fn stand(&mut self, standing: Option<Arc<ProvenStanding>>) {
        self.standing = standing;
        let covered = self.covered();
        self.slots.retain(|_, slot| slot.proven.entry() > covered);
        self.unwritten.retain(|_, proven| proven.entry() > covered);
        self.new = self.slots.values().filter(|slot| slot.is_new).count();
    }

    /// A newer one, that is to be written.
    pub(super) fn renew(&mut self, proven: Arc<ProvenNotice>) {
        self.unwritten.insert(proven.notice.chain, proven.clone());
        self.insert(proven, true);
    }

    fn insert(&mut self, proven: Arc<ProvenNotice>, is_new: bool) {
        self.clock += 1;
        let slot = Slot { proven, is_new, used: self.clock };
        let before = self.slots.insert(slot.proven.notice.chain, slot);
        self.new -= usize::from(before.is_some_and(|before| before.is_new));
        self.new += usize::from(is_new);
        self.shrink();
    }

    /// What is to be written now. It stays here until [`Self::written`].
    pub(super) fn take(&mut self) -> Vec<Arc<ProvenNotice>> {
        std::mem::take(&mut self.unwritten).into_values().collect()
    }

    /// These are on disk.
    pub(super) fn written(&mut self, notices: &[Arc<ProvenNotice>]) {
        for proven in notices {
            let slot = self.slots.get_mut(&proven.notice.chain);
            if let Some(slot) = slot.filter(|slot| Arc::ptr_eq(&slot.proven, proven)) {
                self.new -= usize::from(std::mem::take(&mut slot.is_new));
            }
        }
        self.shrink();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Lets go of what was not used for the longest time, but for what is nowhere else: that is besides.
    fn shrink(&mut self) {
        let stored = self.slots.len() - self.new;
        if stored <= self.max {
            return;
        }
        let all = self.slots.iter().filter(|(_, slot)| !slot.is_new);
        let mut idle: Vec<_> = all.map(|(chain, slot)| (slot.used, *chain)).collect();
        idle.sort_unstable();
        // Some more than needed, so that the next notices do not sort again.
        let (over, spare) = (stored - self.max, stored / 8);
        for (_, chain) in idle.into_iter().take(over + spare) {
            self.slots.remove(&chain);
        }
    }
}

//! Where chains stand, as the log told last. On disk there is one notice of every chain; here are those that were used
//! lately, and those that are on their way to disk.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use alloy::primitives::B256;
use conet_committee::archive::ProvenNotice;

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
    slots: HashMap<B256, Slot>,
    /// What is to be written: of each chain the newest.
    unwritten: BTreeMap<B256, Arc<ProvenNotice>>,
    clock: u64,
}

impl Notices {
    pub(super) fn new(max: usize) -> Self {
        Self { max, slots: HashMap::new(), unwritten: BTreeMap::new(), clock: 0 }
    }

    pub(super) fn get(&mut self, chain: B256) -> Option<Arc<ProvenNotice>> {
        self.clock += 1;
        let slot = self.slots.get_mut(&chain)?;
        slot.used = self.clock;
        Some(slot.proven.clone())
    }

    /// One that was read from disk.
    pub(super) fn put(&mut self, proven: Arc<ProvenNotice>) {
        self.insert(proven, false);
    }

    /// A newer one, that is to be written.
    pub(super) fn renew(&mut self, proven: Arc<ProvenNotice>) {
        self.unwritten.insert(proven.notice.chain, proven.clone());
        self.insert(proven, true);
    }

    fn insert(&mut self, proven: Arc<ProvenNotice>, is_new: bool) {
        self.clock += 1;
        self.slots.insert(proven.notice.chain, Slot { proven, is_new, used: self.clock });
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
                slot.is_new = false;
            }
        }
        self.shrink();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Lets go of what was not used for the longest time, but for what is nowhere else.
    fn shrink(&mut self) {
        if self.slots.len() <= self.max {
            return;
        }
        let stored = self.slots.iter().filter(|(_, slot)| !slot.is_new);
        let mut idle: Vec<_> = stored.map(|(chain, slot)| (slot.used, *chain)).collect();
        idle.sort_unstable();
        // Some more than needed, so that the next notices do not sort again.
        let (over, spare) = (self.slots.len() - self.max, idle.len() / 8);
        for (_, chain) in idle.into_iter().take(over + spare) {
            self.slots.remove(&chain);
        }
    }
}

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
    /// How many are not on disk yet: at an epoch's first entry those of all chains at once.
    new: usize,
    /// What is to be written: of each chain the newest.
    unwritten: BTreeMap<B256, Arc<ProvenNotice>>,
    clock: u64,
}

impl Notices {
    pub(super) fn new(max: usize) -> Self {
        Self { max, slots: HashMap::new(), new: 0, unwritten: BTreeMap::new(), clock: 0 }
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

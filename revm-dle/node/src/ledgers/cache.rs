//! States in memory.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use alloy::primitives::B256;
use conet_ledger::genesis::Chain;

use super::{LedgerLimits, Live};

/// What is known of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It may become final, or void.
    Undecided,
    /// It is final, and not yet on disk: it must not go.
    Writing,
    /// It is the newest final one, and on disk.
    Stored,
    /// A later one is final.
    Older,
}

#[derive(Debug)]
struct Slot {
    live: Arc<Live>,
    stage: Stage,
    used: u64,
}

#[derive(Debug)]
pub(super) struct Cache {
    limits: LedgerLimits,
    slots: HashMap<B256, Slot>,
    /// The blocks of each chain that has any here, by height.
    chains: HashMap<B256, BTreeSet<(u64, B256)>>,
    bytes: usize,
    clock: u64,
}

impl Cache {
    pub(super) fn new(limits: LedgerLimits) -> Self {
        Self { limits, slots: HashMap::new(), chains: HashMap::new(), bytes: 0, clock: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn get(&mut self, hash: B256) -> Option<Arc<Live>> {
        self.clock += 1;
        let slot = self.slots.get_mut(&hash)?;
        slot.used = self.clock;
        Some(slot.live.clone())
    }

    /// A chain of which a block is here.
    pub(super) fn chain(&self, id: B256) -> Option<Arc<Chain>> {
        let (_, hash) = self.chains.get(&id)?.last()?;
        Some(self.slots.get(hash)?.live.chain.clone())
    }

    /// The newest final block of a chain, if it is here.
    pub(super) fn newest(&mut self, chain: B256) -> Option<Arc<Live>> {
        let is_newest = |hash: &B256| {
            let stage = self.slots.get(hash).map(|slot| slot.stage);
            matches!(stage, Some(Stage::Writing | Stage::Stored))
        };
        let blocks = self.chains.get(&chain)?.iter().rev();
        let hash = blocks.map(|(_, hash)| *hash).find(is_newest)?;
        self.get(hash)
    }

    pub(super) fn put(&mut self, live: Arc<Live>, stage: Stage) {
        let (hash, about) = (live.header.hash(), &live.header.proposal);
        if self.slots.contains_key(&hash) {
            return;
        }
        self.clock += 1;
        self.bytes += live.bytes;
        let (chain, height) = (about.chain, about.height);
        self.chains.entry(chain).or_default().insert((height, hash));
        self.slots.insert(hash, Slot { live, stage, used: self.clock });
        if stage == Stage::Undecided {
            self.bound(chain, Stage::Undecided, self.limits.undecided_per_chain_max);
        }
        self.shrink();
    }

    pub(super) fn mark(&mut self, hash: B256, stage: Stage) {
        if let Some(slot) = self.slots.get_mut(&hash)
            && slot.stage == Stage::Writing
        {
            slot.stage = stage;
        }
    }

    /// A block is final: those on the way to it from the newest final one, the lowest first. Empty: it is no news.
    pub(super) fn decide(&mut self, newest: &Arc<Live>) -> Vec<Arc<Live>> {
        let (mut path, mut hash) = (Vec::new(), newest.header.hash());
        while let Some(slot) = self.slots.get(&hash)
            && slot.stage == Stage::Undecided
        {
            hash = slot.live.header.proposal.parent;
            path.push(slot.live.clone());
        }
        path.reverse();
        if path.is_empty() {
            return path;
        }
        let about = &newest.header.proposal;
        let decided: Vec<_> = self
            .chains
            .get(&about.chain)
            .into_iter()
            .flat_map(|blocks| blocks.range(..=(about.height, B256::repeat_byte(0xff))))
            .map(|(_, hash)| *hash)
            .collect();
        let last = newest.header.hash();
        for hash in decided {
            let Some(slot) = self.slots.get_mut(&hash) else { continue };
            let is_final =
                slot.stage != Stage::Undecided || path.iter().any(|b| b.header.hash() == hash);
            match (hash == last, is_final) {
                (true, _) => slot.stage = Stage::Writing,
                (false, true) => slot.stage = Stage::Older,
                (false, false) => self.remove(hash),
            }
        }
        self.bound(about.chain, Stage::Older, self.limits.older_per_chain_max);
        path
    }

    /// Keeps the highest so many blocks of a chain in a stage.
    fn bound(&mut self, chain: B256, stage: Stage, max: usize) {
        let blocks = self.chains.get(&chain).into_iter().flatten().rev();
        let of_stage = blocks
            .map(|(_, hash)| *hash)
            .filter(|hash| self.slots.get(hash).is_some_and(|slot| slot.stage == stage));
        for hash in of_stage.skip(max).collect::<Vec<_>>() {
            self.remove(hash);
        }
    }

    /// Lets go of what was not used for the longest time, but for what is nowhere else.
    pub(super) fn shrink(&mut self) {
        let is_over = |cache: &Self| {
            cache.slots.len() > cache.limits.live_states_max
                || cache.bytes > cache.limits.live_states_bytes_max
        };
        if !is_over(self) {
            return;
        }
        let may_go = |slot: &Slot| matches!(slot.stage, Stage::Stored | Stage::Older);
        let mut idle: Vec<_> = self
            .slots
            .iter()
            .filter(|(_, slot)| may_go(slot))
            .map(|(hash, slot)| (slot.used, *hash))
            .collect();
        idle.sort_unstable();
        // Some more than needed, so that the next states do not sort again.
        let spare = idle.len() / 8;
        for (at, (_, hash)) in idle.into_iter().enumerate() {
            if at >= spare && !is_over(self) {
                break;
            }
            self.remove(hash);
        }
    }

    /// How many blocks of a chain are in a stage.
    #[cfg(test)]
    pub(super) fn count(&self, chain: B256, stage: Stage) -> usize {
        let blocks = self.chains.get(&chain).into_iter().flatten();
        blocks.filter(|(_, hash)| self.slots.get(hash).is_some_and(|s| s.stage == stage)).count()
    }

    fn remove(&mut self, hash: B256) {
        let Some(slot) = self.slots.remove(&hash) else { return };
        let about = &slot.live.header.proposal;
        self.bytes = self.bytes.saturating_sub(slot.live.bytes);
        if let Some(blocks) = self.chains.get_mut(&about.chain) {
            blocks.remove(&(about.height, hash));
            if blocks.is_empty() {
                self.chains.remove(&about.chain);
            }
        }
    }
}

//! What the network does to messages: before it heals nearly anything, afterwards nothing but delay.

use std::{collections::BTreeSet, ops::Range};

use conet_committee::keys::NodeId;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Of so many networks, one has nodes so far apart that a usual view is too short for an entry, also when it has healed.
const FAR_ONE_IN: u32 = 16;

/// How far, in milliseconds.
const FAR_MS: Range<u64> = 100..250;

/// How bad it is until it heals.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    /// Milliseconds from one node to another, at least and at most.
    pub(crate) delay_ms: (u64, u64),
    /// Of 1,000 messages, so many are lost.
    pub(crate) lost: u32,
    /// So many arrive twice.
    pub(crate) doubled: u32,
    /// So many take a long time.
    pub(crate) slow: u32,
    /// These cannot reach the others, nor the others them.
    pub(crate) apart: BTreeSet<NodeId>,
    pub(crate) healed: bool,
}

impl Network {
    pub(crate) fn random(rng: &mut ChaCha8Rng) -> Self {
        let is_far = rng.random_ratio(1, FAR_ONE_IN);
        let low = if is_far { rng.random_range(FAR_MS) } else { rng.random_range(1..40) };
        let is_calm = rng.random_bool(0.3);
        let mut bad = |most: u32| if is_calm { 0 } else { rng.random_range(0..=most) };
        Self {
            delay_ms: (low, low + 40),
            lost: bad(200),
            doubled: bad(100),
            slow: bad(100),
            apart: BTreeSet::new(),
            healed: false,
        }
    }

    /// The same delay for all, and nothing lost.
    pub(crate) const fn calm(delay_ms: u64) -> Self {
        Self {
            delay_ms: (delay_ms, delay_ms),
            lost: 0,
            doubled: 0,
            slow: 0,
            apart: BTreeSet::new(),
            healed: true,
        }
    }

    /// When each copy of a message arrives, from now.
    pub(crate) fn arrivals(&self, rng: &mut ChaCha8Rng, from: NodeId, to: NodeId) -> Vec<u64> {
        let (low, high) = self.delay_ms;
        let usual = rng.random_range(low..=high);
        if self.healed {
            return vec![usual];
        }
        let is_cut = self.apart.contains(&from) != self.apart.contains(&to);
        let mut chance = |of_1000: u32| rng.random_ratio(of_1000, 1_000);
        if is_cut || chance(self.lost) {
            return Vec::new();
        }
        let (slow, doubled) = (chance(self.slow), chance(self.doubled));
        let first = if slow { usual + rng.random_range(0..2_000) } else { usual };
        let second = doubled.then(|| first + rng.random_range(0..500));
        std::iter::once(first).chain(second).collect()
    }
}

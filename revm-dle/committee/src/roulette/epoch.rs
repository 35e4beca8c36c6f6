//! The seeds of one epoch, as the group's state and its seats use them.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::{B256, Bytes};

use super::seed::{Partial, Seed, SeedKey, SeedPoint, SeedSigner};
use crate::{archive::Seeds, keys::NodeId, seat::SeedKeys};

/// More than a part has: what is kept of a message that is not checked yet.
const PART_BYTES_MAX: usize = 96;

/// Makes and checks the seeds of one group in one epoch, with any kind of key.
pub struct EpochSeeds {
    group: u32,
    epoch: u64,
    key: Arc<dyn SeedKey>,
    share: Arc<dyn SeedSigner>,
}

impl EpochSeeds {
    /// With the epoch's key, and one seat's share of it.
    #[must_use]
    pub const fn new(
        (group, epoch): (u32, u64),
        key: Arc<dyn SeedKey>,
        share: Arc<dyn SeedSigner>,
    ) -> Self {
        Self { group, epoch, key, share }
    }

    const fn point(&self, height: u64) -> SeedPoint {
        SeedPoint { group: self.group, epoch: self.epoch, height }
    }
}

/// Checks the seeds of one group in one epoch.
pub struct EpochKey {
    group: u32,
    epoch: u64,
    key: Arc<dyn SeedKey>,
}

impl EpochKey {
    /// With the epoch's key.
    #[must_use]
    pub const fn new((group, epoch): (u32, u64), key: Arc<dyn SeedKey>) -> Self {
        Self { group, epoch, key }
    }
}

impl Seeds for EpochKey {
    fn value(&self, height: u64, signature: &[u8]) -> Option<B256> {
        let signature = Bytes::copy_from_slice(signature);
        let point = SeedPoint { group: self.group, epoch: self.epoch, height };
        let seed = Seed { point, signature };
        self.key.verify(&seed).is_ok().then(|| seed.value())
    }
}

impl SeedKeys for EpochSeeds {
    fn part(&self, height: u64) -> Bytes {
        self.share.sign(&self.point(height)).signature
    }

    /// Only whether it could be: a part is checked when a seed comes out wrong, which costs an honest group nothing.
    /// A bad part is in nobody's way but its sender's.
    fn is_part(&self, node: NodeId, _height: u64, part: &[u8]) -> bool {
        self.key.has_seat(node) && part.len() <= PART_BYTES_MAX
    }

    fn combine(&self, height: u64, parts: &BTreeMap<NodeId, Bytes>) -> Option<Bytes> {
        if parts.len() < self.key.needed() {
            return None;
        }
        let parts = parts.iter().map(|(node, signature)| {
            let signature = signature.clone();
            Partial { node: *node, signature }
        });
        let seed = self.key.combine(&self.point(height), &parts.collect::<Vec<_>>());
        seed.ok().map(|seed| seed.signature)
    }

    fn checker(self: Arc<Self>) -> Arc<dyn Seeds> {
        Arc::new(EpochKey::new((self.group, self.epoch), self.key.clone()))
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::*;
    use crate::roulette::toy::ToyKey;

    fn seats() -> Vec<EpochSeeds> {
        let nodes = || (0..4).map(NodeId);
        let key = Arc::new(ToyKey::new(B256::repeat_byte(1), nodes()));
        let seat = |node| EpochSeeds::new((1, 2), key.clone(), Arc::new(key.share(node)));
        nodes().map(seat).collect()
    }

    #[test]
    fn seats_make_a_seed_that_the_state_takes() {
        let mut seats = seats();
        let parts = seats.iter().zip(0..).map(|(seat, node)| (NodeId(node), seat.part(9)));
        let mut parts: BTreeMap<_, _> = parts.collect();
        let checker = Arc::new(seats.remove(3)).checker();
        assert!(parts.iter().all(|(node, part)| seats[0].is_part(*node, 9, part)));
        parts.insert(NodeId(3), Bytes::from_static(b"a lie"));
        let seed = seats[0].combine(9, &parts).unwrap();
        assert!(checker.value(9, &seed).is_some());
        assert_eq!(checker.value(10, &seed), None);
        parts.insert(NodeId(2), Bytes::from_static(b"a lie"));
        assert_eq!(seats[0].combine(9, &parts), None);
        assert!(!seats[0].is_part(NodeId(4), 9, &seed));
        assert!(!seats[0].is_part(NodeId(3), 9, &[0; 97]));
    }
}

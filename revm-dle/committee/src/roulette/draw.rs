//! Draws from a seed: which place of a list comes first, second, third.
//!
//! ```text
//! draw(step, bound) = the first of the 64-bit words of keccak256(domain ‖ seed ‖ chain ‖ height ‖ role ‖ step ‖ try)
//!                     that is no remainder of 2^64, modulo the bound            try = 0, 1, 2 ...
//! ```
//!
//! Words that would favour low numbers are rejected, so that no place is likelier than another. Rejecting goes on with
//! the same hash: nobody draws again, for a second draw would be a second chance for who dislikes the first.

use alloy::primitives::{B256, Keccak256};

/// Begins what is hashed, so that no hash made for something else is a draw.
const DOMAIN: &[u8] = b"CoNET roulette draw 1";

/// What is drawn for. With the same seed, other chains, heights and roles have other draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The seed's value.
    pub seed: B256,
    /// The chain that gets members.
    pub chain: B256,
    /// The height from which they are members.
    pub height: u64,
    /// What they do: a bit of [`conet_bindings::roles`].
    pub role: u16,
}

impl Draw {
    /// The number below `bound` that is drawn in this step; none when there is none below.
    #[must_use]
    pub fn below(&self, step: u32, bound: u64) -> Option<u64> {
        if bound == 0 {
            return None;
        }
        // 2^64 modulo the bound: as many words are left over at the end, and rejected at the beginning.
        let rejected = bound.wrapping_neg() % bound;
        let mut words = (0..).flat_map(|attempt| self.words(step, attempt));
        words.find(|word| *word >= rejected).map(|word| word % bound)
    }

    fn words(&self, step: u32, attempt: u32) -> [u64; 4] {
        let mut hasher = Keccak256::new();
        hasher.update(DOMAIN);
        hasher.update(self.seed);
        hasher.update(self.chain);
        hasher.update(self.height.to_be_bytes());
        hasher.update(self.role.to_be_bytes());
        hasher.update(step.to_be_bytes());
        hasher.update(attempt.to_be_bytes());
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(hasher.finalize().as_chunks::<8>().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        words
    }

    /// All places of a list in the order in which they are drawn, each with lots once. Only what is asked for is drawn.
    #[must_use]
    pub const fn order(self, lots: &Lots) -> Order<'_> {
        Order { draw: self, lots, step: 0, taken: Vec::new() }
    }
}

/// How many lots each place of a list has. One that has none is never drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lots {
    /// For each place, how many lots it and those before have.
    ends: Vec<u64>,
}

impl FromIterator<u32> for Lots {
    fn from_iter<T: IntoIterator<Item = u32>>(lots: T) -> Self {
        let sum = |total: &mut u64, lots| {
            *total += u64::from(lots);
            Some(*total)
        };
        Self { ends: lots.into_iter().scan(0, sum).collect() }
    }
}

impl Lots {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ends.last().copied().unwrap_or_default()
    }

    /// The place that has a lot, its first one, and how many it has.
    fn find(&self, lot: u64) -> Option<(usize, u64, u64)> {
        let place = self.ends.partition_point(|end| *end <= lot);
        let end = *self.ends.get(place)?;
        let first = place.checked_sub(1).and_then(|before| self.ends.get(before));
        let first = first.copied().unwrap_or_default();
        Some((place, first, end - first))
    }
}

/// See [`Draw::order`].
#[derive(Debug, Clone)]
pub struct Order<'a> {
    draw: Draw,
    lots: &'a Lots,
    step: u32,
    /// The first lot of each place that was drawn, and how many it has; ascending.
    taken: Vec<(u64, u64)>,
}

impl Iterator for Order<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let taken: u64 = self.taken.iter().map(|(_, count)| count).sum();
        let mut lot = self.draw.below(self.step, self.lots.total() - taken)?;
        // Counted among the lots that are left: step over those that are not.
        for (first, count) in &self.taken {
            if lot >= *first {
                lot += count;
            }
        }
        let (place, first, count) = self.lots.find(lot)?;
        let before = self.taken.partition_point(|(other, _)| *other < first);
        self.taken.insert(before, (first, count));
        self.step += 1;
        Some(place)
    }
}

#[cfg(test)]
mod tests;

//! Seeds for the main chain: they say in which archive group a node gets its seat, and who issues a note.
//!
//! ```text
//! main chain: somebody waits for a seed ─► every seat ── Wanted ─► log     number n, made after main-chain block b
//! the seed of the entry two after ─► log                                   the value follows from it and n
//! seats ── statement ─► main chain                                         until that has seed n
//! ```
//!
//! - *Nobody knows it before block b.* More than two thirds of the seats vote for an entry with a [`Wanted`], and each
//!   only when it has seen block b itself. The seed is made after that entry is final.
//! - *Nobody chooses among several.* One is asked for at a time, the main chain numbers them without gaps, and takes each
//!   number once. An epoch does not end before the seed that was asked for is made.
//! - *It is of no draw.* Draws of the same entry take the seed itself, this is a hash of it under a name of its own.

use alloy::primitives::{B256, Keccak256};
use serde::{Deserialize, Serialize};

use super::{
    error::{ItemError, Result},
    item::Wanted,
    state::State,
};

/// The newest seed that the main chain wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beacon {
    /// What it wants.
    pub wanted: Wanted,
    /// The entry that says so.
    pub logged: u64,
    /// The seed, once it is made.
    pub value: Option<B256>,
}

impl State {
    /// The newest seed that the main chain wanted.
    #[must_use]
    pub const fn beacon(&self) -> Option<&Beacon> {
        self.beacon.as_ref()
    }

    /// Whether this would be asked for after the newest final entry.
    #[must_use]
    pub fn may_want(&self, wanted: &Wanted) -> bool {
        let is_next = self.beacon.is_none_or(|last| {
            let Wanted { index, after_block } = last.wanted;
            last.value.is_some() && wanted.index > index && wanted.after_block >= after_block
        });
        is_next && self.handover().is_none()
    }

    /// The main chain wants a seed.
    pub(super) fn want(&mut self, wanted: &Wanted) -> Result<()> {
        if !self.may_want(wanted) {
            return Err(ItemError::Nothing);
        }
        self.beacon = Some(Beacon { wanted: *wanted, logged: self.height, value: None });
        Ok(())
    }

    /// Whether this entry asked for a seed that nothing is drawn by.
    pub(super) fn lights_now(&self) -> bool {
        self.beacon.is_some_and(|beacon| beacon.logged == self.height && beacon.value.is_none())
    }

    /// The seed of those that were asked for in one entry is made.
    pub(super) fn light(&mut self, logged: u64, seed: B256) {
        let group = self.seats.group;
        let asked = self.beacon.as_mut().filter(|beacon| beacon.logged == logged);
        if let Some(beacon) = asked.filter(|beacon| beacon.value.is_none()) {
            let mut hasher = Keccak256::new();
            hasher.update(b"CoNET seed for the main chain");
            hasher.update(seed);
            hasher.update(group.to_be_bytes());
            hasher.update(beacon.wanted.index.to_be_bytes());
            beacon.value = Some(hasher.finalize());
        }
    }
}

#[cfg(test)]
mod tests;

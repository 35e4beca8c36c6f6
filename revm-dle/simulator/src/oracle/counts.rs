//! How much there was: what a run came to, and what was looked at in it.

use std::collections::BTreeSet;

use alloy::primitives::B256;

use super::{Group, Oracle};

impl Oracle {
    /// How many draws were drawn once more, and after how many entries it was looked who waits.
    pub(crate) fn checked(&self) -> (usize, usize) {
        let all = self.groups.values().map(|group| group.draws.checked());
        all.fold((0, 0), |sum, checked| (sum.0 + checked.0, sum.1 + checked.1))
    }

    /// How many fell into a trap, as the logs say.
    pub(crate) fn caught(&self) -> usize {
        let caught = self.groups.values().flat_map(|group| group.traps.caught());
        caught.map(|(voter, ..)| voter).collect::<BTreeSet<_>>().len()
    }

    /// How many payments an account has made on a chain.
    pub(crate) fn paid(&self, chain: B256, account: u64) -> u64 {
        let group = self.number_about(chain).and_then(|number| self.groups.get(&number));
        group.map_or(0, |group| group.books.paid(chain, account))
    }

    /// How many blocks are final, over all chains.
    pub(crate) fn blocks(&self) -> usize {
        let whose = |chain: B256| self.number_about(chain);
        let all = self.groups.values();
        all.map(|group| group.books.count_final(|chain| whose(chain) == Some(group.number))).sum()
    }

    /// How many entries are final.
    pub(crate) fn entries(&self) -> usize {
        self.groups.values().map(Group::entries).sum()
    }
}

//! Chains are put back after a change, with everything by which they are found.

use std::sync::Arc;

use alloy::primitives::{B256, keccak256};

use super::{chain::Chain, state::State};

/// How many chains ask again for nodes for each one that joins the line.
const FED_AT_ONCE: usize = 8;

impl State {
    /// Notes since when a chain has its creator and witnesses.
    fn note_group(&mut self, chain: &mut Chain) {
        let before = self.chains.get(&chain.id);
        if before.is_some_and(|before| before.group().eq(chain.group())) {
            return;
        }
        if before.is_none_or(|before| before.creator != chain.creator) {
            chain.trap = chain.creator.and_then(|creator| self.commitment(creator));
        }
        chain.since = chain.height + 1;
        if chain.is_whole() {
            self.regrouped.insert(chain.id);
        }
    }

    /// Puts a chain back after a change, with its deadlines and requests.
    pub(super) fn put(&mut self, chain: Chain) {
        self.hungry.remove(&chain.id);
        self.place(chain, true);
    }

    /// Puts a chain back for some of whose places nobody fitted.
    pub(super) fn starve(&mut self, chain: Chain) {
        self.hungry.insert(chain.id);
        self.place(chain, false);
    }

    /// Somebody joined the line: some of those that nobody fitted ask again.
    pub(super) fn feed(&mut self) {
        let from = keccak256(self.height.to_be_bytes());
        let fed = self.hungry.range(from..).chain(self.hungry.range(..from));
        let fed = fed.take(FED_AT_ONCE * self.joined);
        let fed: Vec<_> = fed.filter_map(|id| self.chains.get(id).cloned()).collect();
        fed.iter().for_each(|chain| self.put(Chain::clone(chain)));
    }

    fn place(&mut self, mut chain: Chain, asks: bool) {
        let before = self.chains.get(&chain.id).cloned();
        let left: Vec<_> = before.iter().flat_map(|before| before.members_once()).collect();
        if let Some(before) = before {
            self.forget(&before);
        }
        self.note_group(&mut chain);
        chain.request_open_places(self.height, asks && self.handover.is_none());
        self.index(&chain);
        self.note_parts(chain.id, &left, &chain.members_once());
        chain.shrink();
        self.changed.insert(chain.id);
        self.pages.note(chain.id);
        self.chains.insert(chain.id, Arc::new(chain));
    }

    /// A chain is another group's from now on.
    pub(super) fn drop_chain(&mut self, id: B256) {
        let Some(chain) = self.chains.remove(&id) else { return };
        self.hungry.remove(&id);
        self.pages.note(id);
        self.forget(&chain);
        self.note_parts(id, &chain.members_once(), &[]);
    }

    fn forget(&mut self, chain: &Chain) {
        for deadline in chain.deadlines() {
            self.deadlines.remove(&(deadline, chain.id));
        }
        for logged in chain.requested.values() {
            self.requests.remove(&(*logged, chain.id));
        }
    }

    /// Notes when a chain must be found.
    pub(super) fn index(&mut self, chain: &Chain) {
        for deadline in chain.deadlines() {
            self.deadlines.insert((deadline, chain.id));
        }
        for logged in chain.requested.values() {
            self.requests.insert((*logged, chain.id));
        }
    }
}

//! A node's ledgers: blocks are executed here, and states kept.
//!
//! States that are in use are in memory, decoded, within limits; the newest final state of every chain is on disk. Where a
//! chain stands is told by its notice, or by the newest checkpoint if it has been at rest since. An idle chain is nothing
//! but its rows there.
//!
//! ```text
//! execute, build ─► undecided ─┬─ finalized ─► newest: to disk ─► older: for who is behind a little
//!                              └─ another block is final ─► gone
//! ```
//!
//! A state that is not decided is not on disk: who restarts executes the block again, which is in its journal, or is sent
//! the state by others.

mod cache;
mod core;
mod exported;
mod notices;
mod trial;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy::primitives::B256;
use conet_committee::{
    archive::{ProvenNotice, item::Opening},
    keys::NodeId,
};
use conet_ledger::{
    block::{Body, Header},
    error::BadGenesis,
    execute::CodeBook,
    genesis::Chain,
    receipt::Receipt,
    snapshot::Snapshot,
    state::State,
};
use serde::{Deserialize, Serialize};

use self::{
    cache::{Cache, Stage},
    notices::Notices,
};
pub use self::{core::NodeLedgers, trial::Trial};
use crate::{
    open::Begun,
    store::{FinalBlock, Store, StoreError, Write},
};

/// How often a notice is looked for while newer checkpoints come.
const LOOKS_MAX: usize = 3;

/// Limits of states in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerLimits {
    /// States in memory.
    pub live_states_max: usize,
    /// Bytes of them, as on disk: in memory they are several times as large.
    pub live_states_bytes_max: usize,
    /// States of one chain that are not decided; the oldest goes first.
    pub undecided_per_chain_max: usize,
    /// Final states of one chain below the newest, for who is behind a little.
    pub older_per_chain_max: usize,
    /// Notices in memory, about 1.5 KiB each.
    pub live_notices_max: usize,
}

impl Default for LedgerLimits {
    fn default() -> Self {
        Self {
            live_states_max: 4_096,
            live_states_bytes_max: 256 << 20,
            undecided_per_chain_max: 16,
            older_per_chain_max: 4,
            live_notices_max: 4_096,
        }
    }
}

/// A block, the state after it, and what led there.
#[derive(Debug)]
pub struct Live {
    /// The chain.
    pub chain: Arc<Chain>,
    /// The block.
    pub header: Header,
    /// The state after it.
    pub state: State,
    /// What it did; none when the state came from elsewhere.
    content: Option<(Body, Vec<Receipt>)>,
    /// About how long the state is on disk.
    bytes: usize,
}

/// A block that became final here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finality {
    /// The chain.
    pub chain: B256,
    /// The block's height.
    pub height: u64,
    /// Its hash.
    pub hash: B256,
    /// How many transactions it has; none when that is not known here.
    pub transactions: Option<usize>,
}

/// Why a chain is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No chain begins like that.
    #[error(transparent)]
    Genesis(#[from] BadGenesis),
    /// What it is opened with is of another chain.
    #[error("expected an opening of block {expected}, found one of {found}")]
    Opening {
        /// Hash of the genesis block.
        expected: B256,
        /// What the opening names.
        found: B256,
    },
    /// The chain is to begin in another way, or too many are to begin.
    #[error("expected a chain that nobody asked for otherwise, found {chain}: take another salt")]
    Taken {
        /// Which.
        chain: B256,
    },
    /// The node is stopping.
    #[error("expected a running node, found it stopped")]
    Stopped,
}

/// The ledgers of a node, for its actor and for those who ask.
#[derive(Debug)]
pub struct Chains {
    store: Store,
    codes: Arc<CodeBook>,
    cache: Mutex<Cache>,
    notices: Mutex<Notices>,
    /// What waits to be written with the actor's next records.
    news: Mutex<News>,
    /// Chains whose blocks this node is not able to execute: the operator is told of each once.
    beyond: Mutex<BTreeSet<B256>>,
}

/// What a step brought about.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) writes: Vec<Write>,
    pub(crate) finals: Vec<Finality>,
    pub(crate) notices: Vec<Arc<ProvenNotice>>,
}

impl Chains {
    /// Over a store, for chains of these codes.
    #[must_use]
    pub fn new(store: Store, codes: Arc<CodeBook>, limits: LedgerLimits) -> Self {
        let notices = Mutex::new(Notices::new(limits.live_notices_max));
        let (cache, news) = (Mutex::new(Cache::new(limits)), Mutex::default());
        Self { store, codes, cache, notices, news, beyond: Mutex::default() }
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// How many states are in memory.
    #[must_use]
    pub fn live_states(&self) -> usize {
        self.cache().len()
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notices(&self) -> MutexGuard<'_, Notices> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the steps since the last call brought about. Its states and notices stay in memory until [`Self::synced`].
    pub(crate) fn take_news(&self) -> News {
        let mut news = std::mem::take(&mut *self.news());
        news.notices = self.notices().take();
        news
    }

    /// These blocks with the states after them, and these notices, are on disk.
    pub(crate) fn synced(&self, finals: &[Finality], notices: &[Arc<ProvenNotice>]) {
        let mut cache = self.cache();
        for known in finals {
            cache.mark(known.hash, Stage::Stored);
        }
        cache.shrink();
        drop(cache);
        self.notices().written(notices);
    }

    /// Where a chain stands, as the log told last.
    #[must_use]
    pub fn notice(&self, chain: B256) -> Option<Arc<ProvenNotice>> {
        // A newer checkpoint may come while one looks: then again.
        for _ in 0..LOOKS_MAX {
            if let Some(found) = self.look_for_notice(chain)? {
                return Some(found);
            }
        }
        None
    }

    /// Of that notice: the height of its entry, and who had a part in the chain. No proof is made for that.
    fn told(&self, chain: B256) -> Option<(u64, Vec<NodeId>)> {
        let told = |known: &ProvenNotice| (known.entry(), known.notice.members());
        if let Some(known) = self.notices().get(chain) {
            return Some(told(&known));
        }
        let standing = self.notices().standing();
        let covered = standing.as_ref().map_or(0, |standing| standing.entry());
        let stored = readable(self.store.notice(chain))?;
        if let Some(stored) = stored.filter(|stored| stored.entry() > covered) {
            return Some(told(&stored));
        }
        Some((covered, standing?.standing.members(chain)?))
    }

    /// None: there is none. None within: it has changed meanwhile.
    fn look_for_notice(&self, chain: B256) -> Option<Option<Arc<ProvenNotice>>> {
        if let Some(known) = self.notices().get(chain) {
            return Some(Some(known));
        }
        let stored = readable(self.store.notice(chain))?;
        // A newer one may have come meanwhile.
        let mut notices = self.notices();
        if let Some(known) = notices.get(chain) {
            return Some(Some(known));
        }
        // What is on disk may be as old as a checkpoint that is on its way there.
        let stored = stored.filter(|stored| stored.entry() > notices.covered());
        let Some(standing) = notices.standing().filter(|_| stored.is_none()) else {
            return stored.map(|stored| Some(notices.put(stored)));
        };
        drop(notices);
        let found = standing.notice(chain)?;
        let mut notices = self.notices();
        let is_newest = notices.covered() == found.entry();
        Some(notices.get(chain).or_else(|| is_newest.then(|| notices.put(found))))
    }

    /// A chain begins here: it is written with the actor's next records.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) fn begin(&self, begun: Begun, opening: &Opening) -> Result<(), OpenError> {
        let Begun { chain, state } = begun;
        let (expected, found) = (chain.hash(), opening.genesis);
        if expected != found || opening.chain != chain.genesis().chain {
            return Err(OpenError::Opening { expected, found });
        }
        let id = opening.chain;
        // Known already, and further than its beginning, maybe.
        if self.newest(id).is_none_or(|newest| newest.chain.genesis().series < opening.series) {
            let header = chain.header().clone();
            let chain = Arc::new(chain);
            self.keep(Live { chain, header, state, content: None, bytes: 1 << 10 });
            self.decide(id, expected);
        }
        self.news().writes.push(Write::Opening(Box::new(opening.clone())));
        Ok(())
    }

    /// A chain as it begins.
    fn chain(&self, id: B256) -> Option<Arc<Chain>> {
        if let Some(chain) = self.cache().chain(id) {
            return Some(chain);
        }
        let (genesis, root) = readable(self.store.genesis(id))??;
        Chain::new(genesis, root).ok().map(Arc::new)
    }

    /// A block with its state, from memory or disk.
    #[must_use]
    pub fn live(&self, hash: B256) -> Option<Arc<Live>> {
        let known = self.cache().get(hash);
        known.or_else(|| self.load((hash, readable(self.store.state(hash))??)))
    }

    /// A chain's newest final block with its state.
    #[must_use]
    pub fn newest(&self, chain: B256) -> Option<Arc<Live>> {
        let known = self.cache().newest(chain);
        known.or_else(|| self.load(readable(self.store.newest_state(chain))??))
    }

    fn load(&self, (block, snapshot): (B256, Vec<u8>)) -> Option<Arc<Live>> {
        let bytes = snapshot.len();
        let Snapshot { header, state } = match Snapshot::decode(block, &snapshot) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::error!(%error, "a state on disk cannot be read");
                return None;
            }
        };
        let chain = self.chain(header.proposal.chain)?;
        let live = Arc::new(Live { chain, header, state, content: None, bytes });
        self.cache().put(live.clone(), Stage::Stored);
        Some(live)
    }

    fn keep(&self, live: Live) {
        self.cache().put(Arc::new(live), Stage::Undecided);
    }

    /// Makes a block final, and those below it.
    fn decide(&self, chain: B256, hash: B256) {
        let Some(newest) = self.live(hash) else { return };
        let mut cache = self.cache();
        let path = cache.decide(&newest);
        drop(cache);
        if path.is_empty() {
            return;
        }
        let height = newest.header.proposal.height;
        let snapshot = Snapshot { header: newest.header.clone(), state: newest.state.clone() };
        let mut news = self.news();
        let (genesis, root) = (newest.chain.genesis(), newest.chain.header().outcome.state_root);
        // It may be new here: a state came from elsewhere.
        if path.first().is_some_and(|block| block.content.is_none()) {
            news.writes.push(Write::Chain(Box::new(genesis.clone()), root));
        }
        for block in &path {
            let content = block.content.clone();
            let header = block.header.clone();
            let (height, hash) = (header.proposal.height, header.hash());
            let transactions = content.as_ref().map(|(body, _)| body.transactions.len());
            let is_genesis = hash == block.chain.hash();
            news.writes.push(Write::Block(Box::new(FinalBlock { header, content, is_genesis })));
            news.finals.push(Finality { chain, height, hash, transactions });
        }
        match snapshot.encode() {
            Ok(snapshot) => news.writes.push(Write::State { chain, hash, snapshot }),
            // It stays in memory as long as it can; after a restart others are asked.
            Err(error) => tracing::error!(%error, height, "a state cannot be kept on disk"),
        }
    }
}

/// A node that cannot read its own disk knows less than it did; it does not stop for that.
fn readable<T>(found: Result<T, StoreError>) -> Option<T> {
    found.inspect_err(|error| tracing::error!(%error, "the store cannot be read")).ok()
}

#[cfg(test)]
mod tests;

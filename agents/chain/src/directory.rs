//! The verified node map: who may be forwarded to, and where.
//!
//! Readers take a snapshot without waiting; one task (or none) replaces it.

mod follow;
mod map;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::primitives::{Address, U256};
use arc_swap::{ArcSwap, Guard};
use conet_bindings::NodeRegistry::NodeRecord;
use conet_wire::{
    claim::{EndpointPolicy, VerifiedNode},
    network::Network,
    recipient::Handle,
    veil::{TransportPublic, WebProfile},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{ChainError, ChainReader, limits::MATCHES_MAX, now_unix};
use map::{NodeMap, Table};

/// A verified node, ready to be talked to.
#[derive(Debug)]
pub struct NodeEntry {
    /// The node.
    pub node: VerifiedNode,
    /// The website that it looks like.
    pub profile: WebProfile,
}

/// The nodes that a message's recipient key names, those registered first in front.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    entries: [Option<Arc<NodeEntry>>; MATCHES_MAX],
}

impl Matches {
    /// The nodes.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<NodeEntry>> {
        self.entries.iter().flatten()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no node has this key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a node, unless there are enough.
    fn push(&mut self, entry: &Arc<NodeEntry>) {
        if let Some(free) = self.entries.iter_mut().find(|place| place.is_none()) {
            *free = Some(Arc::clone(entry));
        }
    }
}

impl IntoIterator for Matches {
    type Item = Arc<NodeEntry>;
    type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<Self::Item>, MATCHES_MAX>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter().flatten()
    }
}

/// How current a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryHealth {
    /// The block that it shows.
    pub last_block: u64,
    /// How long ago the chain last answered.
    pub lag: Duration,
    /// Verified nodes.
    pub nodes: usize,
    /// Records that did not verify, now.
    pub left_out: usize,
    /// How often the chain could not be read.
    pub failures: u64,
    /// How often all nodes were read again.
    pub full_reads: u64,
}

/// The verified node map. Cheap to clone; all clones show the same.
#[derive(Debug, Clone)]
pub struct Directory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    map: ArcSwap<NodeMap>,
    answered: Mutex<Instant>,
    last_block: AtomicU64,
    failures: AtomicU64,
    full_reads: AtomicU64,
}

impl Directory {
    /// Reads all nodes, then keeps the directory current until `stop` is
    /// cancelled. The handle ends soon after.
    ///
    /// # Errors
    /// [`ChainError`] when the first reading fails; later failures are logged,
    /// counted and tried again.
    pub async fn follow(
        reader: ChainReader,
        policy: EndpointPolicy,
        poll_interval: Duration,
        stop: CancellationToken,
    ) -> Result<(Self, JoinHandle<()>), ChainError> {
        let (directory, follower) = follow::Follower::start(reader, policy).await?;
        Ok((directory, tokio::spawn(follower.run(poll_interval, stop))))
    }

    /// Reads all nodes once: for clients, and programs that end soon.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn load_once(
        reader: &ChainReader,
        policy: EndpointPolicy,
    ) -> Result<Self, ChainError> {
        Ok(follow::Follower::start(reader.clone(), policy).await?.0)
    }

    /// A directory of these records, as of `now_unix`: for tests, and records
    /// from elsewhere than a chain.
    #[must_use]
    pub fn from_records(
        network: &Network,
        records: Vec<NodeRecord>,
        policy: EndpointPolicy,
        now_unix: u64,
    ) -> Self {
        let mut table = Table::new(*network, policy);
        table.replace(records, now_unix);
        Self::new(table.map(now_unix), 0)
    }

    fn new(map: NodeMap, block: u64) -> Self {
        Self(Arc::new(Shared {
            map: ArcSwap::from_pointee(map),
            answered: Mutex::new(Instant::now()),
            last_block: AtomicU64::new(block),
            failures: AtomicU64::new(0),
            full_reads: AtomicU64::new(0),
        }))
    }

    fn map(&self) -> Guard<Arc<NodeMap>> {
        self.0.map.load()
    }

    /// The nodes whose encryption subkey a message names, at most four. More
    /// than one may claim a key, as OpenPGP asks no consent of it: the one that
    /// cannot decrypt is a waste of a message, not a leak.
    #[must_use]
    pub fn find(&self, handle: &Handle) -> Matches {
        self.map().find(handle)
    }

    /// The node with this token.
    #[must_use]
    pub fn by_id(&self, id: U256) -> Option<Arc<NodeEntry>> {
        self.map().by_id(id)
    }

    /// The node with this transport key; of several, the one registered first.
    #[must_use]
    pub fn by_transport_key(&self, key: &TransportPublic) -> Option<Arc<NodeEntry>> {
        self.map().by_transport_key(key)
    }

    /// The node of this wallet.
    #[must_use]
    pub fn by_wallet(&self, wallet: Address) -> Option<Arc<NodeEntry>> {
        self.map().by_wallet(wallet)
    }

    /// All nodes, by id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<NodeEntry>> {
        self.map().all().to_vec()
    }

    /// All relays, by id.
    #[must_use]
    pub fn relays(&self) -> Vec<Arc<NodeEntry>> {
        self.filtered(|entry| entry.node.roles().relay())
    }

    /// All agents, by id.
    #[must_use]
    pub fn agents(&self) -> Vec<Arc<NodeEntry>> {
        self.filtered(|entry| entry.node.roles().agent())
    }

    fn filtered(&self, keep: impl Fn(&NodeEntry) -> bool) -> Vec<Arc<NodeEntry>> {
        self.map().all().iter().filter(|entry| keep(entry)).cloned().collect()
    }

    /// How long ago the chain last answered; zero-ish while all is well.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.0.answered.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// The block that it shows.
    #[must_use]
    pub fn last_block(&self) -> u64 {
        self.0.last_block.load(Ordering::Relaxed)
    }

    /// For health checks and metrics.
    #[must_use]
    pub fn health(&self) -> DirectoryHealth {
        let map = self.map();
        DirectoryHealth {
            last_block: self.last_block(),
            lag: self.lag(),
            nodes: map.all().len(),
            left_out: map.left_out(),
            failures: self.0.failures.load(Ordering::Relaxed),
            full_reads: self.0.full_reads.load(Ordering::Relaxed),
        }
    }

    fn note_answer(&self, block: u64) {
        *self.0.answered.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.last_block.store(block, Ordering::Relaxed);
    }

    fn note_failure(&self) {
        self.0.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Shows `table` from now on.
    fn publish(&self, table: &Table) {
        self.0.map.store(Arc::new(table.map(now_unix())));
    }

    fn note_full_read(&self) {
        self.0.full_reads.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a certificate in the map has expired since it was made.
    fn is_stale(&self, now: u64) -> bool {
        self.map().valid_until().is_some_and(|until| until <= now)
    }
}

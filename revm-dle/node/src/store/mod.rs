//! What a node must not lose, in one SQLite file: its journal, final blocks, and the newest state of each chain.
//!
//! One thread owns the writing connection. It takes what waits of many steps, applies it in one transaction, syncs once
//! (group commit), and only then lets the messages of these steps go. After a failed write nothing is said any more.
//!
//! What a record makes needless goes in the transaction that the record is in: see [`Record::makes_needless`]. Bytes that
//! are deleted are overwritten, for some are secrets. A seat's notices of chains since the newest checkpoint, one of each,
//! are in tables of their own, and read when somebody asks for one. Final blocks, what they did, and the Selection Chain
//! stay, all of them.

mod blocks;
mod chains;
mod code;
mod error;
mod evidence;
mod marks;
mod moves;
mod notices;
mod owner;
mod pages;
mod read;
mod schema;
#[cfg(test)]
pub(crate) mod tests;
mod write;
mod writer;

use std::{
    ops::RangeInclusive,
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
};

use alloy::primitives::{B256, Bytes};
use conet_committee::{
    Record,
    archive::{ProvenNotice, item::Opening},
    journal::ENTRIES_KEPT,
    keys::NodeId,
    log::Entry,
    poh::Mark,
    roulette::selection::{Evidence, Selection},
    seats::Seats,
};
use conet_ledger::genesis::Genesis;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

pub use blocks::{FinalBlock, transaction_hash};
pub use error::StoreError;
#[cfg(test)]
pub(crate) use notices::tests::proven;
pub use owner::Founding;
pub use read::{KeptBlock, Place};
pub use write::{DutyId, Write};
use writer::{Batch, Writer};

use crate::{duty::Duty, history::Since, metrics::Metrics};

/// Limits of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreLimits {
    /// Steps that may wait for the disk; the actor waits for room.
    pub waiting_steps_max: usize,
    /// Steps joined in one transaction.
    pub batch_steps_max: usize,
    /// Final entries of the log kept below the newest checkpoint: for who was away for less, and for who asks.
    pub entries_kept: u64,
    /// Bytes of the database file, above which writes fail as on a full disk.
    pub file_bytes_max: u64,
    /// Connections for reading kept open between uses.
    pub idle_readers_max: usize,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            waiting_steps_max: 256,
            batch_steps_max: 256,
            entries_kept: ENTRIES_KEPT,
            file_bytes_max: 128 << 30,
            idle_readers_max: 4,
        }
    }
}

/// A handle on the store; cheap to clone. The writer ends when the last one goes.
#[derive(Clone)]
pub struct Store {
    steps: mpsc::SyncSender<Batch>,
    readers: Arc<Readers>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// Read-only connections, handed out one at a time.
struct Readers {
    path: std::path::PathBuf,
    idle: Mutex<Vec<Connection>>,
    idle_max: usize,
}

impl Store {
    /// Opens the store of a node, making it if need be.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(
        path: &Path,
        node: NodeId,
        founding: &Founding,
        limits: StoreLimits,
        metrics: Metrics,
    ) -> Result<Self, StoreError> {
        let connection = conet_sqlite::open(path, schema::STEPS, Some(limits.file_bytes_max))?;
        // Secrets come and go in it: what is deleted or moved leaves nothing behind.
        connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
        writer::empty_log(&connection)?;
        owner::claim(&connection, node, founding)?;
        let (steps, queue) = mpsc::sync_channel(limits.waiting_steps_max);
        let idle_max = limits.idle_readers_max;
        let writer = Writer { connection, limits, metrics };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(&queue))
            .map_err(StoreError::Thread)?;
        let readers = Readers { path: path.to_owned(), idle: Mutex::default(), idle_max };
        Ok(Self { steps, readers: Arc::new(readers), writer: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Writes all of this or nothing, after all that was given before; then tells how that went. Waits for room.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn write(
        &self,
        writes: Vec<Write>,
        then: impl FnOnce(Result<(), &StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let batch = Batch { writes, then: Box::new(then) };
        self.steps.send(batch).map_err(|_| StoreError::Closed)
    }

    /// Lets go of this handle; if it is the last one, waits until what was given is written.
    pub fn close(self) {
        let Self { steps, writer, .. } = self;
        drop(steps);
        if let Some(writer) = Arc::into_inner(writer) {
            let thread = writer.into_inner().unwrap_or_else(PoisonError::into_inner);
            // It says in the log why it ended.
            let _ = thread.map(JoinHandle::join);
        }
    }

    /// All that was journaled and still matters; each kind of records in the order of writing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn journal(&self) -> Result<Vec<Record>, StoreError> {
        self.read(read::journal)
    }

    /// Final entries of the log from a height on, of those that are kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entries(&self, from: u64, count: usize) -> Result<Vec<Entry>, StoreError> {
        self.read(|connection| read::entries(connection, from, count))
    }

    /// How a chain began: its genesis, and the state root after it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn genesis(&self, chain: B256) -> Result<Option<(Genesis, B256)>, StoreError> {
        self.read(|connection| chains::genesis(connection, chain))
    }

    /// How the main chain opened the chains that this node has, but for those that are known already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn openings(&self, is_known: impl Fn(B256) -> bool) -> Result<Vec<Opening>, StoreError> {
        self.read(|connection| chains::openings(connection, is_known))
    }

    /// What the journal goes on from: an epoch, who sat in it, and when it began, milliseconds since 1970.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn founding(&self) -> Result<(Seats, u64), StoreError> {
        self.read(owner::founding)
    }

    /// Whether the state after a block is here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn has_state(&self, hash: B256) -> Result<bool, StoreError> {
        self.read(|connection| chains::has_state(connection, hash))
    }

    /// The state after a block.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn state(&self, hash: B256) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| chains::state(connection, hash))
    }

    /// The newest final state of a chain, and the hash of its block.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn newest_state(&self, chain: B256) -> Result<Option<(B256, Vec<u8>)>, StoreError> {
        self.read(|connection| chains::newest_state(connection, chain))
    }

    /// Where a chain stands, as a seat told last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn notice(&self, chain: B256) -> Result<Option<ProvenNotice>, StoreError> {
        self.read(|connection| notices::get(connection, chain))
    }

    /// A final block by its hash, but none that began a series: nobody has a body of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn block(&self, hash: B256) -> Result<Option<KeptBlock>, StoreError> {
        self.read(|connection| read::block(connection, "hash = ?1", params![hash.as_slice()]))
    }

    /// A chain's final block of a height.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn block_at(&self, chain: B256, height: u64) -> Result<Option<KeptBlock>, StoreError> {
        self.read(|connection| {
            let key = params![chain.as_slice(), code::sql(height)];
            let found = read::block(connection, "chain = ?1 AND height = ?2", key)?;
            if found.is_some() {
                return Ok(found);
            }
            let first = chains::first_block(connection, chain, height)?;
            Ok(first.map(|header| KeptBlock { header, body: None, receipts: None }))
        })
    }

    /// Where a final transaction is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn place(&self, transaction: B256) -> Result<Option<Place>, StoreError> {
        self.read(|connection| read::place(connection, transaction))
    }

    /// Final blocks to ask others for, so many of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn wanted(&self, count: usize) -> Result<Vec<B256>, StoreError> {
        self.read(|connection| read::wanted(connection, count))
    }

    /// What the main chain should still hear, so many of it: what is urgent first, then in the order in which it came up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn duties(&self, count: usize) -> Result<Vec<(DutyId, Duty)>, StoreError> {
        self.read(|connection| read::duties(connection, count))
    }

    /// Whether the main chain should hear this, or has heard it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn has_duty(&self, duty: &Duty) -> Result<bool, StoreError> {
        self.read(|connection| read::has_duty(connection, duty))
    }

    /// The Selection Chain from a number on, or what of it is about one chain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn selections(
        &self,
        chain: Option<B256>,
        from: u64,
        count: usize,
    ) -> Result<Vec<Selection>, StoreError> {
        self.read(|connection| evidence::selections(connection, chain, from, count))
    }

    /// What it takes to draw again, after a number that this node gave: so many pieces, and bytes but for the last, at most.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn evidence(
        &self,
        number: u64,
        most: (usize, usize),
    ) -> Result<Vec<(u64, Evidence)>, StoreError> {
        self.read(|connection| evidence::after(connection, number, most))
    }

    /// What seeds are checked with, by epochs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seed_keys(&self) -> Result<Vec<(u64, Bytes)>, StoreError> {
        self.read(evidence::keys)
    }

    /// The newest mark of this node's own clock.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn newest_mark(&self) -> Result<Option<Mark>, StoreError> {
        self.read(marks::newest)
    }

    /// The mark that a reader wants to begin at.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn mark(&self, since: Since) -> Result<Option<Mark>, StoreError> {
        self.read(|connection| marks::first(connection, since))
    }

    /// So many marks after a count of hashes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn marks_after(&self, count: u64, most: usize) -> Result<Vec<Mark>, StoreError> {
        self.read(|connection| marks::after(connection, count, most))
    }

    /// The public chains of a range that are here and of which it is known where they stand, by their ids, after one of
    /// them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn public_chains(
        &self,
        after: B256,
        kept: RangeInclusive<B256>,
        count: usize,
    ) -> Result<Vec<B256>, StoreError> {
        self.read(|connection| read::public_chains(connection, after, &kept, count))
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.readers.take()?;
        let found = query(&connection)?;
        self.readers.put(connection);
        Ok(found)
    }
}

impl Readers {
    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        Ok(match idle {
            Some(connection) => connection,
            None => conet_sqlite::open_reader(&self.path)?,
        })
    }

    fn put(&self, connection: Connection) {
        if let Ok(mut idle) = self.idle.lock()
            && idle.len() < self.idle_max
        {
            idle.push(connection);
        }
    }
}

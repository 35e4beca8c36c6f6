//! What an agent must not lose: its clients, their mail, and the requests it has
//! seen, in one SQLite file.
//!
//! One thread owns the writing connection. It takes whatever waits, applies it in
//! one transaction, syncs once (group commit) and only then answers; so an answer
//! always means "on disk", and a thousand waiting writers cost one sync. What was
//! stored is announced in order, from that thread, before its answer.
//!
//! Claims kept here:
//! - a message is removed only by its reader's acknowledgement or its time to live;
//! - a full mailbox refuses, it never evicts;
//! - a digest seen is remembered until the message's time to live ends, also after
//!   the message itself is gone, so that a repeated delivery is stored once;
//! - a request seen is remembered until it expires, also across restarts.

mod batch;
mod schema;
mod usage;
mod writer;

use std::{
    path::Path,
    sync::{Arc, Mutex, mpsc},
};

use alloy::primitives::{Address, B256};
use bytes::Bytes;
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

pub use batch::{Client, Remembered, Stored};
use batch::{Op, Reply};

use crate::metrics::StoreMetrics;

/// Limits of the store.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreLimits {
    /// Writers that may wait for the disk; more are refused as busy.
    pub waiting_writes_max: usize,
    /// Writes joined in one transaction.
    pub batch_writes_max: usize,
    /// Bytes in one client's mailbox.
    pub mailbox_bytes_max: u64,
    /// Messages in one client's mailbox.
    pub mailbox_messages_max: u64,
    /// Bytes in all mailboxes together.
    pub store_bytes_max: u64,
    /// Bytes of the database file, above which writes fail as on a full disk.
    pub file_bytes_max: u64,
    /// Requests remembered for one wallet.
    pub remembered_requests_per_wallet_max: u64,
    /// Requests remembered in all.
    pub remembered_requests_max: u64,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            waiting_writes_max: 4096,
            batch_writes_max: 512,
            mailbox_bytes_max: 256 << 20,
            mailbox_messages_max: 65_536,
            store_bytes_max: 64 << 30,
            file_bytes_max: 128 << 30,
            remembered_requests_per_wallet_max: 1024,
            remembered_requests_max: 1 << 20,
        }
    }
}

/// Our database failed; nothing of the operation took effect.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused (a full disk, a damaged file).
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A whole transaction failed, for one of its members or for the disk.
    #[error("the store failed: {0}")]
    Batch(String),
    /// Too many writers wait.
    #[error("{0} writes wait for the disk already")]
    Busy(usize),
    /// The writer thread is gone; the node is shutting down.
    #[error("the store is closed")]
    Closed,
    /// A row that this program did not write.
    #[error("the store holds a row it cannot read: {0}")]
    Corrupt(&'static str),
    /// The file cannot be used.
    #[error(transparent)]
    Open(#[from] conet_sqlite::OpenError),
}

/// A message as it waits in a mailbox.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its place in the store; grows.
    pub seq: i64,
    /// Unix milliseconds.
    pub received_at: u64,
    /// The OpenPGP message to the client.
    pub n1: Bytes,
}

/// Hears of each stored message, in order, before its sender is answered.
pub type OnStored = Box<dyn Fn(Address, &Waiting) + Send>;

/// A handle on the store; cheap to clone.
#[derive(Clone)]
pub struct Store {
    ops: mpsc::SyncSender<Op>,
    waiting_max: usize,
    readers: Arc<Readers>,
    metrics: StoreMetrics,
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
}

/// Read connections kept open between uses.
const IDLE_READERS_MAX: usize = 4;

impl Store {
    /// Opens the store, making it if need be. The writer thread ends when the last handle goes.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be used.
    pub fn open(path: &Path, limits: StoreLimits, on_stored: OnStored) -> Result<Self, StoreError> {
        let connection = conet_sqlite::open(path, schema::STEPS, Some(limits.file_bytes_max))?;
        let (ops, queue) = mpsc::sync_channel(limits.waiting_writes_max);
        let waiting_max = limits.waiting_writes_max;
        let metrics = StoreMetrics::default();
        let writer = writer::Writer::new(connection, limits, on_stored, metrics.clone())?;
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(&queue))
            .map_err(|error| StoreError::Batch(error.to_string()))?;
        let readers = Readers { path: path.to_owned(), idle: Mutex::default() };
        Ok(Self { ops, waiting_max, readers: Arc::new(readers), metrics })
    }

    /// What an operator can count.
    #[must_use]
    pub const fn metrics(&self) -> &StoreMetrics {
        &self.metrics
    }

    async fn write<T>(&self, make: impl FnOnce(Reply<T>) -> Op) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.ops.try_send(make(reply)).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => StoreError::Busy(self.waiting_max),
            mpsc::TrySendError::Disconnected(_) => StoreError::Closed,
        })?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Stores a message for `wallet`; answers when it is on disk.
    ///
    /// # Errors
    /// [`StoreError`] when it is not.
    pub async fn deliver(
        &self,
        wallet: Address,
        digest: B256,
        n1: Bytes,
        received_at: u64,
        expires_at: u64,
    ) -> Result<Stored, StoreError> {
        self.write(|reply| Op::Deliver { wallet, digest, n1, received_at, expires_at, reply }).await
    }

    /// Removes acknowledged messages.
    ///
    /// # Errors
    /// [`StoreError`] when they are still there.
    pub async fn acknowledge(&self, wallet: Address, seqs: Vec<i64>) -> Result<(), StoreError> {
        self.write(|reply| Op::Acknowledge { wallet, seqs, reply }).await
    }

    /// Remembers a request until it expires (unix seconds).
    ///
    /// # Errors
    /// [`StoreError`]; the request must then not be carried out.
    pub async fn remember_request(
        &self,
        wallet: Address,
        digest: B256,
        expires_at: u64,
    ) -> Result<Remembered, StoreError> {
        self.write(|reply| Op::Remember { wallet, digest, expires_at, reply }).await
    }

    /// Adds or updates a client. Handles it had before stay good until `overlap_until` (unix seconds).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_client(&self, client: Client, overlap_until: u64) -> Result<(), StoreError> {
        self.write(|reply| Op::PutClient { client, overlap_until, reply }).await
    }

    /// Marks a client as gone to another agent; its mail stays until its time to live ends.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_moved(
        &self,
        wallet: Address,
        serial: u64,
        now: u64,
    ) -> Result<(), StoreError> {
        self.write(|reply| Op::MarkMoved { wallet, serial, now, reply }).await
    }

    /// Removes what has expired; answers how many messages went.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweep(&self, now: u64) -> Result<u64, StoreError> {
        self.write(|reply| Op::Sweep { now, reply }).await
    }

    /// Messages of `wallet` after `seq`, oldest first, at most `count` and about `bytes`;
    /// and whether there are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn waiting(
        &self,
        wallet: Address,
        after: i64,
        count: usize,
        bytes: usize,
    ) -> Result<(Vec<Waiting>, bool), StoreError> {
        self.read(move |connection| read_waiting(connection, wallet, after, count, bytes)).await
    }

    /// One waiting message, unless it is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn message(&self, wallet: Address, seq: i64) -> Result<Option<Waiting>, StoreError> {
        let (found, _) = self.waiting(wallet, seq - 1, 1, usize::MAX).await?;
        Ok(found.into_iter().find(|message| message.seq == seq))
    }

    /// All clients, for the in-memory registry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        self.read(|connection| batch::read_clients(connection, None)).await
    }

    /// One client, with the handles of before its rotations.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn client(&self, wallet: Address) -> Result<Option<Client>, StoreError> {
        let found = self.read(move |connection| batch::read_clients(connection, Some(wallet)));
        Ok(found.await?.pop())
    }

    /// Whether the store can be read; for health checks.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || {
            let connection = readers.take()?;
            let found = query(&connection)?;
            readers.put(connection);
            Ok(found)
        })
        .await
        .map_err(|_| StoreError::Closed)?
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
            && idle.len() < IDLE_READERS_MAX
        {
            idle.push(connection);
        }
    }
}

fn read_waiting(
    connection: &Connection,
    wallet: Address,
    after: i64,
    count: usize,
    bytes: usize,
) -> Result<(Vec<Waiting>, bool), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT seq, received_at, n1 FROM messages WHERE wallet = ?1 AND seq > ?2 ORDER BY seq",
    )?;
    let mut rows = select.query(params![wallet.as_slice(), after])?;
    let (mut found, mut total) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let n1: Vec<u8> = row.get(2)?;
        total = total.saturating_add(n1.len());
        if found.len() >= count || (total > bytes && !found.is_empty()) {
            return Ok((found, true));
        }
        let received_at = u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default();
        found.push(Waiting { seq: row.get(0)?, received_at, n1: n1.into() });
    }
    Ok((found, false))
}

#[cfg(test)]
mod tests;

//! The embedded store: one file, one writer, readers beside it.

mod read;
mod write;

use std::{
    cmp::Ordering,
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use conet_sqlite::{OpenError, Steps};
use rusqlite::{Connection, ErrorCode};
use rustix::fs::{FlockOperation, flock};
use tokio::sync::mpsc;

use super::{
    At, Batch, BlockRow, Cursor, DrawRow, DrawsQuery, EventsQuery, Identity, READ_TIME_MAX,
    RecordRow, RecordsQuery, Result, Store, StoreError,
};
use crate::decode::RawEvent;

/// The steps to the present tables.
const STEPS: Steps<'static> = Steps {
    refused: 0,
    sql: &[include_str!("0001_tables.sql"), include_str!("0002_kinds.sql")],
    page_bytes: conet_sqlite::PAGE_BYTES,
};

/// Steps of a read between two looks at the clock: some ten microseconds.
const STEPS_PER_LOOK: i32 = 1_000;

/// Pages that the writer keeps in memory, KiB: what one batch changes. With less, pages are written, and read again, in
/// the middle of it.
const WRITER_CACHE_KIB: i64 = 16 << 10;

/// Connections for reading that are kept open while nobody reads.
const IDLE_READERS_MAX: usize = 8;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::TooLong,
            _ => Self::Database(error.to_string()),
        }
    }
}

/// A store in a SQLite file. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub struct SqliteStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// With the lock that is held as long as the store is open: one process writes. None: this one only reads.
    writer: Option<(Mutex<Connection>, File)>,
    idle: Mutex<Vec<Connection>>,
    read_time_max: Duration,
}

impl SqliteStore {
    /// Opens the file, or makes it, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Taken`] while another process has it open; else [`StoreError`].
    pub async fn open(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        blocking(move || Self::open_now(path)).await
    }

    fn open_now(path: PathBuf) -> Result<Self> {
        let failed = |error: std::io::Error| StoreError::Database(error.to_string());
        let mut lock_path = path.clone().into_os_string();
        lock_path.push(".lock");
        let lock = File::options().create(true).append(true).open(lock_path).map_err(failed)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(StoreError::Taken { place: path.display().to_string() });
        }
        let writer = conet_sqlite::open(&path, STEPS, None).map_err(|error| match error {
            OpenError::Newer { path } => StoreError::Newer { place: path.display().to_string() },
            other => StoreError::Database(other.to_string()),
        })?;
        writer.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        let writer = Some((Mutex::new(writer), lock));
        Ok(Self::new(path, writer))
    }

    fn new(path: PathBuf, writer: Option<(Mutex<Connection>, File)>) -> Self {
        let (idle, read_time_max) = (Mutex::default(), READ_TIME_MAX);
        Self(Arc::new(Shared { path, writer, idle, read_time_max }))
    }

    /// Opens a file that another process may be writing, to read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_reader(path: &Path) -> Result<Self> {
        let store = Self::new(path.to_owned(), None);
        let version = |connection: &Connection| {
            Ok(connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))?)
        };
        let found = usize::try_from(store.read(version).await?).unwrap_or(usize::MAX);
        let expected = STEPS.refused + STEPS.sql.len();
        match found.cmp(&expected) {
            Ordering::Equal => Ok(store),
            Ordering::Greater => Err(StoreError::Newer { place: path.display().to_string() }),
            Ordering::Less => Err(StoreError::Database(format!(
                "expected tables of version {expected}, found {found}: start the writer with this program first"
            ))),
        }
    }

    /// Runs on the connection that writes.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.0);
        blocking(move || {
            let taken = || StoreError::Taken { place: shared.path.display().to_string() };
            let (writer, _) = shared.writer.as_ref().ok_or_else(taken)?;
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut writer)
        })
        .await
    }

    /// Runs on a connection that reads, and is stopped when it takes too long.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let most = self.0.read_time_max;
        self.read_on(move |connection| {
            let end = Instant::now() + most;
            connection.progress_handler(STEPS_PER_LOOK, Some(move || Instant::now() >= end))?;
            let done = work(connection);
            connection.progress_handler(0, None::<fn() -> bool>)?;
            done
        })
        .await
    }

    /// The same, however long it takes.
    async fn read_on<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.0);
        blocking(move || {
            let idle = shared.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let reader = match idle {
                Some(reader) => reader,
                None => conet_sqlite::open_reader(&shared.path)?,
            };
            let done = work(&reader);
            let mut idle = shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_READERS_MAX {
                idle.push(reader);
            }
            done
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::Database(error.to_string()))?
}

impl Store for SqliteStore {
    async fn cursor(&self) -> Result<Option<Cursor>> {
        self.read(read::cursor).await
    }

    async fn changed(&self) -> Result<Option<At>> {
        self.read(read::changed).await
    }

    async fn identity(&self) -> Result<Option<Identity>> {
        self.read(read::identity).await
    }

    async fn begin(&self, identity: &Identity) -> Result<()> {
        let identity = *identity;
        self.write(move |connection| write::begin(connection, &identity)).await
    }

    async fn apply(&self, from: Option<At>, batch: Arc<Batch>, to: &Cursor) -> Result<()> {
        let to = *to;
        self.write(move |connection| write::apply(connection, from, &batch, &to)).await
    }

    async fn undo(&self, from: At, to: &Cursor) -> Result<()> {
        let to = *to;
        self.write(move |connection| write::undo(connection, from, &to)).await
    }

    async fn blocks(&self, numbers: &[u64]) -> Result<Vec<BlockRow>> {
        let numbers = numbers.to_owned();
        self.read(move |connection| read::blocks(connection, &numbers)).await
    }

    async fn record(
        &self,
        table: &str,
        key: &[u8],
        block: Option<u64>,
    ) -> Result<Option<RecordRow>> {
        let (table, key) = (table.to_owned(), key.to_owned());
        self.read(move |connection| read::record(connection, &table, &key, block)).await
    }

    async fn current(&self, keys: &[(String, Vec<u8>)]) -> Result<Vec<RecordRow>> {
        let keys = keys.to_owned();
        self.read(move |connection| read::current(connection, &keys)).await
    }

    async fn view(&self, keys: &[(String, Vec<u8>)]) -> Result<(Option<Cursor>, Vec<RecordRow>)> {
        let keys = keys.to_owned();
        self.read(move |connection| read::view(connection, &keys)).await
    }

    async fn records(&self, query: &RecordsQuery) -> Result<Vec<RecordRow>> {
        let query = query.clone();
        self.read(move |connection| read::records(connection, &query)).await
    }

    async fn history(
        &self,
        table: &str,
        key: &[u8],
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<RecordRow>> {
        let (table, key) = (table.to_owned(), key.to_owned());
        self.read(move |connection| read::history(connection, &table, &key, before, limit)).await
    }

    async fn events(&self, query: &EventsQuery) -> Result<Vec<RawEvent>> {
        let query = query.clone();
        self.read(move |connection| read::events(connection, &query)).await
    }

    async fn put_draws(&self, draws: Vec<DrawRow>) -> Result<()> {
        self.write(move |connection| write::put_draws(connection, &draws)).await
    }

    async fn drop_draws(&self, group: u32, from: u64) -> Result<()> {
        self.write(move |connection| write::drop_draws(connection, group, from)).await
    }

    async fn draws(&self, query: &DrawsQuery) -> Result<Vec<DrawRow>> {
        let query = query.clone();
        self.read(move |connection| read::draws(connection, &query)).await
    }

    async fn dump(&self, block: Option<u64>, rows: mpsc::Sender<String>) -> Result<()> {
        self.read_on(move |connection| read::dump(connection, block, &rows)).await
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256};

    use super::*;
    use crate::store::tests::{dump, has_the_events_of_before};

    /// Versions of a record: reading them all takes many looks at the clock.
    const VERSIONS: u64 = 20_000;

    #[tokio::test]
    async fn what_the_first_version_wrote_is_read_after_its_tables_were_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        let first = Steps { sql: &[include_str!("0001_tables.sql")], ..STEPS };
        let connection = conet_sqlite::open(&path, first, None).unwrap();
        let rows = [(0_u8, 1, Some(5)), (1, 2, Some(5)), (2, 1, None), (3, 1, Some(5))];
        for (log, address, topic0) in rows {
            let sql = "INSERT INTO events (block, log, tx, address, topic0, topic1, data)
                       VALUES (7, ?1, ?2, ?3, ?4, ?5, ?6)";
            let transaction = B256::with_last_byte(9).to_vec();
            let address = Address::repeat_byte(address).to_vec();
            let topic0 = topic0.map(|byte| B256::with_last_byte(byte).to_vec());
            let topic1 = topic0.as_ref().map(|_| B256::with_last_byte(8).to_vec());
            let row = rusqlite::params![log, transaction, address, topic0, topic1, [log]];
            connection.execute(sql, row).unwrap();
        }
        drop(connection);
        let refused = SqliteStore::open_reader(&path).await.unwrap_err().to_string();
        assert!(refused.contains("version 2, found 1"), "{refused}");
        let store = SqliteStore::open(&path).await.unwrap();
        has_the_events_of_before(&store).await;
    }

    #[tokio::test]
    async fn a_read_that_takes_too_long_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        let store = SqliteStore::open(&path).await.unwrap();
        let record = |since| RecordRow {
            table: "things".to_owned(),
            key: vec![1],
            since,
            body: Some("{}".to_owned()),
        };
        let records = (1..=VERSIONS).map(record).collect();
        let identity =
            Identity { chain_id: 7, genesis: Default::default(), rules: Default::default() };
        store.begin(&identity).await.unwrap();
        let at = At { number: VERSIONS, hash: Default::default() };
        let to = Cursor { at, time: 0, finalized: 0 };
        store.apply(None, Arc::new(Batch { records, ..Batch::default() }), &to).await.unwrap();
        let query = RecordsQuery {
            table: "things".to_owned(),
            block: Some(VERSIONS),
            limit: 10,
            ..RecordsQuery::default()
        };
        let found = store.records(&query).await.unwrap();
        assert_eq!(found, [record(VERSIONS)]);
        let mut hurried = SqliteStore::open_reader(&path).await.unwrap();
        Arc::get_mut(&mut hurried.0).unwrap().read_time_max = Duration::ZERO;
        let stopped = hurried.records(&query).await.unwrap_err();
        assert!(matches!(stopped, StoreError::TooLong), "{stopped}");
        assert!(stopped.to_string().contains("within 30s"), "{stopped}");
        // The connection is used again; and who reads all may take as long as that is.
        assert_eq!(hurried.cursor().await.unwrap(), Some(to));
        assert_eq!(dump(&hurried).await.len(), 1 + usize::try_from(VERSIONS).unwrap());
    }
}

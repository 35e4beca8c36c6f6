//! PostgreSQL: one machine writes, any number read.

mod copy;
mod read;
mod write;

use std::{cmp::Ordering, sync::Arc, time::Duration};

use sqlx::{
    Connection as _, PgConnection,
    migrate::{MigrateError, Migrator},
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres},
};
use tokio::sync::{Mutex, mpsc};

use super::{
    At, Batch, BlockRow, Cursor, DrawRow, DrawsQuery, EventsQuery, Identity, READ_TIME_MAX,
    RecordRow, RecordsQuery, Result, Store, StoreError,
};
use crate::decode::RawEvent;

static MIGRATOR: Migrator = sqlx::migrate!("src/store/postgres/migrations");

/// Connections at once.
const CONNECTIONS_MAX: u32 = 16;

/// How long to wait for one.
const PATIENCE: Duration = Duration::from_secs(5);

/// The writer finds all that it changes by keys. Of a new table PostgreSQL knows nothing, and would read it as a whole each
/// time: a plan that it once made stays. Without compiling, which it would think worth it at such costs.
const BY_INDEX: &str =
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off;
                        SET enable_mergejoin = off; SET enable_material = off; SET jit = off";

/// SQL's code for a statement that was stopped.
const STOPPED: &str = "57014";

/// The advisory lock of whoever writes. Its number says "CoNET"; it counts within one database.
const WRITER_LOCK: i64 = 0x43_6f_4e_45_54;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(|error| error.code()) {
            Some(code) if code == STOPPED => Self::TooLong,
            _ => Self::Database(error.to_string()),
        }
    }
}

/// A store in a PostgreSQL database. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
    /// Holds the lock, if this one writes.
    writer: Option<Arc<Mutex<PgConnection>>>,
    place: String,
}

impl PostgresStore {
    /// Opens a database to write, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Taken`] while another process writes; else [`StoreError`].
    pub async fn open(url: &str) -> Result<Self> {
        let mut store = Self::connect(url).await?;
        let options = store.pool.connect_options();
        let mut writer = PgConnection::connect_with(&options).await?;
        lock(&mut writer, &store.place).await?;
        let migrated = MIGRATOR.run(&mut writer).await;
        migrated.map_err(|error| match error {
            MigrateError::VersionMissing(_) => StoreError::Newer { place: store.place.clone() },
            other => StoreError::Database(other.to_string()),
        })?;
        sqlx::raw_sql(BY_INDEX).execute(&mut writer).await?;
        store.writer = Some(Arc::new(Mutex::new(writer)));
        Ok(store)
    }

    /// Opens a database that another machine writes, to read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_reader(url: &str) -> Result<Self> {
        let store = Self::connect(url).await?;
        let sql = "SELECT COALESCE(max(version), 0) FROM _sqlx_migrations WHERE success";
        let mut reader = store.pool.acquire().await?;
        let found: i64 = sqlx::query_scalar(sql).fetch_one(&mut *reader).await?;
        let expected = MIGRATOR.migrations.iter().map(|step| step.version).max().unwrap_or(0);
        match found.cmp(&expected) {
            Ordering::Equal => Ok(store),
            Ordering::Greater => Err(StoreError::Newer { place: store.place }),
            Ordering::Less => Err(StoreError::Database(format!(
                "expected tables of version {expected}, found {found}: start the writer with this program first"
            ))),
        }
    }

    async fn connect(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| {
            StoreError::Database(format!("expected postgres://USER@HOST/DATABASE, found {error}"))
        })?;
        let place = format!(
            "postgres://{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or_default()
        );
        let options =
            options.options([("statement_timeout", READ_TIME_MAX.as_millis().to_string())]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options);
        Ok(Self { pool, writer: None, place })
    }

    async fn reader(&self) -> Result<PoolConnection<Postgres>> {
        Ok(self.pool.acquire().await?)
    }

    /// The connection that holds the lock; a new one, with the lock, after the server was away.
    async fn writer(&self) -> Result<tokio::sync::MutexGuard<'_, PgConnection>> {
        let Some(writer) = &self.writer else {
            return Err(StoreError::Taken { place: self.place.clone() });
        };
        let mut writer = writer.lock().await;
        if writer.ping().await.is_err() {
            let mut again = PgConnection::connect_with(&self.pool.connect_options()).await?;
            lock(&mut again, &self.place).await?;
            sqlx::raw_sql(BY_INDEX).execute(&mut again).await?;
            *writer = again;
        }
        Ok(writer)
    }
}

async fn lock(connection: &mut PgConnection, place: &str) -> Result<()> {
    let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(WRITER_LOCK)
        .fetch_one(connection)
        .await?;
    if taken { Ok(()) } else { Err(StoreError::Taken { place: place.to_owned() }) }
}

impl Store for PostgresStore {
    async fn cursor(&self) -> Result<Option<Cursor>> {
        read::cursor(&mut *self.reader().await?).await
    }

    async fn changed(&self) -> Result<Option<At>> {
        read::changed(&mut *self.reader().await?).await
    }

    async fn identity(&self) -> Result<Option<Identity>> {
        read::identity(&mut *self.reader().await?).await
    }

    async fn begin(&self, identity: &Identity) -> Result<()> {
        write::begin(&mut *self.writer().await?, identity).await
    }

    async fn apply(&self, from: Option<At>, batch: Arc<Batch>, to: &Cursor) -> Result<()> {
        write::apply(&mut *self.writer().await?, from, &batch, to).await
    }

    async fn undo(&self, from: At, to: &Cursor) -> Result<()> {
        write::undo(&mut *self.writer().await?, from, to).await
    }

    async fn blocks(&self, numbers: &[u64]) -> Result<Vec<BlockRow>> {
        read::blocks(&mut *self.reader().await?, numbers).await
    }

    async fn record(
        &self,
        table: &str,
        key: &[u8],
        block: Option<u64>,
    ) -> Result<Option<RecordRow>> {
        read::record(&mut *self.reader().await?, table, key, block).await
    }

    async fn current(&self, keys: &[(String, Vec<u8>)]) -> Result<Vec<RecordRow>> {
        read::current(&mut *self.reader().await?, keys).await
    }

    async fn view(&self, keys: &[(String, Vec<u8>)]) -> Result<(Option<Cursor>, Vec<RecordRow>)> {
        read::view(&mut *self.reader().await?, keys).await
    }

    async fn records(&self, query: &RecordsQuery) -> Result<Vec<RecordRow>> {
        read::records(&mut *self.reader().await?, query).await
    }

    async fn history(
        &self,
        table: &str,
        key: &[u8],
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<RecordRow>> {
        read::history(&mut *self.reader().await?, table, key, before, limit).await
    }

    async fn events(&self, query: &EventsQuery) -> Result<Vec<RawEvent>> {
        read::events(&mut *self.reader().await?, query).await
    }

    async fn put_draws(&self, draws: Vec<DrawRow>) -> Result<()> {
        write::put_draws(&mut *self.writer().await?, &draws).await
    }

    async fn drop_draws(&self, group: u32, from: u64) -> Result<()> {
        write::drop_draws(&mut *self.writer().await?, group, from).await
    }

    async fn draws(&self, query: &DrawsQuery) -> Result<Vec<DrawRow>> {
        read::draws(&mut *self.reader().await?, query).await
    }

    async fn dump(&self, block: Option<u64>, rows: mpsc::Sender<String>) -> Result<()> {
        read::dump(&mut *self.reader().await?, block, &rows).await
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use alloy::primitives::{Address, B256};

    use super::*;
    use crate::store::tests::{POSTGRES, has_the_events_of_before};

    /// The tables as they were after so many steps.
    async fn old(steps: usize) -> (String, PgConnection) {
        let url = POSTGRES.database().unwrap();
        let mut connection: PgConnection = PgConnection::connect(&url).await.unwrap();
        let first: Vec<_> = MIGRATOR.migrations.iter().take(steps).cloned().collect();
        let some = Migrator { migrations: Cow::Owned(first), ..Migrator::DEFAULT };
        some.run(&mut connection).await.unwrap();
        (url, connection)
    }

    #[tokio::test]
    async fn what_the_first_version_wrote_is_read_after_its_tables_were_brought_up_to_date() {
        let (url, mut connection) = old(1).await;
        let rows = [(0_u8, 1, Some(5)), (1, 2, Some(5)), (2, 1, None), (3, 1, Some(5))];
        for (log, address, topic0) in rows {
            let sql = "INSERT INTO events (block, log, tx, address, topic0, topic1, data)
                       VALUES (7, $1, $2, $3, $4, $5, $6)";
            sqlx::query(sql)
                .bind(i64::from(log))
                .bind(B256::with_last_byte(9).to_vec())
                .bind(Address::repeat_byte(address).to_vec())
                .bind(topic0.map(|byte| B256::with_last_byte(byte).to_vec()))
                .bind(topic0.map(|_| B256::with_last_byte(8).to_vec()))
                .bind(vec![log])
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
        let refused = PostgresStore::open_reader(&url).await.unwrap_err().to_string();
        assert!(refused.contains("version 2, found 1"), "{refused}");
        let store = PostgresStore::open(&url).await.unwrap();
        has_the_events_of_before(&store).await;
    }

    #[tokio::test]
    async fn a_read_that_takes_too_long_is_stopped() {
        let store = PostgresStore::open(&POSTGRES.database().unwrap()).await.unwrap();
        let mut reader = store.reader().await.unwrap();
        let limit: String =
            sqlx::query_scalar("SHOW statement_timeout").fetch_one(&mut *reader).await.unwrap();
        assert_eq!(limit, format!("{}s", READ_TIME_MAX.as_secs()));
        sqlx::query("SET statement_timeout = 50").execute(&mut *reader).await.unwrap();
        let stopped = sqlx::query("SELECT pg_sleep(60)").execute(&mut *reader).await.unwrap_err();
        assert!(matches!(StoreError::from(stopped), StoreError::TooLong));
    }

    #[tokio::test]
    async fn a_database_of_a_newer_program_is_left_alone() {
        let (url, mut connection) = old(MIGRATOR.migrations.len()).await;
        let newer =
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                     VALUES (9999, 'later', TRUE, '', 0)";
        sqlx::query(newer).execute(&mut connection).await.unwrap();
        let refused = PostgresStore::open(&url).await.unwrap_err();
        assert!(matches!(refused, StoreError::Newer { .. }), "{refused}");
    }
}

//! The tables, and how a connection is set up.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::StoreError;

/// Steps from an empty file to the present tables; `user_version` counts those done.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE clients (
        wallet      BLOB PRIMARY KEY NOT NULL,
        handle      BLOB NOT NULL,
        handle_v4   BLOB,
        serial      INTEGER NOT NULL,
        expiry      INTEGER NOT NULL,
        moved_at    INTEGER
    ) STRICT, WITHOUT ROWID;
    -- Handles of before a key rotation; mail to them is taken until the overlap ends.
    CREATE TABLE old_handles (
        wallet      BLOB NOT NULL,
        handle      BLOB NOT NULL,
        until       INTEGER NOT NULL,
        PRIMARY KEY (wallet, handle)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE messages (
        seq         INTEGER PRIMARY KEY AUTOINCREMENT,
        wallet      BLOB NOT NULL,
        received_at INTEGER NOT NULL,
        expires_at  INTEGER NOT NULL,
        n1          BLOB NOT NULL
    ) STRICT;
    CREATE INDEX messages_by_wallet ON messages (wallet, seq);
    CREATE INDEX messages_by_expiry ON messages (expires_at);
    CREATE TABLE digests (
        wallet      BLOB NOT NULL,
        digest      BLOB NOT NULL,
        expires_at  INTEGER NOT NULL,
        PRIMARY KEY (wallet, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX digests_by_expiry ON digests (expires_at);
    CREATE TABLE requests (
        digest      BLOB PRIMARY KEY NOT NULL,
        wallet      BLOB NOT NULL,
        expires_at  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX requests_by_wallet ON requests (wallet, expires_at);
    CREATE INDEX requests_by_expiry ON requests (expires_at);
"];

/// Opens the writing connection and brings the tables up to date.
pub(super) fn open(path: &Path, file_bytes_max: u64) -> Result<Connection, StoreError> {
    let shown = path.display().to_string();
    let mut connection = Connection::open(path)
        .and_then(|connection| {
            connection.busy_timeout(Duration::from_secs(5))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // An answer means "on disk": sync at every commit.
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "temp_store", "MEMORY")?;
            // Pages of mail that comes and goes meet in the log, before the file: 16 MiB.
            connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
            let page: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            let bytes = i64::try_from(file_bytes_max).unwrap_or(i64::MAX);
            let pages = bytes / page.max(1);
            // Setting it answers with a row.
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
            Ok(connection)
        })
        .map_err(|source| StoreError::Open { path: shown, source })?;
    migrate(&mut connection)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let done: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(done).map_err(|_| StoreError::Corrupt("user_version"))?;
    if done > MIGRATIONS.len() {
        return Err(StoreError::Corrupt("tables of a newer version of this program"));
    }
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(done) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        let done = i64::try_from(step + 1).unwrap_or(i64::MAX);
        transaction.pragma_update(None, "user_version", done)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Opens one more connection, for reading.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

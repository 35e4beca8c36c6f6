//! The tables, and how a connection is set up.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::StoreError;

/// Steps from an empty file to the present tables; `user_version` counts those done.
const MIGRATIONS: [&str; 2] = [
    "
    -- Whose journal this is: another node, or this one in another epoch, must not go on from it.
    CREATE TABLE owner (
        node        INTEGER NOT NULL,
        log         BLOB NOT NULL,
        epoch       INTEGER NOT NULL
    ) STRICT;
    -- Final entries of the archive log, and the certificates that say so, in order.
    CREATE TABLE log (
        seq         INTEGER PRIMARY KEY,
        height      INTEGER,
        record      BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX log_by_height ON log (height) WHERE height IS NOT NULL;
    -- All other records, until they are decided.
    CREATE TABLE notes (
        seq         INTEGER PRIMARY KEY,
        kind        INTEGER NOT NULL,
        chain       BLOB,
        height      INTEGER NOT NULL,
        record      BLOB NOT NULL
    ) STRICT;
    CREATE INDEX notes_by_kind ON notes (kind, chain, height);
    CREATE TABLE chains (
        chain       BLOB PRIMARY KEY NOT NULL,
        genesis     BLOB NOT NULL,
        root        BLOB NOT NULL,
        opening     BLOB
    ) STRICT, WITHOUT ROWID;
    -- The newest final state of each chain.
    CREATE TABLE states (
        chain       BLOB PRIMARY KEY NOT NULL,
        height      INTEGER NOT NULL,
        hash        BLOB NOT NULL UNIQUE,
        snapshot    BLOB NOT NULL
    ) STRICT;
    -- Final blocks. Without a body: this node was sent the state after it, or knows of it from the log alone.
    CREATE TABLE blocks (
        id          INTEGER PRIMARY KEY,
        chain       BLOB NOT NULL,
        height      INTEGER NOT NULL,
        hash        BLOB NOT NULL UNIQUE,
        header      BLOB NOT NULL,
        body        BLOB,
        receipts    BLOB,
        UNIQUE (chain, height)
    ) STRICT;
    -- Final blocks to ask others for: the state after them was sent, or they are below such a one.
    CREATE TABLE wanted (
        hash        BLOB PRIMARY KEY NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE transactions (
        hash        BLOB PRIMARY KEY NOT NULL,
        chain       BLOB NOT NULL,
        height      INTEGER NOT NULL,
        place       INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- Votes that exclude each other, for the main chain.
    CREATE TABLE reports (
        seq         INTEGER PRIMARY KEY,
        report      BLOB NOT NULL UNIQUE
    ) STRICT;
",
    "
    -- What the main chain should hear, or has heard.
    DROP TABLE reports;
    CREATE TABLE duties (
        seq         INTEGER PRIMARY KEY AUTOINCREMENT,
        duty        BLOB NOT NULL UNIQUE,
        done        INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX duties_due ON duties (seq) WHERE done = 0;
    -- Chains that everybody may list.
    ALTER TABLE chains ADD COLUMN public INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX chains_public ON chains (chain) WHERE public = 1;
    -- The Selection Chain.
    CREATE TABLE selections (
        number      INTEGER PRIMARY KEY,
        chain       BLOB NOT NULL,
        selection   BLOB NOT NULL
    ) STRICT;
    CREATE INDEX selections_by_chain ON selections (chain, number);
",
];

/// Opens the writing connection and brings the tables up to date.
pub(super) fn open(path: &Path, file_bytes_max: u64) -> Result<Connection, StoreError> {
    let shown = path.display().to_string();
    let mut connection = Connection::open(path)
        .and_then(|connection| {
            connection.busy_timeout(Duration::from_secs(5))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // What follows from a record is said after its commit: sync at every one.
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "temp_store", "MEMORY")?;
            // Records that come and go meet in the log, before the file: 16 MiB.
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

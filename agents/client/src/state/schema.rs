//! The tables, and how the connection is set up.

use std::{path::Path, time::Duration};

use rusqlite::Connection;

use super::StateError;

/// Steps from an empty file to the present tables; `user_version` counts those done.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE serials (
        wallet      BLOB PRIMARY KEY NOT NULL,
        serial      INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE node_map (
        id          INTEGER PRIMARY KEY CHECK (id = 1),
        fetched_at  INTEGER NOT NULL,
        records     BLOB NOT NULL
    ) STRICT;
    CREATE TABLE registrations (
        wallet      BLOB PRIMARY KEY NOT NULL,
        agent       BLOB NOT NULL,
        serial      INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE former_agents (
        wallet      BLOB NOT NULL,
        agent       BLOB NOT NULL,
        until       INTEGER NOT NULL,
        PRIMARY KEY (wallet, agent)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE relay_failures (
        node        BLOB PRIMARY KEY NOT NULL,
        failed_at   INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- `temporary` is set between the decision to show a file and its renaming.
    CREATE TABLE shown (
        reader      BLOB NOT NULL,
        key         BLOB NOT NULL,
        expires_at  INTEGER NOT NULL,
        temporary   TEXT,
        final       TEXT,
        PRIMARY KEY (reader, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX shown_by_expiry ON shown (expires_at);
    CREATE INDEX shown_unfinished ON shown (reader) WHERE temporary IS NOT NULL;
    CREATE TABLE incomplete (
        reader      BLOB NOT NULL,
        sender      BLOB NOT NULL,
        id          BLOB NOT NULL,
        parts       INTEGER NOT NULL,
        touched_at  INTEGER NOT NULL,
        PRIMARY KEY (reader, sender, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE parts (
        reader      BLOB NOT NULL,
        sender      BLOB NOT NULL,
        id          BLOB NOT NULL,
        part        INTEGER NOT NULL,
        bytes       INTEGER NOT NULL,
        PRIMARY KEY (reader, sender, id, part)
    ) STRICT, WITHOUT ROWID;
"];

pub(super) fn open(path: &Path) -> Result<Connection, StateError> {
    let mut connection = Connection::open(path)
        .and_then(|connection| {
            connection.busy_timeout(Duration::from_secs(10))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // What is said to be remembered is on disk.
            connection.pragma_update(None, "synchronous", "FULL")?;
            Ok(connection)
        })
        .map_err(|source| StateError::Open { path: path.into(), source })?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StateError> {
    // Two processes may open a new file at the same moment.
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let done: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(done).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        return Err(StateError::Newer { path: path.into() });
    }
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(done) {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(
            None,
            "user_version",
            i64::try_from(step + 1).unwrap_or(i64::MAX),
        )?;
    }
    Ok(transaction.commit()?)
}

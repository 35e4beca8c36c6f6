//! How the project's SQLite files are opened: written ahead, synced at every commit, their tables brought up to date.
//!
//! One connection writes; others read. What is committed is on disk before anybody is told so.

use std::{
    cmp::Ordering,
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

/// How long a connection waits for another one's lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pages that gather in the log before they go to the file: what comes and goes meets there. 16 MiB.
const LOG_PAGES: u32 = 4_000;

/// Statements that a connection keeps prepared: about as many as one has.
const STATEMENTS_MAX: usize = 64;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be opened, or its tables cannot be brought up to date.
    #[error("cannot open {path}: {source}; check its owner and the disk")]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Its tables are of an earlier version than this one takes over.
    #[error(
        "{path} is of an older version than this program takes over: go on with that one, or begin with a new home folder"
    )]
    Older {
        /// The file.
        path: PathBuf,
    },
    /// Its tables are of a later version.
    #[error("{path} was written by a newer version of this program: use that one")]
    Newer {
        /// The file.
        path: PathBuf,
    },
}

/// The steps from an empty file to the present tables.
#[derive(Debug, Clone, Copy)]
pub struct Steps<'a> {
    /// Files that have seen no more than so many steps are not taken over, unless they are empty: those steps are gone.
    pub refused: usize,
    /// The others, in order.
    pub sql: &'a [&'a str],
    /// Bytes of a new file's pages: SQLite's default, unless rows would leave much of those empty.
    pub page_bytes: u32,
}

/// SQLite's default.
pub const PAGE_BYTES: u32 = 4_096;

/// Opens the connection that writes, and makes the file if there is none.
///
/// The steps that the file has not seen are done, all or none. `bytes_max` bounds the file; SQLite refuses what would make
/// it longer.
///
/// # Errors
/// [`OpenError`].
pub fn open(
    path: &Path,
    steps: Steps<'_>,
    bytes_max: Option<u64>,
) -> Result<Connection, OpenError> {
    let failed = |source| OpenError::Open { path: path.into(), source };
    let mut connection = set_up(path, steps.page_bytes, bytes_max).map_err(failed)?;
    match migrate(&mut connection, steps).map_err(failed)? {
        Ordering::Equal => Ok(connection),
        Ordering::Less => Err(OpenError::Older { path: path.into() }),
        Ordering::Greater => Err(OpenError::Newer { path: path.into() }),
    }
}

/// Opens one more connection, for reading.
///
/// # Errors
/// SQLite's.
pub fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

fn set_up(path: &Path, page: u32, bytes_max: Option<u64>) -> rusqlite::Result<Connection> {
    // A new file is its owner's alone, and so are the ones that SQLite makes beside it. If that fails, opening says why.
    let _ = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Of a new file only, and before its first page is written.
    connection.pragma_update(None, "page_size", page)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    if let Some(bytes) = bytes_max {
        let page: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
        // Setting it answers with a row.
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    Ok(connection)
}

/// Does the steps that are not done yet; `user_version` counts them. Else it says that the file has seen too few or too
/// many.
fn migrate(connection: &mut Connection, steps: Steps<'_>) -> rusqlite::Result<Ordering> {
    // Two processes may open a new file at the same moment.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let (done, all) =
        (usize::try_from(done).unwrap_or(usize::MAX), steps.refused + steps.sql.len());
    if done > all {
        return Ok(Ordering::Greater);
    }
    if (1..=steps.refused).contains(&done) {
        return Ok(Ordering::Less);
    }
    for sql in steps.sql.iter().skip(done.saturating_sub(steps.refused)) {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "user_version", i64::try_from(all).unwrap_or(i64::MAX))?;
    transaction.commit()?;
    Ok(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const fn steps<'a>(sql: &'a [&'a str]) -> Steps<'a> {
        Steps { refused: 0, sql, page_bytes: PAGE_BYTES }
    }

    const FIRST: &str = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);";
    const SECOND: &str = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7;";

    #[test]
    fn each_step_is_done_once_and_a_newer_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        open(&path, steps(&[FIRST]), None).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        open(&path, steps(&[FIRST]), None).unwrap();
        let connection = open(&path, steps(&[FIRST, SECOND]), None).unwrap();
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM a WHERE y = 7"), 1);
        assert!(matches!(open(&path, steps(&[FIRST]), None), Err(OpenError::Newer { .. })));
        let reader = open_reader(&path).unwrap();
        assert!(reader.execute("DELETE FROM a", []).is_err(), "a reader writes");
    }

    #[test]
    fn a_file_that_has_seen_too_little_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        open(&path, steps(&[FIRST]), None).unwrap();
        let later = Steps { refused: 1, ..steps(&[SECOND]) };
        assert!(matches!(open(&path, later, None), Err(OpenError::Older { .. })));
        open(&path, steps(&[FIRST, SECOND]), None).unwrap();
        open(&path, later, None).unwrap();
        let new = Steps { refused: 1, ..steps(&[FIRST]) };
        open(&dir.path().join("b.db"), new, None).unwrap();
    }

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        assert!(open(&path, steps(&[FIRST, "nonsense"]), None).is_err());
        open(&path, steps(&[FIRST, SECOND]), None).unwrap();
    }

    #[test]
    fn a_file_grows_no_longer_than_it_may() {
        let dir = tempfile::tempdir().unwrap();
        let connection = open(&dir.path().join("a.db"), steps(&[FIRST]), Some(64 << 10)).unwrap();
        let fill = "INSERT INTO a SELECT a.x FROM a, a AS b";
        assert!((0..20).any(|_| connection.execute(fill, []).is_err()));
    }
}

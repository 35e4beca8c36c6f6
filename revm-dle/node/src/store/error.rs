//! How the store fails.

/// Our database failed; nothing of the operation took effect.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused (a full disk, a damaged file).
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The writer thread is gone; the node is shutting down, or could not write.
    #[error("expected an open store, found it closed")]
    Closed,
    /// The thread could not be started.
    #[error("expected a thread for the store, found none: {0}")]
    Thread(std::io::Error),
    /// A row that this program did not write.
    #[error("expected a row that can be read, found another: {0}")]
    Corrupt(&'static str),
    /// Another node's journal: going on from it could contradict what that node said.
    #[error("expected the journal of {expected}, found that of {found}")]
    NotOurs {
        /// This node and its log.
        expected: String,
        /// Whose it is.
        found: String,
    },
    /// The file cannot be used.
    #[error(transparent)]
    Open(#[from] conet_sqlite::OpenError),
}

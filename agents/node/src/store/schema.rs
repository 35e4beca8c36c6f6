//! The tables.

use conet_sqlite::{PAGE_BYTES, Steps};

/// Steps from an empty file to the present tables.
pub(super) const STEPS: Steps<'static> =
    Steps { refused: 0, sql: &[TABLES], page_bytes: PAGE_BYTES };

const TABLES: &str = "
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
";

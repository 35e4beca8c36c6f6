//! The tables.

use conet_sqlite::{PAGE_BYTES, Steps};

/// Steps from an empty file to the present tables.
pub(super) const STEPS: Steps<'static> =
    Steps { refused: 0, sql: &[TABLES], page_bytes: PAGE_BYTES };

const TABLES: &str = "
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
";

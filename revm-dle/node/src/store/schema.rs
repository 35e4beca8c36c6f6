//! The tables.

use conet_sqlite::{PAGE_BYTES, Steps};

/// What journals of earlier versions had has other forms now: a node with one of those begins anew. A chain's state is half
/// a KB or so: of small pages a sixth would stay empty.
pub(super) const STEPS: Steps<'static> =
    Steps { refused: 9, sql: &[TABLES, HISTORY], page_bytes: 2 * PAGE_BYTES };

const TABLES: &str = "
    -- Whose journal this is: another node must not go on from it. And what it goes on from: who sat in which group, and
    -- since when.
    CREATE TABLE owner (
        node        INTEGER NOT NULL,
        log         BLOB NOT NULL,
        founding    BLOB NOT NULL,
        began_ms    INTEGER NOT NULL
    ) STRICT;
    -- Final entries of the archive log, in order.
    CREATE TABLE log (
        height      INTEGER PRIMARY KEY,
        record      BLOB NOT NULL
    ) STRICT;
    -- All other records, until they are decided.
    CREATE TABLE notes (
        seq         INTEGER PRIMARY KEY,
        kind        INTEGER NOT NULL,
        chain       BLOB,
        height      INTEGER NOT NULL,
        record      BLOB NOT NULL
    ) STRICT;
    CREATE INDEX notes_by_kind ON notes (kind, chain, height);
    -- The chains of the newest checkpoint's state, by how their ids begin.
    CREATE TABLE pages (
        prefix      INTEGER PRIMARY KEY,
        chains      BLOB NOT NULL
    ) STRICT;
    -- Small rows for chains that are idle: see `chains.rs`.
    CREATE TABLE patterns (
        number      INTEGER PRIMARY KEY,
        code        BLOB NOT NULL,
        -- 0: a genesis. Else a state, by the bits of its length.
        size        INTEGER NOT NULL,
        bytes       BLOB NOT NULL,
        UNIQUE (code, size)
    ) STRICT;
    CREATE TABLE chains (
        number      INTEGER PRIMARY KEY,
        chain       BLOB NOT NULL,
        pattern     INTEGER NOT NULL,
        genesis     BLOB NOT NULL,
        root        BLOB NOT NULL,
        -- How the main chain opened it: all of it, or what does not follow from the genesis.
        opening     BLOB,
        terms       BLOB,
        public      INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX chains_by_id ON chains (substr(chain, 1, 8));
    -- Chains that everybody may list.
    CREATE INDEX chains_public ON chains (chain) WHERE public = 1;
    -- The newest final state of each chain.
    CREATE TABLE states (
        number      INTEGER PRIMARY KEY,
        hash        BLOB NOT NULL,
        pattern     INTEGER NOT NULL,
        snapshot    BLOB NOT NULL
    ) STRICT;
    CREATE INDEX states_by_hash ON states (substr(hash, 1, 8));
    -- Where chains stand that changed since the newest checkpoint, and why that is final: once for all notices of an entry.
    CREATE TABLE notices (
        chain       BLOB PRIMARY KEY NOT NULL,
        entry       INTEGER NOT NULL,
        notice      BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE proofs (
        entry       INTEGER PRIMARY KEY,
        -- How many notices there are of it.
        notices     INTEGER NOT NULL,
        proof       BLOB NOT NULL
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
    -- The Selection Chain.
    CREATE TABLE selections (
        number      INTEGER PRIMARY KEY,
        chain       BLOB NOT NULL,
        selection   BLOB NOT NULL
    ) STRICT;
    CREATE INDEX selections_by_chain ON selections (chain, number);
    -- What the main chain should hear, or has heard.
    CREATE TABLE duties (
        seq         INTEGER PRIMARY KEY AUTOINCREMENT,
        duty        BLOB NOT NULL UNIQUE,
        done        INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX duties_due ON duties (seq) WHERE done = 0;
";

const HISTORY: &str = "
    -- What it takes to draw all of the Selection Chain again, in the order in which it came up.
    CREATE TABLE evidence (
        number      INTEGER PRIMARY KEY AUTOINCREMENT,
        row         BLOB NOT NULL
    ) STRICT;
    CREATE TABLE seed_keys (
        epoch       INTEGER PRIMARY KEY,
        key         BLOB NOT NULL
    ) STRICT;
    -- Marks of this node's own clock: see `history.rs`.
    CREATE TABLE marks (
        count       INTEGER PRIMARY KEY,
        hash        BLOB NOT NULL,
        event       BLOB
    ) STRICT;
    CREATE INDEX marks_by_event ON marks (event) WHERE event IS NOT NULL;
";

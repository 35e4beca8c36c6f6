//! The tables.

/// Steps from an empty file to the present tables.
pub(super) const MIGRATIONS: [&str; 6] = [
    "
    -- Whose journal this is: another node must not go on from it.
    CREATE TABLE owner (
        node        INTEGER NOT NULL,
        log         BLOB NOT NULL,
        epoch       INTEGER NOT NULL
    ) STRICT;
    -- Final entries of the archive log, in order.
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
    "
    -- What the journal goes on from: who sat in its first epoch, and since when. There was one epoch so far.
    ALTER TABLE owner ADD COLUMN seats BLOB;
    ALTER TABLE owner ADD COLUMN began_ms INTEGER;
",
    "
    -- Small rows for chains that are idle: see `chains.rs`. What is older stays as it is until it is written again.
    CREATE TABLE patterns (
        number      INTEGER PRIMARY KEY,
        code        BLOB NOT NULL,
        -- 0: a genesis. Else a state, by the bits of its length.
        size        INTEGER NOT NULL,
        bytes       BLOB NOT NULL,
        UNIQUE (code, size)
    ) STRICT;
    DROP INDEX chains_public;
    ALTER TABLE chains RENAME TO old_chains;
    CREATE TABLE chains (
        number      INTEGER PRIMARY KEY,
        chain       BLOB NOT NULL,
        -- None: the genesis is not compressed.
        pattern     INTEGER,
        genesis     BLOB NOT NULL,
        root        BLOB NOT NULL,
        -- How the main chain opened it: all of it, or what does not follow from the genesis.
        opening     BLOB,
        terms       BLOB,
        public      INTEGER NOT NULL
    ) STRICT;
    INSERT INTO chains (chain, genesis, root, opening, public)
        SELECT chain, genesis, root, opening, public FROM old_chains ORDER BY chain;
    DROP TABLE old_chains;
    CREATE INDEX chains_by_id ON chains (substr(chain, 1, 8));
    CREATE INDEX chains_public ON chains (chain) WHERE public = 1;
    -- The newest final state of each chain.
    ALTER TABLE states RENAME TO old_states;
    CREATE TABLE states (
        number      INTEGER PRIMARY KEY,
        hash        BLOB NOT NULL,
        -- None: the snapshot is not compressed.
        pattern     INTEGER,
        snapshot    BLOB NOT NULL
    ) STRICT;
    INSERT INTO states (number, hash, snapshot)
        SELECT number, hash, snapshot FROM old_states JOIN chains USING (chain) ORDER BY number;
    DROP TABLE old_states;
    CREATE INDEX states_by_hash ON states (substr(hash, 1, 8));
    -- Where each chain stands, as a seat told last, and why that is final: once for all notices of an entry.
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
",
    "
    -- The log has entries alone. A record begins with what it is: 3 is a checkpoint, 4 an epoch, 5 a certificate. Of each
    -- the newest counts.
    INSERT INTO notes (kind, chain, height, record)
        SELECT CASE hex(substr(record, 1, 1)) WHEN '03' THEN 12 WHEN '04' THEN 11 ELSE 13 END, NULL, 0, record
        FROM log WHERE seq IN (
            SELECT max(seq) FROM log WHERE height IS NULL OR height < 0 GROUP BY substr(record, 1, 1)
        ) ORDER BY seq;
    DELETE FROM log WHERE height IS NULL OR height < 0;
",
    "
    -- What the journal goes on from, with the group in which they sat: groups split. There was one group so far.
    ALTER TABLE owner ADD COLUMN founding BLOB;
",
];

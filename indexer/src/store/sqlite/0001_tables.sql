CREATE TABLE cursor (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    chain_id INTEGER NOT NULL,
    genesis BLOB NOT NULL,
    rules BLOB NOT NULL,
    number INTEGER,
    hash BLOB,
    time INTEGER,
    finalized INTEGER
) STRICT;

CREATE TABLE blocks (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    time INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    block INTEGER NOT NULL,
    log INTEGER NOT NULL,
    tx BLOB NOT NULL,
    address BLOB NOT NULL,
    topic0 BLOB,
    topic1 BLOB,
    topic2 BLOB,
    topic3 BLOB,
    data BLOB NOT NULL,
    PRIMARY KEY (block, log)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_kind ON events (address, topic0, block, log);
CREATE INDEX events_topic1 ON events (topic1, block, log) WHERE topic1 IS NOT NULL;
CREATE INDEX events_topic2 ON events (topic2, block, log) WHERE topic2 IS NOT NULL;
CREATE INDEX events_topic3 ON events (topic3, block, log) WHERE topic3 IS NOT NULL;

CREATE TABLE records (
    name TEXT NOT NULL,
    key BLOB NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    body TEXT,
    PRIMARY KEY (name, key, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX records_since ON records (since);
CREATE INDEX records_present ON records (name, key) WHERE until IS NULL;

CREATE TABLE finds (
    name TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    key BLOB NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (name, field, value, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX finds_since ON finds (since);

CREATE TABLE draws (
    archive_group INTEGER NOT NULL,
    number INTEGER NOT NULL,
    chain BLOB NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (archive_group, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX draws_chain ON draws (chain, archive_group, number);

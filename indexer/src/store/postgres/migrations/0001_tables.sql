CREATE TABLE cursor (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    chain_id BIGINT NOT NULL,
    genesis BYTEA NOT NULL,
    rules BYTEA NOT NULL,
    number BIGINT,
    hash BYTEA,
    time BIGINT,
    finalized BIGINT
);

CREATE TABLE blocks (
    number BIGINT PRIMARY KEY,
    hash BYTEA NOT NULL,
    time BIGINT NOT NULL
);

CREATE TABLE events (
    block BIGINT NOT NULL,
    log BIGINT NOT NULL,
    tx BYTEA NOT NULL,
    address BYTEA NOT NULL,
    topic0 BYTEA,
    topic1 BYTEA,
    topic2 BYTEA,
    topic3 BYTEA,
    data BYTEA NOT NULL,
    PRIMARY KEY (block, log)
);
CREATE INDEX events_kind ON events (address, topic0, block, log);
CREATE INDEX events_topic1 ON events (topic1, block, log) WHERE topic1 IS NOT NULL;
CREATE INDEX events_topic2 ON events (topic2, block, log) WHERE topic2 IS NOT NULL;
CREATE INDEX events_topic3 ON events (topic3, block, log) WHERE topic3 IS NOT NULL;

CREATE TABLE records (
    name TEXT COLLATE "C" NOT NULL,
    key BYTEA NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT,
    body TEXT,
    PRIMARY KEY (name, key, since)
);
CREATE INDEX records_since ON records (since);
CREATE INDEX records_present ON records (name, key) WHERE until IS NULL;

CREATE TABLE finds (
    name TEXT COLLATE "C" NOT NULL,
    field TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    key BYTEA NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (name, field, value, key)
);
CREATE INDEX finds_since ON finds (since);

CREATE TABLE draws (
    archive_group BIGINT NOT NULL,
    number BIGINT NOT NULL,
    chain BYTEA NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (archive_group, number)
);
CREATE INDEX draws_chain ON draws (chain, archive_group, number);

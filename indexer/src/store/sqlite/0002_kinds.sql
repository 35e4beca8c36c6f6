-- Kinds of events by small numbers: contract and signature are 52 bytes, in every row and once more in an index.
CREATE TABLE kinds (
    number INTEGER PRIMARY KEY,
    address BLOB NOT NULL,
    -- Empty: the event has no signature.
    topic0 BLOB NOT NULL,
    UNIQUE (address, topic0)
) STRICT;
INSERT INTO kinds (address, topic0) SELECT DISTINCT address, coalesce(topic0, x'') FROM events;
CREATE TABLE events_by_kind (
    block INTEGER NOT NULL,
    log INTEGER NOT NULL,
    tx BLOB NOT NULL,
    kind INTEGER NOT NULL,
    topic1 BLOB,
    topic2 BLOB,
    topic3 BLOB,
    data BLOB NOT NULL,
    PRIMARY KEY (block, log)
) STRICT, WITHOUT ROWID;
INSERT INTO events_by_kind
SELECT block, log, tx, kinds.number, topic1, topic2, topic3, data FROM events
JOIN kinds ON kinds.address = events.address AND kinds.topic0 = coalesce(events.topic0, x'')
ORDER BY block, log;
-- With its indexes.
DROP TABLE events;
ALTER TABLE events_by_kind RENAME TO events;
CREATE INDEX events_kind ON events (kind, block, log);
CREATE INDEX events_topic1 ON events (topic1, block, log) WHERE topic1 IS NOT NULL;
CREATE INDEX events_topic2 ON events (topic2, block, log) WHERE topic2 IS NOT NULL;
CREATE INDEX events_topic3 ON events (topic3, block, log) WHERE topic3 IS NOT NULL;

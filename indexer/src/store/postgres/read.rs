//! What reads the tables.

use alloy::primitives::Bytes;
use futures_util::TryStreamExt as _;
use sqlx::{
    Connection as _, FromRow, PgConnection, Postgres, QueryBuilder, Row as _, postgres::PgRow,
};
use tokio::sync::mpsc;

use crate::{
    decode::RawEvent,
    store::{
        At, BlockRow, Cursor, DrawRow, DrawsQuery, EventsQuery, Identity, RecordRow, RecordsQuery,
        Result,
        rows::{self, address, hash, signed, unsigned},
    },
};

pub(super) async fn cursor(connection: &mut PgConnection) -> Result<Option<Cursor>> {
    let sql = "SELECT number, hash, time, finalized FROM cursor WHERE number IS NOT NULL";
    let row: Option<(i64, Vec<u8>, i64, i64)> =
        sqlx::query_as(sql).fetch_optional(connection).await?;
    row.map(rows::cursor).transpose()
}

pub(super) async fn identity(connection: &mut PgConnection) -> Result<Option<Identity>> {
    let sql = "SELECT chain_id, genesis, rules FROM cursor";
    let row: Option<(i64, Vec<u8>, Vec<u8>)> =
        sqlx::query_as(sql).fetch_optional(connection).await?;
    row.map(rows::identity).transpose()
}

pub(super) async fn blocks(
    connection: &mut PgConnection,
    numbers: &[u64],
) -> Result<Vec<BlockRow>> {
    let rows: Vec<(i64, Vec<u8>, i64)> =
        sqlx::query_as("SELECT number, hash, time FROM blocks WHERE number = ANY($1)")
            .bind(numbers.iter().map(|number| signed(*number)).collect::<Vec<_>>())
            .fetch_all(connection)
            .await?;
    rows.into_iter().map(rows::block).collect()
}

pub(super) async fn changed(connection: &mut PgConnection) -> Result<Option<At>> {
    let sql = "SELECT number, hash FROM blocks WHERE number = (SELECT max(block) FROM events)";
    let row: Option<(i64, Vec<u8>)> = sqlx::query_as(sql).fetch_optional(connection).await?;
    row.map(rows::at).transpose()
}

/// A row of `records` as PostgreSQL has it.
#[derive(FromRow)]
struct Found {
    name: String,
    key: Vec<u8>,
    since: i64,
    body: Option<String>,
}

impl Found {
    fn record(self) -> Result<RecordRow> {
        let since = unsigned(self.since)?;
        Ok(RecordRow { table: self.name, key: self.key, since, body: self.body })
    }
}

fn all(found: Vec<Found>) -> Result<Vec<RecordRow>> {
    found.into_iter().map(Found::record).collect()
}

pub(super) async fn record(
    connection: &mut PgConnection,
    table: &str,
    key: &[u8],
    block: Option<u64>,
) -> Result<Option<RecordRow>> {
    let found: Option<Found> = sqlx::query_as(
        "SELECT name, key, since, body FROM records WHERE name = $1 AND key = $2 AND since <= $3
         ORDER BY since DESC LIMIT 1",
    )
    .bind(table)
    .bind(key)
    .bind(block.map_or(i64::MAX, signed))
    .fetch_optional(connection)
    .await?;
    found.filter(|found| found.body.is_some()).map(Found::record).transpose()
}

pub(super) async fn current(
    connection: &mut PgConnection,
    keys: &[(String, Vec<u8>)],
) -> Result<Vec<RecordRow>> {
    let found: Vec<Found> = sqlx::query_as(
        // The limit keeps it from reading all records at once to look for these.
        "SELECT found.* FROM UNNEST($1::TEXT[], $2::BYTEA[]) AS asked (name, key)
         CROSS JOIN LATERAL (SELECT name, key, since, body FROM records
             WHERE records.name = asked.name AND records.key = asked.key
               AND until IS NULL AND body IS NOT NULL LIMIT 1) AS found",
    )
    .bind(keys.iter().map(|(table, _)| table.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|(_, key)| key.as_slice()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    all(found)
}

/// One view of all tables, whatever is written meanwhile.
const ONE_VIEW: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub(super) async fn view(
    connection: &mut PgConnection,
    keys: &[(String, Vec<u8>)],
) -> Result<(Option<Cursor>, Vec<RecordRow>)> {
    let mut tx = connection.begin_with(ONE_VIEW).await?;
    Ok((cursor(&mut tx).await?, current(&mut tx, keys).await?))
}

pub(super) async fn records(
    connection: &mut PgConnection,
    query: &RecordsQuery,
) -> Result<Vec<RecordRow>> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "SELECT name, key, since, body FROM records WHERE body IS NOT NULL AND name = ",
    );
    sql.push_bind(&query.table);
    match query.block {
        None => {
            sql.push(" AND until IS NULL");
        }
        Some(block) => {
            sql.push(" AND since <= ").push_bind(signed(block));
            sql.push(" AND (until IS NULL OR until > ").push_bind(signed(block)).push(")");
        }
    }
    if let Some((field, value)) = &query.find {
        sql.push(" AND key IN (SELECT key FROM finds WHERE name = ").push_bind(&query.table);
        sql.push(" AND field = ").push_bind(field).push(" AND value = ").push_bind(value);
        sql.push(") AND body::JSON ->> ").push_bind(field).push(" = ").push_bind(value);
    }
    let (order, sign) = if query.descending { ("DESC", "<") } else { ("ASC", ">") };
    if let Some(after) = &query.after {
        sql.push(format_args!(" AND key {sign} ")).push_bind(after);
    }
    sql.push(format_args!(" ORDER BY key {order} LIMIT ")).push_bind(i64::from(query.limit));
    all(sql.build_query_as().fetch_all(connection).await?)
}

pub(super) async fn history(
    connection: &mut PgConnection,
    table: &str,
    key: &[u8],
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<RecordRow>> {
    let found: Vec<Found> = sqlx::query_as(
        "SELECT name, key, since, body FROM records WHERE name = $1 AND key = $2 AND since < $3
         ORDER BY since DESC LIMIT $4",
    )
    .bind(table)
    .bind(key)
    .bind(before.map_or(i64::MAX, signed))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    all(found)
}

pub(super) async fn events(
    connection: &mut PgConnection,
    query: &EventsQuery,
) -> Result<Vec<RawEvent>> {
    let mut sql = events_sql(query);
    let rows = sql.build().fetch_all(connection).await?;
    rows.iter().map(event_of).collect()
}

/// Each kind, or each place of a topic, by an index that has its rows in order: none reads more than is asked for.
fn events_sql(query: &EventsQuery) -> QueryBuilder<Postgres> {
    let (order, sign) = if query.ascending { ("ASC", ">") } else { ("DESC", "<") };
    let mut sql = QueryBuilder::<Postgres>::new(
        "SELECT block, log, tx, address, NULLIF(topic0, ''), topic1, topic2, topic3, data FROM (",
    );
    // A kind, or a topic and those before it, which must be other ones.
    let kinds = query.kinds.iter().map(|kind| (Some(kind), None));
    let topics = ["topic1", "topic2", "topic3"];
    let sources: Vec<_> = match query.mentions {
        Some(_) => (0..topics.len()).map(|place| (None, Some(place))).collect(),
        None if query.kinds.is_empty() => vec![(None, None)],
        None => kinds.collect(),
    };
    for (number, (kind, topic)) in sources.into_iter().enumerate() {
        sql.push(if number == 0 { "" } else { " UNION ALL " });
        sql.push(
            "(SELECT block, log, tx, kind, topic1, topic2, topic3, data FROM events WHERE TRUE",
        );
        if let Some((address, signature)) = kind {
            sql.push(" AND kind = (SELECT number FROM kinds WHERE address = ");
            sql.push_bind(address.to_vec());
            sql.push(" AND topic0 = ").push_bind(signature.to_vec()).push(")");
        }
        if let (Some(place), Some(wanted)) = (topic, query.mentions) {
            for (other, name) in topics.iter().enumerate().take(place + 1) {
                let is = if other == place { "=" } else { "IS DISTINCT FROM" };
                sql.push(format_args!(" AND {name} {is} ")).push_bind(wanted.to_vec());
            }
            if !query.kinds.is_empty() {
                let (addresses, signatures): (Vec<_>, Vec<_>) =
                    query.kinds.iter().map(|(at, of)| (at.to_vec(), of.to_vec())).unzip();
                sql.push(" AND kind IN (SELECT number FROM kinds WHERE (address, topic0) IN (");
                sql.push("SELECT * FROM UNNEST(").push_bind(addresses);
                sql.push(", ").push_bind(signatures).push(")))");
            }
        }
        if let Some(block) = query.block {
            sql.push(" AND block = ").push_bind(signed(block));
        }
        if let Some((block, log)) = query.from {
            sql.push(format_args!(" AND (block, log) {sign} (")).push_bind(signed(block));
            sql.push(", ").push_bind(signed(log)).push(")");
        }
        sql.push(format_args!(" ORDER BY block {order}, log {order} LIMIT "));
        sql.push_bind(i64::from(query.limit)).push(")");
    }
    sql.push(") AS found JOIN kinds ON kinds.number = found.kind");
    sql.push(format_args!(" ORDER BY block {order}, log {order} LIMIT "));
    sql.push_bind(i64::from(query.limit));
    sql
}

fn event_of(row: &PgRow) -> Result<RawEvent> {
    let mut topics = Vec::with_capacity(4);
    for place in 4..8_usize {
        let topic: Option<&[u8]> = row.try_get(place)?;
        topics.extend(topic.map(hash).transpose()?);
    }
    Ok(RawEvent {
        block: unsigned(row.try_get(0)?)?,
        index: unsigned(row.try_get(1)?)?,
        transaction: hash(row.try_get(2)?)?,
        address: address(row.try_get(3)?)?,
        topics,
        data: Bytes::from(row.try_get::<Vec<u8>, _>(8)?),
    })
}

pub(super) async fn draws(
    connection: &mut PgConnection,
    query: &DrawsQuery,
) -> Result<Vec<DrawRow>> {
    let rows: Vec<(i64, i64, Vec<u8>, String)> = sqlx::query_as(
        "SELECT archive_group, number, chain, body FROM draws
         WHERE ($1 IS NULL OR archive_group = $1) AND ($2 IS NULL OR chain = $2)
           AND ($3 IS NULL OR (archive_group, number) < ($3, $4))
         ORDER BY archive_group DESC, number DESC LIMIT $5",
    )
    .bind(query.group.map(i64::from))
    .bind(query.chain.map(|chain| chain.to_vec()))
    .bind(query.from.map(|(group, _)| i64::from(group)))
    .bind(query.from.map(|(_, number)| signed(number)))
    .bind(i64::from(query.limit))
    .fetch_all(connection)
    .await?;
    let draw = |(group, number, chain, body): (i64, i64, Vec<u8>, String)| {
        let group = u32::try_from(unsigned(group)?).unwrap_or(u32::MAX);
        Ok(DrawRow { group, number: unsigned(number)?, chain: hash(&chain)?, body })
    };
    rows.into_iter().map(draw).collect()
}

/// Each table's rows in the order of its key, as they were at block `$1`, with the name that both stores give it.
const DUMPS: [(&str, &str); 6] = [
    (
        "cursor",
        "SELECT one::TEXT, chain_id::TEXT, encode(genesis, 'hex'), encode(rules, 'hex'), number::TEXT,
                encode(hash, 'hex'), time::TEXT, finalized::TEXT FROM cursor WHERE $1 = $1",
    ),
    (
        "blocks",
        "SELECT number::TEXT, encode(hash, 'hex'), time::TEXT FROM blocks WHERE number <= $1
         AND ($1 = 9223372036854775807 OR EXISTS (SELECT 1 FROM events WHERE block = number))
         ORDER BY blocks.number",
    ),
    (
        "events",
        "SELECT block::TEXT, log::TEXT, encode(tx, 'hex'), encode(address, 'hex'),
                encode(NULLIF(topic0, ''), 'hex'), encode(topic1, 'hex'), encode(topic2, 'hex'),
                encode(topic3, 'hex'), encode(data, 'hex') FROM events
         JOIN kinds ON kinds.number = events.kind WHERE block <= $1 ORDER BY events.block, events.log",
    ),
    (
        "records",
        "SELECT name, encode(key, 'hex'), since::TEXT, CASE WHEN until <= $1 THEN until::TEXT END, body
         FROM records WHERE since <= $1 ORDER BY name, records.key, records.since",
    ),
    (
        "finds",
        "SELECT name, field, value, encode(key, 'hex'), since::TEXT FROM finds WHERE since <= $1
         ORDER BY name, field, value, finds.key",
    ),
    (
        "draws",
        "SELECT archive_group::TEXT, number::TEXT, encode(chain, 'hex'), body FROM draws WHERE $1 = $1
         ORDER BY draws.archive_group, draws.number",
    ),
];

pub(super) async fn dump(
    connection: &mut PgConnection,
    block: Option<u64>,
    sender: &mpsc::Sender<String>,
) -> Result<()> {
    let mut tx = connection.begin_with(ONE_VIEW).await?;
    // Who reads decides how long it takes.
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
    let block = block.map_or(i64::MAX, signed);
    for (table, sql) in DUMPS {
        let mut rows = sqlx::query(sql).bind(block).fetch(&mut *tx);
        while let Some(row) = rows.try_next().await? {
            let mut line = table.to_owned();
            for column in 0..row.len() {
                let text: Option<&str> = row.try_get(column)?;
                line.push('|');
                line.push_str(text.unwrap_or("-"));
            }
            if sender.send(line).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

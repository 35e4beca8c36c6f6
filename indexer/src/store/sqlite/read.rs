//! What reads the tables.

use alloy::primitives::Bytes;
use rusqlite::{
    Connection, OptionalExtension as _, Row, params, params_from_iter,
    types::{Value, ValueRef},
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

pub(super) fn cursor(connection: &Connection) -> Result<Option<Cursor>> {
    let sql = "SELECT number, hash, time, finalized FROM cursor WHERE number IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let row =
        statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    let row: Option<(i64, Vec<u8>, i64, i64)> = row.optional()?;
    row.map(rows::cursor).transpose()
}

pub(super) fn identity(connection: &Connection) -> Result<Option<Identity>> {
    let row = connection.query_row("SELECT chain_id, genesis, rules FROM cursor", [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    });
    let row: Option<(i64, Vec<u8>, Vec<u8>)> = row.optional()?;
    row.map(rows::identity).transpose()
}

pub(super) fn blocks(connection: &Connection, numbers: &[u64]) -> Result<Vec<BlockRow>> {
    let sql = "SELECT hash, time FROM blocks WHERE number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut blocks = Vec::with_capacity(numbers.len());
    for number in numbers {
        let found =
            statement.query_row(params![signed(*number)], |row| Ok((row.get(0)?, row.get(1)?)));
        let found: Option<(Vec<u8>, i64)> = found.optional()?;
        if let Some((bytes, time)) = found {
            blocks.push(rows::block((signed(*number), bytes, time))?);
        }
    }
    Ok(blocks)
}

pub(super) fn changed(connection: &Connection) -> Result<Option<At>> {
    let sql = "SELECT number, hash FROM blocks WHERE number = (SELECT max(block) FROM events)";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)));
    let row: Option<(i64, Vec<u8>)> = row.optional()?;
    row.map(rows::at).transpose()
}

const RECORD: &str = "SELECT name, key, since, body FROM records";

fn record_of(row: &Row<'_>) -> Result<RecordRow> {
    Ok(RecordRow {
        table: row.get(0)?,
        key: row.get(1)?,
        since: unsigned(row.get(2)?)?,
        body: row.get(3)?,
    })
}

pub(super) fn record(
    connection: &Connection,
    table: &str,
    key: &[u8],
    block: Option<u64>,
) -> Result<Option<RecordRow>> {
    let newest = "SELECT name, key, since, body FROM records
                  WHERE name = ?1 AND key = ?2 AND since <= ?3 ORDER BY since DESC LIMIT 1";
    let mut statement = connection.prepare_cached(newest)?;
    let mut rows = statement.query(params![table, key, block.map_or(i64::MAX, signed)])?;
    let found = rows.next()?.map(record_of).transpose()?;
    Ok(found.filter(|record| record.body.is_some()))
}

pub(super) fn current(
    connection: &Connection,
    keys: &[(String, Vec<u8>)],
) -> Result<Vec<RecordRow>> {
    let found = keys.iter().map(|(table, key)| record(connection, table, key, None));
    found.filter_map(Result::transpose).collect()
}

pub(super) fn view(
    connection: &Connection,
    keys: &[(String, Vec<u8>)],
) -> Result<(Option<Cursor>, Vec<RecordRow>)> {
    let view = connection.unchecked_transaction()?;
    Ok((cursor(&view)?, current(&view, keys)?))
}

pub(super) fn records(connection: &Connection, query: &RecordsQuery) -> Result<Vec<RecordRow>> {
    let mut sql = RECORD.to_owned();
    if query.block.is_none() {
        // A record may have a million versions: only those that hold are looked at.
        sql.push_str(" INDEXED BY records_present");
    }
    let mut values: Vec<Value> = vec![query.table.clone().into()];
    let mut place = |value: Value| {
        values.push(value);
        format!("?{}", values.len())
    };
    sql.push_str(" WHERE name = ?1 AND body IS NOT NULL");
    match query.block {
        None => sql.push_str(" AND until IS NULL"),
        Some(block) => {
            let block = place(signed(block).into());
            sql.push_str(&format!(" AND since <= {block} AND (until IS NULL OR until > {block})"));
        }
    }
    if let Some((field, value)) = &query.find {
        let (field, value) = (place(field.clone().into()), place(value.clone().into()));
        sql.push_str(&format!(
            " AND key IN (SELECT key FROM finds WHERE name = ?1 AND field = {field} AND value = {value})
              AND CAST(body ->> {field} AS TEXT) = {value}"
        ));
    }
    let (order, sign) = if query.descending { ("DESC", "<") } else { ("ASC", ">") };
    if let Some(after) = &query.after {
        sql.push_str(&format!(" AND key {sign} {}", place(after.clone().into())));
    }
    sql.push_str(&format!(" ORDER BY key {order} LIMIT {}", place(i64::from(query.limit).into())));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(record_of(row)?);
    }
    Ok(found)
}

pub(super) fn history(
    connection: &Connection,
    table: &str,
    key: &[u8],
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<RecordRow>> {
    let sql = format!(
        "{RECORD} WHERE name = ?1 AND key = ?2 AND since < ?3 ORDER BY since DESC LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let before = before.map_or(i64::MAX, signed);
    let mut rows = statement.query(params![table, key, before, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(record_of(row)?);
    }
    Ok(found)
}

pub(super) fn events(connection: &Connection, query: &EventsQuery) -> Result<Vec<RawEvent>> {
    let (sql, values) = events_sql(query);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(event_of(row)?);
    }
    Ok(found)
}

/// Each kind, or each place of a topic, by an index that has its rows in order: none reads more than is asked for.
fn events_sql(query: &EventsQuery) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = Vec::new();
    let mut place = |value: Value| {
        values.push(value);
        format!("?{}", values.len())
    };
    let (order, sign) = if query.ascending { ("ASC", ">") } else { ("DESC", "<") };
    let mut shared = String::new();
    if let Some(block) = query.block {
        shared.push_str(&format!(" AND block = {}", place(signed(block).into())));
    }
    if let Some((block, log)) = query.from {
        let (block, log) = (place(signed(block).into()), place(signed(log).into()));
        shared.push_str(&format!(" AND (block, log) {sign} ({block}, {log})"));
    }
    let limit = place(i64::from(query.limit).into());
    let kinds: Vec<_> = query
        .kinds
        .iter()
        .map(|(address, signature)| {
            (place(address.to_vec().into()), place(signature.to_vec().into()))
        })
        .collect();
    let sources: Vec<String> = match query.mentions {
        Some(topic) => {
            let topic = place(topic.to_vec().into());
            let pairs: Vec<_> = kinds.iter().map(|(at, of)| format!("({at}, {of})")).collect();
            // The plus keeps it from the index of kinds, which does not have the topic's rows in order.
            let of_kinds = match pairs.is_empty() {
                true => String::new(),
                false => format!(
                    " AND +kind IN (SELECT number FROM kinds WHERE (address, topic0) IN (VALUES {}))",
                    pairs.join(", ")
                ),
            };
            let places = [
                format!("topic1 = {topic}"),
                format!("topic2 = {topic} AND topic1 IS NOT {topic}"),
                format!("topic3 = {topic} AND topic1 IS NOT {topic} AND topic2 IS NOT {topic}"),
            ];
            places.map(|place| place + &of_kinds).into()
        }
        None if kinds.is_empty() => vec!["1".to_owned()],
        None => kinds
            .iter()
            .map(|(at, of)| {
                format!("kind = (SELECT number FROM kinds WHERE address = {at} AND topic0 = {of})")
            })
            .collect(),
    };
    let ordered = format!("ORDER BY block {order}, log {order} LIMIT {limit}");
    let source = |conditions: &String| {
        format!(
            "SELECT * FROM (SELECT block, log, tx, kind, topic1, topic2, topic3, data
             FROM events WHERE {conditions}{shared} {ordered})"
        )
    };
    let sources: Vec<_> = sources.iter().map(source).collect();
    let found = sources.join(" UNION ALL ");
    let sql = format!(
        "SELECT block, log, tx, address, nullif(topic0, x''), topic1, topic2, topic3, data
         FROM ({found}) AS found CROSS JOIN kinds ON kinds.number = found.kind {ordered}"
    );
    (sql, values)
}

fn event_of(row: &Row<'_>) -> Result<RawEvent> {
    let (transaction, from): (Vec<u8>, Vec<u8>) = (row.get(2)?, row.get(3)?);
    let mut topics = Vec::with_capacity(4);
    for place in 4..8 {
        let topic: Option<Vec<u8>> = row.get(place)?;
        topics.extend(topic.as_deref().map(hash).transpose()?);
    }
    let data: Vec<u8> = row.get(8)?;
    Ok(RawEvent {
        block: unsigned(row.get(0)?)?,
        index: unsigned(row.get(1)?)?,
        transaction: hash(&transaction)?,
        address: address(&from)?,
        topics,
        data: Bytes::from(data),
    })
}

pub(super) fn draws(connection: &Connection, query: &DrawsQuery) -> Result<Vec<DrawRow>> {
    let mut values: Vec<Value> = Vec::new();
    let mut place = |value: Value| {
        values.push(value);
        format!("?{}", values.len())
    };
    let mut conditions = vec!["1".to_owned()];
    if let Some(group) = query.group {
        conditions.push(format!("archive_group = {}", place(i64::from(group).into())));
    }
    if let Some(chain) = query.chain {
        conditions.push(format!("chain = {}", place(chain.to_vec().into())));
    }
    if let Some((group, number)) = query.from {
        let (group, number) = (place(i64::from(group).into()), place(signed(number).into()));
        conditions.push(format!("(archive_group, number) < ({group}, {number})"));
    }
    let limit = place(i64::from(query.limit).into());
    let mut statement = connection.prepare_cached(&format!(
        "SELECT archive_group, number, chain, body FROM draws WHERE {}
         ORDER BY archive_group DESC, number DESC LIMIT {limit}",
        conditions.join(" AND ")
    ))?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut draws = Vec::new();
    while let Some(row) = rows.next()? {
        let chain: Vec<u8> = row.get(2)?;
        let (number, body) = (unsigned(row.get(1)?)?, row.get(3)?);
        draws.push(DrawRow { group: row.get(0)?, number, chain: hash(&chain)?, body });
    }
    Ok(draws)
}

/// Each table's rows in the order of its key, as they were at block `?1`.
const DUMPS: [(&str, &str); 6] = [
    ("cursor", "SELECT * FROM cursor WHERE ?1 = ?1"),
    (
        "blocks",
        "SELECT * FROM blocks WHERE number <= ?1
         AND (?1 = 9223372036854775807 OR EXISTS (SELECT 1 FROM events WHERE block = number))
         ORDER BY number",
    ),
    (
        "events",
        "SELECT block, log, tx, address, nullif(topic0, x''), topic1, topic2, topic3, data
         FROM events CROSS JOIN kinds ON kinds.number = kind WHERE block <= ?1 ORDER BY block, log",
    ),
    (
        "records",
        "SELECT name, key, since, CASE WHEN until <= ?1 THEN until END, body FROM records
         WHERE since <= ?1 ORDER BY name, key, since",
    ),
    ("finds", "SELECT * FROM finds WHERE since <= ?1 ORDER BY name, field, value, key"),
    ("draws", "SELECT * FROM draws WHERE ?1 = ?1 ORDER BY archive_group, number"),
];

pub(super) fn dump(
    connection: &Connection,
    block: Option<u64>,
    sender: &mpsc::Sender<String>,
) -> Result<()> {
    // One view of all tables, whatever is written meanwhile.
    let connection = connection.unchecked_transaction()?;
    let block = block.map_or(i64::MAX, signed);
    for (table, sql) in DUMPS {
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([block])?;
        while let Some(row) = rows.next()? {
            let mut line = table.to_owned();
            for column in 0..columns {
                line.push('|');
                match row.get_ref(column)? {
                    ValueRef::Null => line.push('-'),
                    ValueRef::Integer(number) => line.push_str(&number.to_string()),
                    ValueRef::Real(number) => line.push_str(&number.to_string()),
                    ValueRef::Text(text) => line.push_str(&String::from_utf8_lossy(text)),
                    ValueRef::Blob(bytes) => line.push_str(&hex::encode(bytes)),
                }
            }
            if sender.blocking_send(line).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

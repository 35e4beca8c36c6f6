//! What changes the tables. Each is one transaction.

use std::collections::{HashMap, hash_map::Entry};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::store::{
    At, Batch, Cursor, DrawRow, Identity, Result, StoreError,
    rows::{Holds, Kind, holds, kind, signed, topics, unsigned},
};

fn transaction(connection: &mut Connection) -> Result<Transaction<'_>> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

pub(super) fn begin(connection: &mut Connection, identity: &Identity) -> Result<()> {
    let tx = transaction(connection)?;
    for table in ["cursor", "blocks", "events", "kinds", "records", "finds", "draws"] {
        tx.execute(&format!("DELETE FROM {table}"), [])?;
    }
    tx.execute(
        "INSERT INTO cursor (one, chain_id, genesis, rules) VALUES (1, ?1, ?2, ?3)",
        params![signed(identity.chain_id), identity.genesis.as_slice(), identity.rules.as_slice()],
    )?;
    Ok(tx.commit()?)
}

pub(super) fn apply(
    connection: &mut Connection,
    from: Option<At>,
    batch: &Batch,
    to: &Cursor,
) -> Result<()> {
    let tx = transaction(connection)?;
    let final_before = step(&tx, from, to)?;
    insert_blocks(&tx, batch)?;
    insert_events(&tx, batch)?;
    insert_records(&tx, batch)?;
    let mut statement = tx.prepare_cached(
        "INSERT INTO finds (name, field, value, key, since) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    )?;
    for find in &batch.finds {
        let since = signed(find.since);
        statement.execute(params![find.table, find.field, find.value, find.key, since])?;
    }
    drop(statement);
    forget(&tx, final_before, to)?;
    Ok(tx.commit()?)
}

/// Moves the cursor, if it is where the caller believes. Gives the block that was final before.
fn step(tx: &Transaction<'_>, from: Option<At>, to: &Cursor) -> Result<u64> {
    let mut before = tx.prepare_cached("SELECT number, finalized FROM cursor")?;
    let before = before.query_row([], |row| Ok((row.get(0)?, row.get(1)?)));
    let before: Option<(Option<i64>, Option<i64>)> = before.optional()?;
    let (number, finalized) = before.unwrap_or_default();
    let mut step = tx.prepare_cached(
        "UPDATE cursor SET number = ?1, hash = ?2, time = ?3, finalized = ?4
         WHERE number IS ?5 AND hash IS ?6",
    )?;
    let changed = step.execute(params![
        signed(to.at.number),
        to.at.hash.as_slice(),
        signed(to.time),
        signed(to.finalized),
        from.map(|at| signed(at.number)),
        from.as_ref().map(|at| at.hash.as_slice()),
    ])?;
    if changed != 1 {
        let (expected, found) =
            (from.map_or(0, |at| at.number), unsigned(number.unwrap_or_default())?);
        return Err(StoreError::Moved { expected, found });
    }
    unsigned(finalized.unwrap_or_default())
}

fn insert_blocks(tx: &Transaction<'_>, batch: &Batch) -> Result<()> {
    let mut statement = tx
        .prepare_cached("INSERT OR REPLACE INTO blocks (number, hash, time) VALUES (?1, ?2, ?3)")?;
    for block in &batch.blocks {
        let (number, time) = (signed(block.at.number), signed(block.time));
        statement.execute(params![number, block.at.hash.as_slice(), time])?;
    }
    Ok(())
}

fn insert_events(tx: &Transaction<'_>, batch: &Batch) -> Result<()> {
    let mut numbers = HashMap::new();
    let mut statement = tx.prepare_cached(
        "INSERT INTO events (block, log, tx, kind, topic1, topic2, topic3, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for event in &batch.events {
        let number = match numbers.entry(kind(event)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => *unknown.insert(number_of(tx, kind(event))?),
        };
        let [_, first, second, third] = topics(&event.topics);
        statement.execute(params![
            signed(event.block),
            signed(event.index),
            event.transaction.as_slice(),
            number,
            first,
            second,
            third,
            event.data.as_ref(),
        ])?;
    }
    Ok(())
}

/// The number of a kind of events, which may be new.
fn number_of(tx: &Transaction<'_>, (address, topic0): Kind<'_>) -> Result<i64> {
    let insert = "INSERT INTO kinds (address, topic0) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    tx.prepare_cached(insert)?.execute([address, topic0])?;
    let select = "SELECT number FROM kinds WHERE address = ?1 AND topic0 = ?2";
    Ok(tx.prepare_cached(select)?.query_row([address, topic0], |row| row.get(0))?)
}

fn insert_records(tx: &Transaction<'_>, batch: &Batch) -> Result<()> {
    // A record may have a million versions: only the one that holds is looked at.
    let mut end = tx.prepare_cached(
        "UPDATE records INDEXED BY records_present SET until = ?3
         WHERE name = ?1 AND key = ?2 AND until IS NULL AND since < ?3",
    )?;
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO records (name, key, since, until, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (record, Holds { is_first, until }) in holds(&batch.records) {
        let since = signed(record.since);
        if is_first {
            end.execute(params![record.table, record.key, since])?;
        }
        let until = until.map(signed);
        insert.execute(params![record.table, record.key, since, until, record.body])?;
    }
    Ok(())
}

/// Blocks that are final and have no event need not be remembered, but for the last one.
fn forget(tx: &Transaction<'_>, final_before: u64, to: &Cursor) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "DELETE FROM blocks WHERE number >= ?1 AND number < ?2
         AND NOT EXISTS (SELECT 1 FROM events WHERE events.block = blocks.number)",
    )?;
    statement.execute(params![signed(final_before), signed(to.finalized)])?;
    Ok(())
}

pub(super) fn undo(connection: &mut Connection, from: At, to: &Cursor) -> Result<()> {
    let tx = transaction(connection)?;
    step(&tx, Some(from), to)?;
    let after = signed(to.at.number);
    // The version that held before those that go holds again. It is looked up: a record may have a million.
    tx.execute(
        "UPDATE records SET until = NULL FROM (
             SELECT name, key, (SELECT max(since) FROM records AS version WHERE version.name = gone.name
                                AND version.key = gone.key AND version.since <= ?1) AS since
             FROM (SELECT DISTINCT name, key FROM records INDEXED BY records_since
                   WHERE since > ?1) AS gone) AS held
         WHERE records.name = held.name AND records.key = held.key AND records.since = held.since",
        params![after],
    )?;
    tx.execute("DELETE FROM records WHERE since > ?1", params![after])?;
    tx.execute("DELETE FROM finds WHERE since > ?1", params![after])?;
    tx.execute("DELETE FROM events WHERE block > ?1", params![after])?;
    tx.execute("DELETE FROM blocks WHERE number > ?1", params![after])?;
    Ok(tx.commit()?)
}

pub(super) fn put_draws(connection: &mut Connection, draws: &[DrawRow]) -> Result<()> {
    let tx = transaction(connection)?;
    let mut statement = tx.prepare_cached(
        "INSERT INTO draws (archive_group, number, chain, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?;
    for draw in draws {
        let number = signed(draw.number);
        statement.execute(params![draw.group, number, draw.chain.as_slice(), draw.body])?;
    }
    drop(statement);
    Ok(tx.commit()?)
}

pub(super) fn drop_draws(connection: &mut Connection, group: u32, from: u64) -> Result<()> {
    let sql = "DELETE FROM draws WHERE archive_group = ?1 AND number >= ?2";
    connection.prepare_cached(sql)?.execute(params![group, signed(from)])?;
    Ok(())
}

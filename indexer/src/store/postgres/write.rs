//! What changes the tables. Each is one transaction.

use std::collections::{BTreeSet, HashMap};

use sqlx::{Connection as _, PgConnection, PgTransaction};

use super::copy::Copy;
use crate::decode::RawEvent;
use crate::store::{
    At, Batch, Cursor, DrawRow, Identity, Result, StoreError,
    rows::{Kind, kind, signed, topics, unsigned},
};

pub(super) async fn begin(connection: &mut PgConnection, identity: &Identity) -> Result<()> {
    let mut tx = connection.begin().await?;
    let all = "TRUNCATE cursor, blocks, events, kinds, records, finds, draws RESTART IDENTITY";
    sqlx::query(all).execute(&mut *tx).await?;
    sqlx::query("INSERT INTO cursor (one, chain_id, genesis, rules) VALUES (1, $1, $2, $3)")
        .bind(signed(identity.chain_id))
        .bind(identity.genesis.as_slice())
        .bind(identity.rules.as_slice())
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

pub(super) async fn apply(
    connection: &mut PgConnection,
    from: Option<At>,
    batch: &Batch,
    to: &Cursor,
) -> Result<()> {
    let mut tx = connection.begin().await?;
    let final_before = step(&mut tx, from, to).await?;
    insert_blocks(&mut tx, batch).await?;
    insert_events(&mut tx, batch).await?;
    insert_records(&mut tx, batch).await?;
    insert_finds(&mut tx, batch).await?;
    // Blocks that are final and have no event need not be remembered, but for the last one.
    sqlx::query(
        "DELETE FROM blocks WHERE number >= $1 AND number < $2
         AND NOT EXISTS (SELECT 1 FROM events WHERE events.block = blocks.number)",
    )
    .bind(signed(final_before))
    .bind(signed(to.finalized))
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

/// Moves the cursor, if it is where the caller believes. Gives the block that was final before.
async fn step(tx: &mut PgTransaction<'_>, from: Option<At>, to: &Cursor) -> Result<u64> {
    let before: Option<(Option<i64>, Option<i64>)> =
        sqlx::query_as("SELECT number, finalized FROM cursor FOR UPDATE")
            .fetch_optional(&mut **tx)
            .await?;
    let (number, finalized) = before.unwrap_or_default();
    let changed = sqlx::query(
        "UPDATE cursor SET number = $1, hash = $2, time = $3, finalized = $4
         WHERE number IS NOT DISTINCT FROM $5 AND hash IS NOT DISTINCT FROM $6",
    )
    .bind(signed(to.at.number))
    .bind(to.at.hash.as_slice())
    .bind(signed(to.time))
    .bind(signed(to.finalized))
    .bind(from.map(|at| signed(at.number)))
    .bind(from.map(|at| at.hash.to_vec()))
    .execute(&mut **tx)
    .await?;
    if changed.rows_affected() != 1 {
        let (expected, found) =
            (from.map_or(0, |at| at.number), unsigned(number.unwrap_or_default())?);
        return Err(StoreError::Moved { expected, found });
    }
    unsigned(finalized.unwrap_or_default())
}

async fn insert_blocks(tx: &mut PgTransaction<'_>, batch: &Batch) -> Result<()> {
    let numbers: Vec<_> = batch.blocks.iter().map(|block| signed(block.at.number)).collect();
    let hashes: Vec<_> = batch.blocks.iter().map(|block| block.at.hash.to_vec()).collect();
    let times: Vec<_> = batch.blocks.iter().map(|block| signed(block.time)).collect();
    sqlx::query(
        "INSERT INTO blocks (number, hash, time)
         SELECT * FROM UNNEST($1::BIGINT[], $2::BYTEA[], $3::BIGINT[])
         ON CONFLICT (number) DO UPDATE SET hash = EXCLUDED.hash, time = EXCLUDED.time",
    )
    .bind(numbers)
    .bind(hashes)
    .bind(times)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_events(tx: &mut PgTransaction<'_>, batch: &Batch) -> Result<()> {
    if batch.events.is_empty() {
        return Ok(());
    }
    let events = &batch.events;
    let numbers = kinds(tx, events).await?;
    let mut copy = Copy::begin(
        tx,
        "COPY events (block, log, tx, kind, topic1, topic2, topic3, data) FROM STDIN (FORMAT BINARY)",
    )
    .await?;
    for event in events {
        let [block, log] = [event.block, event.index].map(|number| signed(number).to_be_bytes());
        let number = numbers.get(&kind(event)).map(|number| number.to_be_bytes());
        let [_, first, second, third] = topics(&event.topics);
        copy.row([
            Some(&block),
            Some(&log),
            Some(event.transaction.as_slice()),
            number.as_ref().map(<[_; 4]>::as_slice),
            first,
            second,
            third,
            Some(&event.data),
        ])
        .await?;
    }
    copy.finish().await
}

/// The numbers of these events' kinds.
async fn kinds<'a>(
    tx: &mut PgTransaction<'_>,
    events: &'a [RawEvent],
) -> Result<HashMap<Kind<'a>, i32>> {
    let wanted: BTreeSet<_> = events.iter().map(kind).collect();
    let (addresses, signatures): (Vec<_>, Vec<_>) = wanted.iter().copied().unzip();
    sqlx::query(
        "INSERT INTO kinds (address, topic0)
         SELECT * FROM UNNEST($1::BYTEA[], $2::BYTEA[]) EXCEPT SELECT address, topic0 FROM kinds",
    )
    .bind(&addresses)
    .bind(&signatures)
    .execute(&mut **tx)
    .await?;
    let rows: Vec<(i32, Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT number, address, topic0 FROM kinds").fetch_all(&mut **tx).await?;
    let known: HashMap<_, _> = rows
        .iter()
        .map(|(number, address, topic0)| ((address.as_slice(), topic0.as_slice()), *number))
        .collect();
    let number = |kind: Kind<'a>| known.get(&kind).map(|number| (kind, *number));
    Ok(wanted.into_iter().filter_map(number).collect())
}

async fn insert_records(tx: &mut PgTransaction<'_>, batch: &Batch) -> Result<()> {
    if batch.records.is_empty() {
        return Ok(());
    }
    let records = &batch.records;
    let names: Vec<_> = records.iter().map(|record| record.table.as_str()).collect();
    let keys: Vec<_> = records.iter().map(|record| record.key.as_slice()).collect();
    let since: Vec<_> = records.iter().map(|record| signed(record.since)).collect();
    let bodies: Vec<_> = records.iter().map(|record| record.body.as_deref()).collect();
    // Those that hold end where the first new one begins.
    sqlx::query(
        "UPDATE records SET until = new.since
         FROM (SELECT name, key, min(since) AS since
               FROM UNNEST($1::TEXT[], $2::BYTEA[], $3::BIGINT[]) AS new (name, key, since)
               GROUP BY name, key) AS new
         WHERE records.name = new.name AND records.key = new.key
           AND records.until IS NULL AND records.since < new.since",
    )
    .bind(&names)
    .bind(&keys)
    .bind(&since)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "INSERT INTO records (name, key, since, until, body)
         SELECT name, key, since,
                lead(since) OVER (PARTITION BY name, key ORDER BY since), body
         FROM UNNEST($1::TEXT[], $2::BYTEA[], $3::BIGINT[], $4::TEXT[])
              AS new (name, key, since, body)",
    )
    .bind(&names)
    .bind(&keys)
    .bind(&since)
    .bind(bodies)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_finds(tx: &mut PgTransaction<'_>, batch: &Batch) -> Result<()> {
    if batch.finds.is_empty() {
        return Ok(());
    }
    let finds = &batch.finds;
    sqlx::query(
        "INSERT INTO finds (name, field, value, key, since)
         SELECT name, field, value, key, min(since)
         FROM UNNEST($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BYTEA[], $5::BIGINT[])
              AS new (name, field, value, key, since)
         GROUP BY name, field, value, key
         ON CONFLICT DO NOTHING",
    )
    .bind(finds.iter().map(|find| find.table.as_str()).collect::<Vec<_>>())
    .bind(finds.iter().map(|find| find.field.as_str()).collect::<Vec<_>>())
    .bind(finds.iter().map(|find| find.value.as_str()).collect::<Vec<_>>())
    .bind(finds.iter().map(|find| find.key.as_slice()).collect::<Vec<_>>())
    .bind(finds.iter().map(|find| signed(find.since)).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn undo(connection: &mut PgConnection, from: At, to: &Cursor) -> Result<()> {
    let mut tx = connection.begin().await?;
    step(&mut tx, Some(from), to).await?;
    let after = signed(to.at.number);
    // The version that held before those that go holds again. It is looked up: a record may have a million.
    for sql in [
        "UPDATE records SET until = NULL FROM (
             SELECT name, key, (SELECT max(since) FROM records AS version WHERE version.name = gone.name
                                AND version.key = gone.key AND version.since <= $1) AS since
             FROM (SELECT DISTINCT name, key FROM records WHERE since > $1) AS gone) AS held
         WHERE records.name = held.name AND records.key = held.key AND records.since = held.since",
        "DELETE FROM records WHERE since > $1",
        "DELETE FROM finds WHERE since > $1",
        "DELETE FROM events WHERE block > $1",
        "DELETE FROM blocks WHERE number > $1",
    ] {
        sqlx::query(sql).bind(after).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

pub(super) async fn put_draws(connection: &mut PgConnection, draws: &[DrawRow]) -> Result<()> {
    sqlx::query(
        "INSERT INTO draws (archive_group, number, chain, body)
         SELECT * FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BYTEA[], $4::TEXT[])
         ON CONFLICT DO NOTHING",
    )
    .bind(draws.iter().map(|draw| i64::from(draw.group)).collect::<Vec<_>>())
    .bind(draws.iter().map(|draw| signed(draw.number)).collect::<Vec<_>>())
    .bind(draws.iter().map(|draw| draw.chain.as_slice()).collect::<Vec<_>>())
    .bind(draws.iter().map(|draw| draw.body.as_str()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn drop_draws(connection: &mut PgConnection, group: u32, from: u64) -> Result<()> {
    sqlx::query("DELETE FROM draws WHERE archive_group = $1 AND number >= $2")
        .bind(i64::from(group))
        .bind(signed(from))
        .execute(connection)
        .await?;
    Ok(())
}

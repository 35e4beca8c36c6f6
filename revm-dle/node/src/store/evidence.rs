//! The Selection Chain, and what it takes to draw all of it again.

use alloy::primitives::{B256, Bytes};
use conet_committee::roulette::selection::{Evidence, Selection};
use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{
    StoreError,
    code::{encode, plain, sql},
};

/// What a row has: selections are in a table of their own.
#[derive(Serialize, Deserialize)]
enum Row<T> {
    Selection(u64),
    Other(T),
}

/// Keeps a piece.
pub(super) fn put(tx: &Transaction<'_>, evidence: &Evidence) -> Result<(), StoreError> {
    let row = match evidence {
        Evidence::Key { epoch, key } => return put_key(tx, *epoch, key),
        Evidence::Selection(selection) => {
            put_selection(tx, selection)?;
            Row::Selection(selection.index)
        }
        other => Row::Other(other),
    };
    tx.prepare_cached("INSERT INTO evidence (row) VALUES (?1)")?.execute([encode(&row)?])?;
    Ok(())
}

fn put_key(tx: &Transaction<'_>, epoch: u64, key: &Bytes) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR REPLACE INTO seed_keys (epoch, key) VALUES (?1, ?2)")?
        .execute(params![sql(epoch), key.as_ref()])?;
    Ok(())
}

fn put_selection(tx: &Transaction<'_>, selection: &Selection) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO selections (number, chain, selection) VALUES (?1, ?2, ?3)",
    )?;
    let chain = selection.request.chain;
    insert.execute(params![sql(selection.index), chain.as_slice(), encode(selection)?])?;
    Ok(())
}

/// Keys of epochs, all that are here.
pub(super) fn keys(connection: &Connection) -> Result<Vec<(u64, Bytes)>, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT epoch, key FROM seed_keys ORDER BY epoch")?;
    let mut rows = select.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let (epoch, key): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let epoch = u64::try_from(epoch).map_err(|_| StoreError::Corrupt("an epoch"))?;
        keys.push((epoch, key.into()));
    }
    Ok(keys)
}

/// What came after a number, as far as that takes no more than so many pieces, and bytes but for the last.
pub(super) fn after(
    connection: &Connection,
    number: u64,
    (pieces_max, bytes_max): (usize, usize),
) -> Result<Vec<(u64, Evidence)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT number, row FROM evidence WHERE number > ?1 ORDER BY number LIMIT ?2",
    )?;
    let mut rows = select.query(params![sql(number), sql(pieces_max as u64)])?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while bytes < bytes_max
        && let Some(row) = rows.next()?
    {
        let (number, known): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        bytes += known.len();
        let evidence = match plain::<Row<Evidence>>(&known, "evidence of a draw")? {
            Row::Other(other) => other,
            Row::Selection(index) => Evidence::Selection(Box::new(selection(connection, index)?)),
        };
        let number = u64::try_from(number).map_err(|_| StoreError::Corrupt("a number"))?;
        found.push((number, evidence));
    }
    Ok(found)
}

fn selection(connection: &Connection, index: u64) -> Result<Selection, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT selection FROM selections WHERE number = ?1")?;
    let bytes: Vec<u8> = select.query_row([sql(index)], |row| row.get(0))?;
    plain(&bytes, "a selection")
}

/// Draws from a number on, or those of them that are about one chain.
pub(super) fn selections(
    connection: &Connection,
    chain: Option<B256>,
    from: u64,
    count: usize,
) -> Result<Vec<Selection>, StoreError> {
    let (all, of_chain) = (
        "SELECT selection FROM selections WHERE number >= ?1 ORDER BY number LIMIT ?2",
        "SELECT selection FROM selections WHERE number >= ?1 AND chain = ?3 ORDER BY number LIMIT ?2",
    );
    let (from, count) = (sql(from), sql(count as u64));
    let mut select = connection.prepare_cached(if chain.is_some() { of_chain } else { all })?;
    let mut rows = match &chain {
        Some(chain) => select.query(params![from, count, chain.as_slice()])?,
        None => select.query(params![from, count])?,
    };
    let mut selections = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        selections.push(plain(&bytes, "a selection")?);
    }
    Ok(selections)
}

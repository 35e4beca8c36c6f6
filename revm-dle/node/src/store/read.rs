//! What is read back.

use std::ops::RangeInclusive;

use alloy::primitives::B256;
use alloy_rlp::Decodable as _;
use conet_committee::{Record, log::Entry};
use conet_ledger::{
    block::{Body, Header},
    receipt::Receipt,
};
use rusqlite::{Connection, OptionalExtension as _, Params, params};

use super::{
    StoreError,
    code::{encode, hash, plain, rlp, sql, unpack},
    pages,
    write::DutyId,
};
use crate::duty::Duty;

/// A final block as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBlock {
    /// The block.
    pub header: Header,
    /// What it did; none when this node was not there, and has not been sent it since.
    pub body: Option<Body>,
    /// What became of it; none when this node did not execute it.
    pub receipts: Option<Vec<Receipt>>,
}

/// A transaction's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The chain.
    pub chain: B256,
    /// The block's height.
    pub height: u64,
    /// Its index in the block.
    pub index: usize,
}

/// The journal: each kind of records in the order of writing.
pub(super) fn journal(connection: &Connection) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::new();
    for query in ["SELECT record FROM log ORDER BY height", "SELECT record FROM notes ORDER BY seq"]
    {
        let mut select = connection.prepare(query)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let bytes: Vec<u8> = row.get(0)?;
            let mut record = unpack(&bytes)?;
            if let Record::Checkpoint(frozen) = &mut record {
                frozen.state.pages = pages::all(connection)?;
            }
            records.push(record);
        }
    }
    Ok(records)
}

pub(super) fn entries(
    connection: &Connection,
    from: u64,
    count: usize,
) -> Result<Vec<Entry>, StoreError> {
    let mut select = connection
        .prepare_cached("SELECT record FROM log WHERE height >= ?1 ORDER BY height LIMIT ?2")?;
    let mut rows = select.query(params![sql(from), sql(count as u64)])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        if let Record::Entry(entry) = unpack(&bytes)? {
            entries.push(*entry);
        }
    }
    Ok(entries)
}

pub(super) fn block(
    connection: &Connection,
    condition: &'static str,
    params: impl Params,
) -> Result<Option<KeptBlock>, StoreError> {
    let found = connection
        .prepare_cached(&format!("SELECT header, body, receipts FROM blocks WHERE {condition}"))?
        .query_row(params, |row| Row::try_from(row))
        .optional()?;
    let Some(Row { header, body, receipts }) = found else { return Ok(None) };
    Ok(Some(KeptBlock {
        header: rlp(&header, "a header")?,
        body: body.map(|body| rlp(&body, "a body")).transpose()?,
        receipts: receipts
            .map(|bytes| Vec::<Receipt>::decode(&mut bytes.as_slice()))
            .transpose()
            .map_err(|_| StoreError::Corrupt("receipts"))?,
    }))
}

/// A block's bytes.
struct Row {
    header: Vec<u8>,
    body: Option<Vec<u8>>,
    receipts: Option<Vec<u8>>,
}

impl TryFrom<&rusqlite::Row<'_>> for Row {
    type Error = rusqlite::Error;

    fn try_from(row: &rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self { header: row.get(0)?, body: row.get(1)?, receipts: row.get(2)? })
    }
}

pub(super) fn place(connection: &Connection, of: B256) -> Result<Option<Place>, StoreError> {
    let found: Option<(Vec<u8>, i64, i64)> = connection
        .prepare_cached("SELECT chain, height, place FROM transactions WHERE hash = ?1")?
        .query_row(params![of.as_slice()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((chain, height, index)) = found else { return Ok(None) };
    Ok(Some(Place {
        chain: hash(&chain)?,
        height: u64::try_from(height).unwrap_or_default(),
        index: usize::try_from(index).unwrap_or_default(),
    }))
}

/// Final blocks to ask others for.
pub(super) fn wanted(connection: &Connection, count: usize) -> Result<Vec<B256>, StoreError> {
    let mut select = connection.prepare_cached("SELECT hash FROM wanted LIMIT ?1")?;
    let mut rows = select.query(params![sql(count as u64)])?;
    let mut hashes = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        hashes.push(hash(&bytes)?);
    }
    Ok(hashes)
}

pub(super) fn duties(
    connection: &Connection,
    count: usize,
) -> Result<Vec<(DutyId, Duty)>, StoreError> {
    let mut select = connection.prepare_cached(
        // 3: a hand-over.
        "SELECT seq, duty FROM duties WHERE done = 0
         ORDER BY substr(duty, 1, 1) <> x'03', substr(duty, 1, 1), seq LIMIT ?1",
    )?;
    let mut rows = select.query(params![sql(count as u64)])?;
    let mut duties = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(1)?;
        duties.push((DutyId(row.get(0)?), plain(&bytes, "a duty")?));
    }
    Ok(duties)
}

pub(super) fn has_duty(connection: &Connection, duty: &Duty) -> Result<bool, StoreError> {
    let bytes = encode(duty)?;
    let mut select = connection.prepare_cached("SELECT 1 FROM duties WHERE duty = ?1")?;
    Ok(select.exists(params![bytes])?)
}

pub(super) fn public_chains(
    connection: &Connection,
    after: B256,
    kept: &RangeInclusive<B256>,
    count: usize,
) -> Result<Vec<B256>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT chain FROM chains
         WHERE public = 1 AND chain > ?1 AND chain BETWEEN ?2 AND ?3 ORDER BY chain LIMIT ?4",
    )?;
    let (first, last) = (kept.start().as_slice(), kept.end().as_slice());
    let mut rows = select.query(params![after.as_slice(), first, last, sql(count as u64)])?;
    let mut chains = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        chains.push(hash(&bytes)?);
    }
    Ok(chains)
}

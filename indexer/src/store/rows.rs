//! Between our types and what both databases keep: signed integers and bytes.

use std::collections::HashMap;

use alloy::primitives::{Address, B256};

use super::{At, BlockRow, Cursor, Identity, RecordRow, Result, StoreError};
use crate::decode::RawEvent;

/// A number for a column. Blocks and times are far below the limit.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number from a column.
pub(super) fn unsigned(value: i64) -> Result<u64> {
    let damaged = |_| StoreError::Damaged { expected: "0 or more", found: value.to_string() };
    u64::try_from(value).map_err(damaged)
}

/// A hash from a column.
pub(super) fn hash(bytes: &[u8]) -> Result<B256> {
    let damaged = |_| StoreError::Damaged { expected: "32 bytes", found: hex::encode(bytes) };
    B256::try_from(bytes).map_err(damaged)
}

/// An address from a column.
pub(super) fn address(bytes: &[u8]) -> Result<Address> {
    let damaged = |_| StoreError::Damaged { expected: "20 bytes", found: hex::encode(bytes) };
    Address::try_from(bytes).map_err(damaged)
}

/// Topics for four columns.
pub(super) fn topics(topics: &[B256]) -> [Option<&[u8]>; 4] {
    std::array::from_fn(|place| topics.get(place).map(|topic| topic.as_slice()))
}

/// A place from its columns: number, hash.
pub(super) fn at((number, bytes): (i64, Vec<u8>)) -> Result<At> {
    Ok(At { number: unsigned(number)?, hash: hash(&bytes)? })
}

/// A block from its columns: number, hash, time.
pub(super) fn block((number, bytes, time): (i64, Vec<u8>, i64)) -> Result<BlockRow> {
    Ok(BlockRow { at: at((number, bytes))?, time: unsigned(time)? })
}

/// The cursor from its columns: number, hash, time, what is final.
pub(super) fn cursor((number, bytes, time, finalized): (i64, Vec<u8>, i64, i64)) -> Result<Cursor> {
    let BlockRow { at, time } = block((number, bytes, time))?;
    Ok(Cursor { at, time, finalized: unsigned(finalized)? })
}

/// What tables are, from its columns: chain id, genesis, rules.
pub(super) fn identity((chain_id, genesis, rules): (i64, Vec<u8>, Vec<u8>)) -> Result<Identity> {
    Ok(Identity { chain_id: unsigned(chain_id)?, genesis: hash(&genesis)?, rules: hash(&rules)? })
}

/// A kind of events: the contract and the signature, which may be empty. Stores keep each once, and its number in rows.
pub(super) type Kind<'a> = (&'a [u8], &'a [u8]);

/// The kind of an event.
pub(super) fn kind(event: &RawEvent) -> Kind<'_> {
    let signature = event.topics.first().map(|topic| topic.as_slice());
    (event.address.as_slice(), signature.unwrap_or_default())
}

/// Which of a batch's versions of a record one is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holds {
    /// The first: what held before ends where it begins.
    pub(super) is_first: bool,
    /// Where the next one begins.
    pub(super) until: Option<u64>,
}

/// How each of a batch's records, which are in order, stands to the others of the same key.
pub(super) fn holds(records: &[RecordRow]) -> impl Iterator<Item = (&RecordRow, Holds)> {
    let mut holds = vec![Holds { is_first: true, until: None }; records.len()];
    let mut last: HashMap<(&str, &[u8]), usize> = HashMap::with_capacity(records.len());
    for (place, record) in records.iter().enumerate() {
        let before = last.insert((&record.table, &record.key), place);
        if let Some(before) = before.and_then(|before| holds.get_mut(before)) {
            before.until = Some(record.since);
            if let Some(this) = holds.get_mut(place) {
                this.is_first = false;
            }
        }
    }
    records.iter().zip(holds)
}

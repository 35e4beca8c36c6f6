//! What an endpoint says, held against itself: logs against the headers that they name, headers against each other.
//!
//! That finds endpoints that mix two chains, truncate, repeat or make up. It does not find one that serves a whole chain
//! of its own: for that, several endpoints are asked.

use alloy::{
    primitives::{Address, BloomInput},
    rpc::types::Log,
};

use super::{Chunk, Header};
use crate::decode::RawEvent;

/// A contradiction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("block {block}: expected {expected}, found {found}")]
pub struct Lie {
    /// Where.
    pub block: u64,
    /// What its other answers mean.
    pub expected: &'static str,
    /// What it said.
    pub found: String,
}

fn lie(block: u64, expected: &'static str, found: impl ToString) -> Lie {
    Lie { block, expected, found: found.to_string() }
}

/// Whether these headers are the blocks `from`, `from + 1` and so on, each the parent of the next.
///
/// # Errors
/// [`Lie`].
pub fn headers(from: u64, headers: &[Header]) -> Result<(), Lie> {
    let mut parent = None;
    for (header, number) in headers.iter().zip(from..) {
        if header.at.number != number {
            return Err(lie(number, "the block that was asked for", header.at.number));
        }
        if parent.is_some_and(|parent| parent != header.parent) {
            return Err(lie(number, "a parent that is the block before", header.parent));
        }
        parent = Some(header.at.hash);
    }
    Ok(())
}

/// The logs as events in the order of the chain, if each is of one of these blocks and contracts, and in its block's bloom.
/// What comes twice counts once.
///
/// # Errors
/// [`Lie`].
pub fn logs(
    headers: &[Header],
    addresses: &[Address],
    logs: Vec<Log>,
) -> Result<Vec<RawEvent>, Lie> {
    let first = headers.first().map_or(0, |header| header.at.number);
    let mut events = Vec::with_capacity(logs.len());
    for log in logs {
        let number = log.block_number.unwrap_or(u64::MAX);
        let place = number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        let header = place.and_then(|place| headers.get(place));
        let header = header.ok_or_else(|| lie(number, "a log of the range", "one outside"))?;
        events.push(event(header, addresses, log)?);
    }
    events.sort_by_key(|event| (event.block, event.index));
    events.dedup();
    let same_place = |pair: &[RawEvent]| match pair {
        [one, other] => (one.block, one.index) == (other.block, other.index),
        _ => false,
    };
    if let Some(pair) = events.windows(2).find(|pair| same_place(pair)) {
        let block = pair.first().map_or(0, |event| event.block);
        return Err(lie(block, "one log at a place", "two"));
    }
    Ok(events)
}

fn event(header: &Header, addresses: &[Address], log: Log) -> Result<RawEvent, Lie> {
    let block = header.at.number;
    if log.removed || log.block_hash != Some(header.at.hash) {
        let found = log.block_hash.unwrap_or_default();
        return Err(lie(block, "logs of the block with this number", found));
    }
    if addresses.binary_search(&log.inner.address).is_err() {
        return Err(lie(block, "logs of the contracts that were asked for", log.inner.address));
    }
    if !header.bloom.contains_raw_log(log.inner.address, log.topics()) {
        return Err(lie(block, "a log that is in its block's bloom", "one that is not"));
    }
    let (Some(index), Some(transaction)) = (log.log_index, log.transaction_hash) else {
        return Err(lie(block, "a log with its place", "one without"));
    };
    let (topics, data) = log.inner.data.split();
    Ok(RawEvent { block, index, transaction, address: log.inner.address, topics, data })
}

/// The blocks whose bloom says that a contract spoke, and of which no log of it came: they are to be looked at. By
/// chance, about one block in thousands.
#[must_use]
pub fn silent(chunk: &Chunk, addresses: &[Address]) -> Vec<u64> {
    let mut silent = Vec::new();
    let mut events = chunk.events.as_slice();
    for header in &chunk.headers {
        let number = header.at.number;
        let mine = events.iter().take_while(|event| event.block == number).count();
        let (of_block, rest) = events.split_at(mine);
        events = rest;
        let spoke = |address: &Address| {
            header.bloom.contains_input(BloomInput::Raw(address.as_slice()))
                && !of_block.iter().any(|event| event.address == *address)
        };
        if !header.bloom.is_zero() && addresses.iter().any(spoke) {
            silent.push(number);
        }
    }
    silent
}

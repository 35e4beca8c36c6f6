//! What an endpoint says, held against itself: logs against the headers that they name, headers against each other.
//!
//! That finds endpoints that mix two chains, truncate, repeat or make up. It does not find one that serves a whole chain
//! of its own: for that, several endpoints are asked.

use std::collections::HashMap;

use alloy::primitives::{Address, B256, Bloom, BloomInput, keccak256};

use super::{Chunk, Header, RpcLog};
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
    logs: Vec<RpcLog>,
) -> Result<Vec<RawEvent>, Lie> {
    let first = headers.first().map_or(0, |header| header.at.number);
    let mut events = Vec::with_capacity(logs.len());
    let mut places = Places { topics: HashMap::with_capacity(logs.len()), ..Places::default() };
    for log in logs {
        let number = log.block_number.map_or(u64::MAX, |number| number.to());
        let place = number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        let header = place.and_then(|place| headers.get(place));
        let header = header.ok_or_else(|| lie(number, "a log of the range", "one outside"))?;
        events.push(event(header, addresses, log, &mut places)?);
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

fn event(
    header: &Header,
    addresses: &[Address],
    log: RpcLog,
    places: &mut Places,
) -> Result<RawEvent, Lie> {
    let block = header.at.number;
    let RpcLog { address, topics, data, .. } = log;
    if log.removed || log.block_hash != Some(header.at.hash) {
        let found = log.block_hash.unwrap_or_default();
        return Err(lie(block, "logs of the block with this number", found));
    }
    if addresses.binary_search(&address).is_err() {
        return Err(lie(block, "logs of the contracts that were asked for", address));
    }
    if !places.has(&header.bloom, address, &topics) {
        return Err(lie(block, "a log that is in its block's bloom", "one that is not"));
    }
    let (Some(index), Some(transaction)) = (log.log_index, log.transaction_hash) else {
        return Err(lie(block, "a log with its place", "one without"));
    };
    Ok(RawEvent { block, index: index.to(), transaction, address, topics, data })
}

/// Where values are in blooms, which their hashes say. Most logs have a contract, a signature and a topic that others
/// had: to hash them again took as long as to read the logs.
#[derive(Debug, Default)]
struct Places {
    addresses: HashMap<Address, B256>,
    topics: HashMap<B256, B256>,
}

impl Places {
    /// Whether a bloom has a log's address and topics.
    fn has(&mut self, bloom: &Bloom, address: Address, topics: &[B256]) -> bool {
        let place = *self.addresses.entry(address).or_insert_with(|| keccak256(address));
        bloom.contains_input(BloomInput::Hash(place))
            && topics.iter().all(|topic| {
                let place = *self.topics.entry(*topic).or_insert_with(|| keccak256(topic));
                bloom.contains_input(BloomInput::Hash(place))
            })
    }
}

/// The blocks whose bloom says that a contract spoke, and of which no log of it came: they are to be looked at. By
/// chance, about one block in thousands.
#[must_use]
pub fn silent(chunk: &Chunk, addresses: &[Address]) -> Vec<u64> {
    let mut silent = Vec::new();
    let mut events = chunk.events.as_slice();
    let places: Vec<_> = addresses.iter().map(|address| (address, keccak256(address))).collect();
    for header in &chunk.headers {
        let number = header.at.number;
        let mine = events.iter().take_while(|event| event.block == number).count();
        let (of_block, rest) = events.split_at(mine);
        events = rest;
        let spoke = |(address, place): &(&Address, B256)| {
            header.bloom.contains_input(BloomInput::Hash(*place))
                && !of_block.iter().any(|event| event.address == **address)
        };
        if !header.bloom.is_zero() && places.iter().any(spoke) {
            silent.push(number);
        }
    }
    silent
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U64;

    use super::*;
    use crate::store::At;

    const OURS: Address = Address::repeat_byte(7);

    fn hash(number: u64) -> B256 {
        B256::with_last_byte(u8::try_from(number).unwrap())
    }

    /// Blocks 1 to 3, whose blooms say that ours spoke in 2.
    fn blocks() -> Vec<Header> {
        let header = |number| {
            let mut bloom = Bloom::ZERO;
            if number == 2 {
                bloom.accrue_raw_log(OURS, &[hash(9)]);
            }
            let at = At { number, hash: hash(number) };
            Header { at, parent: hash(number - 1), time: number, bloom }
        };
        (1..=3).map(header).collect()
    }

    fn log(number: u64, index: u64) -> RpcLog {
        RpcLog {
            address: OURS,
            topics: vec![hash(9)],
            data: [1].into(),
            block_hash: Some(hash(number)),
            block_number: Some(U64::from(number)),
            transaction_hash: Some(hash(50)),
            log_index: Some(U64::from(index)),
            removed: false,
        }
    }

    fn said(of: Vec<RpcLog>) -> Result<Vec<RawEvent>, &'static str> {
        logs(&blocks(), &[OURS], of).map_err(|lie| lie.expected)
    }

    #[test]
    fn blocks_link_to_each_other() {
        assert_eq!(headers(1, &blocks()), Ok(()));
        assert_eq!(headers(2, &blocks()).unwrap_err().expected, "the block that was asked for");
        let mut torn = blocks();
        torn[2].parent = hash(8);
        let lie = headers(1, &torn).unwrap_err();
        assert_eq!((lie.block, lie.expected), (3, "a parent that is the block before"));
    }

    #[test]
    fn logs_come_in_order_and_once() {
        let events = said(vec![log(2, 1), log(2, 0), log(2, 1)]).unwrap();
        assert_eq!(events.iter().map(|event| event.index).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn logs_that_cannot_be_are_lies() {
        assert_eq!(said(vec![log(9, 0)]), Err("a log of the range"));
        assert_eq!(said(vec![log(3, 0)]), Err("a log that is in its block's bloom"));
        let changed = |change: fn(&mut RpcLog)| {
            let mut log = log(2, 0);
            change(&mut log);
            said(vec![log])
        };
        let mixed = changed(|log| log.block_hash = Some(hash(8)));
        assert_eq!(mixed, Err("logs of the block with this number"));
        let taken_back = changed(|log| log.removed = true);
        assert_eq!(taken_back, Err("logs of the block with this number"));
        let foreign = changed(|log| log.address = Address::ZERO);
        assert_eq!(foreign, Err("logs of the contracts that were asked for"));
        assert_eq!(changed(|log| log.log_index = None), Err("a log with its place"));
        let mut other = log(2, 0);
        other.data = [2].into();
        assert_eq!(said(vec![log(2, 0), other]), Err("one log at a place"));
    }

    #[test]
    fn a_bloom_without_a_log_is_looked_at() {
        let chunk = |events| Chunk { headers: blocks(), events };
        assert_eq!(silent(&chunk(Vec::new()), &[OURS]), [2]);
        assert_eq!(silent(&chunk(said(vec![log(2, 0)]).unwrap()), &[OURS]), [0_u64; 0]);
    }
}

//! Proof of History: a chain of SHA-256 hashes as one node's clock (white paper, *Proof of History*).
//!
//! ```text
//! tick     hash ← sha256(hash)                count ← count + 1
//! stamp    hash ← sha256(hash ‖ event)        count ← count + 1
//! ```
//!
//! Each hash needs the one before, so a count is computing time that nobody can shorten by using more machines. A
//! record of the chain therefore proves how much time passed **on one node between two events** that it stamped: at
//! least as long as the fastest known processor takes for the hashes between. It does not prove:
//!
//! - when that was. A chain can be computed later, or twice with other events; only what others received at the time
//!   holds a node to it.
//! - which of two nodes' events came first. Stamps of different chains are not comparable: the order of events of
//!   several nodes is that of the archive group's log, and the order in the waiting pool, too.
//!
//! Checking takes as much work as making, but the stretches between two marks can be checked side by side.

use alloy::primitives::B256;
use alloy_rlp::{RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Where a chain is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable,
)]
pub struct Point {
    /// How many hashes were made since the beginning.
    pub count: u64,
    /// The last one.
    pub hash: B256,
}

/// A point of the chain that is kept.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable,
)]
#[rlp(trailing)]
pub struct Mark {
    /// Where.
    pub point: Point,
    /// What was mixed in with the last hash; none at a mere checkpoint.
    pub event: Option<B256>,
}

/// Why a record is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// A mark that is not behind the one before.
    #[error("expected mark {index} at count {least} or later, found it at {found}")]
    NotLater {
        /// The mark.
        index: usize,
        /// Where it can be at the earliest.
        least: u64,
        /// Where it says it is.
        found: u64,
    },
    /// The hashes lead elsewhere.
    #[error("expected hash {expected} at mark {index}, found {found}")]
    HashDiffers {
        /// The mark.
        index: usize,
        /// Where they lead.
        expected: B256,
        /// What the mark says.
        found: B256,
    },
    /// More work than the verifier would do.
    #[error("expected at most {hashes_max} hashes, found {found}")]
    TooLong {
        /// The verifier's limit.
        hashes_max: u64,
        /// How many it would take.
        found: u64,
    },
    /// An event that is not in the record.
    #[error("expected event {event} in the record, found it not")]
    NoEvent {
        /// The event.
        event: B256,
    },
}

/// A running chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    point: Point,
}

impl Clock {
    /// A chain from its beginning. The beginning should be something that nobody knew long before.
    #[must_use]
    pub const fn new(beginning: B256) -> Self {
        Self { point: Point { count: 0, hash: beginning } }
    }

    /// A chain that goes on from where it was.
    #[must_use]
    pub const fn resume(point: Point) -> Self {
        Self { point }
    }

    /// Where it is.
    #[must_use]
    pub const fn point(&self) -> Point {
        self.point
    }

    /// Makes so many hashes.
    pub fn tick(&mut self, hashes: u64) {
        self.point = advance(self.point, hashes);
    }

    /// Mixes an event's hash in.
    pub fn stamp(&mut self, event: B256) -> Mark {
        self.point = mix(self.point, event);
        Mark { point: self.point, event: Some(event) }
    }

    /// Keeps where it is, so that it can be checked in shorter stretches.
    #[must_use]
    pub const fn checkpoint(&self) -> Mark {
        Mark { point: self.point, event: None }
    }
}

fn advance(point: Point, hashes: u64) -> Point {
    let mut hash = point.hash.0;
    for _ in 0..hashes {
        hash = Sha256::digest(hash).into();
    }
    Point { count: point.count.saturating_add(hashes), hash: hash.into() }
}

fn mix(point: Point, event: B256) -> Point {
    let hash = Sha256::new().chain_update(point.hash).chain_update(event).finalize();
    Point { count: point.count.saturating_add(1), hash: B256::from(<[u8; 32]>::from(hash)) }
}

/// A part of a chain: where it begins, and marks on the way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Segment {
    /// Where it begins.
    pub start: Point,
    /// What was kept, in order.
    pub marks: Vec<Mark>,
}

impl Segment {
    /// A record that begins here.
    #[must_use]
    pub const fn from(start: Point) -> Self {
        Self { start, marks: Vec::new() }
    }

    /// Where it ends.
    #[must_use]
    pub fn end(&self) -> Point {
        self.marks.last().map_or(self.start, |mark| mark.point)
    }

    /// How many hashes it is long: what its check costs.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.end().count.saturating_sub(self.start.count)
    }

    /// The stretches between marks. The record holds if all of them do, whoever checks which.
    pub fn stretches(&self) -> impl Iterator<Item = Stretch> + '_ {
        let starts = std::iter::once(self.start).chain(self.marks.iter().map(|mark| mark.point));
        let marks = self.marks.iter().enumerate().zip(starts);
        marks.map(|((index, mark), start)| Stretch { index, start, mark: *mark })
    }

    /// Checks all of it, if that takes at most so many hashes.
    ///
    /// # Errors
    /// [`HistoryError`], before any hash is made when the record is too long or its marks go back.
    pub fn verify(&self, hashes_max: u64) -> Result<(), HistoryError> {
        self.stretches().try_for_each(|stretch| stretch.ticks().map(drop))?;
        let found = self.hashes();
        if found > hashes_max {
            return Err(HistoryError::TooLong { hashes_max, found });
        }
        self.stretches().try_for_each(|stretch| stretch.verify(hashes_max))
    }

    /// How many hashes lie between two events, the first time each is in the record: positive when `first` came first.
    ///
    /// # Errors
    /// [`HistoryError::NoEvent`].
    pub fn between(&self, first: B256, second: B256) -> Result<i128, HistoryError> {
        let count = |event| {
            let mark = self.marks.iter().find(|mark| mark.event == Some(event));
            mark.map(|mark| i128::from(mark.point.count)).ok_or(HistoryError::NoEvent { event })
        };
        Ok(count(second)? - count(first)?)
    }
}

/// From one mark to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    index: usize,
    start: Point,
    mark: Mark,
}

impl Stretch {
    /// How many hashes it takes to check it.
    #[must_use]
    pub const fn hashes(&self) -> u64 {
        self.mark.point.count.saturating_sub(self.start.count)
    }

    /// How many of them have no event.
    fn ticks(&self) -> Result<u64, HistoryError> {
        let stamped = u64::from(self.mark.event.is_some());
        let least = self.start.count.saturating_add(stamped);
        let (index, found) = (self.index, self.mark.point.count);
        found.checked_sub(least).ok_or(HistoryError::NotLater { index, least, found })
    }

    /// Checks it, if that takes at most so many hashes.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn verify(&self, hashes_max: u64) -> Result<(), HistoryError> {
        let ticks = self.ticks()?;
        if self.hashes() > hashes_max {
            return Err(HistoryError::TooLong { hashes_max, found: self.hashes() });
        }
        let before = advance(self.start, ticks);
        let end = self.mark.event.map_or(before, |event| mix(before, event));
        let (expected, found) = (end.hash, self.mark.point.hash);
        if expected != found {
            return Err(HistoryError::HashDiffers { index: self.index, expected, found });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

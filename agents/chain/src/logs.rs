//! Following a contract's events: what happened since the last look, unless the
//! chain took something back.

use std::collections::VecDeque;

use alloy::{
    primitives::B256,
    rpc::types::{Filter, Log},
};

use crate::{
    error::ChainError,
    limits::{GAP_BLOCKS_MAX, LOG_RANGE_BLOCKS, REORG_WINDOW_BLOCKS},
    reader::{ChainReader, Head},
};

/// What a look found.
#[derive(Debug)]
pub(crate) enum Polled {
    /// No new block.
    Quiet,
    /// Events up to and including `upto`. More may wait: look again.
    Logs { logs: Vec<Log>, upto: Head },
    /// Blocks that were seen are no longer on the chain; the cursor is back at
    /// `ancestor`, the newest seen block that still is (or the oldest known).
    Reorganized { ancestor: u64 },
    /// Too far behind to catch up by events.
    Gap { head: Head },
}

/// A place on the chain, with enough of the past to notice that it changed.
#[derive(Debug)]
pub(crate) struct LogCursor {
    reader: ChainReader,
    filter: Filter,
    /// Blocks up to which events were read, oldest first; never empty.
    seen: VecDeque<(u64, B256)>,
    range: u64,
}

impl LogCursor {
    /// Follows from the block after `from`. The filter's range is the cursor's.
    pub(crate) fn new(reader: ChainReader, filter: Filter, from: &Head) -> Self {
        let seen = VecDeque::from([(from.number, from.hash)]);
        Self { reader, filter, seen, range: LOG_RANGE_BLOCKS }
    }

    /// The block up to which events were read.
    pub(crate) fn position(&self) -> u64 {
        self.seen.back().map_or(0, |(number, _)| *number)
    }

    /// Goes on after `head`, whatever was seen before.
    pub(crate) fn restart(&mut self, head: &Head) {
        self.seen.clear();
        self.seen.push_back((head.number, head.hash));
    }

    /// Looks for new blocks.
    pub(crate) async fn poll(&mut self) -> Result<Polled, ChainError> {
        let head = self.reader.head().await?;
        let Some(&(last, last_hash)) = self.seen.back() else {
            return Ok(Polled::Gap { head });
        };
        if (head.number, head.hash) == (last, last_hash) {
            return Ok(Polled::Quiet);
        }
        if head.number < last && self.seen.contains(&(head.number, head.hash)) {
            // Another machine behind the same RPC, a little late.
            return Ok(Polled::Quiet);
        }
        let continues = head.number == last + 1 && head.parent == last_hash;
        if !continues && !self.is_on_chain(last, last_hash).await? {
            return self.rewind().await;
        }
        if head.number <= last {
            return Ok(Polled::Quiet);
        }
        if head.number - last > GAP_BLOCKS_MAX {
            return Ok(Polled::Gap { head });
        }
        self.read_on(last, head).await
    }

    async fn read_on(&mut self, last: u64, head: Head) -> Result<Polled, ChainError> {
        let to = head.number.min(last.saturating_add(self.range));
        let upto = if to == head.number {
            head
        } else {
            let missing = || ChainError::Answer { expected: "a block", found: "none".into() };
            self.reader.block(to).await?.ok_or_else(missing)?
        };
        let filter = self.filter.clone().from_block(last + 1).to_block(to);
        match self.reader.logs(&filter).await {
            Ok(logs) => {
                self.range = (self.range * 2).min(LOG_RANGE_BLOCKS);
                self.remember(&upto);
                Ok(Polled::Logs { logs, upto })
            }
            Err(error) => {
                // Too long a range or answer is the usual reason, and each RPC has its own limit.
                self.range = (self.range / 2).max(1);
                Err(error)
            }
        }
    }

    fn remember(&mut self, head: &Head) {
        self.seen.push_back((head.number, head.hash));
        if self.seen.len() > REORG_WINDOW_BLOCKS {
            self.seen.pop_front();
        }
    }

    async fn is_on_chain(&self, number: u64, hash: B256) -> Result<bool, ChainError> {
        Ok(self.reader.block(number).await?.is_some_and(|block| block.hash == hash))
    }

    /// Drops what is no longer on the chain, down to the oldest block known.
    async fn rewind(&mut self) -> Result<Polled, ChainError> {
        while let Some(&(number, hash)) = self.seen.back() {
            if self.is_on_chain(number, hash).await? {
                return Ok(Polled::Reorganized { ancestor: number });
            }
            if self.seen.len() == 1 {
                return self.start_over(number).await;
            }
            self.seen.pop_back();
        }
        Ok(Polled::Gap { head: self.reader.head().await? })
    }

    /// Even the oldest block known is gone: what replaced the ones up to it is
    /// not read, and what comes after is.
    async fn start_over(&mut self, oldest: u64) -> Result<Polled, ChainError> {
        let head = self.reader.head().await?;
        let base = if head.number <= oldest {
            head
        } else {
            let missing = || ChainError::Answer { expected: "a block", found: "none".into() };
            self.reader.block(oldest).await?.ok_or_else(missing)?
        };
        self.restart(&base);
        Ok(Polled::Reorganized { ancestor: base.number })
    }
}

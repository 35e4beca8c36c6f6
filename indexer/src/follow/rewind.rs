//! The way back: whether the chain still has what is in the tables, and to where it has.

use super::{FollowError, Follower, Step};
use crate::{
    chain::{Header, Heads, Source, SourceError},
    store::{At, BlockRow, Cursor, Store},
};

/// Blocks that are looked up at once on the way back.
const BLOCKS_AT_ONCE: u64 = 256;

impl<S: Source, T: Store> Follower<S, T> {
    /// Whether the chain still has the last block of the tables.
    pub(super) async fn continues(&self, at: At, heads: &Heads) -> Result<bool, FollowError> {
        let latest = &heads.latest;
        if latest.at.number == at.number + 1 {
            return Ok(latest.parent == at.hash);
        }
        if latest.at.number < at.number {
            // A shorter chain, or an endpoint that is late and on the same one.
            let known = self.store.blocks(&[latest.at.number]).await?;
            return Ok(known.iter().any(|block| block.at == latest.at));
        }
        Ok(self.header(at.number, heads).await?.is_some_and(|header| header.at == at))
    }

    /// A block of the chain; that an endpoint lacks one below its own head says nothing about the chain.
    async fn header(&self, number: u64, heads: &Heads) -> Result<Option<Header>, FollowError> {
        let header = self.source.header(number).await?;
        if header.is_none() && number <= heads.latest.at.number {
            return Err(SourceError::Missing { number }.into());
        }
        Ok(header)
    }

    /// Goes back to the newest block that the chain still has.
    pub(super) async fn rewind(
        &mut self,
        cursor: Cursor,
        heads: &Heads,
    ) -> Result<Step, FollowError> {
        self.ahead = None;
        self.folder.forget();
        let mut found = "no such block".to_owned();
        let mut last = cursor.at;
        // From the newest down, some at a time: where nothing is final, there may be very many.
        let mut below = cursor.at.number;
        while below > cursor.finalized {
            let from = below.saturating_sub(BLOCKS_AT_ONCE).max(cursor.finalized);
            let numbers: Vec<_> = (from..below).collect();
            let mut known = self.store.blocks(&numbers).await?;
            known.sort_unstable_by_key(|block| std::cmp::Reverse(block.at.number));
            for block in known {
                let header = self.header(block.at.number, heads).await?;
                if header.is_some_and(|header| header.at == block.at) {
                    return self.undo(cursor, block).await;
                }
                found = header.map_or(found, |header| header.at.hash.to_string());
                last = block.at;
            }
            below = from;
        }
        // Another endpoint may know better.
        self.source.another();
        Err(FollowError::DeeperThanFinal { number: last.number, expected: last.hash, found })
    }

    async fn undo(&mut self, cursor: Cursor, to: BlockRow) -> Result<Step, FollowError> {
        let blocks = cursor.at.number - to.at.number;
        tracing::info!(blocks, to = to.at.number, "the chain was reorganized");
        let to = Cursor { at: to.at, time: to.time, finalized: cursor.finalized };
        self.store.undo(cursor.at, &to).await?;
        Ok(Step::Undone { blocks })
    }
}

//! Blocks that are read while those before are folded and applied.

use std::time::{Duration, Instant};

use tokio_util::task::AbortOnDropHandle;

use super::Follower;
use crate::{
    chain::{Chunk, Heads, Source},
    store::{Cursor, Store},
};

/// While blocks come that link to the tables, the head is looked at so often: they say themselves that the chain goes on.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Blocks that are being read; who does not want them any more drops this.
#[derive(Debug)]
pub(super) struct Ahead {
    reading: AbortOnDropHandle<Option<Chunk>>,
    /// What was final before they were asked for.
    finalized: u64,
}

/// The last look at the head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    at: Instant,
    pub(super) heads: Heads,
}

impl Look {
    pub(super) fn now(heads: Heads) -> Self {
        Self { at: Instant::now(), heads }
    }

    /// Whether what it saw need not be looked at again.
    pub(super) fn is_fresh(&self) -> bool {
        self.at.elapsed() < LOOK_EVERY
    }
}

impl<S: Source, T: Store> Follower<S, T> {
    /// Begins to read the blocks from `next` on, if there are any.
    pub(super) fn read_ahead(&mut self, next: u64, heads: &Heads) {
        let to = heads.latest.at.number.min(next.saturating_add(self.range - 1));
        if next > to {
            return;
        }
        let source = self.source.clone();
        // Why it failed is said when the blocks are read again.
        let reading = tokio::spawn(async move { source.chunk(next, to).await.ok() });
        let reading = AbortOnDropHandle::new(reading);
        self.ahead = Some(Ahead { reading, finalized: heads.finalized });
    }

    /// The blocks that were read ahead, if they come right after where the tables are, and what was final when they were.
    pub(super) async fn came_ahead(&mut self, cursor: Option<Cursor>) -> Option<(Chunk, u64)> {
        let Ahead { reading, finalized } = self.ahead.take()?;
        let chunk = reading.await.ok().flatten()?;
        self.adapt(chunk.headers.len() as u64, chunk.events.len());
        begins(&chunk, cursor).then_some((chunk, finalized))
    }
}

/// Whether these blocks come right after where the tables are.
pub(super) fn begins(chunk: &Chunk, cursor: Option<Cursor>) -> bool {
    let next = cursor.map_or(0, |cursor| cursor.at.number + 1);
    chunk.headers.first().is_some_and(|first| {
        first.at.number == next && cursor.is_none_or(|cursor| cursor.at.hash == first.parent)
    })
}

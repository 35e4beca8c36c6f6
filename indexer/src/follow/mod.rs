//! The loop: look, go on or go back, tell.
//!
//! ```text
//! step:  heads ─► is the last block still on the chain?
//!          yes ─► read the next blocks ─► fold ─► apply      (those after them are read meanwhile)
//!          no  ─► newest remembered block that still is ─► undo to it
//!                 none above what is final ─► refuse, loudly, and try again later
//!        blocks that were read meanwhile, and link to the tables ─► fold ─► apply   (heads: once a second)
//! ```

mod ahead;
mod fold;
mod identity;
mod rewind;
mod start;
mod state;
#[cfg(test)]
mod tests;
mod until;
mod watch;

use std::{sync::Arc, time::Duration};

use tokio::sync::watch::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

use crate::{
    catalogue::Catalogue,
    chain::{Chunk, Heads, Source, SourceError},
    store::{BlockRow, Cursor, Store, StoreError},
    tables::Tables,
};
use ahead::{Ahead, Look, begins};
use fold::Folder;
pub use identity::{expect, identify};
pub use start::{Start, expect_in_time};
pub use state::{FollowError, Progress, Step};
pub use until::Until;
pub use watch::watch;

/// Limits of following.
#[derive(Debug, Clone, Copy)]
pub struct FollowLimits {
    /// Blocks of one step.
    pub blocks_max: u64,
    /// Events of one step at which the next one takes fewer blocks.
    pub events_wanted: usize,
    /// The longest pause after a failure.
    pub pause_max: Duration,
}

impl Default for FollowLimits {
    fn default() -> Self {
        Self { blocks_max: 2_000, events_wanted: 10_000, pause_max: Duration::from_secs(30) }
    }
}

impl FollowLimits {
    /// How long to wait after a failure that came after this pause.
    fn pause_after(&self, pause: Duration) -> Duration {
        (pause * 2).clamp(PAUSE_FIRST.min(self.pause_max), self.pause_max)
    }
}

/// The pause after the first failure; it doubles from then on.
const PAUSE_FIRST: Duration = Duration::from_millis(100);

/// Blocks of the first step: how many events they have is not known yet.
const BLOCKS_FIRST: u64 = 16;

/// Follows one chain into one store.
#[derive(Debug)]
pub struct Follower<S, T> {
    source: Arc<S>,
    store: T,
    folder: Folder,
    limits: FollowLimits,
    /// Blocks of the next step.
    range: u64,
    /// What is read while blocks before it are applied.
    ahead: Option<Ahead>,
    look: Option<Look>,
    progress: Sender<Progress>,
}

impl<S: Source, T: Store> Follower<S, T> {
    /// Begins where the tables are. Tables that were made by other rules are made anew, from the first block.
    ///
    /// # Errors
    /// [`StoreError::WrongNetwork`] when they are another network's; [`SourceError::WrongChain`] when the RPC is.
    pub async fn new(
        source: Arc<S>,
        store: T,
        (chain_id, catalogue, tables): (u64, Arc<Catalogue>, Arc<Tables>),
        limits: FollowLimits,
    ) -> Result<Self, FollowError> {
        let identity = identify(source.as_ref(), chain_id, &catalogue, &tables).await?;
        match store.identity().await? {
            Some(found) if found == identity => {}
            Some(found) if !found.is_of(&identity) => {
                return Err(StoreError::wrong_network(&identity, &found).into());
            }
            Some(_) => {
                tracing::warn!("the tables were made by other rules: making them anew");
                store.begin(&identity).await?;
            }
            None => store.begin(&identity).await?,
        }
        Self::where_tables_are(source, store, (catalogue, tables), limits).await
    }

    async fn where_tables_are(
        source: Arc<S>,
        store: T,
        (catalogue, tables): (Arc<Catalogue>, Arc<Tables>),
        limits: FollowLimits,
    ) -> Result<Self, FollowError> {
        let progress = Progress { cursor: store.cursor().await?, ..Progress::default() };
        Ok(Self {
            source,
            store,
            folder: Folder::new(catalogue, tables),
            limits,
            range: limits.blocks_max.clamp(1, BLOCKS_FIRST),
            ahead: None,
            look: None,
            progress: Sender::new(progress),
        })
    }

    /// Tells how far the tables are, whenever that changes.
    #[must_use]
    pub fn progress(&self) -> Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Follows until `stop` is cancelled. What fails is logged, told in [`Progress`], and tried again.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = Duration::ZERO;
        loop {
            let step = tokio::select! {
                () = stop.cancelled() => return,
                step = self.step() => step,
            };
            match step {
                Ok(Step::Quiet) => {
                    pause = Duration::ZERO;
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = self.source.wake() => {}
                    }
                }
                Ok(_) => pause = Duration::ZERO,
                Err(error) => {
                    pause = self.limits.pause_after(pause);
                    self.failed(&error, pause);
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        }
    }

    fn failed(&self, error: &FollowError, pause: Duration) {
        match error {
            FollowError::DeeperThanFinal { .. } => tracing::error!(%error, "refused"),
            _ => tracing::warn!(%error, ?pause, "the tables do not go on; trying again"),
        }
        self.progress.send_modify(|progress| {
            progress.failures += 1;
            progress.trouble = Some(error.to_string());
        });
    }

    /// One step.
    ///
    /// # Errors
    /// [`FollowError`]; the tables are where they were.
    pub async fn step(&mut self) -> Result<Step, FollowError> {
        let step = self.try_step().await;
        if step.is_err() {
            // What is in memory may be of blocks that did not come into the tables.
            self.ahead = None;
            self.look = None;
            self.folder.forget();
        }
        step
    }

    async fn try_step(&mut self) -> Result<Step, FollowError> {
        let cursor = self.store.cursor().await?;
        let ahead = self.came_ahead(cursor).await;
        let step = match (ahead, self.look.filter(Look::is_fresh)) {
            (Some((chunk, finalized)), Some(look)) => {
                self.apply(cursor, chunk, finalized, &look.heads).await?
            }
            (ahead, _) => self.look(cursor, ahead).await?,
        };
        let cursor = self.store.cursor().await?;
        if step == Step::Quiet {
            // What was read ahead grows old.
            self.ahead = None;
        }
        self.progress.send_if_modified(|progress| {
            let before = progress.clone();
            progress.cursor = cursor;
            progress.trouble = None;
            progress.misfits = self.folder.misfits();
            match step {
                Step::Quiet => {}
                Step::Applied { events, .. } => progress.events += events as u64,
                Step::Undone { blocks } => {
                    progress.reorganizations += 1;
                    progress.deepest = progress.deepest.max(blocks);
                }
            }
            *progress != before
        });
        Ok(step)
    }

    /// Looks at the head, and goes where that says.
    async fn look(
        &mut self,
        cursor: Option<Cursor>,
        ahead: Option<(Chunk, u64)>,
    ) -> Result<Step, FollowError> {
        let heads = self.source.heads().await?;
        self.look = Some(Look::now(heads));
        // Also when the tables do not follow: how far behind they are is to be known.
        self.progress.send_if_modified(|progress| {
            let before = (progress.head, progress.head_time);
            (progress.head, progress.head_time) = (heads.latest.at.number, heads.latest.time);
            before != (progress.head, progress.head_time)
        });
        if let Some(cursor) = cursor.filter(|cursor| heads.latest.at.number < cursor.finalized) {
            self.source.another();
            let (expected, found) = (cursor.finalized, heads.latest.at.number);
            return Err(SourceError::Late { expected, found }.into());
        }
        let next = cursor.map_or(0, |cursor| cursor.at.number + 1);
        match cursor {
            Some(cursor) if heads.latest.at == cursor.at => self.settle(cursor, &heads).await,
            Some(cursor) if !self.continues(cursor.at, &heads).await? => {
                self.rewind(cursor, &heads).await
            }
            _ if heads.latest.at.number < next => Ok(Step::Quiet),
            _ => self.advance(cursor, next, ahead, &heads).await,
        }
    }

    /// Nothing is new but perhaps what is final.
    async fn settle(&mut self, cursor: Cursor, heads: &Heads) -> Result<Step, FollowError> {
        let finalized = heads.finalized.min(cursor.at.number);
        if finalized > cursor.finalized {
            let to = Cursor { finalized, ..cursor };
            self.store.apply(Some(cursor.at), Arc::default(), &to).await?;
        }
        Ok(Step::Quiet)
    }

    async fn advance(
        &mut self,
        cursor: Option<Cursor>,
        next: u64,
        ahead: Option<(Chunk, u64)>,
        heads: &Heads,
    ) -> Result<Step, FollowError> {
        let (chunk, finalized) = match ahead {
            Some(ahead) => ahead,
            None => (self.read(next, heads).await?, heads.finalized),
        };
        if !begins(&chunk, cursor) {
            // It changed since the look above, or the endpoint mixes chains: look again.
            self.source.another();
            return Err(SourceError::Missing { number: next }.into());
        }
        self.apply(cursor, chunk, finalized, heads).await
    }

    /// Makes tables of blocks that come right after where they are. Those after them are read meanwhile.
    async fn apply(
        &mut self,
        cursor: Option<Cursor>,
        chunk: Chunk,
        finalized: u64,
        heads: &Heads,
    ) -> Result<Step, FollowError> {
        let Some(last) = chunk.headers.last().copied() else { return Ok(Step::Quiet) };
        self.read_ahead(last.at.number + 1, heads);
        let to = Cursor {
            at: last.at,
            time: last.time,
            finalized: finalized.min(last.at.number).max(cursor.map_or(0, |at| at.finalized)),
        };
        let (blocks, events) = (chunk.headers.len() as u64, chunk.events.len());
        let remembered = remembered(&chunk, &to);
        let from = cursor.map(|cursor| cursor.at);
        let mut batch = self.folder.fold(&self.store, from, chunk).await?;
        batch.blocks = remembered;
        self.store.apply(from, Arc::new(batch), &to).await?;
        self.folder.is_at(to.at);
        Ok(Step::Applied { blocks, events })
    }

    /// Reads the next blocks: fewer where an endpoint refuses.
    async fn read(&mut self, next: u64, heads: &Heads) -> Result<Chunk, FollowError> {
        loop {
            let to = heads.latest.at.number.min(next.saturating_add(self.range - 1));
            match self.source.chunk(next, to).await {
                Ok(chunk) => {
                    self.adapt(chunk.headers.len() as u64, chunk.events.len());
                    return Ok(chunk);
                }
                Err(SourceError::Refused { reason, .. }) if self.range > 1 => {
                    tracing::debug!(next, to, reason, "fewer blocks at once");
                    self.range = (self.range / 2).max(1);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// How many blocks to take next, so that a step has about as many events as are wanted.
    fn adapt(&mut self, blocks: u64, events: usize) {
        let wanted = self.limits.events_wanted;
        if events > wanted {
            self.range = (self.range / 2).max(1);
        } else if blocks >= self.range && events < wanted / 2 {
            self.range = (self.range * 2).min(self.limits.blocks_max);
        }
    }
}

/// The blocks to remember: those with events, the last final one, and all after it.
fn remembered(chunk: &Chunk, to: &Cursor) -> Vec<BlockRow> {
    let mut events = chunk.events.iter().map(|event| event.block).peekable();
    let mut rows = Vec::new();
    for header in &chunk.headers {
        let number = header.at.number;
        let mut has_events = false;
        while events.next_if_eq(&number).is_some() {
            has_events = true;
        }
        if has_events || number >= to.finalized {
            rows.push(BlockRow { at: header.at, time: header.time });
        }
    }
    rows
}

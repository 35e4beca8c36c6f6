//! A chain that ends at some block, whatever came after it: to make tables again as they were there.

use crate::{
    chain::{Chunk, Header, Heads, Source, SourceError},
    store::Cursor,
};

/// The chain up to a block.
#[derive(Debug)]
pub struct Until<S> {
    source: S,
    end: Cursor,
}

impl<S: Source> Until<S> {
    /// Up to where these tables are.
    #[must_use]
    pub const fn new(source: S, end: Cursor) -> Self {
        Self { source, end }
    }
}

impl<S: Source> Source for Until<S> {
    async fn heads(&self) -> Result<Heads, SourceError> {
        let number = self.end.at.number;
        let latest = self.source.header(number).await?.ok_or(SourceError::Missing { number })?;
        Ok(Heads { latest, finalized: self.end.finalized })
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, SourceError> {
        self.source.header(number).await
    }

    async fn chunk(&self, from: u64, to: u64) -> Result<Chunk, SourceError> {
        self.source.chunk(from, to).await
    }

    async fn wake(&self) {
        self.source.wake().await;
    }
}

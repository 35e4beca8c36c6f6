//! The chain as the follower needs it: heads, headers, and the logs of a range of blocks.

pub mod check;
mod endpoint;
mod health;
mod log;
mod news;
mod pool;
mod refusal;
mod requests;
#[cfg(test)]
mod tests;

use std::{future::Future, sync::Arc, time::Duration};

use alloy::primitives::{B256, Bloom};

pub use endpoint::EndpointUrl;
pub use log::RpcLog;
pub use pool::{Pool, PoolLimits};

use crate::{decode::RawEvent, store::At};

/// What is kept of a block's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Where.
    pub at: At,
    /// The hash of the block before it.
    pub parent: B256,
    /// Unix seconds.
    pub time: u64,
    /// Which addresses and topics its logs may have.
    pub bloom: Bloom,
}

/// How long the chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// The newest block.
    pub latest: Header,
    /// The newest one that is never undone, by number.
    pub finalized: u64,
}

/// Blocks in a row, each the parent of the next, with all logs that are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Never empty.
    pub headers: Vec<Header>,
    /// In the order of the chain.
    pub events: Vec<RawEvent>,
}

/// Why the chain could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No endpoint answered.
    #[error("no RPC answers; the last one said: {0}")]
    Unreachable(String),
    /// An endpoint wants to be asked less.
    #[error(
        "{endpoint} wants to be asked less: give another RPC besides, or fewer requests per second"
    )]
    RateLimited {
        /// Which, without what may be a key.
        endpoint: String,
        /// When it may be asked again, if it says that.
        wait: Option<Duration>,
    },
    /// An endpoint refused a range: it is too long, or has too many logs.
    #[error("the RPC refused blocks {from} to {to}: {reason}")]
    Refused {
        /// The first block.
        from: u64,
        /// The last one.
        to: u64,
        /// What it said.
        reason: String,
    },
    /// Blocks are not there yet, or not any more.
    #[error("expected block {number}, found none: the chain changed meanwhile, or the RPC is late")]
    Missing {
        /// Which.
        number: u64,
    },
    /// The endpoint's chain ends before what is final.
    #[error(
        "expected the chain up to block {expected} at least, which was final, found it up to {found}: the RPC is late"
    )]
    Late {
        /// What was final.
        expected: u64,
        /// Its newest block.
        found: u64,
    },
    /// An endpoint contradicts itself, or its headers.
    #[error("an RPC contradicts itself: {0}")]
    Lie(#[from] check::Lie),
    /// Two endpoints have different blocks at one height. Between a block and its finality that passes.
    #[error("two RPCs disagree about block {number}: {one} and {other}")]
    Disagree {
        /// The height.
        number: u64,
        /// By the one that was asked.
        one: B256,
        /// By the other.
        other: B256,
    },
    /// It is another chain.
    #[error("expected chain {expected}, found chain {found}: correct the RPC's URL")]
    WrongChain {
        /// By the network file.
        expected: u64,
        /// By the RPC.
        found: u64,
    },
    /// The URL is none.
    #[error("expected http://, https://, ws:// or wss:// as an RPC, found {found}")]
    Url {
        /// Without what may be a key.
        found: String,
    },
}

/// Where blocks come from: endpoints, or a chain that a test made.
pub trait Source: Send + Sync + 'static {
    /// How long the chain is.
    fn heads(&self) -> impl Future<Output = Result<Heads, SourceError>> + Send;

    /// One header, if the chain is so long.
    fn header(
        &self,
        number: u64,
    ) -> impl Future<Output = Result<Option<Header>, SourceError>> + Send;

    /// The blocks `from` to `to`, checked.
    fn chunk(&self, from: u64, to: u64) -> impl Future<Output = Result<Chunk, SourceError>> + Send;

    /// Returns when there may be something new.
    fn wake(&self) -> impl Future<Output = ()> + Send;

    /// The last answer was of no use: another endpoint, if there is one, is to be asked first from now on.
    fn another(&self) {}
}

impl<S: Source> Source for Arc<S> {
    async fn heads(&self) -> Result<Heads, SourceError> {
        self.as_ref().heads().await
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, SourceError> {
        self.as_ref().header(number).await
    }

    async fn chunk(&self, from: u64, to: u64) -> Result<Chunk, SourceError> {
        self.as_ref().chunk(from, to).await
    }

    async fn wake(&self) {
        self.as_ref().wake().await;
    }

    fn another(&self) {
        self.as_ref().another();
    }
}

//! What following says: how far it is, what a step did, and why it failed.

use alloy::primitives::B256;

use crate::{
    chain::SourceError,
    store::{Cursor, StoreError},
};

/// Why the tables do not go on.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The chain.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The tables.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain does not have what was final.
    #[error(
        "expected block {number} to be {expected}, which was final, found {found}: no reorganization undoes it; \
         the RPC lies, or the chain began anew (then begin with an empty store)"
    )]
    DeeperThanFinal {
        /// The final block.
        number: u64,
        /// In the tables.
        expected: B256,
        /// On the chain.
        found: String,
    },
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing is new.
    Quiet,
    /// The tables went on.
    Applied {
        /// Blocks.
        blocks: u64,
        /// Their events.
        events: usize,
    },
    /// The tables went back.
    Undone {
        /// Blocks.
        blocks: u64,
    },
}

/// How far the tables are, for whoever waits for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where they are, if they were begun.
    pub cursor: Option<Cursor>,
    /// The newest block of the chain.
    pub head: u64,
    /// Its time.
    pub head_time: u64,
    /// Events applied since the start.
    pub events: u64,
    /// Reorganizations undone since the start.
    pub reorganizations: u64,
    /// Blocks of the deepest one.
    pub deepest: u64,
    /// Steps that failed since the start.
    pub failures: u64,
    /// Events that did not fit a record, since the start: a mistake in the rules.
    pub misfits: u64,
    /// Why the last step failed, if it did.
    pub trouble: Option<String>,
}

impl Progress {
    /// Whether the tables can be taken for the chain: whoever follows it knows how long it is, and goes on.
    #[must_use]
    pub fn is_current(&self, lag_max: u64) -> bool {
        let knows = self.head > 0 && self.cursor.is_some() && self.trouble.is_none();
        knows && self.lag() <= lag_max
    }

    /// Blocks that are not in the tables yet.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.head.saturating_sub(self.cursor.map_or(0, |cursor| cursor.at.number))
    }
}

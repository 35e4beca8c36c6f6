//! Where events and records are kept: SQLite in a file, or PostgreSQL for several machines.
//!
//! ```text
//! cursor    how far the tables show the chain, and what of it is final: one row
//! blocks    hash and time of each block that is not final, and of each with an event
//! events    logs as they were, by block and place in it
//! records   table, key, fields, and from which block on (until which) they hold
//! finds     where a record with this value in this field may be: a hint, to be looked at again
//! draws     links of archive groups' Selection Chains, by group and number
//! ```
//!
//! What always holds: rows and cursor change in one transaction, so that a process that was killed goes on exactly where
//! its tables are. A [`Batch`] is applied only at the cursor it was made for: two writers cannot mix.

mod postgres;
mod rows;
mod sqlite;
#[cfg(test)]
pub(crate) mod tests;

use std::{future::Future, sync::Arc, time::Duration};

use alloy::primitives::{Address, B256};

pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;
use tokio::sync::mpsc;

use crate::decode::RawEvent;

/// How long one read may take: what is asked for must not keep the database busy. Dumps take as long as they do.
pub const READ_TIME_MAX: Duration = Duration::from_secs(30);

/// A place on the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The block's number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

/// How far a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The last block that is in the tables.
    pub at: At,
    /// Its time, unix seconds.
    pub time: u64,
    /// The last one that is never undone.
    pub finalized: u64,
}

/// What a store was made for. Another network, or other rules, need another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// EIP-155.
    pub chain_id: u64,
    /// Of block 0.
    pub genesis: B256,
    /// Of the catalogue and the tables' rules.
    pub rules: B256,
}

impl Identity {
    /// Whether both are of one network.
    #[must_use]
    pub fn is_of(&self, other: &Self) -> bool {
        (self.chain_id, self.genesis) == (other.chain_id, other.genesis)
    }

    /// Whether tables that are this are of use for that.
    pub(crate) fn serves(&self, expected: &Self) -> Result<()> {
        match self {
            found if found == expected => Ok(()),
            found if !found.is_of(expected) => Err(StoreError::wrong_network(expected, found)),
            _ => Err(StoreError::OtherRules),
        }
    }
}

/// A block whose hash is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRow {
    /// Where.
    pub at: At,
    /// Unix seconds.
    pub time: u64,
}

/// A record from a block on.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordRow {
    /// The table's name.
    pub table: String,
    /// The key.
    pub key: Vec<u8>,
    /// The block from which it holds.
    pub since: u64,
    /// Its fields as JSON; `None`: it ended.
    pub body: Option<String>,
}

/// A value by which a record may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindRow {
    /// The table's name.
    pub table: String,
    /// The field.
    pub field: String,
    /// Its value, as text.
    pub value: String,
    /// The record's key.
    pub key: Vec<u8>,
    /// From which block on.
    pub since: u64,
}

/// One step along the chain, all or nothing.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Blocks to remember.
    pub blocks: Vec<BlockRow>,
    /// Their events, in order.
    pub events: Vec<RawEvent>,
    /// What records are after them, in order; of one record and block the last.
    pub records: Vec<RecordRow>,
    /// By what those are found.
    pub finds: Vec<FindRow>,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default)]
pub struct RecordsQuery {
    /// The table's name.
    pub table: String,
    /// Fields that must have these values, as text.
    pub find: Option<(String, String)>,
    /// Only keys after this one.
    pub after: Option<Vec<u8>>,
    /// As it was at this block; else as it is.
    pub block: Option<u64>,
    /// The last key first.
    pub descending: bool,
    /// At most so many.
    pub limit: u32,
}

/// Which events are asked for.
#[derive(Debug, Clone, Default)]
pub struct EventsQuery {
    /// Of these contracts, with these signatures; all, if there is none.
    pub kinds: Vec<(Address, B256)>,
    /// Of this block.
    pub block: Option<u64>,
    /// With this value indexed in any place.
    pub mentions: Option<B256>,
    /// Before this place (newest first), or after it.
    pub from: Option<(u64, u64)>,
    /// The oldest first.
    pub ascending: bool,
    /// At most so many.
    pub limit: u32,
}

/// A link of an archive group's Selection Chain. It is no row of the main chain: no reorganization undoes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawRow {
    /// The archive group.
    pub group: u32,
    /// Its place in the group's Selection Chain.
    pub number: u64,
    /// For which chain.
    pub chain: B256,
    /// What was drawn, as JSON.
    pub body: String,
}

/// Which draws are asked for; the highest group first, of each the newest.
#[derive(Debug, Clone, Default)]
pub struct DrawsQuery {
    /// Of this group.
    pub group: Option<u32>,
    /// For this chain.
    pub chain: Option<B256>,
    /// Before this place.
    pub from: Option<(u32, u64)>,
    /// At most so many.
    pub limit: u32,
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or the server failed; later it may not.
    #[error("the database failed: {0}; is it there, and has its disk room?")]
    Database(String),
    /// It would take longer than one read may.
    #[error(
        "expected an answer within {READ_TIME_MAX:?}, found none: the query was stopped; ask for less"
    )]
    TooLong,
    /// Another process writes.
    #[error(
        "expected to be the only writer of {place}, found another one: one indexer writes, the others only read"
    )]
    Taken {
        /// Which store.
        place: String,
    },
    /// Somebody else went on.
    #[error(
        "expected the tables at block {expected}, found them at {found}: another writer went on"
    )]
    Moved {
        /// Where the batch begins.
        expected: u64,
        /// Where the tables are.
        found: u64,
    },
    /// The tables are of another network.
    #[error(
        "expected tables of chain {expected}, found tables of chain {found}: give this network a store of its own"
    )]
    WrongNetwork {
        /// By network file and RPC.
        expected: String,
        /// In the store.
        found: String,
    },
    /// Other rules made them.
    #[error(
        "expected tables by this program's rules and contracts, found tables by others: say the same --contract as the \
         writer, and use its version"
    )]
    OtherRules,
    /// A newer program made them.
    #[error("{place} was made by a newer version of this program: use that one")]
    Newer {
        /// Which store.
        place: String,
    },
    /// Rows are not what the program wrote.
    #[error(
        "expected {expected} in the tables, found {found}: they were changed from outside; begin with an empty store"
    )]
    Damaged {
        /// What should be there.
        expected: &'static str,
        /// What is.
        found: String,
    },
}

impl StoreError {
    /// For tables of another network.
    pub(crate) fn wrong_network(expected: &Identity, found: &Identity) -> Self {
        let name = |of: &Identity| format!("{} (genesis {})", of.chain_id, of.genesis);
        Self::WrongNetwork { expected: name(expected), found: name(found) }
    }
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, StoreError>;

/// What the follower and the queries ask of a store. Both stores do the same; one test suite says what.
pub trait Store: Clone + Send + Sync + 'static {
    /// Where the tables are; `None`: nothing was applied yet.
    fn cursor(&self) -> impl Future<Output = Result<Option<Cursor>>> + Send;

    /// The last block that changed the tables: what they answer differs when this does.
    fn changed(&self) -> impl Future<Output = Result<Option<At>>> + Send;

    /// What the tables are for, if they were begun.
    fn identity(&self) -> impl Future<Output = Result<Option<Identity>>> + Send;

    /// Empties all tables, for this network and these rules.
    fn begin(&self, identity: &Identity) -> impl Future<Output = Result<()>> + Send;

    /// Goes from one place to another by a batch, all or nothing.
    fn apply(
        &self,
        from: Option<At>,
        batch: Arc<Batch>,
        to: &Cursor,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Undoes all after a block that is remembered, exactly.
    fn undo(&self, from: At, to: &Cursor) -> impl Future<Output = Result<()>> + Send;

    /// These blocks, where they are remembered, in any order: all that have events are.
    fn blocks(&self, numbers: &[u64]) -> impl Future<Output = Result<Vec<BlockRow>>> + Send;

    /// A record, now or at a block.
    fn record(
        &self,
        table: &str,
        key: &[u8],
        block: Option<u64>,
    ) -> impl Future<Output = Result<Option<RecordRow>>> + Send;

    /// Records of these keys as they are, in any order.
    fn current(
        &self,
        keys: &[(String, Vec<u8>)],
    ) -> impl Future<Output = Result<Vec<RecordRow>>> + Send;

    /// The same, and where the tables are: all of one moment.
    fn view(
        &self,
        keys: &[(String, Vec<u8>)],
    ) -> impl Future<Output = Result<(Option<Cursor>, Vec<RecordRow>)>> + Send;

    /// A list of records.
    fn records(&self, query: &RecordsQuery) -> impl Future<Output = Result<Vec<RecordRow>>> + Send;

    /// What a record was, newest first: block and fields (`None`: it had ended), before a block.
    fn history(
        &self,
        table: &str,
        key: &[u8],
        before: Option<u64>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RecordRow>>> + Send;

    /// Events.
    fn events(&self, query: &EventsQuery) -> impl Future<Output = Result<Vec<RawEvent>>> + Send;

    /// Forgets a group's draws from a number on: more seats say other ones.
    fn drop_draws(&self, group: u32, from: u64) -> impl Future<Output = Result<()>> + Send;

    /// Keeps draws; those that are there already stay.
    fn put_draws(&self, draws: Vec<DrawRow>) -> impl Future<Output = Result<()>> + Send;

    /// Draws.
    fn draws(&self, query: &DrawsQuery) -> impl Future<Output = Result<Vec<DrawRow>>> + Send;

    /// Every row of every table as text, in order, for comparisons: as they are, or as they were at a block, without
    /// blocks that nothing happened in. It waits for its reader, and ends when that does.
    fn dump(
        &self,
        block: Option<u64>,
        rows: mpsc::Sender<String>,
    ) -> impl Future<Output = Result<()>> + Send;
}

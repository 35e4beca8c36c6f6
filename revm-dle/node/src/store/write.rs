//! What is written, and how it changes the tables.

use alloy::primitives::{B256, keccak256};
use conet_committee::{
    Record,
    archive::item::Opening,
    journal::{Kind, Needless, Place},
    roulette::selection::Selection,
};
use conet_ledger::{
    block::{Body, Header, SignedTransaction},
    genesis::Genesis,
    receipt::Receipt,
};
use rusqlite::{ToSql, Transaction, params};

use super::{StoreError, chains, moves, notices};
use crate::duty::Duty;

/// Names a duty as it was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DutyId(pub(super) i64);

/// One write. Those of a step are in one transaction.
#[derive(Debug, Clone)]
pub enum Write {
    /// A line of the journal.
    Record(Box<Record>),
    /// A chain that this node keeps.
    Chain(Box<Genesis>, B256),
    /// How the main chain opened a chain that this node has.
    Opening(Box<Opening>),
    /// A final block.
    Block(Box<FinalBlock>),
    /// A final block that others were asked for. It counts if it is one that is wanted.
    Fetched(Box<(Header, Body)>),
    /// The state after a chain's newest final block, in place of the one before.
    State {
        /// The chain.
        chain: B256,
        /// The block's hash.
        hash: B256,
        /// A [`conet_ledger::snapshot::Snapshot`].
        snapshot: Vec<u8>,
    },
    /// What the main chain should hear. Again: it is not done yet.
    Duty(Duty),
    /// The main chain has heard it. Other seats may still ask for this one's signature.
    Done(DutyId),
    /// A link of the Selection Chain.
    Selection(Box<Selection>),
}

impl Write {
    /// Whether something is to be destroyed by it that nobody may find later.
    pub(super) fn destroys_secrets(&self) -> bool {
        let is_secret = |needless: &Needless| matches!(needless.kind, Kind::Dealing | Kind::Share);
        matches!(self, Self::Record(record) if record.makes_needless(0).iter().any(is_secret))
    }
}

/// A final block, with what this node knows of it.
#[derive(Debug, Clone)]
pub struct FinalBlock {
    /// The block.
    pub header: Header,
    /// What it did, and what became of that; none when this node was sent the state after it.
    pub content: Option<(Body, Vec<Receipt>)>,
    /// Whether it begins a series: its body is no list of transactions, and nothing is wanted of it.
    pub is_genesis: bool,
}

/// What a transaction is called: the hash of its bytes.
#[must_use]
pub fn transaction_hash(signed: &SignedTransaction) -> B256 {
    keccak256(alloy_rlp::encode(signed))
}

/// Kinds of records. On disk: never renumbered.
pub(super) const fn number(kind: Kind) -> i64 {
    match kind {
        Kind::LogVote => 1,
        Kind::Draft => 2,
        Kind::Word => 3,
        Kind::Block => 4,
        Kind::MemberVote => 5,
        Kind::Proposed => 6,
        Kind::Notice => 7,
        Kind::Joined => 8,
        Kind::Dealing => 9,
        Kind::Share => 10,
        Kind::Epoch => 11,
        Kind::Checkpoint => 12,
        Kind::Certificate => 13,
        Kind::Left => 14,
        Kind::Over => 15,
        Kind::Entry => 16,
        Kind::Proven => 17,
    }
}

/// As SQLite has numbers.
pub(super) fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_allocvec(value).map_err(|_| StoreError::Corrupt("a value that has no bytes"))
}

/// Does one write. `kept` final entries stay below a checkpoint.
pub(super) fn apply(tx: &Transaction<'_>, write: &Write, kept: u64) -> Result<(), StoreError> {
    match write {
        Write::Record(record) => put_record(tx, record, kept),
        Write::Chain(genesis, root) => chains::put(tx, genesis, *root),
        Write::Opening(opening) => chains::put_opening(tx, opening),
        Write::Block(block) => put_block(tx, block),
        Write::Fetched(block) => put_fetched(tx, &block.0, &block.1),
        Write::State { chain, hash, snapshot } => chains::put_state(tx, *chain, *hash, snapshot),
        Write::Duty(duty) => {
            tx.prepare_cached("INSERT OR REPLACE INTO duties (duty) VALUES (?1)")?
                .execute(params![encode(duty)?])?;
            Ok(())
        }
        Write::Done(DutyId(seq)) => {
            tx.prepare_cached("UPDATE duties SET done = 1 WHERE seq = ?1")?
                .execute(params![seq])?;
            Ok(())
        }
        Write::Selection(selection) => {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO selections (number, chain, selection) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![
                sql(selection.index),
                selection.request.chain.as_slice(),
                encode(selection)?
            ])?;
            Ok(())
        }
    }
}

/// Appends a record, and prunes what it makes needless, of which `kept` entries stay.
fn put_record(tx: &Transaction<'_>, record: &Record, kept: u64) -> Result<(), StoreError> {
    if let Record::Epoch(epoch) = record {
        moves::follow(tx, &epoch.0.seats)?;
    }
    for needless in record.makes_needless(kept) {
        forget(tx, &needless)?;
    }
    if let Record::Proven(proven) = record {
        return notices::put(tx, proven);
    }
    let Place { kind, chain, number: at } = record.place();
    let (chain, bytes) = (chain.as_ref().map(|chain| chain.as_slice()), encode(record)?);
    match kind {
        Kind::Entry => tx
            .prepare_cached("INSERT INTO log (height, record) VALUES (?1, ?2)")?
            .execute(params![sql(at), bytes])?,
        _ => tx
            .prepare_cached(
                "INSERT INTO notes (kind, chain, height, record) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![number(kind), chain, sql(at), bytes])?,
    };
    Ok(())
}

fn forget(tx: &Transaction<'_>, needless: &Needless) -> Result<(), StoreError> {
    let Needless { kind, chain, up_to } = *needless;
    let (number, up_to) = (number(kind), sql(up_to));
    let notes = |condition: &str, params: &[&dyn ToSql]| {
        let delete = format!("DELETE FROM notes WHERE kind = ?1 AND height <= ?2{condition}");
        tx.prepare_cached(&delete)?.execute(params)
    };
    match (kind, chain) {
        // Of each chain there is one: the next takes its place.
        (Kind::Proven, _) => 0,
        (Kind::Entry, _) => {
            tx.prepare_cached("DELETE FROM log WHERE height <= ?1")?.execute([up_to])?
        }
        (_, None) => notes("", params![number, up_to])?,
        (_, Some(chain)) => notes(" AND chain = ?3", params![number, up_to, chain.as_slice()])?,
    };
    Ok(())
}

fn put_block(tx: &Transaction<'_>, block: &FinalBlock) -> Result<(), StoreError> {
    let FinalBlock { header, content, is_genesis } = block;
    if *is_genesis && content.is_none() {
        // It follows from the genesis.
        return unwant(tx, header.hash());
    }
    let receipts = content.as_ref().map(|(_, receipts)| alloy_rlp::encode(receipts));
    insert_block(tx, header, content.as_ref().map(|(body, _)| body), receipts)?;
    let hash = header.hash();
    if content.is_none() { want(tx, hash) } else { unwant(tx, hash) }
}

pub(super) fn insert_block(
    tx: &Transaction<'_>,
    header: &Header,
    body: Option<&Body>,
    receipts: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    let about = &header.proposal;
    tx.prepare_cached(
        "INSERT INTO blocks (chain, height, hash, header, body, receipts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (hash) DO UPDATE SET
            body = coalesce(body, ?5), receipts = coalesce(receipts, ?6)",
    )?
    .execute(params![
        about.chain.as_slice(),
        sql(about.height),
        header.hash().as_slice(),
        alloy_rlp::encode(header),
        body.map(alloy_rlp::encode),
        receipts
    ])?;
    match body {
        Some(body) => put_transactions(tx, header, body),
        None => Ok(()),
    }
}

/// A block that was asked for: it is what its hash says, and the block before it is wanted next if it is not here.
fn put_fetched(tx: &Transaction<'_>, header: &Header, body: &Body) -> Result<(), StoreError> {
    let (hash, about) = (header.hash(), &header.proposal);
    let is_wanted = tx
        .prepare_cached("SELECT 1 FROM wanted WHERE hash = ?1")?
        .exists(params![hash.as_slice()])?;
    if !is_wanted || about.body_hash != body.hash() {
        return Ok(());
    }
    insert_block(tx, header, Some(body), None)?;
    unwant(tx, hash)?;
    let has_parent = tx
        .prepare_cached("SELECT 1 FROM blocks WHERE hash = ?1")?
        .exists(params![about.parent.as_slice()])?;
    let is_first = is_after_genesis(tx, about.chain, about.parent)?;
    if has_parent || is_first { Ok(()) } else { want(tx, about.parent) }
}

/// Whether a block is the one that began the series as it is known here.
fn is_after_genesis(tx: &Transaction<'_>, chain: B256, parent: B256) -> Result<bool, StoreError> {
    let genesis = chains::genesis(tx, chain)?;
    Ok(genesis.is_some_and(|(genesis, root)| genesis.header(root).hash() == parent))
}

fn want(tx: &Transaction<'_>, hash: B256) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO wanted (hash) VALUES (?1)")?
        .execute(params![hash.as_slice()])?;
    Ok(())
}

fn unwant(tx: &Transaction<'_>, hash: B256) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM wanted WHERE hash = ?1")?.execute(params![hash.as_slice()])?;
    Ok(())
}

fn put_transactions(tx: &Transaction<'_>, header: &Header, body: &Body) -> Result<(), StoreError> {
    let about = &header.proposal;
    let mut insert = tx.prepare_cached(
        "INSERT OR IGNORE INTO transactions (hash, chain, height, place) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (place, signed) in (0_i64..).zip(&body.transactions) {
        let hash = transaction_hash(signed);
        insert.execute(params![
            hash.as_slice(),
            about.chain.as_slice(),
            sql(about.height),
            place
        ])?;
    }
    Ok(())
}

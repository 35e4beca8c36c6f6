//! What is written, and how it changes the tables.

use std::sync::Arc;

use alloy::primitives::{B256, keccak256};
use conet_committee::{
    Record,
    archive::{ProvenNotice, item::Opening},
    roulette::selection::Selection,
};
use conet_ledger::{
    block::{Body, Header, SignedTransaction},
    genesis::Genesis,
    receipt::Receipt,
};
use rusqlite::{Transaction, params};

use super::{StoreError, chains, notices};
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
    /// A seat's words and blocks up to this height of a chain are decided.
    Decided(B256, u64),
    /// Where a member's chain stands: its votes and blocks up to there are decided.
    Stands(Box<ProvenNotice>),
    /// Where a chain stands, as a seat tells: in place of what it told before.
    Notice(Arc<ProvenNotice>),
    /// What the main chain should hear. Again: it is not done yet.
    Duty(Duty),
    /// The main chain has heard it. Other seats may still ask for this one's signature.
    Done(DutyId),
    /// A link of the Selection Chain.
    Selection(Box<Selection>),
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

/// Kinds of notes. On disk: never renumbered.
pub(super) mod kind {
    pub(crate) const LOG_VOTE: i64 = 1;
    pub(crate) const DRAFT: i64 = 2;
    pub(crate) const WORD: i64 = 3;
    pub(crate) const BLOCK: i64 = 4;
    pub(crate) const MEMBER_VOTE: i64 = 5;
    pub(crate) const PROPOSED: i64 = 6;
    pub(crate) const NOTICE: i64 = 7;
    pub(crate) const JOINED: i64 = 8;
    pub(crate) const DEALING: i64 = 9;
    pub(crate) const SHARE: i64 = 10;
}

/// As SQLite has numbers.
pub(super) fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_allocvec(value).map_err(|_| StoreError::Corrupt("a value that has no bytes"))
}

pub(super) fn apply(tx: &Transaction<'_>, write: &Write) -> Result<(), StoreError> {
    match write {
        Write::Record(record) => put_record(tx, record),
        Write::Chain(genesis, root) => chains::put(tx, genesis, *root),
        Write::Opening(opening) => chains::put_opening(tx, opening),
        Write::Block(block) => put_block(tx, block),
        Write::Fetched(block) => put_fetched(tx, &block.0, &block.1),
        Write::State { chain, hash, snapshot } => chains::put_state(tx, *chain, *hash, snapshot),
        Write::Decided(chain, height) => forget(tx, &[kind::WORD, kind::BLOCK], *chain, *height),
        Write::Stands(notice) => {
            put_record(tx, &Record::Notice(notice.clone()))?;
            let about = &notice.notice;
            forget(tx, &[kind::MEMBER_VOTE, kind::PROPOSED], about.chain, about.height)
        }
        Write::Notice(proven) => notices::put(tx, proven),
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

/// Appends a record, and prunes what it makes needless: see the module above.
fn put_record(tx: &Transaction<'_>, record: &Record) -> Result<(), StoreError> {
    match record {
        Record::Entry(entry) => {
            put_log(tx, Some(entry.header.height), record)?;
            forget_all(tx, kind::DRAFT, entry.header.height)?;
            forget_all(tx, kind::LOG_VOTE, entry.header.view)
        }
        Record::Certificate(_) => put_log(tx, None, record),
        Record::Checkpoint(_) => {
            // Of states the newest counts. A record begins with what it is.
            let kind = encode(record)?.into_iter().take(1).collect::<Vec<_>>();
            let old = "DELETE FROM log WHERE height IS NULL AND substr(record, 1, 1) = ?1";
            tx.prepare_cached(old)?.execute(params![kind])?;
            put_log(tx, None, record)
        }
        Record::Epoch(epoch) => {
            // It stays when older states go: below all entries' heights.
            tx.prepare_cached("INSERT OR REPLACE INTO log (height, record) VALUES (?1, ?2)")?
                .execute(params![-sql(epoch.0.epoch), encode(record)?])?;
            // What older epochs' keys follow from is destroyed.
            let before = epoch.0.epoch.saturating_sub(1);
            forget_all(tx, kind::DEALING, before)?;
            forget_all(tx, kind::SHARE, before)
        }
        Record::LogVote(_, ballot) => note(tx, kind::LOG_VOTE, None, ballot.vote.view, record),
        Record::Draft(entry) => note(tx, kind::DRAFT, None, entry.header.height, record),
        Record::Word(word) => {
            let about = &word.ballot.vote;
            note(tx, kind::WORD, Some(about.chain), about.height, record)
        }
        Record::Block(block, _) => {
            let about = &block.header.proposal;
            note(tx, kind::BLOCK, Some(about.chain), about.height, record)
        }
        Record::MemberVote(word) => {
            let about = &word.ballot.vote;
            note(tx, kind::MEMBER_VOTE, Some(about.chain), about.height, record)
        }
        Record::Proposed(proposed, _) => {
            let about = &proposed.header.proposal;
            note(tx, kind::PROPOSED, Some(about.chain), about.height, record)
        }
        Record::Notice(notice) => {
            let about = &notice.notice;
            tx.prepare_cached("DELETE FROM notes WHERE kind = ?1 AND chain = ?2")?
                .execute(params![kind::NOTICE, about.chain.as_slice()])?;
            note(tx, kind::NOTICE, Some(about.chain), about.height, record)
        }
        Record::Dealing(epoch, _) => note(tx, kind::DEALING, None, *epoch, record),
        Record::Share(epoch, _) => note(tx, kind::SHARE, None, *epoch, record),
        Record::Joined(number) => {
            forget_all(tx, kind::JOINED, *number)?;
            note(tx, kind::JOINED, None, *number, record)
        }
    }
}

fn put_log(tx: &Transaction<'_>, height: Option<u64>, record: &Record) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO log (height, record) VALUES (?1, ?2)")?
        .execute(params![height.map(sql), encode(record)?])?;
    Ok(())
}

fn note(
    tx: &Transaction<'_>,
    kind: i64,
    chain: Option<B256>,
    height: u64,
    record: &Record,
) -> Result<(), StoreError> {
    let chain = chain.as_ref().map(|chain| chain.as_slice());
    tx.prepare_cached("INSERT INTO notes (kind, chain, height, record) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![kind, chain, sql(height), encode(record)?])?;
    Ok(())
}

fn forget(tx: &Transaction<'_>, kinds: &[i64], chain: B256, height: u64) -> Result<(), StoreError> {
    for kind in kinds {
        tx.prepare_cached("DELETE FROM notes WHERE kind = ?1 AND chain = ?2 AND height <= ?3")?
            .execute(params![kind, chain.as_slice(), sql(height)])?;
    }
    Ok(())
}

fn forget_all(tx: &Transaction<'_>, kind: i64, height: u64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM notes WHERE kind = ?1 AND chain IS NULL AND height <= ?2")?
        .execute(params![kind, sql(height)])?;
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

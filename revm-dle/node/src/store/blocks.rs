//! Final blocks: those that were seen, and those that are asked for.

use alloy::primitives::{B256, keccak256};
use conet_ledger::{
    block::{Body, Header, SignedTransaction},
    receipt::Receipt,
};
use rusqlite::{Transaction, params};

use super::{StoreError, chains, code::sql};

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

pub(super) fn put(tx: &Transaction<'_>, block: &FinalBlock) -> Result<(), StoreError> {
    let FinalBlock { header, content, is_genesis } = block;
    if *is_genesis && content.is_none() {
        // It follows from the genesis.
        return unwant(tx, header.hash());
    }
    let receipts = content.as_ref().map(|(_, receipts)| alloy_rlp::encode(receipts));
    insert(tx, header, content.as_ref().map(|(body, _)| body), receipts)?;
    let hash = header.hash();
    if content.is_none() { want(tx, hash) } else { unwant(tx, hash) }
}

/// Keeps a block, with what is known of it besides what was.
pub(super) fn insert(
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
pub(super) fn put_fetched(
    tx: &Transaction<'_>,
    header: &Header,
    body: &Body,
) -> Result<(), StoreError> {
    let (hash, about) = (header.hash(), &header.proposal);
    let is_wanted = tx
        .prepare_cached("SELECT 1 FROM wanted WHERE hash = ?1")?
        .exists(params![hash.as_slice()])?;
    if !is_wanted || about.body_hash != body.hash() {
        return Ok(());
    }
    insert(tx, header, Some(body), None)?;
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

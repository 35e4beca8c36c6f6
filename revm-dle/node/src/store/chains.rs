//! Chains, and their newest states. Of an idle chain there is little else on disk, so these rows are small:
//!
//! - What chains of one code have in common is in **patterns**: the first genesis that came with that code, and the first
//!   state of each order of magnitude. Patterns never change.
//! - A genesis is compressed with its pattern and the chain's id as the dictionary, a state with its pattern and the
//!   genesis, as it repeats what that says.
//! - The genesis block, and most of how the main chain opened a chain, follow from the genesis.
//! - Indexes have the first eight bytes of a hash. The whole one is in the row, and compared.

use alloy::primitives::B256;
use conet_committee::archive::item::Opening;
use conet_ledger::{
    block::Header,
    genesis::{Genesis, Visibility},
};
use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::{
    StoreError,
    code::{encode, hash, plain, rlp},
};
use crate::terms::Group;

/// How a chain began, as it is kept.
struct Kept {
    number: i64,
    /// Its RLP.
    genesis: Vec<u8>,
    /// The state root after it.
    root: B256,
}

/// What [`Kept::read`] reads.
const KEPT: &str = "chains.number, chains.genesis, patterns.bytes, chains.root, chains.chain";

/// Of a longer state the beginning is a pattern, and all longer ones have that one.
const PATTERN_BYTES_MAX: usize = 16 << 10;

impl Kept {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let (number, bytes, root): (_, Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let (pattern, chain): (Vec<u8>, Vec<u8>) = (row.get(2)?, row.get(4)?);
        let genesis = unpack(&bytes, &[pattern, chain].concat(), "a genesis")?;
        Ok(Self { number, genesis, root: hash(&root)? })
    }

    fn genesis(&self) -> Result<Genesis, StoreError> {
        rlp(&self.genesis, "a genesis")
    }
}

fn unpack(bytes: &[u8], dictionary: &[u8], what: &'static str) -> Result<Vec<u8>, StoreError> {
    decompress_size_prepended_with_dict(bytes, dictionary).map_err(|_| StoreError::Corrupt(what))
}

fn find(connection: &Connection, chain: B256) -> Result<Option<Kept>, StoreError> {
    let query = format!(
        "SELECT {KEPT} FROM chains JOIN patterns ON patterns.number = chains.pattern
         WHERE substr(chain, 1, 8) = substr(?1, 1, 8) AND chain = ?1"
    );
    let mut select = connection.prepare_cached(&query)?;
    let mut rows = select.query(params![chain.as_slice()])?;
    rows.next()?.map(Kept::read).transpose()
}

pub(super) fn genesis(
    connection: &Connection,
    chain: B256,
) -> Result<Option<(Genesis, B256)>, StoreError> {
    let Some(kept) = find(connection, chain)? else { return Ok(None) };
    Ok(Some((kept.genesis()?, kept.root)))
}

/// Keeps how a chain began, or how its newest series did. Gives the block that began the one before, which is to stay.
pub(super) fn put(
    tx: &Transaction<'_>,
    genesis: &Genesis,
    root: B256,
) -> Result<Option<Header>, StoreError> {
    let bytes = alloy_rlp::encode(genesis);
    let before = find(tx, genesis.chain)?;
    if before.as_ref().is_some_and(|before| (&before.genesis, before.root) == (&bytes, root)) {
        return Ok(None);
    }
    let (pattern, dictionary) = pattern(tx, genesis.code_hash, 0, &bytes)?;
    // The id is in the row already.
    let dictionary = [dictionary.as_slice(), genesis.chain.as_slice()].concat();
    let packed = compress_prepend_size_with_dict(&bytes, &dictionary);
    let is_public = genesis.visibility == Visibility::Public;
    let Some(before) = before else {
        tx.prepare_cached(
            "INSERT INTO chains (chain, pattern, genesis, root, public) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![genesis.chain.as_slice(), pattern, packed, root.as_slice(), is_public])?;
        return Ok(None);
    };
    let began = before.genesis()?.header(before.root);
    // What was compressed with the older one cannot be read any more. A newer state comes with a newer genesis.
    tx.prepare_cached("DELETE FROM states WHERE number = ?1")?.execute(params![before.number])?;
    tx.prepare_cached(
        "UPDATE chains SET pattern = ?2, genesis = ?3, root = ?4, public = ?5, opening = NULL, terms = NULL
         WHERE number = ?1",
    )?
    .execute(params![before.number, pattern, packed, root.as_slice(), is_public])?;
    Ok(Some(began))
}

/// The pattern for a state of such a length, of a chain of this code.
fn state_pattern(
    tx: &Transaction<'_>,
    code: B256,
    snapshot: &[u8],
) -> Result<(i64, Vec<u8>), StoreError> {
    let first = snapshot.get(..PATTERN_BYTES_MAX).unwrap_or(snapshot);
    pattern(tx, code, usize::BITS - first.len().leading_zeros(), first)
}

/// The pattern of a code, of a genesis (0) or of states of a size; if there is none, these bytes are the one.
fn pattern(
    tx: &Transaction<'_>,
    code: B256,
    size: u32,
    bytes: &[u8],
) -> Result<(i64, Vec<u8>), StoreError> {
    let known = tx
        .prepare_cached("SELECT number, bytes FROM patterns WHERE code = ?1 AND size = ?2")?
        .query_row(params![code.as_slice(), size], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    tx.prepare_cached("INSERT INTO patterns (code, size, bytes) VALUES (?1, ?2, ?3)")?
        .execute(params![code.as_slice(), size, bytes])?;
    Ok((tx.last_insert_rowid(), bytes.to_vec()))
}

/// The genesis block of the newest series, if it has this height.
pub(super) fn first_block(
    connection: &Connection,
    chain: B256,
    height: u64,
) -> Result<Option<Header>, StoreError> {
    let began = genesis(connection, chain)?.filter(|(genesis, _)| genesis.height == height);
    Ok(began.map(|(genesis, root)| genesis.header(root)))
}

/// Keeps how the main chain opened a chain that is here.
pub(super) fn put_opening(tx: &Transaction<'_>, opening: &Opening) -> Result<(), StoreError> {
    let Some(kept) = find(tx, opening.chain)? else { return Ok(()) };
    let genesis = kept.genesis()?;
    let group = Group {
        creator: opening.creator,
        witnesses: opening.witnesses,
        validators: opening.validators,
        gas_price: opening.gas_price,
    };
    let follows = group.opening(&genesis, genesis.header(kept.root).hash()) == *opening;
    let terms = follows.then(|| encode(&group)).transpose()?;
    let whole = (!follows).then(|| encode(opening)).transpose()?;
    tx.prepare_cached("UPDATE chains SET opening = ?2, terms = ?3 WHERE number = ?1")?
        .execute(params![kept.number, whole, terms])?;
    Ok(())
}

/// How the main chain opened chains that are here, but for those that are known, by their ids.
pub(super) fn openings(
    connection: &Connection,
    is_known: impl Fn(B256) -> bool,
) -> Result<Vec<Opening>, StoreError> {
    let mut select = connection.prepare(&format!(
        "SELECT {KEPT}, opening, terms
         FROM chains JOIN patterns ON patterns.number = chains.pattern
         WHERE opening IS NOT NULL OR terms IS NOT NULL ORDER BY chain"
    ))?;
    let mut rows = select.query([])?;
    let mut openings = Vec::new();
    while let Some(row) = rows.next()? {
        let chain: Vec<u8> = row.get(4)?;
        if !is_known(hash(&chain)?) {
            openings.push(opening(row)?);
        }
    }
    Ok(openings)
}

fn opening(row: &Row<'_>) -> Result<Opening, StoreError> {
    let (whole, terms): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(5)?, row.get(6)?);
    if let Some(whole) = whole {
        return plain(&whole, "an opening");
    }
    let group: Group = plain(&terms.unwrap_or_default(), "the terms of an opening")?;
    let kept = Kept::read(row)?;
    let genesis = kept.genesis()?;
    Ok(group.opening(&genesis, genesis.header(kept.root).hash()))
}

/// Keeps a chain's newest state, in place of the one before.
pub(super) fn put_state(
    tx: &Transaction<'_>,
    chain: B256,
    block: B256,
    snapshot: &[u8],
) -> Result<(), StoreError> {
    // Nobody could read it.
    let Some(kept) = find(tx, chain)? else { return Ok(()) };
    let (pattern, dictionary) = state_pattern(tx, kept.genesis()?.code_hash, snapshot)?;
    let packed = compress_prepend_size_with_dict(snapshot, &[dictionary, kept.genesis].concat());
    tx.prepare_cached(
        "INSERT INTO states (number, hash, pattern, snapshot) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (number) DO UPDATE SET hash = ?2, pattern = ?3, snapshot = ?4",
    )?
    .execute(params![kept.number, block.as_slice(), pattern, packed])?;
    Ok(())
}

/// Whether the state after a block is here.
pub(super) fn has_state(connection: &Connection, block: B256) -> Result<bool, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT 1 FROM states WHERE substr(hash, 1, 8) = substr(?1, 1, 8) AND hash = ?1",
    )?;
    Ok(select.exists(params![block.as_slice()])?)
}

/// The newest state of a chain, if it is that after a block.
pub(super) fn state(connection: &Connection, block: B256) -> Result<Option<Vec<u8>>, StoreError> {
    let found = snapshot(connection, "substr(hash, 1, 8) = substr(?1, 1, 8) AND hash = ?1", block);
    Ok(found?.map(|(_, bytes)| bytes))
}

/// The newest state of a chain, and the hash of its block.
pub(super) fn newest_state(
    connection: &Connection,
    chain: B256,
) -> Result<Option<(B256, Vec<u8>)>, StoreError> {
    snapshot(connection, "substr(chain, 1, 8) = substr(?1, 1, 8) AND chain = ?1", chain)
}

fn snapshot(
    connection: &Connection,
    condition: &'static str,
    key: B256,
) -> Result<Option<(B256, Vec<u8>)>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {KEPT}, own.bytes, snapshot, hash FROM chains JOIN states ON states.number = chains.number
         JOIN patterns ON patterns.number = chains.pattern
         JOIN patterns AS own ON own.number = states.pattern WHERE {condition}"
    ))?;
    let mut rows = select.query(params![key.as_slice()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (pattern, bytes): (Vec<u8>, Vec<u8>) = (row.get(5)?, row.get(6)?);
    let dictionary = [pattern, Kept::read(row)?.genesis].concat();
    let block: Vec<u8> = row.get(7)?;
    Ok(Some((hash(&block)?, unpack(&bytes, &dictionary, "a state")?)))
}

#[cfg(test)]
mod tests;

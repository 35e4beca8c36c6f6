//! Where chains stand that changed since the newest checkpoint, and why that is final: the second is the same for all chains
//! that an entry changed, and kept once. Where the others stand, the checkpoint says.

use std::ops::RangeInclusive;

use alloy::primitives::B256;
use conet_committee::{
    archive::{Notice, ProvenNotice},
    log::EntryProof,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{
    StoreError,
    code::{encode, plain, sql},
};

/// A chain's own: what its notice says, and the way from there to the entry's root.
type Own = (Notice, Vec<B256>);

/// Keeps a notice in place of the one before, and lets go of a proof that no notice needs any more.
pub(super) fn put(tx: &Transaction<'_>, proven: &ProvenNotice) -> Result<(), StoreError> {
    let (chain, entry) = (proven.notice.chain, sql(proven.entry()));
    let before: Option<i64> = tx
        .prepare_cached("SELECT entry FROM notices WHERE chain = ?1")?
        .query_row(params![chain.as_slice()], |row| row.get(0))
        .optional()?;
    let own = encode(&(&proven.notice, &proven.path))?;
    tx.prepare_cached("INSERT OR REPLACE INTO notices (chain, entry, notice) VALUES (?1, ?2, ?3)")?
        .execute(params![chain.as_slice(), entry, own])?;
    if before == Some(entry) {
        return Ok(());
    }
    let proof = encode(&proven.proof)?;
    tx.prepare_cached(
        "INSERT INTO proofs (entry, notices, proof) VALUES (?1, 1, ?2)
         ON CONFLICT (entry) DO UPDATE SET notices = notices + 1",
    )?
    .execute(params![entry, proof])?;
    let Some(before) = before else { return Ok(()) };
    tx.prepare_cached("UPDATE proofs SET notices = notices - 1 WHERE entry = ?1")?
        .execute(params![before])?;
    tx.prepare_cached("DELETE FROM proofs WHERE entry = ?1 AND notices = 0")?
        .execute(params![before])?;
    Ok(())
}

/// Lets go of what was told up to an entry.
pub(super) fn forget(tx: &Transaction<'_>, up_to: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM notices WHERE entry <= ?1", params![up_to])?;
    tx.execute("DELETE FROM proofs WHERE entry <= ?1", params![up_to])?;
    Ok(())
}

/// Keeps the notices of a range of chains, and none besides. Heights of entries count in one log.
pub(super) fn keep(tx: &Transaction<'_>, kept: RangeInclusive<B256>) -> Result<(), StoreError> {
    let (first, last) = (kept.start().as_slice(), kept.end().as_slice());
    tx.execute(
        "UPDATE proofs SET notices = notices - gone.count
         FROM (SELECT entry, count(*) AS count FROM notices WHERE chain < ?1 OR chain > ?2 GROUP BY entry) AS gone
         WHERE proofs.entry = gone.entry",
        params![first, last],
    )?;
    tx.execute("DELETE FROM notices WHERE chain < ?1 OR chain > ?2", params![first, last])?;
    tx.execute("DELETE FROM proofs WHERE notices = 0", params![])?;
    Ok(())
}

pub(super) fn get(
    connection: &Connection,
    chain: B256,
) -> Result<Option<ProvenNotice>, StoreError> {
    let found: Option<(Vec<u8>, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT notice, proof FROM notices JOIN proofs USING (entry) WHERE chain = ?1",
        )?
        .query_row(params![chain.as_slice()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((own, proof)) = found else { return Ok(None) };
    let (notice, path): Own = plain(&own, "a notice")?;
    let proof: EntryProof = plain(&proof, "a proof")?;
    Ok(Some(ProvenNotice { notice, path, proof }))
}

#[cfg(test)]
pub(super) mod tests;

//! The chains of the newest state of the log, by pages: a checkpoint brings those that changed.

use alloy::primitives::Bytes;
use conet_committee::{
    archive::{Image, Page},
    journal::Frozen,
};
use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};
use rusqlite::{Connection, Transaction, params};

use super::StoreError;

/// Keeps the pages of a checkpoint with those that did not change. What is left to keep with its record.
pub(super) fn put(tx: &Transaction<'_>, frozen: &Frozen) -> Result<Frozen, StoreError> {
    if frozen.is_whole {
        tx.execute("DELETE FROM pages", params![])?;
    }
    for Page { prefix, chains } in &frozen.state.pages {
        if chains.is_empty() {
            tx.prepare_cached("DELETE FROM pages WHERE prefix = ?1")?.execute(params![prefix])?;
            continue;
        }
        // Chains are much alike.
        tx.prepare_cached("INSERT OR REPLACE INTO pages (prefix, chains) VALUES (?1, ?2)")?
            .execute(params![prefix, compress_prepend_size(chains)])?;
    }
    let state = Image { head: frozen.state.head.clone(), pages: Vec::new() };
    Ok(Frozen { proof: frozen.proof.clone(), state, is_whole: true })
}

/// All pages, by their prefixes. They are parts of one allocation, which goes as a whole: each on its own would leave a hole.
pub(super) fn all(connection: &Connection) -> Result<Vec<Page>, StoreError> {
    let mut select = connection.prepare("SELECT prefix, chains FROM pages ORDER BY prefix")?;
    let mut rows = select.query([])?;
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let (prefix, packed): (u16, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let chains = decompress_size_prepended(&packed);
        bytes.extend(chains.map_err(|_| StoreError::Corrupt("a page of chains"))?);
        ends.push((prefix, bytes.len()));
    }
    let (bytes, mut begin) = (Bytes::from(bytes), 0);
    let pages = ends.into_iter().map(|(prefix, end)| {
        let chains = bytes.slice(begin..end);
        begin = end;
        Page { prefix, chains }
    });
    Ok(pages.collect())
}

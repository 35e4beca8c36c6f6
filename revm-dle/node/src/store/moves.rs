//! A node begins an epoch of another group: a half of its own one, or one elsewhere in the tree. What its file has of
//! chains that fall to others, and of a Selection Chain that does not go on, would mix with what comes.

use conet_committee::{Record, journal::Kind, seats::Seats, tree::Branch};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{StoreError, code::unpack, notices, owner, write::number};

/// Lets go of what is another group's now. Heights and draws of a group go on along the line from the first group to it.
pub(super) fn follow(tx: &Transaction<'_>, next: &Seats) -> Result<(), StoreError> {
    let before = newest(tx)?;
    if before.group == next.group {
        return Ok(());
    }
    notices::keep(tx, next.branch.range())?;
    if !goes_on(&before.branch, &next.branch) {
        for table in ["selections", "evidence", "seed_keys"] {
            tx.execute(&format!("DELETE FROM {table}"), params![])?;
        }
    }
    Ok(())
}

/// Whether what came in one group is the beginning of what comes in another.
fn goes_on(before: &Branch, next: &Branch) -> bool {
    before == next || before.is_above(next)
}

/// Who sat in the newest epoch that the journal has.
fn newest(tx: &Transaction<'_>) -> Result<Seats, StoreError> {
    let found: Option<Vec<u8>> = tx
        .prepare_cached("SELECT record FROM notes WHERE kind = ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row(params![number(Kind::Epoch)], |row| row.get(0))
        .optional()?;
    match found.map(|bytes| unpack(&bytes)).transpose()? {
        Some(Record::Epoch(epoch)) => Ok(epoch.seats),
        _ => Ok(owner::founding(tx)?.0),
    }
}

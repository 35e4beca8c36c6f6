//! Marks of this node's own clock.

use conet_committee::poh::{Mark, Point};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, Transaction, params};

use super::{
    StoreError,
    code::{hash, sql},
};
use crate::history::Since;

/// Adds marks, and lets go of the oldest ones.
pub(super) fn put(tx: &Transaction<'_>, marks: &[Mark], kept: u64) -> Result<(), StoreError> {
    let mut insert =
        tx.prepare_cached("INSERT OR REPLACE INTO marks (count, hash, event) VALUES (?1, ?2, ?3)")?;
    for Mark { point, event } in marks {
        let event = event.as_ref().map(|event| event.as_slice());
        insert.execute(params![sql(point.count), point.hash.as_slice(), event])?;
    }
    tx.prepare_cached(
        "DELETE FROM marks WHERE count <=
         (SELECT count FROM marks ORDER BY count DESC LIMIT 1 OFFSET ?1)",
    )?
    .execute([sql(kept)])?;
    Ok(())
}

/// The newest one.
pub(super) fn newest(connection: &Connection) -> Result<Option<Mark>, StoreError> {
    one(connection, "count <= ?1", &i64::MAX)
}

/// The one that a reader wants to begin at.
pub(super) fn first(connection: &Connection, since: Since) -> Result<Option<Mark>, StoreError> {
    match since {
        Since::Event(event) => one(connection, "event = ?1", &event.as_slice()),
        Since::Count(count) => {
            let found = one(connection, "count <= ?1", &sql(count))?;
            // Older ones may be gone.
            let oldest = "count = (SELECT min(count) FROM marks WHERE count > ?1)";
            if found.is_some() { Ok(found) } else { one(connection, oldest, &sql(count)) }
        }
    }
}

fn one(
    connection: &Connection,
    condition: &str,
    value: &dyn ToSql,
) -> Result<Option<Mark>, StoreError> {
    let select = format!(
        "SELECT count, hash, event FROM marks WHERE {condition} ORDER BY count DESC LIMIT 1"
    );
    let mut select = connection.prepare_cached(&select)?;
    select.query_row([value], columns).optional()?.map(mark).transpose()
}

/// So many after a count.
pub(super) fn after(
    connection: &Connection,
    count: u64,
    marks_max: usize,
) -> Result<Vec<Mark>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT count, hash, event FROM marks WHERE count > ?1 ORDER BY count LIMIT ?2",
    )?;
    let mut rows = select.query(params![sql(count), sql(marks_max as u64)])?;
    let mut marks = Vec::new();
    while let Some(row) = rows.next()? {
        marks.push(mark(columns(row)?)?);
    }
    Ok(marks)
}

type Columns = (i64, Vec<u8>, Option<Vec<u8>>);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn mark((count, bytes, event): Columns) -> Result<Mark, StoreError> {
    let count = u64::try_from(count).map_err(|_| StoreError::Corrupt("a mark"))?;
    let event = event.as_deref().map(hash).transpose()?;
    Ok(Mark { point: Point { count, hash: hash(&bytes)? }, event })
}

//! Parts of messages that are not complete: each is a file, on disk before it is
//! acknowledged, so that a large message goes on after a restart.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, B256};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{State, StateError, integer, number, shown::sync_dir_of};
use crate::limits::{INCOMPLETE_BYTES_MAX, INCOMPLETE_MESSAGES_MAX, MESSAGE_SECONDS_MAX};

/// Which message parts belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PartialKey {
    pub(crate) reader: Address,
    pub(crate) sender: Address,
    pub(crate) id: B256,
}

/// What became of a part.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// Some are still missing.
    Incomplete {
        /// Parts that are here.
        have: u32,
        /// Incomplete messages that had to go, to make room.
        dropped: u64,
    },
    /// All are here: the files, in order.
    Complete(Vec<PathBuf>),
    /// Other parts of this message said another number of parts.
    Contradiction {
        /// What they said.
        expected: u32,
    },
    /// Larger than everything that is kept.
    TooLarge,
}

impl PartialKey {
    fn name(&self) -> String {
        format!(
            "{}-{}-{}",
            hex::encode(self.reader),
            hex::encode(self.sender),
            hex::encode(self.id)
        )
    }
}

impl State {
    fn dir_of(&self, key: &PartialKey) -> PathBuf {
        self.0.incomplete.join(key.name())
    }

    /// Keeps a part. `now` is unix seconds.
    pub(crate) fn add_part(
        &self,
        key: PartialKey,
        part: u32,
        parts: u32,
        content: &[u8],
        now: u64,
    ) -> Result<Added, StateError> {
        if let Some(expected) = self.parts_of(&key)?
            && expected != parts
        {
            return Ok(Added::Contradiction { expected });
        }
        let bytes = content.len() as u64;
        let Some(dropped) = self.make_room(&key, bytes, now)? else { return Ok(Added::TooLarge) };
        let dir = self.dir_of(&key);
        std::fs::create_dir_all(&dir).map_err(StateError::io("make", &dir))?;
        sync_dir_of(&dir)?;
        write_part(&dir, part, content)?;
        let have = self.note_part(&key, part, parts, bytes, now)?;
        if have < parts {
            return Ok(Added::Incomplete { have, dropped });
        }
        Ok(Added::Complete((0..parts).map(|part| dir.join(part_name(part))).collect()))
    }

    pub(super) fn parts_of(&self, key: &PartialKey) -> Result<Option<u32>, StateError> {
        let connection = self.lock();
        let found = connection.query_row(
            "SELECT parts FROM incomplete WHERE reader = ?1 AND sender = ?2 AND id = ?3",
            params![key.reader.as_slice(), key.sender.as_slice(), key.id.as_slice()],
            |row| row.get(0),
        );
        Ok(found.optional()?)
    }

    pub(super) fn note_part(
        &self,
        key: &PartialKey,
        part: u32,
        parts: u32,
        bytes: u64,
        now: u64,
    ) -> Result<u32, StateError> {
        let (reader, sender, id) =
            (key.reader.as_slice(), key.sender.as_slice(), key.id.as_slice());
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute(
            "INSERT INTO incomplete (reader, sender, id, parts, touched_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET touched_at = excluded.touched_at",
            params![reader, sender, id, parts, integer(now)],
        )?;
        transaction.execute(
            "INSERT OR REPLACE INTO parts (reader, sender, id, part, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![reader, sender, id, part, integer(bytes)],
        )?;
        let have = transaction.query_row(
            "SELECT count(*) FROM parts WHERE reader = ?1 AND sender = ?2 AND id = ?3",
            params![reader, sender, id],
            |row| row.get(0),
        )?;
        transaction.commit()?;
        Ok(have)
    }

    /// Drops what can no longer be completed, then what had no new part for the
    /// longest time. Else strangers who send first parts only could stop all
    /// large messages. `None`: `bytes` are more than all the room.
    fn make_room(&self, key: &PartialKey, bytes: u64, now: u64) -> Result<Option<u64>, StateError> {
        let mut dropped = 0;
        for old in self.idle(key, Some(now.saturating_sub(MESSAGE_SECONDS_MAX)), u32::MAX)? {
            self.drop_parts(&old)?;
        }
        loop {
            let (messages, held) = self.held(key)?;
            if messages < INCOMPLETE_MESSAGES_MAX && held + bytes <= INCOMPLETE_BYTES_MAX {
                return Ok(Some(dropped));
            }
            let Some(oldest) = self.idle(key, None, 1)?.pop() else { return Ok(None) };
            self.drop_parts(&oldest)?;
            dropped += 1;
        }
    }

    /// Other messages, and bytes of all, that this reader's parts take.
    fn held(&self, key: &PartialKey) -> Result<(u64, u64), StateError> {
        let connection = self.lock();
        let reader = key.reader.as_slice();
        let messages: i64 = connection.query_row(
            "SELECT count(*) FROM incomplete
             WHERE reader = ?1 AND NOT (sender = ?2 AND id = ?3)",
            params![reader, key.sender.as_slice(), key.id.as_slice()],
            |row| row.get(0),
        )?;
        let bytes: i64 = connection.query_row(
            "SELECT coalesce(sum(bytes), 0) FROM parts WHERE reader = ?1",
            [reader],
            |row| row.get(0),
        )?;
        Ok((number(messages), number(bytes)))
    }

    /// Other messages of this reader, those idle the longest first.
    fn idle(
        &self,
        key: &PartialKey,
        before: Option<u64>,
        count: u32,
    ) -> Result<Vec<PartialKey>, StateError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached(
            "SELECT sender, id FROM incomplete
             WHERE reader = ?1 AND touched_at <= ?2 AND NOT (sender = ?3 AND id = ?4)
             ORDER BY touched_at LIMIT ?5",
        )?;
        let before = before.map_or(i64::MAX, integer);
        let (reader, sender, id) =
            (key.reader.as_slice(), key.sender.as_slice(), key.id.as_slice());
        let rows = select.query_map(params![reader, before, sender, id, count], |row| {
            let (sender, id): ([u8; 20], [u8; 32]) = (row.get(0)?, row.get(1)?);
            Ok(PartialKey { reader: key.reader, sender: sender.into(), id: id.into() })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets a message's parts: it was shown, or had to go.
    pub(crate) fn drop_parts(&self, key: &PartialKey) -> Result<(), StateError> {
        delete_rows(&mut self.lock(), key)?;
        let dir = self.dir_of(key);
        match std::fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StateError::io("remove", &dir)(error))
            }
            _ => Ok(()),
        }
    }
}

fn delete_rows(connection: &mut Connection, key: &PartialKey) -> Result<(), StateError> {
    let (reader, sender, id) = (key.reader.as_slice(), key.sender.as_slice(), key.id.as_slice());
    let transaction = connection.transaction()?;
    for table in ["parts", "incomplete"] {
        transaction.execute(
            &format!("DELETE FROM {table} WHERE reader = ?1 AND sender = ?2 AND id = ?3"),
            params![reader, sender, id],
        )?;
    }
    Ok(transaction.commit()?)
}

fn part_name(part: u32) -> String {
    format!("{part:05}")
}

/// The file is whole when it has its name.
fn write_part(dir: &Path, part: u32, content: &[u8]) -> Result<(), StateError> {
    let path = dir.join(part_name(part));
    let failed = |source| StateError::Io { action: "write", path: path.clone(), source };
    let mut file = tempfile::Builder::new().prefix(".part-").tempfile_in(dir).map_err(failed)?;
    file.write_all(content).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    sync_dir_of(&path)
}

//! Which messages were shown.
//!
//! A message for standard output is noted after it was printed: at least once.
//! One for a file is noted *before* the file gets its name, with both names; a
//! process that was killed in between finishes the renaming when it starts
//! again, and if the temporary file is gone, the renaming had been done. So a
//! file appears exactly once, also when somebody took it away at once.

use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256};
use rusqlite::params;

use super::{State, StateError, integer};

/// A file on its way to its name.
#[derive(Debug, Clone)]
pub(crate) struct Saving {
    /// Where its bytes are, synced.
    pub(crate) temporary: PathBuf,
    /// The name it gets.
    pub(crate) path: PathBuf,
}

impl State {
    /// Whether a message was shown.
    pub(crate) fn is_shown(&self, reader: Address, key: B256) -> Result<bool, StateError> {
        let connection = self.lock();
        let mut select =
            connection.prepare_cached("SELECT 1 FROM shown WHERE reader = ?1 AND key = ?2")?;
        Ok(select.exists(params![reader.as_slice(), key.as_slice()])?)
    }

    /// Notes that a message was shown.
    pub(crate) fn note_shown(
        &self,
        reader: Address,
        key: B256,
        expires_at: u64,
    ) -> Result<(), StateError> {
        self.lock().execute(
            "INSERT OR IGNORE INTO shown (reader, key, expires_at) VALUES (?1, ?2, ?3)",
            params![reader.as_slice(), key.as_slice(), integer(expires_at)],
        )?;
        Ok(())
    }

    /// Gives a written file its name, once for each key. `false`: it was shown
    /// before, perhaps by another process; the temporary file is removed.
    pub(crate) fn show_file(
        &self,
        reader: Address,
        key: B256,
        expires_at: u64,
        saving: &Saving,
    ) -> Result<bool, StateError> {
        let noted = self.lock().execute(
            "INSERT OR IGNORE INTO shown (reader, key, expires_at, temporary, final)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                reader.as_slice(),
                key.as_slice(),
                integer(expires_at),
                saving.temporary.to_string_lossy(),
                saving.path.to_string_lossy()
            ],
        )?;
        if noted == 0 {
            remove(&saving.temporary)?;
            return Ok(false);
        }
        self.finish(reader, key, saving)?;
        Ok(true)
    }

    /// Gives files their names that a killed process left without.
    pub(crate) fn finish_saving(&self, reader: Address) -> Result<Vec<PathBuf>, StateError> {
        let unfinished = {
            let connection = self.lock();
            let mut select = connection.prepare_cached(
                "SELECT key, temporary, final FROM shown
                 WHERE reader = ?1 AND temporary IS NOT NULL",
            )?;
            let rows = select.query_map([reader.as_slice()], |row| {
                let key: [u8; 32] = row.get(0)?;
                let (temporary, path): (String, String) = (row.get(1)?, row.get(2)?);
                let saving = Saving { temporary: temporary.into(), path: path.into() };
                Ok((B256::from(key), saving))
            })?;
            rows.collect::<Result<Vec<_>, _>>()?
        };
        let mut finished = Vec::new();
        for (key, saving) in unfinished {
            if self.finish(reader, key, &saving)? {
                finished.push(saving.path);
            }
        }
        Ok(finished)
    }

    /// Whether it was still to be done.
    fn finish(&self, reader: Address, key: B256, saving: &Saving) -> Result<bool, StateError> {
        let renamed = match std::fs::rename(&saving.temporary, &saving.path) {
            Ok(()) => true,
            // Done before a crash, or by another process that found it unfinished.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(source) => {
                return Err(StateError::Io { action: "write", path: saving.path.clone(), source });
            }
        };
        sync_dir_of(&saving.path)?;
        self.lock().execute(
            "UPDATE shown SET temporary = NULL WHERE reader = ?1 AND key = ?2",
            params![reader.as_slice(), key.as_slice()],
        )?;
        Ok(renamed)
    }
}

fn remove(path: &Path) -> Result<(), StateError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StateError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// A name is on disk only when its directory is.
pub(super) fn sync_dir_of(path: &Path) -> Result<(), StateError> {
    let Some(dir) = path.parent() else { return Ok(()) };
    let synced = std::fs::File::open(dir).and_then(|dir| dir.sync_all());
    match synced {
        // The whole directory was taken away after the file got its name.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(StateError::io("sync", dir)),
    }
}

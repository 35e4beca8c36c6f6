//! A message to show.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::primitives::{Address, B256};

use crate::{
    limits::TEXT_BYTES_MAX,
    state::{PartialKey, Saving, State, StateError},
};

const TEMPORARY_PREFIX: &str = ".conet-";
const TEMPORARY_SUFFIX: &str = ".part";

/// A temporary file that nobody wrote to for this long is nobody's.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// A message's content.
#[derive(Debug)]
pub enum Body {
    /// In memory.
    Bytes(Vec<u8>),
    /// In these files, one after the other.
    Files(Vec<PathBuf>),
}

/// A message, checked, and not confirmed yet.
#[derive(Debug)]
pub struct Delivery {
    /// The sender's id for it; for an unsigned one what tells it from others.
    pub id: B256,
    /// The wallet that signed it for this reader; `None`: nobody vouches for it.
    pub from: Option<Address>,
    /// When the agent stored it, unix milliseconds, by its clock.
    pub received_at: u64,
    /// Length of the content.
    pub bytes: u64,
    /// The content.
    pub body: Body,
    pub(super) key: B256,
    pub(super) expires_at: u64,
    pub(super) parts: Option<PartialKey>,
}

impl Delivery {
    /// The content, if it is a text that can be shown.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        if self.bytes > TEXT_BYTES_MAX {
            return None;
        }
        let bytes = match &self.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Files(_) => {
                let mut bytes = Vec::new();
                self.write_to(&mut bytes).ok()?;
                bytes
            }
        };
        String::from_utf8(bytes).ok().filter(|text| is_printable(text))
    }

    /// Writes the content.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn write_to(&self, out: &mut impl io::Write) -> io::Result<()> {
        match &self.body {
            Body::Bytes(bytes) => out.write_all(bytes),
            Body::Files(files) => {
                for file in files {
                    io::copy(&mut File::open(file)?.take(u64::MAX), out)?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn parts_key(&self) -> Option<PartialKey> {
        self.parts
    }

    /// The name of its file: by what it is known, so that no two share one.
    fn file_name(&self) -> String {
        let sender = match self.from {
            Some(from) => hex::encode(from),
            None => "unsigned".into(),
        };
        let id = hex::encode(self.key.get(..8).unwrap_or_default());
        format!("{}-{sender}-{id}", self.received_at)
    }

    /// Writes it under a temporary name, on disk before it is noted as shown, and
    /// noted before it gets its name.
    pub(super) fn save(
        &self,
        state: &State,
        reader: Address,
        dir: &Path,
    ) -> Result<Option<PathBuf>, StateError> {
        std::fs::create_dir_all(dir).map_err(StateError::io("make", dir))?;
        // Another working directory must not lead a recovery astray.
        let dir = dir.canonicalize().map_err(StateError::io("find", dir))?;
        let path = dir.join(self.file_name());
        let failed = |source| StateError::Io { action: "write", path: path.clone(), source };
        let mut file = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .suffix(TEMPORARY_SUFFIX)
            .tempfile_in(&dir)
            .map_err(failed)?;
        self.write_to(&mut file).map_err(failed)?;
        file.flush().and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        let (_, temporary) = file.keep().map_err(|error| failed(error.error))?;
        let saving = Saving { temporary, path: path.clone() };
        let shown = state.show_file(reader, self.key, self.expires_at, &saving)?;
        if let Some(parts) = &self.parts {
            state.drop_parts(parts)?;
        }
        Ok(shown.then_some(path))
    }
}

/// Removes what processes left that were killed while they wrote.
pub(super) fn remove_abandoned(dir: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)?.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(TEMPORARY_PREFIX) || !name.ends_with(TEMPORARY_SUFFIX) {
            continue;
        }
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age > ABANDONED_AFTER {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Nothing that would drive a terminal, and nothing that a text does not have.
fn is_printable(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(content: &[u8]) -> Delivery {
        Delivery {
            id: B256::repeat_byte(1),
            from: Some(Address::repeat_byte(2)),
            received_at: 5,
            bytes: content.len() as u64,
            body: Body::Bytes(content.to_vec()),
            key: B256::repeat_byte(3),
            expires_at: u64::MAX,
            parts: None,
        }
    }

    #[test]
    fn a_text_is_shown_and_nothing_else() {
        assert_eq!(delivery("Grüße\n".as_bytes()).text().as_deref(), Some("Grüße\n"));
        for content in [&b"\xff\xfe"[..], b"a\0b", b"\x1b[2J"] {
            assert_eq!(delivery(content).text(), None);
        }
        let long = vec![b'a'; 1 + TEXT_BYTES_MAX as usize];
        assert_eq!(delivery(&long).text(), None);
    }

    #[test]
    fn a_message_is_one_file() {
        let home = tempfile::tempdir().unwrap();
        let state = State::open(home.path(), &crate::testing::network()).unwrap();
        let dir = home.path().join("out");
        let path = delivery(b"Hello").save(&state, Address::ZERO, &dir).unwrap().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"Hello");
        assert_eq!(delivery(b"Hello").save(&state, Address::ZERO, &dir).unwrap(), None);
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
    }
}

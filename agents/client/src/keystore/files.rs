//! Files of the keystore: whole or not there, and their owner's only.

use std::{
    io::{self, Read as _, Write as _},
    path::Path,
};

use zeroize::Zeroizing;

use super::KeystoreError;
use crate::limits::KEYSTORE_FILE_BYTES_MAX;

pub(super) fn read_bounded(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, KeystoreError> {
    let failed =
        |source: io::Error| KeystoreError::Io { action: "read", path: path.into(), source };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(KEYSTORE_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > KEYSTORE_FILE_BYTES_MAX {
        return Err(KeystoreError::Form(format!("more than {KEYSTORE_FILE_BYTES_MAX} bytes")));
    }
    Ok(Some(bytes))
}

pub(super) fn make_private_dir(dir: &Path) -> Result<(), KeystoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|source| KeystoreError::Io {
        action: "make",
        path: dir.into(),
        source,
    })
}

/// A file that only its owner can read, on disk but without its name yet.
pub(super) fn temporary_file(
    dir: &Path,
    path: &Path,
    bytes: &[u8],
) -> Result<tempfile::NamedTempFile, KeystoreError> {
    let failed =
        |source: io::Error| KeystoreError::Io { action: "write", path: path.into(), source };
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(dir).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    Ok(file)
}

pub(super) fn sync_dir(dir: &Path) -> Result<(), KeystoreError> {
    std::fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(|source| KeystoreError::Io {
        action: "sync",
        path: dir.into(),
        source,
    })
}

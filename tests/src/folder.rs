//! Temporary folders that stay when a story fails.

use std::path::Path;

use tempfile::TempDir;

/// Removed when dropped, unless its story panics.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// A new one.
    ///
    /// # Panics
    /// When the disk refuses.
    #[must_use]
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("conet-story-").tempdir().expect("a folder"))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Every regular file below it, with its content.
    #[must_use]
    pub fn files(&self) -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let (mut files, mut folders) = (Vec::new(), vec![self.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() => {
                        files.push((entry.path(), std::fs::read(entry.path()).unwrap_or_default()));
                    }
                    _ => {}
                }
            }
        }
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.disable_cleanup(true);
            eprintln!("the story failed; its logs and databases are in {}", self.path().display());
        }
    }
}

//! What a seat's part in its group's seeds follows from: a secret for each epoch, in a file of its own.
//!
//! The seats of an epoch make their key in a ceremony ([`conet_committee::archive::ceremony`]); what a node does in it
//! follows from 32 random bytes, so that it can go on after a restart. When the next epoch begins they are worth nothing,
//! and their file goes.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use conet_committee::{
    seat::{EpochKeys, SeedKeys},
    seats::Seats,
};
use zeroize::Zeroizing;

/// Before the number of an epoch.
const PREFIX: &str = "seed-epoch-";

/// After it.
const SUFFIX: &str = ".key";

/// The secrets of one node, in a folder that nobody else reads.
#[derive(Debug)]
pub struct SeedSecrets {
    folder: PathBuf,
}

impl SeedSecrets {
    /// In a node's home.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn path(&self, epoch: u64) -> PathBuf {
        self.folder.join(format!("{PREFIX}{epoch}{SUFFIX}"))
    }

    /// The secret of an epoch; a new one, on disk for good, when there is none.
    fn load_or_make(&self, epoch: u64) -> std::io::Result<Zeroizing<[u8; 32]>> {
        let path = self.path(epoch);
        let mut secret = Zeroizing::new([0; 32]);
        match File::open(&path) {
            Ok(mut file) => file.read_exact(secret.as_mut_slice())?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                *secret = rand::random();
                self.make(&path, &secret)?;
            }
            Err(error) => return Err(error),
        }
        Ok(secret)
    }

    /// Whole or not at all: half a secret would be another one.
    fn make(&self, path: &Path, secret: &[u8; 32]) -> std::io::Result<()> {
        let half = path.with_extension("half");
        let mut open = OpenOptions::new();
        let mut file = open.create(true).truncate(true).write(true).mode(0o600).open(&half)?;
        file.write_all(secret)?;
        file.sync_all()?;
        std::fs::rename(&half, path)?;
        File::open(&self.folder)?.sync_all()
    }

    /// Destroys what belonged to epochs before this one.
    fn destroy_before(&self, epoch: u64) -> std::io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            // Whole ones, and halves that a crash left.
            let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('.'));
            let number = number.and_then(|(number, _)| number.parse::<u64>().ok());
            if number.is_some_and(|number| number < epoch) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

impl EpochKeys for SeedSecrets {
    fn seeds(&self, _seats: &Seats) -> Option<Arc<dyn SeedKeys>> {
        None
    }

    fn secret(&self, epoch: u64) -> Option<Zeroizing<[u8; 32]>> {
        let secret = self.load_or_make(epoch);
        secret.inspect_err(|error| tracing::error!(%error, epoch, "there is no seed secret")).ok()
    }

    fn forget_before(&self, epoch: u64) {
        if let Err(error) = self.destroy_before(epoch) {
            tracing::warn!(%error, "the secrets of older epochs are still on disk");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_stays_the_same_until_its_epoch_is_over() {
        let home = tempfile::tempdir().unwrap();
        let secrets = || SeedSecrets::new(home.path());
        let (first, second) = (secrets().secret(1).unwrap(), secrets().secret(2).unwrap());
        assert_ne!(first, second);
        assert_eq!(secrets().secret(1), Some(first.clone()));
        let path = secrets().path(1);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

        let half = path.with_extension("half");
        std::fs::write(&half, [1]).unwrap();
        secrets().forget_before(2);
        assert!(!path.exists() && !half.exists());
        assert_eq!(secrets().secret(2), Some(second));
        assert_ne!(secrets().secret(1), Some(first));
    }

    #[test]
    fn a_file_that_is_cut_is_no_secret() {
        let home = tempfile::tempdir().unwrap();
        let secrets = SeedSecrets::new(home.path());
        std::fs::write(secrets.path(3), [7; 31]).unwrap();
        assert!(secrets.secret(3).is_none());
    }
}

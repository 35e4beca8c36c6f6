//! A node's secrets, in one file that only its user can read.

use std::{
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use conet_wire::{
    openpgp::{Identity, WalletSecret},
    veil::TransportSecret,
};
use zeroize::Zeroizing;

/// The name of the file.
pub const KEYS_FILE: &str = "node.keys";

/// Wallet (also pays for clients' routes) and transport key of a node.
#[derive(Debug)]
pub struct NodeKeys {
    /// The node's wallet: its OpenPGP identity follows from it.
    pub wallet: WalletSecret,
    /// The key of its sealed transport.
    pub transport: TransportSecret,
}

/// Why the secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error("{path} may be read by others (mode {mode:o}): run `chmod 600 {path}`")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It does not hold two keys.
    #[error("{path}: expected two lines of 64 hexadecimal digits")]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The wallet's OpenPGP keys do not follow.
    #[error(transparent)]
    Identity(#[from] conet_wire::openpgp::KeyError),
}

impl NodeKeys {
    /// New random keys.
    #[must_use]
    pub fn generate() -> Self {
        let mut rng = rand::rng();
        Self {
            wallet: WalletSecret::generate(&mut rng),
            transport: TransportSecret::generate(&mut rng),
        }
    }

    /// Reads the file in `home`.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn load(home: &Path) -> Result<Self, KeysError> {
        let path = home.join(KEYS_FILE);
        let file = |source| KeysError::File { path: path.clone(), source };
        let mode = std::fs::metadata(&path).map_err(file)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeysError::Mode { path, mode });
        }
        let text = Zeroizing::new(std::fs::read_to_string(&path).map_err(file)?);
        let mut keys = text.lines().map(|line| {
            let mut key = Zeroizing::new([0_u8; 32]);
            hex::decode_to_slice(line.trim(), key.as_mut()).map(|()| key)
        });
        match (keys.next(), keys.next()) {
            (Some(Ok(wallet)), Some(Ok(transport))) => Ok(Self {
                wallet: WalletSecret::from_bytes(&wallet)?,
                transport: TransportSecret::from_bytes(transport),
            }),
            _ => Err(KeysError::Format { path }),
        }
    }

    /// Writes a new file in `home`; an existing one is left alone and is an error.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn save_new(&self, home: &Path) -> Result<(), KeysError> {
        let path = home.join(KEYS_FILE);
        let write = || {
            std::fs::create_dir_all(home)?;
            let mut file =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            let wallet = Zeroizing::new(hex::encode(self.wallet.as_bytes()));
            let transport = Zeroizing::new(hex::encode(self.transport.to_bytes()));
            writeln!(file, "{}\n{}", *wallet, *transport)?;
            file.sync_all()
        };
        write().map_err(|source| KeysError::File { path: path.clone(), source })
    }

    /// The OpenPGP identity.
    ///
    /// # Errors
    /// [`KeysError::Identity`].
    pub fn identity(&self) -> Result<Identity, KeysError> {
        Ok(Identity::derive(&self.wallet)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_and_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let keys = NodeKeys::generate();
        keys.save_new(dir.path()).unwrap();
        assert!(matches!(keys.save_new(dir.path()), Err(KeysError::File { .. })), "overwritten");
        let read = NodeKeys::load(dir.path()).unwrap();
        assert_eq!(read.wallet.address(), keys.wallet.address());
        assert_eq!(read.transport.public(), keys.transport.public());

        let path = dir.path().join(KEYS_FILE);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(NodeKeys::load(dir.path()), Err(KeysError::Mode { mode: 0o644, .. })));
    }
}

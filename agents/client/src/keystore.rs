//! Wallets on disk: web3 secret storage V3 in `<home>/wallets/NAME.json`, and
//! rotated subkeys beside it in `NAME.subkeys`.
//!
//! Secrets are wiped from memory when dropped and never logged. Files appear
//! whole or not at all, readable by their owner only.

mod files;
mod subkeys;
#[cfg(test)]
mod tests;
mod v3;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use alloy::{primitives::Address, signers::local::PrivateKeySigner};
use conet_wire::openpgp::{Decryptor, Identity, KeyError, WalletSecret};
use zeroize::Zeroizing;

use crate::{clock, limits::WALLETS_MAX};
use files::{make_private_dir, read_bounded, sync_dir, temporary_file};
use subkeys::Subkeys;

/// Why a wallet could not be made, opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// Not a name for a file.
    #[error("expected a wallet name of 1 to 64 letters, digits, '-', '_' or '.', found {found:?}")]
    Name {
        /// The name given.
        found: String,
    },
    /// There is none of that name.
    #[error("no wallet {name:?} in {dir}: make one with `conet wallet new --name {name}`")]
    Missing {
        /// The name.
        name: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The name is taken.
    #[error("there is a wallet {name:?} already: choose another name")]
    Exists {
        /// The name.
        name: String,
    },
    /// The password does not open it.
    #[error("the password does not open this wallet: give the right one")]
    WrongPassword,
    /// Not a file that this version reads.
    #[error("not a keystore file that can be read: {0}")]
    Form(String),
    /// Not a secret.
    #[error("expected a wallet secret of 64 hexadecimal digits, found something else")]
    Secret,
    /// The file with rotated keys is damaged, or another wallet's.
    #[error(
        "the rotated keys of {wallet} cannot be read: restore the .subkeys file beside the wallet \
         from a backup, or remove it and run `conet register --rotate`"
    )]
    Subkeys {
        /// The wallet.
        wallet: Address,
    },
    /// Too many rotations within the overlap.
    #[error("expected at most {max} rotated keys in overlap, found as many: wait with rotating")]
    TooManySubkeys {
        /// The limit.
        max: usize,
    },
    /// A key cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Crypto,
    /// The file system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A password; wiped when dropped, never printed.
#[derive(Clone, Default)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Whether it protects nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A wallet as it can be seen without its password.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WalletInfo {
    /// Its name in this keystore.
    pub name: String,
    /// Its address.
    pub address: Address,
}

/// The wallets of one home directory.
#[derive(Debug, Clone)]
pub struct Keystore {
    dir: PathBuf,
}

impl Keystore {
    /// The keystore of `home`.
    #[must_use]
    pub fn new(home: &Path) -> Self {
        Self { dir: home.join("wallets") }
    }

    /// Makes a wallet with a new random secret.
    ///
    /// # Errors
    /// [`KeystoreError`], as for every call below.
    pub fn create(&self, name: &str, password: &Password) -> Result<Wallet, KeystoreError> {
        self.add(name, WalletSecret::generate(&mut rand::rng()), password)
    }

    /// Adds a wallet with a secret of 64 hexadecimal digits (`0x` may be in front).
    ///
    /// # Errors
    /// [`KeystoreError::Secret`] when it is none.
    pub fn import(
        &self,
        name: &str,
        secret: &str,
        password: &Password,
    ) -> Result<Wallet, KeystoreError> {
        let text = secret.trim();
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, bytes.as_mut_slice()).map_err(|_| KeystoreError::Secret)?;
        let secret = WalletSecret::from_bytes(&bytes).map_err(|_| KeystoreError::Secret)?;
        self.add(name, secret, password)
    }

    fn add(
        &self,
        name: &str,
        secret: WalletSecret,
        password: &Password,
    ) -> Result<Wallet, KeystoreError> {
        let path = self.path(name)?;
        if path.exists() {
            return Err(KeystoreError::Exists { name: name.into() });
        }
        make_private_dir(&self.dir)?;
        let file = v3::File::seal(secret.as_bytes(), secret.address(), password)?;
        let json = serde_json::to_vec(&file).map_err(|e| KeystoreError::Form(e.to_string()))?;
        let temporary = temporary_file(&self.dir, &path, &json)?;
        temporary.persist_noclobber(&path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => KeystoreError::Exists { name: name.into() },
            _ => KeystoreError::Io { action: "write", path: path.clone(), source: error.error },
        })?;
        sync_dir(&self.dir)?;
        Ok(Wallet::new(name, secret, self.subkeys_path(name), Subkeys::default()))
    }

    /// All wallets, by name.
    ///
    /// # Errors
    /// When the directory cannot be read; files that are no wallets are left out.
    pub fn list(&self) -> Result<Vec<WalletInfo>, KeystoreError> {
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => {
                let path = self.dir.clone();
                return Err(KeystoreError::Io { action: "read", path, source });
            }
        };
        let mut found = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()).take(WALLETS_MAX) {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let is_json = path.extension().is_some_and(|extension| extension == "json");
            if !is_json || check_name(name).is_err() {
                continue;
            }
            match self.show(name) {
                Ok(info) => found.push(info),
                Err(error) => tracing::warn!(name, %error, "a file that is no wallet"),
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// One wallet, without its password.
    ///
    /// # Errors
    /// [`KeystoreError::Missing`], or what is wrong with the file.
    pub fn show(&self, name: &str) -> Result<WalletInfo, KeystoreError> {
        let address = self.read(name)?.address();
        let address = address.ok_or_else(|| KeystoreError::Form("it names no address".into()))?;
        Ok(WalletInfo { name: name.into(), address })
    }

    /// Opens a wallet with its password.
    ///
    /// # Errors
    /// [`KeystoreError::WrongPassword`] among others.
    pub fn open(&self, name: &str, password: &Password) -> Result<Wallet, KeystoreError> {
        let file = self.read(name)?;
        let secret =
            WalletSecret::from_bytes(&*file.open(password)?).map_err(|_| KeystoreError::Secret)?;
        if file.address().is_some_and(|address| address != secret.address()) {
            return Err(KeystoreError::Form("its address is not its secret's".into()));
        }
        let path = self.subkeys_path(name);
        let subkeys = read_subkeys(&path, &secret)?;
        Ok(Wallet::new(name, secret, path, subkeys))
    }

    fn read(&self, name: &str) -> Result<v3::File, KeystoreError> {
        let path = self.path(name)?;
        let json = read_bounded(&path)?
            .ok_or_else(|| KeystoreError::Missing { name: name.into(), dir: self.dir.clone() })?;
        serde_json::from_slice(&json).map_err(|error| KeystoreError::Form(error.to_string()))
    }

    fn path(&self, name: &str) -> Result<PathBuf, KeystoreError> {
        check_name(name)?;
        Ok(self.dir.join(format!("{name}.json")))
    }

    fn subkeys_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.subkeys"))
    }
}

/// An opened wallet: its secret, and every key that mail may be sealed to.
pub struct Wallet {
    name: String,
    secret: WalletSecret,
    path: PathBuf,
    subkeys: Mutex<Subkeys>,
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Wallet {
    fn new(name: &str, secret: WalletSecret, path: PathBuf, subkeys: Subkeys) -> Self {
        Self { name: name.into(), secret, path, subkeys: Mutex::new(subkeys) }
    }

    /// Its name in the keystore.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.secret.address()
    }

    /// The secret in hexadecimal: whoever has it is the wallet.
    #[must_use]
    pub fn export(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.secret.as_bytes()))
    }

    /// What signs for it.
    #[must_use]
    pub fn signer(&self) -> &PrivateKeySigner {
        self.secret.signer()
    }

    /// The certificates that it publishes, and their keys.
    ///
    /// # Errors
    /// [`KeystoreError::Key`] only when the cryptographic library fails.
    pub fn identity(&self) -> Result<Identity, KeystoreError> {
        self.lock().identity(&self.secret)
    }

    /// Which rotation it is at; 0 is the one that the secret gives.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.lock().epoch()
    }

    /// Every key that mail may still be sealed to.
    ///
    /// # Errors
    /// As [`identity`](Self::identity).
    pub fn decryptor(&self) -> Result<Decryptor, KeystoreError> {
        self.lock().decryptor(&self.secret, clock::unix_seconds())
    }

    /// Reads keys that another process may have rotated meanwhile.
    pub(crate) fn reload(&self) -> Result<(), KeystoreError> {
        *self.lock() = read_subkeys(&self.path, &self.secret)?;
        Ok(())
    }

    pub(crate) fn has_epoch(&self, epoch: u32) -> bool {
        self.lock().has(epoch)
    }

    /// Draws the keys of a later epoch, on disk before anybody hears of them.
    pub(crate) fn begin_rotation(&self, epoch: u32) -> Result<Identity, KeystoreError> {
        self.change(|subkeys| subkeys.begin(&self.secret, epoch, clock::unix_seconds()))
    }

    /// The chain shows this epoch.
    pub(crate) fn confirm_rotation(&self, epoch: u32) -> Result<(), KeystoreError> {
        self.change(|subkeys| {
            subkeys.confirm(epoch, clock::unix_seconds());
            Ok(())
        })
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Subkeys) -> Result<T, KeystoreError>,
    ) -> Result<T, KeystoreError> {
        let mut subkeys = self.lock();
        let mut changed = subkeys.clone();
        let result = change(&mut changed)?;
        let dir = self.path.parent().unwrap_or(Path::new("."));
        let temporary = temporary_file(dir, &self.path, &changed.seal(&self.secret)?)?;
        temporary.persist(&self.path).map_err(|error| KeystoreError::Io {
            action: "write",
            path: self.path.clone(),
            source: error.error,
        })?;
        sync_dir(dir)?;
        *subkeys = changed;
        Ok(result)
    }

    fn lock(&self) -> MutexGuard<'_, Subkeys> {
        self.subkeys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_name(name: &str) -> Result<(), KeystoreError> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(good) {
        return Err(KeystoreError::Name { found: name.chars().take(80).collect() });
    }
    Ok(())
}

fn read_subkeys(path: &Path, secret: &WalletSecret) -> Result<Subkeys, KeystoreError> {
    match read_bounded(path)? {
        Some(file) => Subkeys::open(&file, secret),
        None => Ok(Subkeys::default()),
    }
}

//! Rotated subkeys: random, so the wallet secret does not restore them. They are
//! sealed under a key that follows from it, so that no second password is needed.
//!
//! ```text
//! file  = magic (4) ‖ nonce (12) ‖ AES-256-GCM(plain), associated data: the address
//! plain = retired_at of epoch 0 (8) ‖ entries
//! entry = epoch (4) ‖ created (8) ‖ retired_at (8) ‖ confirmed (1) ‖ v6 (32) ‖ v4 (32)
//! ```

use alloy::primitives::Address;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf,
};
use conet_wire::openpgp::{Decryptor, Identity, SubkeySecret, WalletSecret};
use zeroize::Zeroizing;

use super::KeystoreError;
use crate::limits::{OLD_SUBKEY_SECONDS, SUBKEYS_MAX};

const MAGIC: [u8; 4] = *b"CNK\x01";
const SALT: &[u8] = b"conet/keystore/1";
const LABEL: &[u8] = b"subkeys";
const NONCE: usize = 12;
const ENTRY: usize = 4 + 8 + 8 + 1 + 64;

#[derive(Debug, Clone)]
struct Entry {
    epoch: u32,
    created: u64,
    /// Zero while it is in use.
    retired_at: u64,
    /// Whether the chain has shown it.
    confirmed: bool,
    secret: SubkeySecret,
}

/// All keys of one wallet beyond those that its secret gives.
#[derive(Debug, Clone, Default)]
pub(super) struct Subkeys {
    derived_retired_at: u64,
    entries: Vec<Entry>,
}

impl Subkeys {
    /// The epoch that the wallet publishes.
    pub(super) fn epoch(&self) -> u32 {
        let confirmed = self.entries.iter().filter(|entry| entry.confirmed);
        confirmed.map(|entry| entry.epoch).max().unwrap_or_default()
    }

    /// The keys that the wallet publishes.
    pub(super) fn identity(&self, secret: &WalletSecret) -> Result<Identity, KeystoreError> {
        self.identity_of(secret, self.epoch())
    }

    fn identity_of(&self, secret: &WalletSecret, epoch: u32) -> Result<Identity, KeystoreError> {
        match self.entries.iter().find(|entry| entry.epoch == epoch) {
            Some(entry) => entry.identity(secret),
            None => Ok(Identity::derive(secret)?),
        }
    }

    /// Everything that mail may still be sealed to.
    pub(super) fn decryptor(
        &self,
        secret: &WalletSecret,
        now: u64,
    ) -> Result<Decryptor, KeystoreError> {
        let mut keys = Decryptor::default();
        if !is_over(self.derived_retired_at, now) {
            keys.add(&Identity::derive(secret)?);
        }
        for entry in self.entries.iter().filter(|entry| !is_over(entry.retired_at, now)) {
            keys.add(&entry.identity(secret)?);
        }
        Ok(keys)
    }

    /// Draws the keys of `epoch`, or finds those of an attempt before.
    pub(super) fn begin(
        &mut self,
        secret: &WalletSecret,
        epoch: u32,
        now: u64,
    ) -> Result<Identity, KeystoreError> {
        if !self.entries.iter().any(|entry| entry.epoch == epoch) {
            self.destroy(now);
            if self.entries.len() >= SUBKEYS_MAX {
                return Err(KeystoreError::TooManySubkeys { max: SUBKEYS_MAX });
            }
            let secret = SubkeySecret::generate(&mut rand::rng());
            let entry = Entry { epoch, created: now, retired_at: 0, confirmed: false, secret };
            self.entries.push(entry);
        }
        self.identity_of(secret, epoch)
    }

    /// The chain shows `epoch`: everything before it is kept for its last mail only.
    pub(super) fn confirm(&mut self, epoch: u32, now: u64) {
        for entry in &mut self.entries {
            if entry.epoch == epoch {
                entry.confirmed = true;
            } else if entry.epoch < epoch && entry.retired_at == 0 {
                entry.retired_at = now;
            }
        }
        if epoch > 0 && self.derived_retired_at == 0 {
            self.derived_retired_at = now;
        }
        self.destroy(now);
    }

    /// Whether these keys exist here.
    pub(super) fn has(&self, epoch: u32) -> bool {
        epoch == 0 || self.entries.iter().any(|entry| entry.epoch == epoch)
    }

    fn destroy(&mut self, now: u64) {
        self.entries.retain(|entry| !is_over(entry.retired_at, now));
    }

    pub(super) fn seal(&self, secret: &WalletSecret) -> Result<Vec<u8>, KeystoreError> {
        let mut plain = Zeroizing::new(Vec::with_capacity(8 + self.entries.len() * ENTRY + 16));
        plain.extend_from_slice(&self.derived_retired_at.to_be_bytes());
        for entry in &self.entries {
            plain.extend_from_slice(&entry.epoch.to_be_bytes());
            plain.extend_from_slice(&entry.created.to_be_bytes());
            plain.extend_from_slice(&entry.retired_at.to_be_bytes());
            plain.push(u8::from(entry.confirmed));
            plain.extend_from_slice(entry.secret.to_bytes().as_slice());
        }
        let nonce: [u8; NONCE] = rand::random();
        let address = secret.address();
        let tag = key(secret)?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(address.as_slice()),
                &mut plain,
            )
            .map_err(|_| KeystoreError::Crypto)?;
        Ok([&MAGIC[..], &nonce, &plain, tag.as_ref()].concat())
    }

    pub(super) fn open(file: &[u8], secret: &WalletSecret) -> Result<Self, KeystoreError> {
        let damaged = || KeystoreError::Subkeys { wallet: secret.address() };
        let rest = file.strip_prefix(&MAGIC).ok_or_else(damaged)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let address: Address = secret.address();
        let plain = key(secret)?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(address.as_slice()),
                &mut sealed,
            )
            .map_err(|_| damaged())?;
        let (retired, entries) = plain.split_first_chunk::<8>().ok_or_else(damaged)?;
        if entries.len() % ENTRY != 0 || entries.len() / ENTRY > SUBKEYS_MAX {
            return Err(damaged());
        }
        let entries: Option<Vec<Entry>> = entries.chunks(ENTRY).map(Entry::read).collect();
        Ok(Self {
            derived_retired_at: u64::from_be_bytes(*retired),
            entries: entries.ok_or_else(damaged)?,
        })
    }
}

impl Entry {
    fn identity(&self, secret: &WalletSecret) -> Result<Identity, KeystoreError> {
        Ok(Identity::with_subkey(secret, u64::from(self.epoch), &self.secret, self.created)?)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (epoch, rest) = bytes.split_first_chunk()?;
        let (created, rest) = rest.split_first_chunk()?;
        let (retired_at, rest) = rest.split_first_chunk()?;
        let (confirmed, secret) = rest.split_first()?;
        Some(Self {
            epoch: u32::from_be_bytes(*epoch),
            created: u64::from_be_bytes(*created),
            retired_at: u64::from_be_bytes(*retired_at),
            confirmed: *confirmed == 1,
            secret: SubkeySecret::from_bytes(secret.try_into().ok()?),
        })
    }
}

fn is_over(retired_at: u64, now: u64) -> bool {
    retired_at != 0 && now >= retired_at.saturating_add(OLD_SUBKEY_SECONDS)
}

fn key(secret: &WalletSecret) -> Result<LessSafeKey, KeystoreError> {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret.as_bytes());
    let okm = prk.expand(&[LABEL], &AES_256_GCM).map_err(|_| KeystoreError::Crypto)?;
    Ok(LessSafeKey::new(UnboundKey::from(okm)))
}

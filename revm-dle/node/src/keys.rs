//! A node's wallet key, and checking the signatures of others.

use std::{fmt, sync::LazyLock};

use alloy::primitives::{Address, B256, keccak256};
use conet_committee::keys::{Compact, Keys};
use conet_ledger::transaction::recover;
use secp256k1::{All, Message, PublicKey, Secp256k1, SecretKey};
use zeroize::Zeroizing;

static SECP: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

/// Bytes that are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a secp256k1 key of 32 bytes, found other bytes")]
pub struct KeyError;

/// The secret of a node's wallet. It is wiped when it goes.
pub struct WalletKey {
    key: SecretKey,
    wallet: Address,
}

impl WalletKey {
    /// From its 32 bytes.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn new(secret: &Zeroizing<[u8; 32]>) -> Result<Self, KeyError> {
        let key = SecretKey::from_byte_array(**secret).map_err(|_| KeyError)?;
        let [_, point @ ..] = PublicKey::from_secret_key(&SECP, &key).serialize_uncompressed();
        Ok(Self { key, wallet: Address::from_word(keccak256(point)) })
    }

    /// Its address.
    #[must_use]
    pub const fn wallet(&self) -> Address {
        self.wallet
    }

    /// Signs a digest: ERC-2098, low s.
    #[must_use]
    pub fn sign(&self, digest: B256) -> Compact {
        let signed = SECP.sign_ecdsa_recoverable(Message::from_digest(digest.0), &self.key);
        let (id, mut compact) = signed.serialize_compact();
        // A low s leaves its first bit free for the parity of r.
        let is_odd = i32::from(id) & 1 == 1;
        if let Some(first) = compact.get_mut(32).filter(|_| is_odd) {
            *first |= 0x80;
        }
        Compact::from(compact)
    }
}

impl Drop for WalletKey {
    fn drop(&mut self) {
        self.key.non_secure_erase();
    }
}

impl fmt::Debug for WalletKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WalletKey").field("wallet", &self.wallet).finish_non_exhaustive()
    }
}

impl Keys for WalletKey {
    fn sign(&self, digest: B256) -> Compact {
        Self::sign(self, digest)
    }

    fn verify(&self, wallet: Address, digest: B256, signature: &Compact) -> bool {
        recover(digest, signature.as_slice()) == Ok(wallet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> WalletKey {
        WalletKey::new(&Zeroizing::new([byte; 32])).unwrap()
    }

    #[test]
    fn signs_as_its_wallet_and_no_other() {
        let (keys, other) = (key(1), key(2).wallet());
        for number in 0..32_u8 {
            let digest = keccak256([number]);
            let signature = keys.sign(digest);
            assert!(keys.verify(keys.wallet(), digest, &signature));
            assert!(!keys.verify(other, digest, &signature));
            assert!(!keys.verify(keys.wallet(), keccak256([99]), &signature));
            let mut high = signature;
            high[32] ^= 0x80;
            assert!(!keys.verify(keys.wallet(), digest, &high));
        }
    }

    #[test]
    fn no_key_is_made_of_other_bytes() {
        assert_eq!(WalletKey::new(&Zeroizing::new([0; 32])).err(), Some(KeyError));
        assert_eq!(WalletKey::new(&Zeroizing::new([0xff; 32])).err(), Some(KeyError));
    }
}

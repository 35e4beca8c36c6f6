//! The secret of a wallet and what is derived from it.

use std::fmt;

use alloy::{primitives::Address, signers::local::PrivateKeySigner};
use hkdf::Hkdf;
use rand::CryptoRng;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::error::KeyError;

/// Creation and signature time of everything derived: 2024-01-01T00:00:00Z.
pub const EPOCH_ZERO_TIME: u64 = 1_704_067_200;

const DERIVATION_SALT: &[u8] = b"conet/openpgp/1";

/// The secp256k1 secret of a wallet. It restores the wallet's address and the
/// certificates of epoch 0; later subkeys are random and live in the keystore.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct WalletSecret {
    bytes: [u8; 32],
    // Parsed once; it wipes itself.
    #[zeroize(skip)]
    signer: PrivateKeySigner,
}

impl WalletSecret {
    /// Takes a raw secret.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotASecret`] for zero and for numbers not below the order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let signer = PrivateKeySigner::from_slice(bytes).map_err(|_| KeyError::NotASecret)?;
        Ok(Self { bytes: *bytes, signer })
    }

    /// Draws a new secret.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        loop {
            rng.fill_bytes(bytes.as_mut_slice());
            if let Ok(secret) = Self::from_bytes(&bytes) {
                return secret;
            }
        }
    }

    /// The raw secret, for the keystore.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The wallet's address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// The signer of the wallet's transactions and typed data.
    #[must_use]
    pub fn signer(&self) -> &PrivateKeySigner {
        &self.signer
    }

    /// The 32 bytes that belong to `label`; see "Keys of a wallet" in
    /// `docs/protocol.md`.
    pub(super) fn derive(&self, label: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let mut derived = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(DERIVATION_SALT), &self.bytes)
            .expand(label.as_bytes(), derived.as_mut_slice())
            .map_err(|error| KeyError::Library {
                step: "key derivation",
                source: error.to_string().into(),
            })?;
        Ok(derived)
    }
}

impl fmt::Debug for WalletSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WalletSecret").field("address", &self.address()).finish_non_exhaustive()
    }
}

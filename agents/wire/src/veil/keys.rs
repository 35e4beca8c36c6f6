//! A node's transport key pair, and X25519 under it.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::agreement;
use curve25519_elligator2::MontgomeryPoint;
use zeroize::Zeroizing;

/// The result of an exchange.
pub(super) type SharedSecret = Zeroizing<[u8; 32]>;

/// A public key that yields no secret: a point of low order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the public key has low order and yields no shared secret")]
pub struct WeakKeyError;

/// A node's public transport key, as its node record publishes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransportPublic(pub [u8; 32]);

impl fmt::Debug for TransportPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransportPublic({})", hex::encode(self.0))
    }
}

/// A node's secret transport key. Cheap to clone.
#[derive(Clone)]
pub struct TransportSecret {
    bytes: Zeroizing<[u8; 32]>,
    // Prepared once, because every envelope needs it. None only if the library
    // could not allocate; exchanges fail then.
    key: Option<Arc<agreement::PrivateKey>>,
    public: TransportPublic,
}

impl TransportSecret {
    /// Draws a key.
    pub fn generate(rng: &mut impl rand::CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut());
        Self::from_bytes(bytes)
    }

    /// Restores a key. Every 32 bytes are one.
    #[must_use]
    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        let public = TransportPublic(MontgomeryPoint::mul_base_clamped(*bytes).0);
        let key = agreement_key(&bytes).map(Arc::new);
        Self { bytes, key, public }
    }

    /// The bytes to store in a keystore.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.bytes.clone()
    }

    /// The bytes, without a copy.
    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> TransportPublic {
        self.public
    }

    /// The public half, borrowed.
    pub(super) fn public_ref(&self) -> &[u8; 32] {
        &self.public.0
    }

    /// X25519 with another public key.
    pub(super) fn exchange(&self, public: &[u8; 32]) -> Result<SharedSecret, WeakKeyError> {
        x25519(self.key.as_deref().ok_or(WeakKeyError)?, public)
    }
}

impl fmt::Debug for TransportSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportSecret").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Prepares a secret for exchanges.
pub(super) fn agreement_key(secret: &[u8; 32]) -> Option<agreement::PrivateKey> {
    agreement::PrivateKey::from_private_key(&agreement::X25519, secret).ok()
}

/// X25519, which refuses points of low order (RFC 7748, section 6.1).
pub(super) fn x25519(
    key: &agreement::PrivateKey,
    public: &[u8; 32],
) -> Result<SharedSecret, WeakKeyError> {
    let public = agreement::UnparsedPublicKey::new(&agreement::X25519, public);
    agreement::agree(key, public, WeakKeyError, |shared| {
        shared.try_into().map(Zeroizing::new).map_err(|_| WeakKeyError)
    })
}

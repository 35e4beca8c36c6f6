//! Ephemeral X25519 keys that travel as uniformly random bytes.
//!
//! A public key of Curve25519 is recognizable: only half of all 32-byte strings
//! are coordinates of curve points, and honest keys lie in the subgroup of
//! prime order. Elligator 2 maps half of the points to a *representative*, a
//! field element that is uniform if the point is uniform on the whole curve.
//! So keys are drawn until one has a representative, a random point of low
//! order is added (X25519 ignores it, because its scalars are multiples of 8),
//! and the two bits that a field element leaves free are random.

use curve25519_elligator2::{MapToPointVariant, MontgomeryPoint, Randomized};
use zeroize::Zeroizing;

use super::keys::{SharedSecret, WeakKeyError, x25519};

/// Length of a representative and of a public key.
pub const KEY_LEN: usize = 32;

/// A key pair for one exchange, and what of it travels.
pub struct EphemeralKey {
    secret: Zeroizing<[u8; KEY_LEN]>,
    public: [u8; KEY_LEN],
    representative: [u8; KEY_LEN],
}

impl EphemeralKey {
    /// Draws a key pair.
    pub fn generate(rng: &mut impl rand::CryptoRng) -> Self {
        Self::draw(&mut |bytes| rng.fill_bytes(bytes))
    }

    /// Draws a key pair with whatever fills a buffer with random bytes; the
    /// crates around us disagree on which trait that is.
    pub(super) fn draw(fill: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut secret = Zeroizing::new([0; KEY_LEN]);
        loop {
            let mut tweak = [0];
            fill(secret.as_mut());
            fill(&mut tweak);
            // Half of all keys have a representative. The low three bits of the
            // secret, which X25519 clamps away, choose the low-order part.
            let found = Randomized::to_representative(&secret, u8::from_ne_bytes(tweak));
            if let Some(representative) = Option::<[u8; KEY_LEN]>::from(found) {
                let public = reveal(&representative);
                return Self { secret, public, representative };
            }
        }
    }

    /// The public key: the coordinate that [`reveal`] gives the other side.
    #[must_use]
    pub fn public(&self) -> &[u8; KEY_LEN] {
        &self.public
    }

    /// What travels in place of the public key.
    #[must_use]
    pub fn representative(&self) -> &[u8; KEY_LEN] {
        &self.representative
    }

    /// X25519 with another public key.
    pub(super) fn exchange(&self, public: &[u8; KEY_LEN]) -> Result<SharedSecret, WeakKeyError> {
        let key = super::keys::agreement_key(&self.secret).ok_or(WeakKeyError)?;
        x25519(&key, public)
    }
}

/// The public key behind a representative. Every 32 bytes are one.
///
/// The two free bits and the sign do not change the result, so this, and not
/// the representative, identifies a key.
#[must_use]
pub fn reveal(representative: &[u8; KEY_LEN]) -> [u8; KEY_LEN] {
    MontgomeryPoint::map_to_point(representative).0
}

#[cfg(test)]
mod tests;

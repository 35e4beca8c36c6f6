//! The secret side of encryption subkeys.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    agreement::{self, PrivateKey, UnparsedPublicKey},
    error::Unspecified,
};
use hkdf::Hkdf;
use sequoia_openpgp::{
    Fingerprint, KeyHandle,
    crypto::{self, SessionKey, ecdh, mem::Protected, mpi},
    packet::{
        Key,
        key::{PublicParts, UnspecifiedRole},
    },
    types::{Curve, SymmetricAlgorithm},
};
use sha2::Sha256;

use super::{
    certificate::Identity,
    error::KeyError,
    packets::{SecretSubkey, failed},
};

type Library<T> = sequoia_openpgp::Result<T>;

/// The keys that messages may be sealed to: those of the current epoch and of
/// the epochs still in overlap. Cheap to clone.
#[derive(Clone, Default)]
pub struct Decryptor {
    keys: Vec<Subkey>,
}

impl Decryptor {
    /// Adds the keys of another epoch.
    pub fn add(&mut self, identity: &Identity) {
        self.keys.extend_from_slice(identity.subkeys());
    }

    /// How many subkeys there are, v6 and v4.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys that a recipient in a message may mean. A key id is short, so
    /// there may be several.
    pub(super) fn matching(&self, recipient: &KeyHandle) -> impl Iterator<Item = &Subkey> {
        self.keys.iter().filter(move |key| key.handle.aliases(recipient))
    }
}

impl<'a> FromIterator<&'a Identity> for Decryptor {
    fn from_iter<I: IntoIterator<Item = &'a Identity>>(identities: I) -> Self {
        let mut decryptor = Self::default();
        identities.into_iter().for_each(|identity| decryptor.add(identity));
        decryptor
    }
}

impl fmt::Debug for Decryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.handle)).finish()
    }
}

/// One encryption subkey. The library's `KeyPair` keeps its secret encrypted
/// and unlocks it for each message, which costs as much as the key exchange;
/// this one stays parsed. It wipes itself when the last clone goes.
#[derive(Clone)]
pub(super) struct Subkey {
    handle: KeyHandle,
    public: Key<PublicParts, UnspecifiedRole>,
    secret: Arc<PrivateKey>,
}

impl Subkey {
    /// The subkey of which `secret` is the X25519 secret.
    pub(super) fn new(key: &SecretSubkey, secret: &[u8; 32]) -> Result<Self, KeyError> {
        let public = key.clone().take_secret().0.role_into_unspecified();
        let secret = PrivateKey::from_private_key(&agreement::X25519, secret)
            .map_err(failed("X25519 key"))?;
        Ok(Self { handle: public.fingerprint().into(), public, secret: Arc::new(secret) })
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.public.fingerprint()
    }

    pub(super) fn fingerprint_bytes<const N: usize>(&self) -> Result<[u8; N], KeyError> {
        self.fingerprint().as_bytes().try_into().map_err(failed("fingerprint"))
    }
}

/// A subkey as the library wants it, which asks for `&mut`.
pub(super) struct Unwrapper<'a>(pub(super) &'a Subkey);

impl crypto::Decryptor for Unwrapper<'_> {
    fn public(&self) -> &Key<PublicParts, UnspecifiedRole> {
        &self.0.public
    }

    fn decrypt(&mut self, wrapped: &mpi::Ciphertext, len: Option<usize>) -> Library<SessionKey> {
        match (self.0.public.mpis(), wrapped) {
            (mpi::PublicKey::X25519 { u }, mpi::Ciphertext::X25519 { e, key }) => {
                let shared = x25519(&self.0.secret, e.as_slice())?;
                let wrapping_key = wrapping_key(e.as_slice(), u, &shared)?;
                Ok(ecdh::aes_key_unwrap(WRAPPING_CIPHER, &wrapping_key, key)?.into())
            }
            (mpi::PublicKey::ECDH { .. }, mpi::Ciphertext::ECDH { e, .. }) => {
                let (point, _) = e.decode_point(&Curve::Cv25519)?;
                let shared = x25519(&self.0.secret, point)?;
                ecdh::decrypt_unwrap(&self.0.public, &shared, wrapped, len)
            }
            _ => Err(sequoia_openpgp::Error::InvalidOperation(
                "expected a session key wrapped with X25519".into(),
            )
            .into()),
        }
    }
}

/// The cipher that wraps a session key under an X25519 secret.
pub(super) const WRAPPING_CIPHER: SymmetricAlgorithm = SymmetricAlgorithm::AES128;

/// The shared secret of two X25519 keys; an error if it is zero.
pub(super) fn x25519(secret: &PrivateKey, public: &[u8]) -> Library<Protected> {
    let public = UnparsedPublicKey::new(&agreement::X25519, public);
    let shared = agreement::agree(secret, public, Unspecified, |shared| Ok(shared.into()))?;
    Ok(shared)
}

/// The key that wraps the session key: RFC 9580, section 5.1.6.
pub(super) fn wrapping_key(
    ephemeral: &[u8],
    recipient: &[u8],
    shared: &[u8],
) -> Library<Protected> {
    let material = Protected::from([ephemeral, recipient, shared].concat());
    let mut key = Protected::new(16);
    Hkdf::<Sha256>::new(None, &material)
        .expand(b"OpenPGP X25519", &mut key)
        .map_err(|error| sequoia_openpgp::Error::InvalidOperation(error.to_string()))?;
    Ok(key)
}

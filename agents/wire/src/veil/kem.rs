//! The cipher suite of the envelope, as `hpke` wants it.
//!
//! DHKEM(X25519, HKDF-SHA256) of RFC 9180 in which only the sender differs: its
//! encapsulated key has a representative ([`super::elligator`]). The receiver
//! is plain RFC 9180. X25519 and AES-GCM are aws-lc's: the envelope is a
//! relay's hottest path, and they are several times as fast as the defaults.

use std::sync::Arc;

use ::aead::inout::InOutBuf;
use ::aead::{AeadCore, AeadInOut, KeyInit, KeySizeUser, TagPosition};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use hpke::hybrid_array::typenum::{U12, U16, U32};
use hpke::kdf::{HkdfSha256, Kdf as _};
use hpke::kem::{Kem, SharedSecret, X25519HkdfSha256};
use hpke::rand_core::{self, TryCryptoRng, TryRng};
use hpke::{Deserializable, HpkeError, Serializable};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::elligator::{EphemeralKey, KEY_LEN};
use super::keys::{self, TransportPublic, TransportSecret};

/// `suite_id` of the KEM (RFC 9180, section 4.1): "KEM" and its identifier.
const KEM_SUITE_ID: [u8; 5] = [b'K', b'E', b'M', 0x00, 0x20];

/// DHKEM(X25519, HKDF-SHA256) with representable encapsulated keys.
pub(super) struct VeilKem;

/// An encapsulated key; `representative` is set on the sender's side only.
#[derive(Clone)]
pub(super) struct Encapsulated {
    pub(super) public: [u8; KEY_LEN],
    pub(super) representative: Option<[u8; KEY_LEN]>,
}

impl Kem for VeilKem {
    type PublicKey = TransportPublic;
    type PrivateKey = TransportSecret;
    type EncappedKey = Encapsulated;
    type NSecret = U32;
    const KEM_ID: u16 = X25519HkdfSha256::KEM_ID;

    fn sk_to_pk(secret: &TransportSecret) -> TransportPublic {
        secret.public()
    }

    fn derive_keypair(ikm: &[u8]) -> (TransportSecret, TransportPublic) {
        let (secret, _) = X25519HkdfSha256::derive_keypair(ikm);
        let secret = TransportSecret::from_bytes(Zeroizing::new(secret.to_bytes().into()));
        let public = secret.public();
        (secret, public)
    }

    fn decap(
        secret: &TransportSecret,
        sender: Option<&TransportPublic>,
        encapsulated: &Encapsulated,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        if sender.is_some() {
            return Err(HpkeError::DecapError);
        }
        let shared = secret.exchange(&encapsulated.public).map_err(|_| HpkeError::DecapError)?;
        extract_and_expand(&shared, &encapsulated.public, secret.public_ref())
    }

    fn encap_with_rng(
        recipient: &TransportPublic,
        sender: Option<(&TransportSecret, &TransportPublic)>,
        rng: &mut impl rand_core::CryptoRng,
    ) -> Result<(SharedSecret<Self>, Encapsulated), HpkeError> {
        if sender.is_some() {
            return Err(HpkeError::EncapError);
        }
        let key = EphemeralKey::draw(&mut |bytes| rng.fill_bytes(bytes));
        let shared = key.exchange(&recipient.0).map_err(|_| HpkeError::EncapError)?;
        let secret = extract_and_expand(&shared, key.public(), &recipient.0)?;
        let encapsulated =
            Encapsulated { public: *key.public(), representative: Some(*key.representative()) };
        Ok((secret, encapsulated))
    }
}

/// `ExtractAndExpand(dh, kem_context)` of RFC 9180, section 4.1.
fn extract_and_expand(
    shared: &keys::SharedSecret,
    encapsulated: &[u8; KEY_LEN],
    recipient: &[u8; KEY_LEN],
) -> Result<SharedSecret<VeilKem>, HpkeError> {
    let mut context = [0; 2 * KEY_LEN];
    let (enc, key) = context.split_at_mut(KEY_LEN);
    enc.copy_from_slice(encapsulated);
    key.copy_from_slice(recipient);
    let mut secret = SharedSecret::default();
    HkdfSha256::extract_and_expand(shared.as_slice(), &KEM_SUITE_ID, &context, &mut secret.0)?;
    Ok(secret)
}

impl Serializable for TransportPublic {
    type OutputSize = U32;

    fn write_exact(&self, out: &mut [u8]) {
        out.copy_from_slice(&self.0);
    }
}

impl Deserializable for TransportPublic {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        key_bytes(bytes).map(Self)
    }
}

impl Serializable for TransportSecret {
    type OutputSize = U32;

    fn write_exact(&self, out: &mut [u8]) {
        out.copy_from_slice(self.as_bytes());
    }
}

impl Deserializable for TransportSecret {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        key_bytes(bytes).map(|bytes| Self::from_bytes(Zeroizing::new(bytes)))
    }
}

impl ConstantTimeEq for TransportSecret {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.as_bytes().ct_eq(other.as_bytes())
    }
}

impl Serializable for Encapsulated {
    type OutputSize = U32;

    fn write_exact(&self, out: &mut [u8]) {
        out.copy_from_slice(&self.public);
    }
}

impl Deserializable for Encapsulated {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        key_bytes(bytes).map(|public| Self { public, representative: None })
    }
}

fn key_bytes(bytes: &[u8]) -> Result<[u8; KEY_LEN], HpkeError> {
    bytes.try_into().map_err(|_| HpkeError::IncorrectInputLength(KEY_LEN, bytes.len()))
}

/// AES-256-GCM by aws-lc, under its HPKE identifier.
pub(super) struct FastGcm;

impl hpke::aead::Aead for FastGcm {
    type AeadImpl = FastGcmKey;
    const AEAD_ID: u16 = hpke::aead::AesGcm256::AEAD_ID;
}

/// A key of [`FastGcm`]; None only if the library could not allocate.
#[derive(Clone)]
pub(super) struct FastGcmKey(Option<Arc<LessSafeKey>>);

impl KeySizeUser for FastGcmKey {
    type KeySize = U32;
}

impl KeyInit for FastGcmKey {
    fn new(key: &::aead::Key<Self>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).ok();
        Self(key.map(|key| Arc::new(LessSafeKey::new(key))))
    }
}

impl AeadCore for FastGcmKey {
    type NonceSize = U12;
    type TagSize = U16;
    const TAG_POSITION: TagPosition = TagPosition::Postfix;
}

impl AeadInOut for FastGcmKey {
    fn encrypt_inout_detached(
        &self,
        nonce: &::aead::Nonce<Self>,
        associated_data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
    ) -> ::aead::Result<::aead::Tag<Self>> {
        let key = self.0.as_ref().ok_or(::aead::Error)?;
        let nonce = Nonce::assume_unique_for_key((*nonce).into());
        let plain = buffer.into_out_with_copied_in();
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::from(associated_data), plain)
            .map_err(|_| ::aead::Error)?;
        ::aead::Tag::<Self>::try_from(tag.as_ref()).map_err(|_| ::aead::Error)
    }

    fn decrypt_inout_detached(
        &self,
        nonce: &::aead::Nonce<Self>,
        associated_data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
        tag: &::aead::Tag<Self>,
    ) -> ::aead::Result<()> {
        let key = self.0.as_ref().ok_or(::aead::Error)?;
        let nonce = Nonce::assume_unique_for_key((*nonce).into());
        let sealed = buffer.into_out_with_copied_in();
        key.open_in_place_separate_tag(nonce, Aad::from(associated_data), tag, sealed)
            .map_err(|_| ::aead::Error)?;
        Ok(())
    }
}

/// Our random generator as `hpke` wants it: it follows a newer version of the
/// same traits.
pub(super) struct HpkeRng<'a, R>(pub(super) &'a mut R);

impl<R: rand::CryptoRng> TryRng for HpkeRng<'_, R> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill_bytes(out);
        Ok(())
    }
}

impl<R: rand::CryptoRng> TryCryptoRng for HpkeRng<'_, R> {}

#[cfg(test)]
mod tests;

//! Client → relay: one HPKE message of a wire size, around one N2.
//!
//! ```text
//! representative  32
//! ciphertext          of: version (1) ‖ kind (1) ‖ minute (4) ‖ length (4) ‖ N2 ‖ zeros
//! tag             16
//! ```
//!
//! The representative as it travels is the associated data: its two free bits
//! change no key, and a copy with such a bit flipped must not be answered,
//! because that would tell a prober what the first 32 bytes are.

use hpke::aead::AeadTag;
use hpke::kdf::HkdfSha256;
use hpke::{Deserializable, HpkeError, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

use super::elligator::{self, KEY_LEN};
use super::kem::{Encapsulated, FastGcm, HpkeRng, VeilKem};
use super::keys::{TransportPublic, TransportSecret};
use super::padding::{self, PaddingError};
use super::response::{ResponseOpener, ResponseSealer};
use crate::sizes::{N2_MAX, WIRE_SIZES, wire_size_for_n2};

const VERSION: u8 = 1;
const HEADER_LEN: usize = 10;
const TAG_LEN: usize = 16;
const INFO_LABEL: &[u8; 12] = b"conet/veil/1";
const EXPORT_LABEL: &[u8] = b"conet/veil/response/1";

/// What the relay shall do with the N2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnvelopeKind {
    /// Forward it and return the agent's answer.
    Forward,
    /// Forward it and keep returning the agent's cells.
    Stream,
}

impl EnvelopeKind {
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Forward => 1,
            Self::Stream => 2,
        }
    }

    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Forward),
            2 => Some(Self::Stream),
            _ => None,
        }
    }
}

/// Why an envelope cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The body has none of the sizes of the wire.
    #[error("a body of {found} bytes; expected one of {expected:?}")]
    Size {
        /// The sizes there are.
        expected: &'static [usize],
        /// The length of the body.
        found: usize,
    },
    /// The N2 is too long for any envelope.
    #[error("an N2 of {found} bytes; expected at most {expected}")]
    TooLong {
        /// The longest N2.
        expected: usize,
        /// The length given.
        found: usize,
    },
    /// The relay's key is not usable, or the library failed.
    #[error("the relay's key cannot be sealed to: {0}")]
    Seal(HpkeError),
    /// The body is not an envelope for this key.
    #[error("not an envelope for this key: {0}")]
    Open(HpkeError),
    /// Sealed for this key, by a version that we do not know.
    #[error("version {found}; expected {expected}")]
    Version {
        /// The version that we know.
        expected: u8,
        /// The version found.
        found: u8,
    },
    /// Sealed for this key, with a kind that we do not know.
    #[error("kind {found}; expected 1 or 2")]
    Kind {
        /// The kind found.
        found: u8,
    },
    /// Length and padding do not fit.
    #[error(transparent)]
    Padding(#[from] PaddingError),
}

/// Seals envelopes.
#[derive(Clone, Copy, Debug)]
pub struct Envelope;

impl Envelope {
    /// Seals an N2 for a relay: the body to post, and what opens the answer.
    ///
    /// `minute` is unix time / 60.
    pub fn seal(
        relay: &TransportPublic,
        kind: EnvelopeKind,
        minute: u32,
        n2: &[u8],
        rng: &mut impl rand::CryptoRng,
    ) -> Result<(Vec<u8>, ResponseOpener), EnvelopeError> {
        let size = wire_size_for_n2(n2.len())
            .ok_or(EnvelopeError::TooLong { expected: N2_MAX, found: n2.len() })?;
        let (encapsulated, mut context) =
            hpke::setup_sender_with_rng::<FastGcm, HkdfSha256, VeilKem>(
                &OpModeS::Base,
                relay,
                &info(relay),
                &mut HpkeRng(rng),
            )
            .map_err(EnvelopeError::Seal)?;
        let representative =
            encapsulated.representative.ok_or(EnvelopeError::Seal(HpkeError::EncapError))?;

        let mut body = Vec::with_capacity(size);
        body.extend_from_slice(&representative);
        body.extend_from_slice(&[VERSION, kind.byte()]);
        body.extend_from_slice(&minute.to_be_bytes());
        body.extend_from_slice(&padding::length_bytes(n2.len()));
        body.extend_from_slice(n2);
        body.resize(size - TAG_LEN, 0);
        let (_, plain) = body.split_at_mut(KEY_LEN);
        let tag = context
            .seal_inout_detached(plain.into(), &representative)
            .map_err(EnvelopeError::Seal)?;
        body.extend_from_slice(&tag.to_bytes());

        let mut secret = Zeroizing::new([0; 32]);
        context.export(EXPORT_LABEL, secret.as_mut()).map_err(EnvelopeError::Seal)?;
        Ok((body, ResponseOpener::new(secret, encapsulated.public)))
    }
}

/// An envelope that a relay opened in place.
#[derive(Debug)]
pub struct OpenedEnvelope<'a> {
    /// What to do with the N2.
    pub kind: EnvelopeKind,
    /// The sender's unix time / 60, for [`super::ReplayWindow`].
    pub minute: u32,
    /// The encapsulated key, for [`super::ReplayWindow`].
    pub encapsulated: [u8; KEY_LEN],
    /// What to forward.
    pub n2: &'a [u8],
    /// Seals the answer.
    pub response: ResponseSealer,
}

impl TransportSecret {
    /// Opens an envelope in place. The caller still has to ask its
    /// [`super::ReplayWindow`].
    pub fn open_envelope<'a>(
        &self,
        body: &'a mut [u8],
    ) -> Result<OpenedEnvelope<'a>, EnvelopeError> {
        let found = body.len();
        let wrong_size = EnvelopeError::Size { expected: &WIRE_SIZES, found };
        if !WIRE_SIZES.contains(&found) {
            return Err(wrong_size);
        }
        let (representative, sealed) = body.split_first_chunk_mut::<KEY_LEN>().ok_or(wrong_size)?;
        let (sealed, tag) = sealed.split_last_chunk_mut::<TAG_LEN>().ok_or(wrong_size)?;
        let encapsulated = elligator::reveal(representative);
        let enc = Encapsulated { public: encapsulated, representative: None };
        let tag = AeadTag::<FastGcm>::from_bytes(tag.as_slice()).map_err(EnvelopeError::Open)?;

        let mut context = hpke::setup_receiver::<FastGcm, HkdfSha256, VeilKem>(
            &OpModeR::Base,
            self,
            &enc,
            &info(&self.public()),
        )
        .map_err(EnvelopeError::Open)?;
        context
            .open_inout_detached((&mut *sealed).into(), representative.as_slice(), &tag)
            .map_err(EnvelopeError::Open)?;
        let mut secret = Zeroizing::new([0; 32]);
        context.export(EXPORT_LABEL, secret.as_mut()).map_err(EnvelopeError::Open)?;

        let (kind, minute, n2) = parse(sealed)?;
        let response = ResponseSealer::new(secret, encapsulated);
        Ok(OpenedEnvelope { kind, minute, encapsulated, n2, response })
    }
}

fn parse(plain: &[u8]) -> Result<(EnvelopeKind, u32, &[u8]), EnvelopeError> {
    let too_short = PaddingError::Length { expected: plain.len(), found: HEADER_LEN };
    let (&[version, kind, m0, m1, m2, m3, l0, l1, l2, l3], rest) =
        plain.split_first_chunk::<HEADER_LEN>().ok_or(too_short)?;
    if version != VERSION {
        return Err(EnvelopeError::Version { expected: VERSION, found: version });
    }
    let kind = EnvelopeKind::from_byte(kind).ok_or(EnvelopeError::Kind { found: kind })?;
    let minute = u32::from_be_bytes([m0, m1, m2, m3]);
    let n2 = padding::content(rest, padding::length_from([l0, l1, l2, l3]))?;
    Ok((kind, minute, n2))
}

/// HPKE's `info`: the label and the relay's key.
fn info(relay: &TransportPublic) -> [u8; INFO_LABEL.len() + KEY_LEN] {
    let mut info = [0; INFO_LABEL.len() + KEY_LEN];
    let (label, key) = info.split_at_mut(INFO_LABEL.len());
    label.copy_from_slice(INFO_LABEL);
    key.copy_from_slice(&relay.0);
    info
}

#[cfg(test)]
mod tests;

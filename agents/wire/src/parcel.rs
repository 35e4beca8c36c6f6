//! The parcel: what N2 holds for the agent, and the agent's sealed answer.
//!
//! A parcel carries a fresh reply key. Only an answer sealed with it counts for
//! the sender: a relay's own "200 OK" proves nothing.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf,
};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    message::Kind,
    reader::{EndsEarly, Reader},
    sizes::{n2_len, wire_size_for_n2},
};

/// Bytes that a parcel adds to its body.
pub const OVERHEAD: usize = 1 + 1 + 32 + 4;

/// Bytes that an answer adds to its body: status, clock, length and AEAD tag.
pub const ANSWER_OVERHEAD: usize = 1 + 8 + 4 + 16;

const VERSION: u8 = 1;
const ANSWER_LABEL: &[u8] = b"conet/answer/1";

/// What a parcel's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// An N1 to deliver.
    Message(Kind),
    /// An encoded [`crate::request::Request`].
    Request,
    /// An acknowledgement under the session key ([`crate::session`]).
    Acknowledgement,
    /// A [`crate::ledgers::LedgerRequest`], for the node's part in small chains.
    Ledgers,
}

impl Content {
    const fn byte(self) -> u8 {
        match self {
            Self::Message(kind) => kind.byte(),
            Self::Request => 3,
            Self::Acknowledgement => 4,
            Self::Ledgers => 5,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            3 => Some(Self::Request),
            4 => Some(Self::Acknowledgement),
            5 => Some(Self::Ledgers),
            other => match Kind::from_byte(other) {
                Some(kind) => Some(Self::Message(kind)),
                None => None,
            },
        }
    }
}

/// A key for one answer, chosen by who asks.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ReplyKey([u8; 32]);

impl ReplyKey {
    /// Wraps 32 random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for ReplyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplyKey")
    }
}

/// What an agent finds inside N2.
#[derive(Debug)]
pub enum Parcel<'a> {
    /// A parcel of our own clients.
    Sealed {
        /// What the body is.
        content: Content,
        /// The key for the answer.
        reply_key: ReplyKey,
        /// The body.
        body: &'a [u8],
    },
    /// An N1 as it is, from a sender with ordinary OpenPGP tools.
    Open(&'a [u8]),
}

/// Why an N2 plaintext is no parcel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParcelError {
    /// Shorter than its fields.
    #[error("the parcel {0}")]
    EndsEarly(#[from] EndsEarly),
    /// Neither an OpenPGP message nor a parcel of this version.
    #[error(
        "expected an OpenPGP message or parcel version {VERSION}, found a first byte of {found:#04x}"
    )]
    Version {
        /// The first byte.
        found: u8,
    },
    /// Unknown kind or non-zero padding.
    #[error("the parcel is not well formed: {0}")]
    Malformed(&'static str),
}

/// Encodes a parcel, without padding (sealing to a fixed length pads).
#[must_use]
pub fn encode(content: Content, reply_key: &ReplyKey, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(OVERHEAD + body.len());
    bytes.push(VERSION);
    bytes.push(content.byte());
    bytes.extend_from_slice(&reply_key.0);
    bytes.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Reads N2's plaintext.
///
/// # Errors
/// [`ParcelError`] says what is wrong.
pub fn decode(plaintext: &[u8]) -> Result<Parcel<'_>, ParcelError> {
    let mut fields = Reader(plaintext);
    match fields.u8()? {
        VERSION => {}
        found if found & 0x80 != 0 || found == b'-' || found.is_ascii_whitespace() => {
            return Ok(Parcel::Open(plaintext));
        }
        found => return Err(ParcelError::Version { found }),
    }
    let content = Content::from_byte(fields.u8()?).ok_or(ParcelError::Malformed("kind"))?;
    let reply_key = ReplyKey(fields.array()?);
    let body = fields.run()?;
    if !fields.only_zeros() {
        return Err(ParcelError::Malformed("padding"));
    }
    Ok(Parcel::Sealed { content, reply_key, body })
}

/// What an agent says of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Status {
    /// Durably stored, or the request was carried out.
    Done = 0,
    /// A live message was handed to a connected reader.
    HandedOver = 1,
    /// The message, or the request, is not well formed.
    Malformed = 16,
    /// This agent has no such client.
    UnknownRecipient = 17,
    /// The client has left for another agent; look the route up again.
    Moved = 18,
    /// The mailbox is full. Nothing was evicted; nothing was stored.
    MailboxFull = 19,
    /// A live message, and the reader is not connected.
    NotConnected = 20,
    /// The wallet's signature does not hold.
    BadSignature = 21,
    /// The request was seen before.
    Replayed = 22,
    /// The request's expiry is past, or too far ahead. Compare the agent's clock.
    Expired = 23,
    /// Addressed to another agent, chain or contract.
    WrongAddressee = 24,
    /// The agent takes no more clients, or the wallet is not on its list.
    NotAdmitted = 25,
    /// Too many requests; try again later.
    Busy = 26,
    /// The agent cannot do its work now (disk, chain); nothing was stored.
    Unavailable = 27,
    /// The wallet is not a client of this agent.
    NotRegistered = 28,
    /// The chain refused the route update.
    ChainRefused = 29,
}

impl Status {
    /// Whether the parcel took effect.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Done | Self::HandedOver)
    }

    /// Whether another try, later or after a new look-up, can succeed.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable | Self::MailboxFull | Self::NotConnected)
    }

    /// Reads its byte.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Done,
            1 => Self::HandedOver,
            16 => Self::Malformed,
            17 => Self::UnknownRecipient,
            18 => Self::Moved,
            19 => Self::MailboxFull,
            20 => Self::NotConnected,
            21 => Self::BadSignature,
            22 => Self::Replayed,
            23 => Self::Expired,
            24 => Self::WrongAddressee,
            25 => Self::NotAdmitted,
            26 => Self::Busy,
            27 => Self::Unavailable,
            28 => Self::NotRegistered,
            29 => Self::ChainRefused,
            _ => return None,
        })
    }
}

/// An agent's answer to a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What became of the parcel.
    pub status: Status,
    /// The agent's clock, unix milliseconds, so that a client can see its own is off.
    pub agent_clock: u64,
    /// A reason as text, or what was asked for.
    pub body: Vec<u8>,
}

/// Why an answer could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Not sealed with the reply key, or changed on the way.
    #[error("the answer is not sealed with the reply key")]
    NotSealed,
    /// No answer of this length exists.
    #[error("the answer {0}")]
    EndsEarly(#[from] EndsEarly),
    /// Unknown status or non-zero padding.
    #[error("the answer is not well formed: {0}")]
    Malformed(&'static str),
    /// The body does not fit the largest wire size.
    #[error("an answer of {found} bytes does not fit the largest wire size")]
    TooLarge {
        /// Length with overhead.
        found: usize,
    },
}

impl Answer {
    /// Seals to the exact length of an N2 of the smallest wire size that fits.
    ///
    /// # Errors
    /// [`AnswerError::TooLarge`].
    pub fn seal(&self, key: &ReplyKey) -> Result<Vec<u8>, AnswerError> {
        let needed = ANSWER_OVERHEAD + self.body.len();
        let size =
            wire_size_for_n2(needed).ok_or(AnswerError::TooLarge { found: needed }).map(n2_len)?;
        let mut bytes = Vec::with_capacity(size);
        bytes.push(self.status as u8);
        bytes.extend_from_slice(&self.agent_clock.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(self.body.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(&self.body);
        bytes.resize(size - AES_256_GCM.tag_len(), 0);
        aead(key)?
            .seal_in_place_append_tag(zero_nonce(), Aad::empty(), &mut bytes)
            .map_err(|_| AnswerError::NotSealed)?;
        Ok(bytes)
    }

    /// Opens what came back through the relay.
    ///
    /// # Errors
    /// [`AnswerError`]; the sender then knows nothing about its parcel.
    pub fn open(key: &ReplyKey, sealed: &[u8]) -> Result<Self, AnswerError> {
        let mut bytes = sealed.to_vec();
        let plaintext = aead(key)?
            .open_in_place(zero_nonce(), Aad::empty(), &mut bytes)
            .map_err(|_| AnswerError::NotSealed)?;
        let mut fields = Reader(plaintext);
        let status =
            Status::from_byte(fields.u8()?).ok_or(AnswerError::Malformed("unknown status"))?;
        let agent_clock = fields.u64()?;
        let body = fields.run()?.to_vec();
        if !fields.only_zeros() {
            return Err(AnswerError::Malformed("padding"));
        }
        Ok(Self { status, agent_clock, body })
    }
}

fn aead(key: &ReplyKey) -> Result<LessSafeKey, AnswerError> {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&key.0);
    let okm = prk.expand(&[ANSWER_LABEL], &AES_256_GCM).map_err(|_| AnswerError::NotSealed)?;
    Ok(LessSafeKey::new(UnboundKey::from(okm)))
}

/// The key seals one answer, so its nonce never repeats.
fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> ReplyKey {
        ReplyKey::new([3; 32])
    }

    #[test]
    fn parcels_come_back_as_they_were() {
        for content in [
            Content::Message(Kind::Mail),
            Content::Message(Kind::Live),
            Content::Request,
            Content::Acknowledgement,
            Content::Ledgers,
        ] {
            let mut bytes = encode(content, &key(), b"body");
            assert_eq!(bytes.len(), OVERHEAD + 4);
            bytes.resize(3000, 0);
            let Parcel::Sealed { content: read, reply_key, body } = decode(&bytes).unwrap() else {
                panic!("not sealed")
            };
            assert_eq!((read, reply_key.0, body), (content, [3; 32], &b"body"[..]));
        }
    }

    #[test]
    fn an_openpgp_message_is_an_open_parcel() {
        assert!(matches!(decode(b"\xc1..."), Ok(Parcel::Open(_))));
        assert!(matches!(decode(b"-----BEGIN"), Ok(Parcel::Open(_))));
        assert_eq!(decode(b"hello").unwrap_err(), ParcelError::Version { found: b'h' });
        assert!(decode(b"").is_err());
    }

    #[test]
    fn answers_have_the_length_of_an_n2() {
        let answer = Answer { status: Status::Moved, agent_clock: 5, body: b"gone".to_vec() };
        let sealed = answer.seal(&key()).unwrap();
        assert_eq!(sealed.len(), n2_len(4096));
        assert_eq!(Answer::open(&key(), &sealed).unwrap(), answer);
        assert_eq!(
            Answer::open(&ReplyKey::new([4; 32]), &sealed).unwrap_err(),
            AnswerError::NotSealed
        );
        for at in (0..sealed.len()).step_by(97) {
            let mut bad = sealed.clone();
            bad[at] ^= 0x20;
            assert_eq!(Answer::open(&key(), &bad).unwrap_err(), AnswerError::NotSealed);
        }
    }

    #[test]
    fn every_status_byte_reads_back() {
        for byte in 0..=255 {
            if let Some(status) = Status::from_byte(byte) {
                assert_eq!(status as u8, byte);
            }
        }
    }

    proptest! {
        #[test]
        fn strangers_cannot_panic_the_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
            let _ = Answer::open(&key(), &bytes);
        }
    }
}

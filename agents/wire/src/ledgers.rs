//! What a participant in small chains asks of an archive node through relays: the
//! ledgers' own parcels, inside an N2 to the archive node.
//!
//! ```text
//! body = type (1) ‖ …
//!   1 parcel   the parcel
//!   2 stream   session secret (32) ‖ the parcel that asks for the stream
//!   3 part     proof (122) ‖ length of the contents (4) ‖ index (4) ‖ bytes of the contents
//! ```
//!
//! A ledgers' parcel is signed by its sender's wallet, names who it is for, and
//! counts once, within seconds of its time: nothing is signed here once more, and
//! nothing is said of the sender outside of the encryption. What a parcel says is
//! the ledgers' matter; here only its length counts.

use alloy::primitives::{Address, U256, keccak256};

use crate::{
    openpgp,
    parcel::OVERHEAD,
    reader::{EndsEarly, Reader},
    session::{SessionBinding, SessionSecret},
    sizes::N2_MAX,
};

/// Bytes of a part's proof: the parcel's head (90) and the keccak256 of its contents (32). The wallet's signature is in
/// the head and over the hash, so that a part shows whose it is before the others are there.
pub const PROOF_LEN: usize = 90 + 32;

/// The longest body that fits the largest wire size.
const BODY_MAX: usize = match openpgp::capacity(N2_MAX) {
    Some(capacity) => capacity - OVERHEAD,
    None => 0,
};

/// The longest parcel that travels in one piece.
pub const WHOLE_BYTES_MAX: usize = BODY_MAX - 1;

/// Bytes of the contents in each part but the last.
pub const PART_BYTES: usize = BODY_MAX - 1 - PROOF_LEN - 4 - 4;

const PARCEL: u8 = 1;
const STREAM: u8 = 2;
const PART: u8 = 3;

/// A request to the ledgers' part of an archive node.
#[derive(Debug)]
pub enum LedgerRequest<'a> {
    /// Take a parcel.
    Parcel(&'a [u8]),
    /// Answer with the sender's stream.
    Stream {
        /// The stream's keys follow from it.
        secret: SessionSecret,
        /// The parcel that asks.
        parcel: &'a [u8],
    },
    /// Take a part of a parcel that is too long for one request.
    Part(Part<'a>),
}

/// A part of a long parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// The parcel's head, and the hash of its contents.
    pub proof: &'a [u8; PROOF_LEN],
    /// Bytes of the contents, of all parts together.
    pub length: u32,
    /// Which part, from 0.
    pub index: u32,
    /// [`PART_BYTES`] of the contents, or what is left of them.
    pub bytes: &'a [u8],
}

/// Why a body is no request to the ledgers' part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerRequestError {
    /// Shorter than its fields.
    #[error("the request {0}")]
    EndsEarly(#[from] EndsEarly),
    /// Of an unknown type.
    #[error("expected a request of type {PARCEL}, {STREAM} or {PART}, found {found}")]
    Type {
        /// The type.
        found: u8,
    },
    /// A part that is not where or as long as it says.
    #[error("expected part {index} of {length} bytes to have {expected}, found {found}")]
    Part {
        /// Which part.
        index: u32,
        /// Bytes of all.
        length: u32,
        /// Bytes that it should have; none when there is no such part.
        expected: usize,
        /// Bytes that it has.
        found: usize,
    },
}

/// Bytes of a part of contents that are so long; 0 when there is no such part.
#[must_use]
pub fn part_len(length: u32, index: u32) -> usize {
    let start = u64::from(index) * PART_BYTES as u64;
    let left = u64::from(length).saturating_sub(start);
    usize::try_from(left).unwrap_or(usize::MAX).min(PART_BYTES)
}

/// How many parts contents of this length have.
#[must_use]
pub fn parts_of(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX).div_ceil(PART_BYTES)
}

/// What a stream's keys are bound to: the node that is asked, and the parcel that asks, which names its sender.
#[must_use]
pub fn stream_binding(node: U256, parcel: &[u8]) -> SessionBinding {
    SessionBinding { wallet: Address::ZERO, agent: node, request: keccak256(parcel) }
}

impl<'a> LedgerRequest<'a> {
    /// Encodes for a parcel of the stealth internet.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Parcel(parcel) => [&[PARCEL], *parcel].concat(),
            Self::Stream { secret, parcel } => [&[STREAM], &secret.bytes()[..], parcel].concat(),
            Self::Part(Part { proof, length, index, bytes }) => {
                let (length, index) = (length.to_be_bytes(), index.to_be_bytes());
                [&[PART], &proof[..], &length, &index, bytes].concat()
            }
        }
    }

    /// Reads a request. What the parcel says is not looked at.
    ///
    /// # Errors
    /// [`LedgerRequestError`].
    pub fn decode(body: &'a [u8]) -> Result<Self, LedgerRequestError> {
        let mut fields = Reader(body);
        match fields.u8()? {
            PARCEL => Ok(Self::Parcel(fields.0)),
            STREAM => {
                let secret = SessionSecret::new(fields.array()?);
                Ok(Self::Stream { secret, parcel: fields.0 })
            }
            PART => {
                let proof = fields.chunk::<PROOF_LEN>()?;
                let (length, index) = (fields.u32()?, fields.u32()?);
                let (expected, found) = (part_len(length, index), fields.0.len());
                if expected == 0 || expected != found {
                    return Err(LedgerRequestError::Part { index, length, expected, found });
                }
                Ok(Self::Part(Part { proof, length, index, bytes: fields.0 }))
            }
            found => Err(LedgerRequestError::Type { found }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::parcel::{Content, ReplyKey, encode};

    const PROOF: [u8; PROOF_LEN] = [7; PROOF_LEN];

    #[test]
    fn requests_come_back_as_they_were() {
        let parcel = LedgerRequest::Parcel(b"a parcel").encode();
        assert!(matches!(LedgerRequest::decode(&parcel), Ok(LedgerRequest::Parcel(b"a parcel"))));
        let secret = SessionSecret::new([3; 32]);
        let stream = LedgerRequest::Stream { secret, parcel: b"asks" }.encode();
        let Ok(LedgerRequest::Stream { secret, parcel }) = LedgerRequest::decode(&stream) else {
            panic!("no stream")
        };
        assert_eq!((secret.bytes(), parcel), (&[3; 32], &b"asks"[..]));
    }

    #[test]
    fn the_longest_of_each_fits_an_n2_exactly() {
        let whole = vec![1; WHOLE_BYTES_MAX];
        let bytes = vec![2; PART_BYTES];
        let part = Part { proof: &PROOF, length: u32::MAX, index: 2, bytes: &bytes };
        for request in [LedgerRequest::Parcel(&whole), LedgerRequest::Part(part)] {
            let sealed = encode(Content::Ledgers, &ReplyKey::new([1; 32]), &request.encode());
            assert_eq!(Some(sealed.len()), openpgp::capacity(N2_MAX));
        }
    }

    #[test]
    fn parts_are_as_long_as_they_say() {
        let length = u32::try_from(PART_BYTES * 2 + 5).unwrap();
        assert_eq!(parts_of(length), 3);
        let contents = vec![9; length as usize];
        for (index, bytes) in (0..).zip(contents.chunks(PART_BYTES)) {
            let part = Part { proof: &PROOF, length, index, bytes };
            let encoded = LedgerRequest::Part(part).encode();
            let Ok(LedgerRequest::Part(read)) = LedgerRequest::decode(&encoded) else {
                panic!("no part")
            };
            assert_eq!(read, part);
            for wrong in [&encoded[..encoded.len() - 1], &[&encoded[..], &[0]].concat()] {
                let refused = LedgerRequest::decode(wrong);
                assert!(matches!(refused, Err(LedgerRequestError::Part { .. })), "{refused:?}");
            }
        }
        for (length, index) in [(0, 0), (length, 3), (length, u32::MAX)] {
            let none = LedgerRequest::Part(Part { proof: &PROOF, length, index, bytes: &[] });
            assert!(LedgerRequest::decode(&none.encode()).is_err());
        }
    }

    proptest! {
        #[test]
        fn strangers_cannot_panic_the_decoder(kind in 0..5_u8, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = LedgerRequest::decode(&[&[kind], &bytes[..]].concat());
        }
    }
}

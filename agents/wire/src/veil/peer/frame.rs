//! Requests and answers between nodes, whole or piece by piece.
//!
//! ```text
//! frame   = header (8) ‖ content ‖ zeros, cut into records of at most 65,536 bytes with their tags
//! request = version (1) ‖ kind (1) ‖ hops left (1) ‖ profile (1: 0 open, 1 veil) ‖ length (4)
//! answer  = version (1) ‖ status (1) ‖ 0 (2) ‖ length (4)
//! ```
//!
//! A frame is as long as its wire size says and has as many records as fill it,
//! so neither lengths nor ends need to be sent.

use std::marker::PhantomData;

use super::record::{OpeningHalf, RECORD_MAX, SealingHalf};
use crate::sizes::{N2_MAX, WIRE_SIZES, wire_size_for_n2};
use crate::veil::aead::{AeadError, TAG_LEN};
use crate::veil::envelope::EnvelopeKind;
use crate::veil::padding::{self, PaddingError};

const VERSION: u8 = 1;
const HEADER_LEN: usize = 8;

/// Why a frame cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A length that does not occur.
    #[error("{found} bytes; expected one of {expected:?}")]
    Size {
        /// The lengths that occur.
        expected: &'static [usize],
        /// The length found.
        found: usize,
    },
    /// More content than fits, or than was announced.
    #[error("{found} bytes of content; expected at most {expected}")]
    TooLong {
        /// What fits.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A record is not the next one of this session, or the session is over.
    #[error(transparent)]
    Aead(#[from] AeadError),
    /// A version that we do not know.
    #[error("version {found}; expected {expected}")]
    Version {
        /// The version that we know.
        expected: u8,
        /// The version found.
        found: u8,
    },
    /// A header that is none of ours.
    #[error("the header {found:02x?} is none of ours")]
    Header {
        /// Its bytes after the version.
        found: [u8; 3],
    },
    /// Length and padding do not fit.
    #[error(transparent)]
    Padding(#[from] PaddingError),
}

impl FrameError {
    pub(super) fn too_long(found: usize) -> Self {
        Self::TooLong { expected: N2_MAX, found }
    }
}

/// What a frame says about its content.
pub trait FrameHead: Copy + sealed::Sealed {
    /// Its three bytes between version and length.
    fn to_bytes(self) -> [u8; 3];
    /// Reads them.
    fn from_bytes(bytes: [u8; 3]) -> Result<Self, FrameError>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::RequestHead {}
    impl Sealed for super::AnswerHead {}
}

/// The profile in which the sender's client spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Plain OpenPGP over HTTP.
    Open,
    /// Envelopes.
    Veil,
}

/// The header of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestHead {
    /// One answer, or a stream of cells.
    pub kind: EnvelopeKind,
    /// How many more nodes may pass it on.
    pub hops_left: u8,
    /// How it came to the first relay.
    pub profile: Profile,
}

impl FrameHead for RequestHead {
    fn to_bytes(self) -> [u8; 3] {
        let profile = match self.profile {
            Profile::Open => 0,
            Profile::Veil => 1,
        };
        [self.kind.byte(), self.hops_left, profile]
    }

    fn from_bytes(bytes: [u8; 3]) -> Result<Self, FrameError> {
        let unknown = FrameError::Header { found: bytes };
        let [kind, hops_left, profile] = bytes;
        let kind = EnvelopeKind::from_byte(kind).ok_or(unknown)?;
        let profile = match profile {
            0 => Profile::Open,
            1 => Profile::Veil,
            _ => return Err(unknown),
        };
        Ok(Self { kind, hops_left, profile })
    }
}

/// The header of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnswerHead {
    /// 0, or a refusal whose reason follows.
    pub status: u8,
}

impl FrameHead for AnswerHead {
    fn to_bytes(self) -> [u8; 3] {
        [self.status, 0, 0]
    }

    fn from_bytes(bytes: [u8; 3]) -> Result<Self, FrameError> {
        match bytes {
            [status, 0, 0] => Ok(Self { status }),
            found => Err(FrameError::Header { found }),
        }
    }
}

/// The length of all records in a frame of a wire size.
pub(super) fn record_len(size: usize) -> usize {
    size.min(RECORD_MAX)
}

pub(super) fn check_size(found: usize) -> Result<usize, FrameError> {
    match WIRE_SIZES.contains(&found) {
        true => Ok(found),
        false => Err(FrameError::Size { expected: &WIRE_SIZES, found }),
    }
}

pub(super) fn header<H: FrameHead>(head: H, length: usize) -> [u8; HEADER_LEN] {
    let [a, b, c] = head.to_bytes();
    let [l0, l1, l2, l3] = padding::length_bytes(length);
    [VERSION, a, b, c, l0, l1, l2, l3]
}

/// Reads a header: what it says, the length, and what is behind it.
fn split_header<H: FrameHead>(plain: &[u8]) -> Result<(H, usize, &[u8]), FrameError> {
    let too_short = PaddingError::Length { expected: plain.len(), found: HEADER_LEN };
    let (&[version, a, b, c, l0, l1, l2, l3], rest) =
        plain.split_first_chunk::<HEADER_LEN>().ok_or(too_short)?;
    if version != VERSION {
        return Err(FrameError::Version { expected: VERSION, found: version });
    }
    Ok((H::from_bytes([a, b, c])?, padding::length_from([l0, l1, l2, l3]), rest))
}

/// Reads a whole frame.
pub(super) fn parse<H: FrameHead>(plain: &[u8]) -> Result<(H, &[u8]), FrameError> {
    let (head, length, rest) = split_header(plain)?;
    Ok((head, padding::content(rest, length)?))
}

/// Seals a frame whose content comes in pieces.
///
/// ```text
/// while let Some(record) = writer.next_record(&mut sealing, &mut piece)? { send(record) }
/// ```
///
/// for every piece; after the last one the loop yields the padding, too.
#[derive(Debug)]
pub struct FrameWriter {
    size: usize,
    sent: usize,
    missing: usize,
    record: Vec<u8>,
}

impl FrameWriter {
    /// A frame for `length` bytes of content.
    pub fn new<H: FrameHead>(head: H, length: usize) -> Result<Self, FrameError> {
        let size = wire_size_for_n2(length).ok_or(FrameError::too_long(length))?;
        let mut record = Vec::with_capacity(record_len(size));
        record.extend_from_slice(&header(head, length));
        Ok(Self { size, sent: 0, missing: length, record })
    }

    /// The length of the frame: its `Content-Length`.
    #[must_use]
    pub fn wire_size(&self) -> usize {
        self.size
    }

    /// Whether every record was yielded.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.sent == self.size
    }

    /// Takes what it can from the front of `piece` and yields the next record,
    /// or None when more content is needed or the frame is finished.
    pub fn next_record(
        &mut self,
        half: &mut SealingHalf,
        piece: &mut &[u8],
    ) -> Result<Option<Vec<u8>>, FrameError> {
        if piece.len() > self.missing {
            return Err(FrameError::TooLong { expected: self.missing, found: piece.len() });
        }
        if self.is_finished() {
            return Ok(None);
        }
        let record_len = record_len(self.size);
        let room = record_len - TAG_LEN - self.record.len();
        let (now, later) = piece.split_at(room.min(piece.len()));
        self.record.reserve_exact(record_len - self.record.len());
        self.record.extend_from_slice(now);
        *piece = later;
        self.missing -= now.len();
        if self.missing > 0 && now.len() < room {
            return Ok(None);
        }
        let mut record = std::mem::take(&mut self.record);
        record.resize(record_len, 0);
        half.seal_record(&mut record)?;
        self.sent += record_len;
        Ok(Some(record))
    }
}

/// Opens a frame whose body comes in pieces.
///
/// Holds one record at a time. What it yields is authenticated and in order,
/// but only [`FrameReader::is_finished`] says that all of it has come.
#[derive(Debug)]
pub struct FrameReader<H> {
    size: usize,
    received: usize,
    head: Option<(H, usize)>,
    missing: usize,
    record: Vec<u8>,
    phantom: PhantomData<H>,
}

impl<H: FrameHead> FrameReader<H> {
    /// For a body of `size` bytes, one of the wire sizes.
    pub fn new(size: usize) -> Result<Self, FrameError> {
        let size = check_size(size)?;
        Ok(Self {
            size,
            received: 0,
            head: None,
            missing: 0,
            record: Vec::new(),
            phantom: PhantomData,
        })
    }

    /// The header and the length of the content, once the first record came.
    #[must_use]
    pub fn head(&self) -> Option<(H, usize)> {
        self.head
    }

    /// Whether the whole frame came.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.received == self.size
    }

    /// Takes what it can from the front of `piece` and yields the content of
    /// the next record (it may be empty), or None when more is needed or the
    /// frame is finished.
    pub fn next_content(
        &mut self,
        half: &mut OpeningHalf,
        piece: &mut &[u8],
    ) -> Result<Option<&[u8]>, FrameError> {
        let left = self.size - self.received;
        let record_len = record_len(self.size);
        if self.record.len() == record_len {
            // Yielded by the last call.
            self.record.clear();
        }
        if self.record.len() + piece.len() > left {
            return Err(FrameError::TooLong {
                expected: left,
                found: self.record.len() + piece.len(),
            });
        }
        let (now, later) = piece.split_at(piece.len().min(record_len - self.record.len()));
        self.record.reserve_exact(record_len - self.record.len());
        self.record.extend_from_slice(now);
        *piece = later;
        if self.record.len() < record_len {
            return Ok(None);
        }
        self.received += record_len;
        let mut plain: &[u8] = half.open_record(&mut self.record)?;
        if self.head.is_none() {
            let (head, length, rest) = split_header(plain)?;
            let expected = self.size - self.size / record_len * TAG_LEN - HEADER_LEN;
            if length > expected {
                return Err(PaddingError::Length { expected, found: length }.into());
            }
            self.head = Some((head, length));
            self.missing = length;
            plain = rest;
        }
        let content = padding::content(plain, self.missing.min(plain.len()))?;
        self.missing -= content.len();
        Ok(Some(content))
    }
}

#[cfg(test)]
mod tests;

//! Where packets start and end: RFC 9580, section 4.2.
//!
//! The library's parser, at a place where no packet starts, tries every one of
//! the next 32 KiB, which takes it 0.2 s. Here such a place is an error.

use std::ops::Deref;

use zeroize::Zeroizing;

/// Packets that may come in parts of lengths not known beforehand.
const STREAMED: [u8; 3] = [tag::COMPRESSED, tag::LITERAL, tag::ENCRYPTED];

/// The packet types that this protocol knows.
pub(super) mod tag {
    pub(in super::super) const SESSION_KEY: u8 = 1;
    pub(in super::super) const SIGNATURE: u8 = 2;
    pub(in super::super) const ONE_PASS_SIGNATURE: u8 = 4;
    pub(in super::super) const PUBLIC_KEY: u8 = 6;
    pub(in super::super) const COMPRESSED: u8 = 8;
    pub(in super::super) const MARKER: u8 = 10;
    pub(in super::super) const LITERAL: u8 = 11;
    pub(in super::super) const USER_ID: u8 = 13;
    pub(in super::super) const PUBLIC_SUBKEY: u8 = 14;
    pub(in super::super) const ENCRYPTED: u8 = 18;
    pub(in super::super) const PADDING: u8 = 21;
}

/// Bytes that are no packet.
#[derive(Debug, thiserror::Error)]
pub(super) enum FramingError {
    #[error("expected the start of a packet, found {0:#04x}")]
    NoPacket(u8),
    #[error("expected {expected} more bytes, found {found}")]
    Truncated { expected: usize, found: usize },
    #[error("expected a packet of known length, found one of type {0} in parts")]
    Streamed(u8),
}

/// A packet's type and body.
pub(super) struct Frame<'a> {
    pub(super) tag: u8,
    pub(super) body: Body<'a>,
}

impl Frame<'_> {
    /// The type in words, for errors.
    pub(super) fn name(&self) -> String {
        sequoia_openpgp::packet::Tag::from(self.tag).to_string()
    }
}

/// A body in one piece, or put together from its parts.
pub(super) enum Body<'a> {
    Whole(&'a [u8]),
    Joined(Zeroizing<Vec<u8>>),
}

impl Deref for Body<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Joined(bytes) => bytes,
        }
    }
}

enum Length {
    Full(usize),
    Part(usize),
}

/// Takes the first packet off `bytes`.
pub(super) fn split<'a>(bytes: &mut &'a [u8]) -> Result<Frame<'a>, FramingError> {
    let [first] = *take::<1>(bytes)?;
    let (tag, length) = match first >> 6 {
        0b11 => (first & 0x3f, new_length(bytes)?),
        0b10 => (first >> 2 & 0x0f, Length::Full(old_length(first, bytes)?)),
        _ => return Err(FramingError::NoPacket(first)),
    };
    let body = match length {
        Length::Full(len) => Body::Whole(take_slice(bytes, len)?),
        Length::Part(len) if STREAMED.contains(&tag) => Body::Joined(join(bytes, len)?),
        Length::Part(_) => return Err(FramingError::Streamed(tag)),
    };
    Ok(Frame { tag, body })
}

/// Puts the parts together. The buffer is as large as it can become, since a
/// `Vec` that grows leaves copies behind.
fn join(bytes: &mut &[u8], first: usize) -> Result<Zeroizing<Vec<u8>>, FramingError> {
    let mut joined = Zeroizing::new(Vec::with_capacity(bytes.len()));
    joined.extend_from_slice(take_slice(bytes, first)?);
    loop {
        let length = new_length(bytes)?;
        let (Length::Part(len) | Length::Full(len)) = length;
        joined.extend_from_slice(take_slice(bytes, len)?);
        if let Length::Full(_) = length {
            return Ok(joined);
        }
    }
}

fn new_length(bytes: &mut &[u8]) -> Result<Length, FramingError> {
    let [first] = *take::<1>(bytes)?;
    Ok(match first {
        0..192 => Length::Full(usize::from(first)),
        192..224 => {
            let [second] = *take::<1>(bytes)?;
            Length::Full((usize::from(first) - 192) * 256 + usize::from(second) + 192)
        }
        224..255 => Length::Part(1 << (first & 0x1f)),
        255 => Length::Full(u32::from_be_bytes(*take(bytes)?) as usize),
    })
}

/// The old format has a length that means up to the end; gpg writes it for
/// compressed packets.
fn old_length(first: u8, bytes: &mut &[u8]) -> Result<usize, FramingError> {
    Ok(match first & 3 {
        0 => usize::from(u8::from_be_bytes(*take(bytes)?)),
        1 => usize::from(u16::from_be_bytes(*take(bytes)?)),
        2 => u32::from_be_bytes(*take(bytes)?) as usize,
        _ if STREAMED.contains(&(first >> 2 & 0x0f)) => bytes.len(),
        _ => return Err(FramingError::Streamed(first >> 2 & 0x0f)),
    })
}

/// Takes the first `N` bytes.
pub(super) fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Result<&'a [u8; N], FramingError> {
    let truncated = FramingError::Truncated { expected: N, found: bytes.len() };
    let (taken, rest) = bytes.split_first_chunk().ok_or(truncated)?;
    *bytes = rest;
    Ok(taken)
}

/// Takes the first `len` bytes.
pub(super) fn take_slice<'a>(bytes: &mut &'a [u8], len: usize) -> Result<&'a [u8], FramingError> {
    let truncated = FramingError::Truncated { expected: len, found: bytes.len() };
    let (taken, rest) = bytes.split_at_checked(len).ok_or(truncated)?;
    *bytes = rest;
    Ok(taken)
}

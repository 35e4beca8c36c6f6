//! The way back: relay → client, sealed again under keys that the envelope's
//! HPKE context exports (as in RFC 9458, section 4.4), so that the two legs of
//! an answer share no bits.
//!
//! ```text
//! answer  = nonce (32) ‖ AEAD(status (1) ‖ length (4) ‖ body ‖ zeros)             one of WIRE_SIZES
//! stream  = event 0: nonce (32) ‖ AEAD(status (1) ‖ length (4) ‖ reason ‖ zeros)  4,096
//!           event i: AEAD(cell)                                                   4,096 or 65,536
//! ```

use std::fmt;

use aws_lc_rs::aead::NONCE_LEN;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::aead::{AeadError, CounterKey, TAG_LEN};
use super::padding::{self, PaddingError};
use crate::sizes::{CELL_LARGE, CELL_SMALL, N2_MAX, WIRE_SIZES, n2_len, wire_size_for_n2};

/// Events of one stream, far above what a connection lives to see.
const STREAM_EVENTS_MAX: u64 = 1 << 32;

const NONCE: usize = 32;
const HEADER_LEN: usize = 5;

/// The longest reason in the first event of a stream, on either leg, in bytes.
pub const REASON_MAX: usize = n2_len(CELL_SMALL);

/// Lengths of the cells that a stream carries, before sealing.
pub(super) const CELL_LENS: [usize; 2] = [CELL_SMALL - TAG_LEN, CELL_LARGE - TAG_LEN];
const EVENT_LENS: [usize; 2] = [CELL_SMALL, CELL_LARGE];

/// Why a response cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// A body, an event or a cell of a length that does not occur.
    #[error("{found} bytes; expected one of {expected:?}")]
    Size {
        /// The lengths that occur.
        expected: &'static [usize],
        /// The length found.
        found: usize,
    },
    /// More to say than fits.
    #[error("{found} bytes to seal; expected at most {expected}")]
    TooLong {
        /// What fits.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// The AEAD refuses.
    #[error(transparent)]
    Aead(#[from] AeadError),
    /// Length and padding do not fit.
    #[error(transparent)]
    Padding(#[from] PaddingError),
}

/// What both sides know after the envelope.
struct ResponseSecret {
    secret: Zeroizing<[u8; 32]>,
    encapsulated: [u8; 32],
}

impl ResponseSecret {
    /// The key for the responses under one nonce.
    fn key(&self, nonce: &[u8; NONCE], limit: u64) -> Result<CounterKey, ResponseError> {
        let mut salt = [0; 32 + NONCE];
        let (enc, rest) = salt.split_at_mut(32);
        enc.copy_from_slice(&self.encapsulated);
        rest.copy_from_slice(nonce);
        let hkdf = Hkdf::<Sha256>::new(Some(&salt), self.secret.as_slice());
        let (mut key, mut base) = (Zeroizing::new([0; 32]), [0; NONCE_LEN]);
        hkdf.expand(b"key", key.as_mut()).map_err(|_| AeadError::Refused { found: key.len() })?;
        hkdf.expand(b"nonce", &mut base).map_err(|_| AeadError::Refused { found: base.len() })?;
        Ok(CounterKey::new(&key, base, limit)?)
    }

    /// A sealed body of `size` under a fresh nonce, and the key for what follows.
    fn seal(
        &self,
        size: usize,
        status: u8,
        content: &[u8],
        limit: u64,
        rng: &mut impl rand::CryptoRng,
    ) -> Result<(Vec<u8>, CounterKey), ResponseError> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let mut key = self.key(&nonce, limit)?;
        let mut body = Vec::with_capacity(size);
        body.extend_from_slice(&nonce);
        body.push(status);
        body.extend_from_slice(&padding::length_bytes(content.len()));
        body.extend_from_slice(content);
        body.resize(size, 0);
        let (_, record) = body.split_at_mut(NONCE);
        key.seal(record)?;
        Ok((body, key))
    }

    /// Opens such a body in place.
    fn open<'a>(
        &self,
        body: &'a mut [u8],
        limit: u64,
    ) -> Result<(OpenedAnswer<'a>, CounterKey), ResponseError> {
        let too_short = PaddingError::Length { expected: body.len(), found: NONCE + HEADER_LEN };
        let (nonce, record) = body.split_first_chunk_mut::<NONCE>().ok_or(too_short)?;
        let mut key = self.key(nonce, limit)?;
        let plain: &[u8] = key.open(record)?;
        let (&[status, l0, l1, l2, l3], rest) =
            plain.split_first_chunk::<HEADER_LEN>().ok_or(too_short)?;
        let body = padding::content(rest, padding::length_from([l0, l1, l2, l3]))?;
        Ok((OpenedAnswer { status, body }, key))
    }
}

/// An answer that a client opened in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedAnswer<'a> {
    /// The relay's status: 0, or a refusal.
    pub status: u8,
    /// The agent's sealed answer, or the relay's reason.
    pub body: &'a [u8],
}

/// The relay's half of the way back.
pub struct ResponseSealer(ResponseSecret);

impl ResponseSealer {
    pub(super) fn new(secret: Zeroizing<[u8; 32]>, encapsulated: [u8; 32]) -> Self {
        Self(ResponseSecret { secret, encapsulated })
    }

    /// Seals one answer, of the smallest wire size that fits.
    pub fn seal_answer(
        self,
        status: u8,
        body: &[u8],
        rng: &mut impl rand::CryptoRng,
    ) -> Result<Vec<u8>, ResponseError> {
        let size = wire_size_for_n2(body.len())
            .ok_or(ResponseError::TooLong { expected: N2_MAX, found: body.len() })?;
        let (sealed, _) = self.0.seal(size, status, body, 1, rng)?;
        Ok(sealed)
    }

    /// Starts a stream: what seals its cells, and its first event.
    pub fn start_stream(
        self,
        status: u8,
        reason: &[u8],
        rng: &mut impl rand::CryptoRng,
    ) -> Result<(StreamSealer, Vec<u8>), ResponseError> {
        if reason.len() > REASON_MAX {
            return Err(ResponseError::TooLong { expected: REASON_MAX, found: reason.len() });
        }
        let (event, key) = self.0.seal(CELL_SMALL, status, reason, STREAM_EVENTS_MAX, rng)?;
        Ok((StreamSealer(key), event))
    }
}

/// The client's half of the way back.
pub struct ResponseOpener(ResponseSecret);

impl ResponseOpener {
    pub(super) fn new(secret: Zeroizing<[u8; 32]>, encapsulated: [u8; 32]) -> Self {
        Self(ResponseSecret { secret, encapsulated })
    }

    /// Opens one answer in place.
    pub fn open_answer(self, body: &mut [u8]) -> Result<OpenedAnswer<'_>, ResponseError> {
        check_len(body.len(), &WIRE_SIZES)?;
        let (answer, _) = self.0.open(body, 1)?;
        Ok(answer)
    }

    /// Opens the first event of a stream in place, and gets ready for its cells.
    pub fn open_stream(
        self,
        event: &mut [u8],
    ) -> Result<(StreamOpener, OpenedAnswer<'_>), ResponseError> {
        check_len(event.len(), &[CELL_SMALL])?;
        let (answer, key) = self.0.open(event, STREAM_EVENTS_MAX)?;
        Ok((StreamOpener(key), answer))
    }
}

/// Seals the agent's cells again, each as one event.
pub struct StreamSealer(CounterKey);

impl StreamSealer {
    /// Seals a cell: 4,080 or 65,520 bytes, 16 more when sealed.
    pub fn seal_cell(&mut self, cell: &[u8]) -> Result<Vec<u8>, ResponseError> {
        check_len(cell.len(), &CELL_LENS)?;
        let mut event = Vec::with_capacity(cell.len() + TAG_LEN);
        event.extend_from_slice(cell);
        event.resize(cell.len() + TAG_LEN, 0);
        self.0.seal(&mut event)?;
        Ok(event)
    }
}

/// Opens events of a stream. A gap, a repeat or a wrong size ends it.
pub struct StreamOpener(CounterKey);

impl StreamOpener {
    /// Opens the next event in place: the agent's cell.
    pub fn open_cell<'a>(&mut self, event: &'a mut [u8]) -> Result<&'a mut [u8], ResponseError> {
        check_len(event.len(), &EVENT_LENS)?;
        Ok(self.0.open(event)?)
    }
}

fn check_len(found: usize, expected: &'static [usize]) -> Result<(), ResponseError> {
    match expected.contains(&found) {
        true => Ok(()),
        false => Err(ResponseError::Size { expected, found }),
    }
}

/// None of these is ever printed: they hold keys.
macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
opaque_debug!(ResponseSealer, ResponseOpener, StreamSealer, StreamOpener);

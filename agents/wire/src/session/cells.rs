//! Cells: frames cut into pieces of two fixed sizes, each sealed under its counter.

use aws_lc_rs::aead::{Aad, LessSafeKey};

use super::keys::{SessionBinding, SessionKeys, SessionSecret, nonce};
use crate::{
    message::Kind,
    reader::{EndsEarly, Reader},
    sizes::{CELL_LARGE, CELL_SMALL, N2_MAX},
};

/// AEAD tag, bytes.
const TAG: usize = 16;
/// The agent's random bytes in the first cell.
const RANDOM: usize = 32;
/// What the relay adds when it seals a cell again.
const RELAY_TAG: usize = 16;
/// The longest frame: the largest N1 and its header.
const FRAME_BYTES_MAX: usize = N2_MAX + 64;

/// The length of a cell between agent and relay for a size on the client's wire.
#[must_use]
pub const fn cell_len(wire: usize) -> usize {
    wire - RELAY_TAG
}

/// What an agent tells a listening client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The stream is open.
    Opened {
        /// The agent's clock, unix milliseconds.
        agent_clock: u64,
    },
    /// A message.
    Message {
        /// Its place in this stream, from 0; acknowledgements name it.
        index: u64,
        /// When the agent stored it, unix milliseconds.
        received_at: u64,
        /// Mail waits for its acknowledgement; live messages do not.
        kind: Kind,
        /// The OpenPGP message to the client.
        n1: Vec<u8>,
    },
    /// What waited in the mailbox has been sent; what follows is new.
    Drained,
    /// The stream ends, and why.
    Notice(Notice),
    /// The next bytes of a stream of the ledgers' parcels ([`crate::ledgers`]).
    Bytes(Vec<u8>),
}

/// Why an agent ends a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Notice {
    /// Another `listen` of this wallet took over.
    Replaced = 1,
    /// The route names another agent now.
    Moved = 2,
    /// The agent is going down; connect again.
    ShuttingDown = 3,
    /// The client did not read or acknowledge fast enough; connect again.
    TooSlow = 4,
}

/// Why a stream is given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CellError {
    /// Not one of the two sizes.
    #[error("expected a cell of {small} or {large} bytes, found {found}", small = cell_len(CELL_SMALL), large = cell_len(CELL_LARGE))]
    Size {
        /// Length found.
        found: usize,
    },
    /// Changed, repeated, out of order, or of another stream.
    #[error("cell {counter} does not open: the stream was tampered with or has a gap")]
    Seal {
        /// The counter expected.
        counter: u64,
    },
    /// The agent sent something that is no frame.
    #[error("a frame is not well formed: {0}")]
    Frame(&'static str),
    /// The library failed.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl From<EndsEarly> for CellError {
    fn from(_: EndsEarly) -> Self {
        Self::Frame("ends early")
    }
}

impl Frame {
    fn encode_into(&self, out: &mut Vec<u8>) {
        let header = |out: &mut Vec<u8>, kind: u8, length: usize| {
            out.push(kind);
            out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        };
        match self {
            Self::Opened { agent_clock } => {
                header(out, 1, 8);
                out.extend_from_slice(&agent_clock.to_be_bytes());
            }
            Self::Message { index, received_at, kind, n1 } => {
                header(out, 2, 8 + 8 + 1 + n1.len());
                out.extend_from_slice(&index.to_be_bytes());
                out.extend_from_slice(&received_at.to_be_bytes());
                out.push(kind.byte());
                out.extend_from_slice(n1);
            }
            Self::Drained => header(out, 3, 0),
            Self::Notice(notice) => {
                header(out, 4, 1);
                out.push(*notice as u8);
            }
            Self::Bytes(bytes) => {
                header(out, 5, bytes.len());
                out.extend_from_slice(bytes);
            }
        }
    }

    fn decode(kind: u8, payload: &[u8]) -> Result<Self, CellError> {
        let mut fields = Reader(payload);
        let frame = match kind {
            1 => Self::Opened { agent_clock: fields.u64()? },
            2 => Self::Message {
                index: fields.u64()?,
                received_at: fields.u64()?,
                kind: Kind::from_byte(fields.u8()?).ok_or(CellError::Frame("message kind"))?,
                n1: fields.bytes(fields.0.len())?.to_vec(),
            },
            3 => Self::Drained,
            4 => Self::Notice(match fields.u8()? {
                1 => Notice::Replaced,
                2 => Notice::Moved,
                3 => Notice::ShuttingDown,
                4 => Notice::TooSlow,
                _ => return Err(CellError::Frame("notice code")),
            }),
            5 => Self::Bytes(fields.bytes(payload.len())?.to_vec()),
            _ => return Err(CellError::Frame("type")),
        };
        if fields.0.is_empty() { Ok(frame) } else { Err(CellError::Frame("trailing bytes")) }
    }
}

/// The agent's end of a stream.
#[derive(Debug)]
pub struct CellSealer {
    key: LessSafeKey,
    counter: u64,
    random: Option<[u8; RANDOM]>,
    waiting: Vec<u8>,
    sent: usize,
}

impl CellSealer {
    /// Opens a stream; also gives the receiver of its acknowledgements.
    ///
    /// # Errors
    /// [`CellError::Crypto`] only when the library fails.
    pub fn new(
        secret: &SessionSecret,
        random: [u8; RANDOM],
        binding: &SessionBinding,
    ) -> Result<(Self, super::AckReceiver), CellError> {
        let keys = SessionKeys::derive(secret, &random, binding).map_err(|_| CellError::Crypto)?;
        let acks = super::AckReceiver::new(keys.id, keys.ack);
        let sealer =
            Self { key: keys.push, counter: 0, random: Some(random), waiting: Vec::new(), sent: 0 };
        Ok((sealer, acks))
    }

    /// Queues a frame; it leaves with the next cells.
    pub fn queue(&mut self, frame: &Frame) {
        frame.encode_into(&mut self.waiting);
    }

    /// Frame bytes that wait for a cell.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len() - self.sent
    }

    /// The next cell: small when little waits (an idle cell when nothing does),
    /// large when more waits than a small one holds.
    ///
    /// # Errors
    /// [`CellError::Crypto`] only when the library fails.
    pub fn seal(&mut self) -> Result<Vec<u8>, CellError> {
        let random = self.random.take();
        let overhead = TAG + 4 + random.map_or(0, |r| r.len());
        let small = cell_len(CELL_SMALL) - overhead;
        let wire = if self.waiting() > small { CELL_LARGE } else { CELL_SMALL };
        let take = self.waiting().min(cell_len(wire) - overhead);

        let mut plaintext = Vec::with_capacity(cell_len(wire));
        plaintext.extend_from_slice(&u32::try_from(take).unwrap_or(u32::MAX).to_be_bytes());
        plaintext
            .extend_from_slice(self.waiting.get(self.sent..self.sent + take).unwrap_or_default());
        plaintext.resize(cell_len(wire) - overhead + 4, 0);
        self.key
            .seal_in_place_append_tag(nonce(self.counter), Aad::empty(), &mut plaintext)
            .map_err(|_| CellError::Crypto)?;
        self.counter += 1;
        self.sent += take;
        if self.sent == self.waiting.len() {
            // An idle stream keeps no buffer: there are ten thousand of them.
            self.waiting = Vec::new();
            self.sent = 0;
        }
        if let Some(random) = random {
            plaintext.splice(0..0, random);
        }
        Ok(plaintext)
    }
}

/// The client's end of a stream.
#[derive(Debug)]
pub struct CellOpener {
    secret: SessionSecret,
    binding: SessionBinding,
    key: Option<LessSafeKey>,
    counter: u64,
    partial: Vec<u8>,
}

impl CellOpener {
    /// Expects the first cell of a stream.
    #[must_use]
    pub const fn new(secret: SessionSecret, binding: SessionBinding) -> Self {
        Self { secret, binding, key: None, counter: 0, partial: Vec::new() }
    }

    /// Opens the next cell, appends the frames it completes to `frames`, and
    /// with the first cell gives the sender of acknowledgements.
    ///
    /// # Errors
    /// [`CellError`]; the stream must then be closed.
    pub fn open(
        &mut self,
        cell: &[u8],
        frames: &mut Vec<Frame>,
    ) -> Result<Option<super::AckSender>, CellError> {
        if cell.len() != cell_len(CELL_SMALL) && cell.len() != cell_len(CELL_LARGE) {
            return Err(CellError::Size { found: cell.len() });
        }
        let mut acks = None;
        let mut sealed = Reader(cell);
        if self.key.is_none() {
            let random = sealed.array::<RANDOM>()?;
            let keys = SessionKeys::derive(&self.secret, &random, &self.binding)
                .map_err(|_| CellError::Crypto)?;
            acks = Some(super::AckSender::new(keys.id, keys.ack));
            self.key = Some(keys.push);
        }
        let key = self.key.as_ref().ok_or(CellError::Crypto)?;
        let mut bytes = sealed.0.to_vec();
        let plaintext = key
            .open_in_place(nonce(self.counter), Aad::empty(), &mut bytes)
            .map_err(|_| CellError::Seal { counter: self.counter })?;
        self.counter += 1;
        let mut fields = Reader(plaintext);
        self.partial.extend_from_slice(fields.run()?);
        if !fields.only_zeros() {
            return Err(CellError::Frame("padding"));
        }
        self.complete(frames)?;
        Ok(acks)
    }

    fn complete(&mut self, frames: &mut Vec<Frame>) -> Result<(), CellError> {
        let mut rest = Reader(&self.partial);
        let mut used = 0;
        while rest.0.len() >= 5 {
            let kind = rest.u8()?;
            let length = usize::try_from(rest.u32()?).unwrap_or(usize::MAX);
            if length > FRAME_BYTES_MAX {
                return Err(CellError::Frame("length"));
            }
            if rest.0.len() < length {
                break;
            }
            frames.push(Frame::decode(kind, rest.bytes(length)?)?);
            used = self.partial.len() - rest.0.len();
        }
        self.partial.drain(..used);
        if self.partial.is_empty() {
            self.partial = Vec::new();
        }
        Ok(())
    }
}

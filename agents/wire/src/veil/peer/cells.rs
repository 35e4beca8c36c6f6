//! A stream of cells between nodes.
//!
//! ```text
//! stream = answer frame (4,096) ‖ cells, each one record of 4,096 or 65,536 bytes
//! ```
//!
//! Nothing in front of a cell says which of the two it is: what opens as a
//! small one is small. (Trying costs a large cell a twentieth more.)

use super::frame::{self, AnswerHead, FrameError};
use super::record::OpeningHalf;
use crate::sizes::{CELL_LARGE, CELL_SMALL};
use crate::veil::aead::{AeadError, TAG_LEN};

/// What a stream brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// It begins, or the request was refused.
    Started {
        /// The header of the answer.
        head: AnswerHead,
        /// The reason of a refusal.
        reason: Vec<u8>,
    },
    /// The agent's next cell.
    Cell(Vec<u8>),
}

/// Reads a stream of cells. Holds nothing between cells.
#[derive(Debug, Default)]
pub struct StreamReader {
    started: bool,
    // The beginning of the next cell did not open as a small one.
    large: bool,
    pending: Vec<u8>,
}

impl StreamReader {
    /// Before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what it can from the front of `piece` and yields the next event,
    /// or None when more is needed.
    pub fn next_event(
        &mut self,
        half: &mut OpeningHalf,
        piece: &mut &[u8],
    ) -> Result<Option<StreamEvent>, FrameError> {
        if !self.large {
            if !self.fill(CELL_SMALL, piece) {
                return Ok(None);
            }
            if let Some(plain) = self.open_small(half)? {
                self.pending = Vec::new();
                return self.small_event(plain).map(Some);
            }
            self.large = true;
        }
        if !self.fill(CELL_LARGE, piece) {
            return Ok(None);
        }
        let mut cell = std::mem::take(&mut self.pending);
        self.large = false;
        half.open_record(&mut cell)?;
        cell.truncate(CELL_LARGE - TAG_LEN);
        Ok(Some(StreamEvent::Cell(cell)))
    }

    /// Collects up to `len` bytes; whether they are there.
    fn fill(&mut self, len: usize, piece: &mut &[u8]) -> bool {
        let wanted = len - self.pending.len();
        let (now, later) = piece.split_at(wanted.min(piece.len()));
        self.pending.reserve_exact(wanted);
        self.pending.extend_from_slice(now);
        *piece = later;
        now.len() == wanted
    }

    /// What is pending as a small record; None if it must be part of a large one.
    fn open_small(&mut self, half: &mut OpeningHalf) -> Result<Option<Vec<u8>>, FrameError> {
        let mut plain = vec![0; CELL_SMALL - TAG_LEN];
        match half.try_open_record(&self.pending, &mut plain) {
            Ok(()) => Ok(Some(plain)),
            Err(AeadError::Forged) if self.started => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn small_event(&mut self, plain: Vec<u8>) -> Result<StreamEvent, FrameError> {
        if self.started {
            return Ok(StreamEvent::Cell(plain));
        }
        self.started = true;
        let (head, reason) = frame::parse(&plain)?;
        Ok(StreamEvent::Started { head, reason: reason.to_vec() })
    }
}

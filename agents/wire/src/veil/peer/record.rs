//! The two directions of a session, and bodies sealed or opened as a whole.

use std::fmt;

use aws_lc_rs::aead::NONCE_LEN;

use super::frame::{self, FrameError, FrameHead};
use crate::sizes::wire_size_for_n2;
use crate::veil::aead::{AeadError, CounterKey, TAG_LEN};
use crate::veil::response::{CELL_LENS, REASON_MAX};

/// The longest record, tag included. Every wire size is a whole number of
/// records of this size, or one smaller record.
pub const RECORD_MAX: usize = 65_536;

/// Records that a session carries in each direction.
pub const RECORDS_MAX: u64 = 1 << 20;

/// A session: what seals for the other side, and what opens what it sealed.
#[derive(Debug)]
pub struct PeerSession {
    /// Towards the other side.
    pub sealing: SealingHalf,
    /// From the other side.
    pub opening: OpeningHalf,
}

impl PeerSession {
    pub(super) fn new(sealing: &[u8; 32], opening: &[u8; 32]) -> Result<Self, AeadError> {
        let key = |key| CounterKey::new(key, [0; NONCE_LEN], RECORDS_MAX);
        Ok(Self { sealing: SealingHalf(key(sealing)?), opening: OpeningHalf(key(opening)?) })
    }

    /// Takes the session apart, for two tasks.
    #[must_use]
    pub fn split(self) -> (SealingHalf, OpeningHalf) {
        (self.sealing, self.opening)
    }

    /// How many records the direction that is nearer to its end still takes.
    #[must_use]
    pub fn records_left(&self) -> u64 {
        self.sealing.records_left().min(self.opening.records_left())
    }
}

/// Seals what goes to the other side.
pub struct SealingHalf(CounterKey);

impl SealingHalf {
    /// How many more records it takes: a frame has one for each begun 64 KiB, a
    /// cell is one.
    #[must_use]
    pub fn records_left(&self) -> u64 {
        self.0.records_left()
    }

    /// Seals a whole body, padded to the smallest wire size that fits.
    pub fn seal_frame<H: FrameHead>(
        &mut self,
        head: H,
        body: &[u8],
    ) -> Result<Vec<u8>, FrameError> {
        let size = wire_size_for_n2(body.len()).ok_or(FrameError::too_long(body.len()))?;
        let record_len = frame::record_len(size);
        let header = frame::header(head, body.len());
        let mut sealed = Vec::with_capacity(size);
        sealed.extend_from_slice(&header);
        let mut rest = body;
        while sealed.len() < size {
            // The first record has the header in it already.
            let start = sealed.len() - sealed.len() % record_len;
            let room = start + record_len - TAG_LEN - sealed.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            sealed.extend_from_slice(now);
            rest = later;
            sealed.resize(start + record_len, 0);
            let (_, record) = sealed.split_at_mut(start);
            self.0.seal(record)?;
        }
        Ok(sealed)
    }

    /// Seals the first event of a stream: the answer's header and a reason,
    /// always 4,096 bytes.
    pub fn seal_stream_start(
        &mut self,
        head: super::AnswerHead,
        reason: &[u8],
    ) -> Result<Vec<u8>, FrameError> {
        if reason.len() > REASON_MAX {
            return Err(FrameError::TooLong { expected: REASON_MAX, found: reason.len() });
        }
        self.seal_frame(head, reason)
    }

    /// Seals a cell: 4,080 or 65,520 bytes, 16 more when sealed.
    pub fn seal_cell(&mut self, cell: &[u8]) -> Result<Vec<u8>, FrameError> {
        if !CELL_LENS.contains(&cell.len()) {
            return Err(FrameError::Size { expected: &CELL_LENS, found: cell.len() });
        }
        let mut record = Vec::with_capacity(cell.len() + TAG_LEN);
        record.extend_from_slice(cell);
        record.resize(cell.len() + TAG_LEN, 0);
        self.0.seal(&mut record)?;
        Ok(record)
    }

    /// Seals one record in place; its last 16 bytes are overwritten.
    pub(super) fn seal_record(&mut self, record: &mut [u8]) -> Result<(), AeadError> {
        self.0.seal(record)
    }
}

/// Opens what comes from the other side. After anything that does not open it
/// refuses everything: the session is over.
pub struct OpeningHalf(CounterKey);

impl OpeningHalf {
    /// How many more records it takes.
    #[must_use]
    pub fn records_left(&self) -> u64 {
        self.0.records_left()
    }

    /// Opens a whole body in place: its header and its content.
    pub fn open_frame<'a, H: FrameHead>(
        &mut self,
        sealed: &'a mut [u8],
    ) -> Result<(H, &'a [u8]), FrameError> {
        let record_len = frame::record_len(frame::check_size(sealed.len())?);
        let mut end = 0;
        for start in (0..sealed.len()).step_by(record_len) {
            let (_, record) = sealed.split_at_mut(start);
            let (record, _) = record.split_at_mut(record_len);
            let plain = self.0.open(record)?.len();
            // Close the gap that the tags before this record leave.
            sealed.copy_within(start..start + plain, end);
            end += plain;
        }
        let (plain, _) = sealed.split_at(end);
        frame::parse(plain)
    }

    /// Opens one record in place.
    pub(super) fn open_record<'a>(
        &mut self,
        record: &'a mut [u8],
    ) -> Result<&'a mut [u8], AeadError> {
        self.0.open(record)
    }

    /// Opens one record into `plain` if it is the next one.
    pub(super) fn try_open_record(
        &mut self,
        record: &[u8],
        plain: &mut [u8],
    ) -> Result<(), AeadError> {
        self.0.try_open(record, plain)
    }
}

impl fmt::Debug for SealingHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingHalf").field("records_left", &self.records_left()).finish()
    }
}

impl fmt::Debug for OpeningHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpeningHalf").field("records_left", &self.records_left()).finish()
    }
}

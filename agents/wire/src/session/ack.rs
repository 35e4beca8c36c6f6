//! Acknowledgements: "everything up to this index is safe with me".

use aws_lc_rs::aead::{Aad, LessSafeKey};

use super::keys::nonce;
use crate::reader::{EndsEarly, Reader};

/// The length of an acknowledgement: session id, counter, sealed index.
pub const ACK_BYTES: usize = 16 + 8 + 8 + 16;

/// Why an acknowledgement has no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// Not an acknowledgement's length.
    #[error("the acknowledgement {0}")]
    EndsEarly(#[from] EndsEarly),
    /// Names another session.
    #[error("names another session")]
    OtherSession,
    /// Its counter was used before.
    #[error("counter {found} was used before, expected at least {expected}")]
    Repeated {
        /// The lowest counter still good.
        expected: u64,
        /// The counter found.
        found: u64,
    },
    /// Not sealed under this session's key.
    #[error("not sealed under the session's key")]
    NotSealed,
}

/// The client's side: makes acknowledgements.
#[derive(Debug)]
pub struct AckSender {
    id: [u8; 16],
    key: LessSafeKey,
    counter: u64,
}

impl AckSender {
    pub(super) const fn new(id: [u8; 16], key: LessSafeKey) -> Self {
        Self { id, key, counter: 0 }
    }

    /// Acknowledges all messages of the stream up to and including `index`.
    ///
    /// # Errors
    /// [`AckError::NotSealed`] only when the library fails.
    pub fn acknowledge(&mut self, index: u64) -> Result<Vec<u8>, AckError> {
        let mut sealed = index.to_be_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(nonce(self.counter), Aad::from(self.id), &mut sealed)
            .map_err(|_| AckError::NotSealed)?;
        let mut bytes = Vec::with_capacity(ACK_BYTES);
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.counter.to_be_bytes());
        bytes.extend_from_slice(&sealed);
        self.counter += 1;
        Ok(bytes)
    }
}

/// The agent's side: checks acknowledgements. Later ones may overtake earlier
/// ones on different relays; an overtaken one has no effect, as its index is lower.
#[derive(Debug)]
pub struct AckReceiver {
    id: [u8; 16],
    key: LessSafeKey,
    next: u64,
}

impl AckReceiver {
    pub(super) const fn new(id: [u8; 16], key: LessSafeKey) -> Self {
        Self { id, key, next: 0 }
    }

    /// The name that this session's acknowledgements carry.
    #[must_use]
    pub const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Which session an acknowledgement names.
    ///
    /// # Errors
    /// [`AckError::EndsEarly`] when it is no acknowledgement.
    pub fn session_of(ack: &[u8]) -> Result<[u8; 16], AckError> {
        Ok(Reader(ack).array()?)
    }

    /// The index that `ack` acknowledges.
    ///
    /// # Errors
    /// [`AckError`] when it does not count.
    pub fn open(&mut self, ack: &[u8]) -> Result<u64, AckError> {
        let mut fields = Reader(ack);
        if fields.array::<16>()? != self.id {
            return Err(AckError::OtherSession);
        }
        let counter = fields.u64()?;
        let mut sealed: [u8; 24] = fields.array()?;
        if !fields.0.is_empty() {
            return Err(EndsEarly { expected: 0, found: fields.0.len() }.into());
        }
        if counter < self.next {
            return Err(AckError::Repeated { expected: self.next, found: counter });
        }
        let index = self
            .key
            .open_in_place(nonce(counter), Aad::from(self.id), &mut sealed)
            .map_err(|_| AckError::NotSealed)?;
        let index = Reader(index).u64()?;
        self.next = counter.saturating_add(1);
        Ok(index)
    }
}
